// TLS on a connection: OpenSSL computes, this moves its bytes.
#include "real_components/hosting/asio_runtime.hpp"
#include "real_components/hosting/socket_options.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace wanlab::hosting {

using runtime::CloseReason;
using runtime::ConnectionId;

namespace {

// The payload of a full record (RFC 8446, section 5.1), and how much is encrypted per system call.
constexpr std::size_t record_bytes = 16 * 1024;
constexpr std::size_t staged_bytes = 4 * record_bytes;

}  // namespace

void AsioRuntime::start_tls_server(ConnectionId id, ByteView already_read) {
  const Connection* connection = known(id);
  if (connection == nullptr || connection->state != State::open || connection->tls) return;
  begin_tls(static_cast<Index>(id), tls_ ? tls_->upgrade_server() : nullptr, already_read);
}

void AsioRuntime::start_tls_client(ConnectionId id, runtime::TlsVersion version) {
  const Connection* connection = known(id);
  if (connection == nullptr || connection->state != State::open || connection->tls) return;
  const auto name = names_to_check_.find(static_cast<Index>(id));
  begin_tls(static_cast<Index>(id),
            tls_ ? tls_->upgrade_client(
                       version, name != names_to_check_.end() ? name->second : std::string())
                 : nullptr,
            {});
}

void AsioRuntime::begin_tls(Index index, SslPointer tls, ByteView already_read) {
  Connection& connection = connections_[index];
  if (tls == nullptr) {  // there is no certificate, or no memory
    ++figures_.handshakes_failed;
    return end_later(index, CloseReason::tls_failed);
  }
  port_.attach(tls.get());
  connection.tls = std::move(tls);
  connection.state = State::handshaking;
  Pending& pending = pending_of(connection);
  // What was said in the clear leaves in the clear.
  if (!pending.plain.empty()) {
    append(pending.raw, ByteView(pending.plain).subspan(pending.plain_from));
    wipe(pending.plain, pending.plain.capacity());
    pending.plain_from = 0;
    mark_dirty(index);
  }
  pending.held.assign(already_read.begin(), already_read.end());
  const bool speaks_first = SSL_is_server(connection.tls.get()) == 0;
  if (speaks_first || !already_read.empty()) return queue_handshake(index);
  read_on(index);
}

// Handshakes cost a hundred times what a statement does: they wait in a line of their own, which
// gets a slice of time per turn, so that a flood of them does not hold up everybody else.
void AsioRuntime::queue_handshake(Index index) {
  Connection& connection = connections_[index];
  if (connection.in_handshake_queue) return;
  connection.in_handshake_queue = true;
  handshakes_.push_back(named(index));
  if (std::exchange(handshakes_scheduled_, true)) return;
  later(&AsioRuntime::run_handshakes);
}

void AsioRuntime::run_handshakes() {
  handshakes_scheduled_ = false;
  const Clock::time_point until = Clock::now() + options_.handshake_slice;
  while (!handshakes_.empty()) {
    const Named who = handshakes_.front();
    handshakes_.pop_front();
    if (!holds(who)) continue;
    Connection& connection = connections_[who.index];
    connection.in_handshake_queue = false;
    if (connection.state == State::handshaking) {
      shake_hands(who.index);
    } else if (connection.state == State::open && !connection.paused) {
      take_held(who.index);
    }
    if (Clock::now() >= until) break;
  }
  if (handshakes_.empty() || std::exchange(handshakes_scheduled_, true)) return;
  later(&AsioRuntime::run_handshakes);
}

void AsioRuntime::shake_hands(Index index) {
  Connection& connection = connections_[index];
  Bytes held;
  if (connection.pending != no_index) held.swap(pending_[connection.pending].held);
  ByteView received = held;
  if (held.empty()) {
    const ssize_t size =
        ::recv(connection.socket->native_handle(), input_.data(), input_.size(), 0);
    ++figures_.reads;
    if (size == 0) connection.peer_done = true;
    if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) {
      ++figures_.handshakes_failed;
      return end(index, size == 0 ? CloseReason::tls_failed : reason_of(errno));
    }
    if (size > 0) received = ByteView(input_.data(), static_cast<std::size_t>(size));
    figures_.bytes_received += received.size();
  }
  port_.input = received;
  port_.output.clear();
  ERR_clear_error();
  const int result = SSL_do_handshake(connection.tls.get());
  const int error = result == 1 ? SSL_ERROR_NONE : SSL_get_error(connection.tls.get(), result);
  const ByteView rest = std::exchange(port_.input, {});
  if (!connection.broken) send_staged(index);
  if (error == SSL_ERROR_WANT_READ) {
    if (connection.state == State::handshaking) read_on(index);
    return;
  }
  if (error != SSL_ERROR_NONE) {
    ++figures_.handshakes_failed;
    last_handshake_error_ = last_tls_error();
    return end(index, CloseReason::tls_failed);
  }
  if (connection.state == State::handshaking) secured(index, rest);
}

