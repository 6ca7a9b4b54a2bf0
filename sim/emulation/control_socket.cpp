#include "sim/emulation/control_socket.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <memory>
#include <utility>

namespace wanlab::emulation {

namespace asio = boost::asio;
using asio::local::stream_protocol;
using boost::system::error_code;

namespace {

constexpr std::size_t longest_line = 64 * 1024;

struct Caller : std::enable_shared_from_this<Caller> {
  explicit Caller(stream_protocol::socket with) : socket(std::move(with)) {}
  stream_protocol::socket socket;
  std::string line, answer;
};

}  // namespace

ControlSocket::ControlSocket(asio::io_context& context, std::filesystem::path path, Handler handler)
    : path_(std::move(path)), handler_(std::move(handler)), acceptor_(context) {
  std::filesystem::remove(path_);
  acceptor_.open();
  acceptor_.bind(path_.string());
  std::filesystem::permissions(
      path_, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  acceptor_.listen();
  accept();
}

ControlSocket::~ControlSocket() {
  error_code ignored;
  acceptor_.close(ignored);
  std::error_code gone;
  std::filesystem::remove(path_, gone);
}

void ControlSocket::accept() {
  acceptor_.async_accept([this](error_code error, stream_protocol::socket socket) {
    if (error) return;
    const auto caller = std::make_shared<Caller>(std::move(socket));
    asio::async_read_until(caller->socket, asio::dynamic_buffer(caller->line, longest_line), '\n',
                           [this, caller](error_code read_error, std::size_t size) {
                             if (read_error) return;
                             caller->answer = handler_(caller->line.substr(0, size - 1));
                             asio::async_write(caller->socket, asio::buffer(caller->answer),
                                               [caller](error_code, std::size_t) {});
                           });
    accept();
  });
}

std::string ask_laboratory(const std::filesystem::path& path, const std::string& line) {
  asio::io_context context;
  stream_protocol::socket socket(context);
  socket.connect(path.string());
  asio::write(socket, asio::buffer(line + "\n"));
  std::string answer;
  error_code error;
  asio::read(socket, asio::dynamic_buffer(answer), error);
  if (error && error != asio::error::eof) throw boost::system::system_error(error);
  return answer;
}

}  // namespace wanlab::emulation
