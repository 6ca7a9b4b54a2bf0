#include "real_components/hosting/admin_server.hpp"

namespace wanlab::hosting {
namespace {

constexpr std::uint32_t most_callers = 64;
constexpr std::size_t longest_request = 8 * 1024;
constexpr Duration patience = std::chrono::seconds(5);

std::string_view reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    default:
      return "Error";
  }
}

HttpAnswer plain(int status) {
  return {status, "text/plain; charset=utf-8", std::string(reason(status)) + "\n"};
}

}  // namespace

runtime::Cookie AdminServer::cookie_of(std::uint32_t caller) const {
  return (runtime::Cookie{callers_[caller].generation & generation_mask} << 32) | caller;
}

std::uint32_t AdminServer::caller_of(runtime::Cookie cookie) const {
  const auto index = static_cast<std::uint32_t>(cookie);
  return callers_.holds(index, static_cast<std::uint32_t>(cookie >> 32), generation_mask)
             ? index
             : no_index;
}

runtime::Cookie AdminServer::on_accept(std::uint16_t, runtime::ConnectionId connection,
                                       const runtime::PeerInfo&) {
  if (callers_.live() == most_callers) {
    runtime_.abort(connection);
    return ~runtime::Cookie{0};
  }
  const std::uint32_t caller = callers_.take();
  callers_[caller].connection = connection;
  runtime_.wake_after(patience, cookie_of(caller));
  return cookie_of(caller);
}

void AdminServer::on_timer(runtime::Cookie cookie) {
  const std::uint32_t caller = caller_of(cookie);
  if (caller == no_index) return;
  runtime_.abort(callers_[caller].connection);
  release(caller);
}

void AdminServer::on_data(runtime::ConnectionId connection, runtime::Cookie cookie,
                          ByteView bytes) {
  const std::uint32_t index = caller_of(cookie);
  if (index == no_index) return;
  Caller& caller = callers_[index];
  caller.request.append(as_text(bytes).substr(0, longest_request));
  const std::size_t end = caller.request.find("\r\n\r\n");
  if (end == std::string::npos && caller.request.size() < longest_request) return;

  bool with_body = true;
  const HttpAnswer said = end == std::string::npos ? plain(431) : answer(caller.request, with_body);
  std::string text = "HTTP/1.1 " + std::to_string(said.status) + ' ';
  text += reason(said.status);
  text += "\r\nContent-Type: " + said.type +
          "\r\nContent-Length: " + std::to_string(said.body.size()) +
          "\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n";
  if (with_body) text += said.body;
  runtime_.send(connection, as_bytes(text));
  runtime_.close(connection);
  release(index);
}

HttpAnswer AdminServer::answer(std::string_view request, bool& with_body) const {
  const std::string_view line = request.substr(0, request.find("\r\n"));
  const std::size_t first = line.find(' ');
  const std::size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos || !line.substr(second + 1).starts_with("HTTP/1.")) {
    return plain(400);
  }
  const std::string_view method = line.substr(0, first);
  with_body = method != "HEAD";
  if (method != "GET" && method != "HEAD") return plain(405);
  const std::string_view target = line.substr(first + 1, second - first - 1);
  return handler_(target.substr(0, target.find('?')));
}

void AdminServer::on_close(runtime::ConnectionId, runtime::Cookie cookie, runtime::CloseReason) {
  if (const std::uint32_t caller = caller_of(cookie); caller != no_index) release(caller);
}

void AdminServer::release(std::uint32_t caller) {
  callers_[caller].request.clear();
  callers_[caller].request.shrink_to_fit();
  callers_.release(caller);
}

}  // namespace wanlab::hosting
