// Bytes in and out. Readiness comes from Asio; reading and writing are plain system calls, because
// the buffers belong to the runtime and not to an operation.
#include "real_components/hosting/asio_runtime.hpp"
#include "real_components/hosting/socket_options.hpp"

#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace wanlab::hosting {

using runtime::CloseReason;
using runtime::ConnectionId;

namespace {

// Input thrown away per turn while the peer's end is awaited.
constexpr int discards_per_turn = 4;

}  // namespace

// --- readiness ----------------------------------------------------------------------------------

void AsioRuntime::await_readable(Index index) {
  Connection& connection = connections_[index];
  if (connection.waits_to_read || !connection.socket) return;
  connection.waits_to_read = true;
  ++operations_;
  connection.socket->async_wait(Socket::wait_read, [this, who = named(index)](const Error& error) {
    --operations_;
    if (!error && holds(who)) on_readable(who);
  });
}

void AsioRuntime::await_writable(Index index) {
  Connection& connection = connections_[index];
  if (connection.waits_to_write || !connection.socket) return;
  connection.waits_to_write = true;
  ++operations_;
  connection.socket->async_wait(Socket::wait_write, [this, who = named(index)](const Error& error) {
    --operations_;
    if (!error && holds(who)) on_writable(who);
  });
}

// So that a paused connection notices that its peer has torn it down.
void AsioRuntime::await_error(Index index) {
  Connection& connection = connections_[index];
  if (connection.waits_for_error || !connection.socket) return;
  connection.waits_for_error = true;
  ++operations_;
  connection.socket->async_wait(Socket::wait_error, [this, who = named(index)](const Error& error) {
    --operations_;
    if (!error && holds(who)) on_error(who);
  });
}

void AsioRuntime::on_readable(Named who) {
  Connection& connection = connections_[who.index];
  connection.waits_to_read = false;
  switch (connection.state) {
    case State::open:
      if (!connection.paused && holds_back(connection)) return queue_handshake(who.index);
      if (!connection.paused) return read(who.index);
      if (torn_down(connection.socket->native_handle())) {
        return end(who.index, CloseReason::reset);
      }
      return await_error(who.index);
    case State::handshaking:
      return queue_handshake(who.index);
    case State::lingering:
      return discard(who.index);
    default:
      return;
  }
}

void AsioRuntime::on_error(Named who) {
  Connection& connection = connections_[who.index];
  connection.waits_for_error = false;
  if (connection.state != State::open || !connection.paused) return;
  if (torn_down(connection.socket->native_handle())) end(who.index, CloseReason::reset);
}

void AsioRuntime::on_writable(Named who) {
  Connection& connection = connections_[who.index];
  connection.waits_to_write = false;
  if (connection.state == State::connecting) return on_connected(who.index);
  connection.burst = 0;
  flush(who.index);
}

bool AsioRuntime::holds_back(const Connection& connection) const {
  return connection.pending != no_index && !pending_[connection.pending].held.empty();
}

// --- in -----------------------------------------------------------------------------------------

void AsioRuntime::read_on(Index index) {
  const Connection& connection = connections_[index];
  const bool reads = (connection.state == State::open && !connection.paused) ||
                     connection.state == State::handshaking || connection.state == State::lingering;
  if (!reads || connection.in_handshake_queue) return;
  if (holds_back(connection)) {
    return queue_handshake(index);  // that is also where what was held back is taken up
  }
  await_readable(index);
}

void AsioRuntime::read(Index index) {
  Connection& connection = connections_[index];
  const Named who = named(index);
  const ssize_t received =
      ::recv(connection.socket->native_handle(), input_.data(), input_.size(), 0);
  ++figures_.reads;
  if (received < 0) {
    const int error = errno;
    if (error == EAGAIN || error == EINTR) return await_readable(index);
    return end(index, reason_of(error));
  }
  if (received == 0) {
    connection.peer_done = true;
    return end(index, connection.broken ? connection.broke_by : CloseReason::finished);
  }
  const auto size = static_cast<std::size_t>(received);
  figures_.bytes_received += size;
  const ByteView bytes(input_.data(), size);
  if (connection.secure) {
    read_tls(index, bytes);
  } else {
    // Whoever says without TLS who he is has said it to everybody on the way, but not to this
    // process's memory.
    const bool from_client = connection.accepted && !connection.tls_first;
    deliver(index, bytes);
    if (from_client) OPENSSL_cleanse(input_.data(), size);
  }
  if (holds(who)) read_on(index);
}

