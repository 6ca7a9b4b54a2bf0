// From a name to an established connection.
#include "real_components/hosting/asio_runtime.hpp"
#include "real_components/hosting/socket_options.hpp"

#include <boost/asio/ip/address.hpp>

#include <sys/socket.h>

#include <cerrno>

namespace wanlab::hosting {

using runtime::CloseReason;
using runtime::ConnectionId;

ConnectionId AsioRuntime::connect(const runtime::Address& address,
                                  const runtime::ConnectOptions& options, runtime::Cookie cookie) {
  const Index index = take_connection();
  Connection& connection = connections_[index];
  connection.state = State::resolving;
  connection.announced = true;
  connection.cookie = cookie & runtime::cookie_mask;
  connection.version = options.tls;
  connection.tls_first = options.tls != runtime::TlsVersion::none;
  pending_of(connection).host = address.host;
  if (options.timeout > Duration::zero()) {
    set_deadline(index, options.timeout, Deadline::connect);
  }
  resolve(index, address.host, address.port);
  return ConnectionId{index};
}

const HostAlias* AsioRuntime::alias_of(const std::string& host, std::uint16_t port) const {
  if (options_.hosts == nullptr) return nullptr;
  auto found = options_.hosts->find(host + ':' + std::to_string(port));
  if (found == options_.hosts->end()) found = options_.hosts->find(host);
  return found != options_.hosts->end() ? &found->second : nullptr;
}

void AsioRuntime::resolve(Index index, const std::string& host, std::uint16_t port) {
  const HostAlias* alias = alias_of(host, port);
  const std::string& name = alias != nullptr ? alias->address : host;
  const std::uint16_t to = alias != nullptr && alias->port != 0 ? alias->port : port;
  Error error;
  const auto literal = boost::asio::ip::make_address(name, error);
  if (!error) {
    pending_of(connections_[index]).addresses.emplace_back(literal, to);
    return connect_to_next(index, CloseReason::unreachable);
  }
  ++operations_;
  resolver_.async_resolve(
      name, std::to_string(to), boost::asio::ip::resolver_base::numeric_service,
      [this, who = named(index)](const Error& failed, const Tcp::resolver::results_type& found) {
        --operations_;
        if (!holds(who) || connections_[who.index].state != State::resolving) return;
        Pending& pending = pending_of(connections_[who.index]);
        if (!failed) {
          for (const auto& entry : found) pending.addresses.push_back(entry.endpoint());
        }
        connect_to_next(who.index, CloseReason::unreachable);
      });
}

// Tries the addresses of a name one after the other; `failure` is what the last one met.
void AsioRuntime::connect_to_next(Index index, CloseReason failure) {
  Connection& connection = connections_[index];
  Pending& pending = pending_of(connection);
  close_socket(connection);
  connection.waits_to_read = connection.waits_to_write = connection.waits_for_error = false;
  while (pending.address < pending.addresses.size()) {
    const Tcp::endpoint& address = pending.addresses[pending.address++];
    const int descriptor = ::socket(address.protocol().family(),
                                    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (descriptor < 0) {
      failure = reason_of(errno);
      continue;
    }
    tune(descriptor,
         {connection.tls_first ? options_.peer_timeout : options_.stranger_timeout,
          connection.tls_first ? Duration::zero() : options_.keepalive, options_.kernel_unsent});
    if (!options_.source_address.empty()) {
      Error error;
      const Tcp::endpoint source(boost::asio::ip::make_address(options_.source_address, error), 0);
      if (!error) (void)::bind(descriptor, source.data(), static_cast<socklen_t>(source.size()));
    }
    const int result =
        ::connect(descriptor, address.data(), static_cast<socklen_t>(address.size()));
    if (result != 0 && errno != EINPROGRESS) {
      failure = reason_of(errno);
      close_descriptor(int{descriptor});
      continue;
    }
    connection.state = State::connecting;
    adopt(index, descriptor, address.protocol());
    if (!connection.socket) {
      failure = CloseReason::overloaded;
      continue;
    }
    return await_writable(index);
  }
  ++figures_.connect_failures;
  end_later(index, failure);
}

void AsioRuntime::on_connected(Index index) {
  Connection& connection = connections_[index];
  const int descriptor = connection.socket->native_handle();
  int error = pending_error(descriptor);
  if (error == 0 && connected_to_itself(descriptor)) error = ECONNREFUSED;
  if (error != 0) return connect_to_next(index, reason_of(error));
  ++figures_.connected;
  established(index);
}

void AsioRuntime::established(Index index) {
  Connection& connection = connections_[index];
  if (connection.tls_first) {
    const std::string host = pending_of(connection).host;
    return begin_tls(index, tls_ ? tls_->mutual_client(connection.version, host) : nullptr, {});
  }
  connection.state = State::open;
  if (tls_ && !tls_->options().database_authority.empty()) {
    names_to_check_[index] = pending_of(connection).host;
  }
  release_pending(connection);
  const Named who = named(index);
  component_->on_connect(ConnectionId{index}, connection.cookie);
  if (holds(who)) read_on(index);
}

}  // namespace wanlab::hosting