void AsioRuntime::secured(Index index, ByteView rest) {
  Connection& connection = connections_[index];
  const Named who = named(index);
  ++figures_.handshakes;
  if (SSL_session_reused(connection.tls.get()) == 1) ++figures_.handshakes_resumed;
  connection.secure = true;
  connection.state = State::open;
  if (connection.tls_first && connection.accepted) {
    const std::string identity = peer_identity(connection.tls.get());
    announce(index, address_of_peer(connection), identity);
  } else if (connection.tls_first) {
    component_->on_connect(ConnectionId{index}, connection.cookie);
  } else {
    component_->on_secure(ConnectionId{index}, connection.cookie);
  }
  if (!holds(who) || connection.state != State::open) return;
  if (connection.pending != no_index) mark_dirty(index);
  if (!rest.empty()) read_tls(index, rest);
  if (holds(who)) read_on(index);
}

void AsioRuntime::take_held(Index index) {
  Connection& connection = connections_[index];
  const Named who = named(index);
  const Bytes held = std::exchange(pending_of(connection).held, {});
  read_tls(index, held);
  if (!holds(who)) return;
  if (connection.pending != no_index) mark_dirty(index);  // its record may be given back
  read_on(index);
}

void AsioRuntime::read_tls(Index index, ByteView received) {
  Connection& connection = connections_[index];
  const Named who = named(index);
  const bool from_client = connection.accepted && !connection.tls_first;
  while (true) {
    if (connection.paused) {
      const Bytes rest(received.begin(), received.end());
      pending_of(connection).held = rest;
      return;
    }
    port_.input = received;
    port_.output.clear();
    std::size_t filled = 0;
    int error = SSL_ERROR_NONE;
    while (filled < plain_.size()) {
      std::size_t got = 0;
      ERR_clear_error();
      const int result =
          SSL_read_ex(connection.tls.get(), plain_.data() + filled, plain_.size() - filled, &got);
      if (result != 1) {
        error = SSL_get_error(connection.tls.get(), result);
        break;
      }
      filled += got;
    }
    received = std::exchange(port_.input, {});
    // Answers of the engine itself: key updates, alerts.
    if (!port_.output.empty() && !connection.broken) send_staged(index);
    if (filled != 0) {
      deliver(index, ByteView(plain_.data(), filled));
      // What clients said first proves who they are.
      if (from_client) OPENSSL_cleanse(plain_.data(), filled);
      if (!holds(who) || connection.state != State::open) return;
    }
    if (error == SSL_ERROR_NONE) continue;  // there was more than fits
    if (error == SSL_ERROR_WANT_READ) return;
    if (error == SSL_ERROR_ZERO_RETURN) return end(index, CloseReason::finished);
    return end(index, CloseReason::reset);
  }
}

// A few records from what waits, to the network. False: it takes no more for now.
bool AsioRuntime::encrypt(Index index) {
  Connection& connection = connections_[index];
  Pending& pending = pending_[connection.pending];
  port_.output.clear();
  ERR_clear_error();
  while (pending.plain_from != pending.plain.size() && port_.output.size() < staged_bytes) {
    const std::size_t piece = std::min(pending.plain.size() - pending.plain_from, record_bytes);
    std::size_t taken = 0;
    if (SSL_write_ex(connection.tls.get(), pending.plain.data() + pending.plain_from, piece,
                     &taken) != 1) {
      lose_output(index, CloseReason::reset);
      return false;
    }
    pending.plain_from += taken;
  }
  send_staged(index);
  return pending.raw.empty() && !connection.broken;
}

// What OpenSSL wrote goes out at once, behind what still waits; what does not fit waits as well.
void AsioRuntime::send_staged(Index index) {
  if (port_.output.empty()) return;
  Connection& connection = connections_[index];
  std::size_t written = 0;
  const bool waits = connection.waits_to_write ||
                     (connection.pending != no_index && !pending_[connection.pending].raw.empty());
  if (!waits && write_some(index, port_.output, written)) return;
  if (connection.broken) return;
  append(pending_of(connection).raw, ByteView(port_.output).subspan(written));
  if (waits) mark_dirty(index);
}

}  // namespace wanlab::hosting
