#include "sim/emulation/http_get.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <cstdlib>

namespace wanlab::emulation {

namespace asio = boost::asio;
using asio::ip::tcp;

std::optional<HttpReply> http_get(std::uint16_t port, const std::string& path, Duration limit) {
  asio::io_context context;
  tcp::socket socket(context);
  const std::string request =
      "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  std::string answer;
  bool complete = false;
  socket.async_connect({asio::ip::address_v4::loopback(), port}, [&](boost::system::error_code e) {
    if (e) return;
    asio::async_write(socket, asio::buffer(request),
                      [&](boost::system::error_code error, std::size_t) {
                        if (error) return;
                        asio::async_read(socket, asio::dynamic_buffer(answer),
                                         [&](boost::system::error_code end, std::size_t) {
                                           complete = end == asio::error::eof;
                                         });
                      });
  });
  context.run_for(limit);
  const std::size_t body = answer.find("\r\n\r\n");
  if (!complete || body == std::string::npos || !answer.starts_with("HTTP/1.")) return std::nullopt;
  return HttpReply{std::atoi(answer.c_str() + 9), answer.substr(body + 4)};
}

}  // namespace wanlab::emulation
