// Where other commands speak to a running laboratory: a Unix socket, one line of words there, one
// answer back until the end of the connection. Only its owner may open it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <filesystem>
#include <functional>
#include <string>

namespace wanlab::emulation {

class ControlSocket {
 public:
  // Gets the line without its end; the result goes back as it is.
  using Handler = std::function<std::string(const std::string& line)>;

  // Replaces what a laboratory that was killed left there.
  ControlSocket(boost::asio::io_context& context, std::filesystem::path path, Handler handler);
  ~ControlSocket();
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

 private:
  void accept();

  std::filesystem::path path_;
  Handler handler_;
  boost::asio::local::stream_protocol::acceptor acceptor_;
};

// The other side: blocks until the answer is there. Throws boost::system::system_error.
std::string ask_laboratory(const std::filesystem::path& path, const std::string& line);

}  // namespace wanlab::emulation