void AsioRuntime::deliver(Index index, ByteView bytes) {
  component_->on_data(ConnectionId{index}, connections_[index].cookie, bytes);
}

void AsioRuntime::pause_reading(ConnectionId id) {
  if (Connection* connection = known(id)) connection->paused = true;
}

void AsioRuntime::resume_reading(ConnectionId id) {
  Connection* connection = known(id);
  if (connection == nullptr || !connection->paused) return;
  connection->paused = false;
  read_on(static_cast<Index>(id));
}

// --- out ----------------------------------------------------------------------------------------

void AsioRuntime::send(ConnectionId id, ByteView bytes) {
  Connection* connection = known(id);
  if (connection == nullptr || bytes.empty() || connection->broken ||
      (connection->state != State::open && connection->state != State::handshaking)) {
    return;
  }
  const auto index = static_cast<Index>(id);
  Pending& pending = pending_of(*connection);
  // What was sent already gives its place to what comes, before the buffer grows.
  if (pending.plain_from != 0 && pending.plain.size() + bytes.size() > pending.plain.capacity()) {
    WipedBytes rest(pending.plain.begin() + static_cast<std::ptrdiff_t>(pending.plain_from),
                    pending.plain.end());
    pending.plain.swap(rest);
    pending.plain_from = 0;
  }
  append(pending.plain, bytes);
  if (pending.size() >= options_.low_water) connection->above_low_water = true;
  if (pending.size() > options_.maximum_unsent) {
    ++figures_.resets_for_unsent;
    reset_socket(*connection);
    return end_later(index, CloseReason::overloaded);
  }
  mark_dirty(index);
}

std::size_t AsioRuntime::unsent_bytes(ConnectionId id) const {
  const auto index = static_cast<Index>(id);
  if (index >= connections_.extent()) return 0;
  const Connection& connection = connections_[index];
  return connection.pending == no_index ? 0 : pending_[connection.pending].size();
}

// What handlers send leaves when all of those that are ready now have run: in one system call, and
// with TLS in one record, whatever number of pieces it came in.
void AsioRuntime::mark_dirty(Index index) {
  Connection& connection = connections_[index];
  if (connection.dirty || connection.waits_to_write) return;
  connection.dirty = true;
  dirty_.push_back(named(index));
  if (std::exchange(flush_scheduled_, true)) return;
  later(&AsioRuntime::flush_dirty);
}

void AsioRuntime::flush_dirty() {
  flush_scheduled_ = false;
  flushing_.swap(dirty_);
  for (const Named& who : flushing_) {
    if (!holds(who)) continue;
    connections_[who.index].dirty = false;
    flush(who.index);
  }
  flushing_.clear();
}

void AsioRuntime::flush(Index index) {
  Connection& connection = connections_[index];
  const bool can = connection.state == State::open || connection.state == State::handshaking ||
                   connection.state == State::flushing;
  if (!can || connection.waits_to_write) return;
  const bool done = write_pending(index);
  if (connection.broken) return;
  if (connection.state == State::flushing) {
    if (done) return linger(index);
    return bound_flush(index);
  }
  if (done && connection.state == State::open) release_pending_if_idle(connection);
  announce_room(index);
}

void AsioRuntime::bound_flush(Index index) {
  if (connections_[index].timed) return;
  connections_[index].timed = true;
  set_deadline(index, options_.flush_timeout, Deadline::flush);
}

void AsioRuntime::release_pending_if_idle(Connection& connection) {
  if (!holds_back(connection)) release_pending(connection);
}

void AsioRuntime::announce_room(Index index) {
  Connection& connection = connections_[index];
  if (!connection.above_low_water || connection.state != State::open ||
      unsent_bytes(ConnectionId{index}) >= options_.low_water) {
    return;
  }
  connection.above_low_water = false;
  component_->on_writable(ConnectionId{index}, connection.cookie);
}

