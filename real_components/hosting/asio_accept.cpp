// Listening ports, and what happens when there are more connections than descriptors.
#include "real_components/hosting/asio_runtime.hpp"
#include "real_components/hosting/socket_options.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/v6_only.hpp>

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace wanlab::hosting {

using runtime::CloseReason;
using runtime::ConnectionId;
using runtime::TraceKind;

namespace {

// Connections taken from one listener before everything else gets its turn.
constexpr int accepts_per_turn = 16;
// Between attempts while there are no descriptors.
constexpr Duration throttle_pause = std::chrono::milliseconds(20);

runtime::PeerAddress peer_address(const sockaddr_storage& from) {
  runtime::PeerAddress address;
  if (from.ss_family == AF_INET) {
    sockaddr_in four{};
    std::memcpy(&four, &from, sizeof four);
    address.ip[10] = address.ip[11] = 0xff;
    std::memcpy(&address.ip[12], &four.sin_addr, 4);
    address.port = ntohs(four.sin_port);
  } else if (from.ss_family == AF_INET6) {
    sockaddr_in6 six{};
    std::memcpy(&six, &from, sizeof six);
    std::memcpy(address.ip.data(), &six.sin6_addr, 16);
    address.port = ntohs(six.sin6_port);
  }
  return address;
}

}  // namespace

void AsioRuntime::listen(std::uint16_t port, const runtime::ListenOptions& options) {
  stop_listening(port);
  auto listener = std::make_unique<Listener>(executor_, port, options);
  const auto moved = options_.ports.find(port);
  const std::uint16_t real = moved != options_.ports.end() ? moved->second : port;
  ListeningSocket& socket = listener->socket;
  Error error;
  Tcp::endpoint at(Tcp::v6(), real);
  if (!options_.bind_address.empty()) {
    at = Tcp::endpoint(boost::asio::ip::make_address(options_.bind_address, error), real);
  }
  if (!error) socket.open(at.protocol(), error);
  if (error == boost::asio::error::address_family_not_supported && options_.bind_address.empty()) {
    at = Tcp::endpoint(Tcp::v4(), real);  // a system without IPv6
    error = {};
    socket.open(at.protocol(), error);
  }
  if (!error && at.protocol() == Tcp::v6()) {
    Error ignored;
    socket.set_option(boost::asio::ip::v6_only(false), ignored);
  }
  if (!error) socket.set_option(boost::asio::socket_base::reuse_address(true), error);
  if (!error && options_.share_ports) {
    const int on = 1;
    if (::setsockopt(socket.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) {
      error = Error(errno, boost::system::system_category());
    }
  }
  if (!error) {
    tune(socket.native_handle(),
         {options.mutual_tls ? options_.peer_timeout : options_.stranger_timeout,
          options.mutual_tls ? Duration::zero() : options_.keepalive, options_.kernel_unsent});
    socket.bind(at, error);
  }
  const std::uint32_t backlog = options.backlog != 0 ? options.backlog : options_.backlog;
  if (!error) socket.listen(static_cast<int>(std::min(backlog, 65'535u)), error);
  if (!error) socket.non_blocking(true, error);
  if (error) {
    const std::string where =
        options_.bind_address.empty() ? "port " : options_.bind_address + " port ";
    throw std::system_error(error.value(), std::system_category(),
                            "cannot listen on " + where + std::to_string(real));
  }
  listener->serial = ++listener_serial_;
  listeners_.push_back(std::move(listener));
  await_accept(*listeners_.back());
}

void AsioRuntime::stop_listening(std::uint16_t port) {
  std::erase_if(listeners_, [port](const auto& listener) { return listener->port == port; });
}

std::uint16_t AsioRuntime::bound_port(std::uint16_t port) const {
  for (const auto& listener : listeners_) {
    if (listener->port == port) return listener->socket.local_endpoint().port();
  }
  return 0;
}

AsioRuntime::Listener* AsioRuntime::listener_of(std::uint64_t serial) {
  for (const auto& listener : listeners_) {
    if (listener->serial == serial) return listener.get();
  }
  return nullptr;
}

void AsioRuntime::await_accept(Listener& listener) {
  ++operations_;
  listener.socket.async_wait(ListeningSocket::wait_read,
                             [this, serial = listener.serial](const Error& error) {
                               --operations_;
                               if (!error) accept_some(serial);
                             });
}

void AsioRuntime::accept_some(std::uint64_t serial) {
  for (int taken = 0; taken < accepts_per_turn; ++taken) {
    // A handler may have stopped listening meanwhile.
    Listener* listener = listener_of(serial);
    if (listener == nullptr) return;
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    const int descriptor =
        ::accept4(listener->socket.native_handle(), reinterpret_cast<sockaddr*>(&from), &size,
                  SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) {
      accepted(*listener, descriptor, &from);
      continue;
    }
    switch (errno) {
      case EAGAIN:
        return await_accept(*listener);
      case EMFILE:
      case ENFILE:
      case ENOBUFS:
      case ENOMEM:
        return shed(*listener);
      default:
        break;  // that connection is gone already (accept(2)); perhaps the next is not
    }
  }
  if (Listener* listener = listener_of(serial)) await_accept(*listener);
}

// Out of descriptors. Whoever waits would wait for nothing: they are turned away, so that they can
// go elsewhere, as many as one spare descriptor allows.
void AsioRuntime::shed(Listener& listener) {
  record({.kind = TraceKind::descriptor_limit, .a = descriptor_limit()});
  for (int turned_away = 0; turned_away < accepts_per_turn && spare_descriptor_ >= 0;
       ++turned_away) {
    close_descriptor(spare_descriptor_);
    int descriptor = ::accept4(listener.socket.native_handle(), nullptr, nullptr, SOCK_CLOEXEC);
    const bool one = descriptor >= 0;
    if (one) {
      ++figures_.shed;
      reset_on_close(descriptor);
      close_descriptor(descriptor);
    }
    spare_descriptor_ = spare_descriptor();
    if (!one) break;
  }
  if (spare_descriptor_ < 0) spare_descriptor_ = spare_descriptor();
  listener.throttled = true;
  timers_.add(now() + throttle_pause, listener.serial,
              static_cast<std::uint32_t>(Deadline::accept));
  arm_alarm();
}

void AsioRuntime::accepted(Listener& listener, int descriptor, const void* address) {
  ++figures_.accepted;
  sockaddr_storage from{};
  std::memcpy(&from, address, sizeof from);
  const bool mutual = listener.options.mutual_tls;
  if (component_ == nullptr || (mutual && accept_handshakes_ >= options_.maximum_handshakes)) {
    ++figures_.shed;
    reset_on_close(descriptor);
    return close_descriptor(descriptor);
  }
  const Index index = take_connection();
  Connection& connection = connections_[index];
  connection.accepted = true;
  connection.port = listener.port;
  adopt(index, descriptor, from.ss_family == AF_INET6 ? Tcp::v6() : Tcp::v4());
  if (!connection.socket) {
    ++figures_.shed;
    return release(index);
  }
  if (mutual) {
    ++accept_handshakes_;
    connection.tls_first = true;
    set_deadline(index, options_.tls_timeout, Deadline::handshake);
    return begin_tls(index, tls_ ? tls_->mutual_server() : nullptr, {});
  }
  announce(index, peer_address(from), {});
}

void AsioRuntime::announce(Index index, const runtime::PeerAddress& address,
                           std::string_view identity) {
  Connection& connection = connections_[index];
  const Named who = named(index);
  if (connection.tls_first) --accept_handshakes_;
  connection.announced = true;
  connection.state = State::open;
  const runtime::Cookie cookie =
      component_->on_accept(connection.port, ConnectionId{index}, {address, identity});
  if (!holds(who)) return;
  connection.cookie = cookie & runtime::cookie_mask;
  read_on(index);
}

runtime::PeerAddress AsioRuntime::address_of_peer(Connection& connection) {
  sockaddr_storage from{};
  socklen_t size = sizeof from;
  if (::getpeername(connection.socket->native_handle(), reinterpret_cast<sockaddr*>(&from),
                    &size) != 0) {
    return {};
  }
  return peer_address(from);
}

}  // namespace wanlab::hosting