// Whether nothing is left to be written.
bool AsioRuntime::write_pending(Index index) {
  Connection& connection = connections_[index];
  if (connection.pending == no_index) return true;
  Pending& pending = pending_[connection.pending];
  if (!write_raw(index)) return false;
  if (connection.tls && !connection.secure) {
    // Before the handshake is over nothing can be said; if it is given up, nothing is.
    return connection.state == State::flushing;
  }
  while (pending.plain_from != pending.plain.size()) {
    if (connection.tls) {
      if (!encrypt(index)) return false;
      continue;
    }
    std::size_t written = 0;
    const bool all =
        write_some(index, ByteView(pending.plain).subspan(pending.plain_from), written);
    pending.plain_from += written;
    if (!all) return false;
  }
  wipe(pending.plain, pending.plain.capacity());
  pending.plain_from = 0;
  return true;
}

bool AsioRuntime::write_raw(Index index) {
  Pending& pending = pending_[connections_[index].pending];
  if (pending.raw.empty()) return true;
  std::size_t written = 0;
  const bool all = write_some(index, ByteView(pending.raw).subspan(pending.raw_from), written);
  pending.raw_from += written;
  if (!all) return false;
  wipe(pending.raw, pending.raw.capacity());
  pending.raw_from = 0;
  return true;
}

bool AsioRuntime::write_some(Index index, ByteView bytes, std::size_t& written) {
  Connection& connection = connections_[index];
  while (written < bytes.size()) {
    if (connection.burst >= options_.kernel_unsent) {
      await_writable(index);
      return false;
    }
    const std::size_t piece = std::min<std::size_t>(bytes.size() - written, options_.kernel_unsent);
    const ssize_t sent =
        ::send(connection.socket->native_handle(), bytes.data() + written, piece, MSG_NOSIGNAL);
    ++figures_.writes;
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) {
        await_writable(index);
        return false;
      }
      lose_output(index, reason_of(errno));
      return false;
    }
    written += static_cast<std::size_t>(sent);
    connection.burst += static_cast<std::uint32_t>(sent);
    figures_.bytes_sent += static_cast<std::uint64_t>(sent);
  }
  return true;
}

// The peer is gone. What it said before may still be there to be read, so the end comes from there.
void AsioRuntime::lose_output(Index index, CloseReason reason) {
  Connection& connection = connections_[index];
  connection.broken = true;
  connection.broke_by = reason;
  if (connection.state == State::flushing || connection.paused) {
    return end_later(index, reason);
  }
  read_on(index);
}

// --- the end ------------------------------------------------------------------------------------

void AsioRuntime::linger(Index index) {
  Connection& connection = connections_[index];
  if (connection.secure && (SSL_get_shutdown(connection.tls.get()) & SSL_SENT_SHUTDOWN) == 0) {
    port_.output.clear();
    SSL_shutdown(connection.tls.get());
    send_staged(index);
    if (connection.broken) return;
    if (unsent_bytes(ConnectionId{index}) != 0) {  // it comes back here once that is out
      return bound_flush(index);
    }
  }
  if (connection.peer_done) return release(index);
  // A socket that is closed with input unread sends RST, which may overtake what was sent.
  if (::shutdown(connection.socket->native_handle(), SHUT_WR) != 0) return release(index);
  connection.state = State::lingering;
  connection.tls.reset();
  connection.secure = false;
  release_pending(connection);
  set_deadline(index, options_.linger_timeout, Deadline::linger);
  await_readable(index);
}

void AsioRuntime::discard(Index index) {
  for (int turn = 0; turn < discards_per_turn; ++turn) {
    const ssize_t received =
        ::recv(connections_[index].socket->native_handle(), input_.data(), input_.size(), 0);
    if (received > 0 || (received < 0 && errno == EINTR)) continue;
    if (received < 0 && errno == EAGAIN) break;
    return release(index);
  }
  await_readable(index);
}

}  // namespace wanlab::hosting
