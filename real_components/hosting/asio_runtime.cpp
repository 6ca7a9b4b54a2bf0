// Timers, the life of connections, and what comes from other threads.
#include "real_components/hosting/asio_runtime.hpp"

#include "real_components/hosting/secure_random.hpp"
#include "real_components/hosting/socket_options.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <mutex>

namespace wanlab::hosting {

using runtime::CloseReason;
using runtime::ConnectionId;
using runtime::Cookie;

namespace {

// What one read takes at most, and thus what one on_data brings.
constexpr std::size_t read_bytes = 64 * 1024;
// Room for what the last record of a full read decrypts to.
constexpr std::size_t plain_bytes = read_bytes + 16 * 1024;
// Buffers of more than this are not kept for the next connection.
constexpr std::size_t kept_bytes = 64 * 1024;
// Timers handled before sockets get their turn.
constexpr int timers_per_turn = 512;

// All runtimes of a process count from the same moment.
const std::chrono::steady_clock::time_point process_began = std::chrono::steady_clock::now();

}  // namespace

struct AsioRuntime::Mailbox {
  std::mutex mutex;
  std::vector<std::function<void()>> actions;
  AsioRuntime* runtime = nullptr;
};

AsioRuntime::AsioRuntime(boost::asio::io_context& context, RuntimeOptions options,
                         std::shared_ptr<const TlsContexts> tls, TraceSink* sink)
    : context_(context),
      options_(std::move(options)),
      tls_(std::move(tls)),
      sink_(sink),
      executor_(context.get_executor()),
      resolver_(executor_),
      spare_descriptor_(spare_descriptor()),
      alarm_(executor_),
      input_(read_bytes),
      plain_(plain_bytes),
      mailbox_(std::make_shared<Mailbox>()) {
  mailbox_->runtime = this;
}

AsioRuntime::~AsioRuntime() {
  evict();
  {
    const std::lock_guard lock(mailbox_->mutex);
    mailbox_->runtime = nullptr;
    mailbox_->actions.clear();
  }
  resolver_.cancel();
  alarm_.cancel();
  // Everything was called off, so these handlers only take note of it.
  context_.restart();
  while (operations_ != 0) context_.run_one();
  close_descriptor(spare_descriptor_);
}

void AsioRuntime::host(runtime::Component& component) {
  component_ = &component;
  later(&AsioRuntime::begin);
}

void AsioRuntime::begin() {
  if (component_ != nullptr) component_->start();
}

void AsioRuntime::evict() {
  component_ = nullptr;
  listeners_.clear();
  for (Index index = 0; index < connections_.extent(); ++index) {
    if (connections_[index].state == State::free) continue;
    reset_socket(connections_[index]);
    release(index);
  }
  timers_ = TimerHeap();
  alarm_.cancel();
  alarm_at_ = Instant::max();
}

void AsioRuntime::post(std::function<void()> action) {
  const std::lock_guard lock(mailbox_->mutex);
  const bool first = mailbox_->actions.empty();
  mailbox_->actions.push_back(std::move(action));
  if (!first) return;
  boost::asio::post(executor_, [mailbox = mailbox_] {
    std::vector<std::function<void()>> actions;
    {
      const std::lock_guard inner(mailbox->mutex);
      actions.swap(mailbox->actions);
    }
    for (const auto& each : actions) {
      if (mailbox->runtime != nullptr) each();
    }
  });
}

void AsioRuntime::stop() {
  context_.stop();
}

void AsioRuntime::later(void (AsioRuntime::*step)()) {
  ++operations_;
  boost::asio::post(executor_, [this, step] {
    --operations_;
    (this->*step)();
  });
}

// --- time ---------------------------------------------------------------------------------------

Instant AsioRuntime::now() const {
  return Instant(std::chrono::duration_cast<Duration>(Clock::now() - process_began));
}

WallTime AsioRuntime::wall_now() const {
  return WallTime(
      std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch()));
}

void AsioRuntime::wake_after(Duration delay, Cookie cookie) {
  timers_.add(now() + std::max(delay, Duration::zero()), cookie & runtime::cookie_mask);
  arm_alarm();
}

runtime::TimerId AsioRuntime::start_timer(Duration delay, Cookie cookie) {
  const std::uint64_t timer =
      timers_.start(now() + std::max(delay, Duration::zero()), cookie & runtime::cookie_mask);
  arm_alarm();
  return runtime::TimerId{timer};
}

void AsioRuntime::cancel_timer(runtime::TimerId timer) {
  timers_.cancel(static_cast<std::uint64_t>(timer));
}

// Only ever forward: an alarm that rings for nobody is cheaper than setting it anew each time.
void AsioRuntime::arm_alarm() {
  if (timers_.empty() || timers_.next() >= alarm_at_) return;
  alarm_at_ = timers_.next();
  alarm_.expires_at(process_began +
                    std::chrono::duration_cast<Clock::duration>(alarm_at_.time_since_epoch()));
  ++operations_;
  alarm_.async_wait([this](const Error& error) {
    --operations_;
    if (!error) on_alarm();
  });
}

void AsioRuntime::on_alarm() {
  alarm_at_ = Instant::max();
  const Instant present = now();
  for (int fired = 0; !timers_.empty() && timers_.next() <= present; ++fired) {
    if (fired == timers_per_turn) return later(&AsioRuntime::on_alarm);
    TimerHeap::Entry entry;
    if (!timers_.pop(entry)) continue;
    const auto deadline = static_cast<Deadline>(entry.kind);
    if (deadline != Deadline::none) {
      on_deadline(entry.word, deadline);
    } else if (component_ != nullptr) {
      component_->on_timer(entry.word);
    }
  }
  arm_alarm();
}

void AsioRuntime::set_deadline(Index index, Duration delay, Deadline deadline) {
  const std::uint64_t word = (std::uint64_t{connections_[index].generation} << 32) | index;
  timers_.add(now() + delay, word, static_cast<std::uint32_t>(deadline));
  arm_alarm();
}

void AsioRuntime::on_deadline(std::uint64_t word, Deadline deadline) {
  if (deadline == Deadline::accept) {
    if (Listener* listener = listener_of(word)) {
      listener->throttled = false;
      await_accept(*listener);
    }
    return;
  }
  const Named who{static_cast<Index>(word), static_cast<std::uint32_t>(word >> 32)};
  if (!holds(who)) return;
  Connection& connection = connections_[who.index];
  switch (deadline) {
    case Deadline::connect:
      if (connection.state == State::resolving || connection.state == State::connecting ||
          connection.state == State::handshaking) {
        reset_socket(connection);
        end(who.index, CloseReason::timed_out);
      }
      return;
    case Deadline::handshake:
      if (connection.state == State::handshaking) {
        ++figures_.handshakes_failed;
        reset_socket(connection);
        end(who.index, CloseReason::timed_out);
      }
      return;
    case Deadline::flush:
      if (connection.state != State::flushing) return;
      reset_socket(connection);
      return release(who.index);
    case Deadline::linger:
      if (connection.state == State::lingering) release(who.index);
      return;
    case Deadline::none:
    case Deadline::accept:
      return;
  }
}

// --- connections --------------------------------------------------------------------------------

AsioRuntime::Index AsioRuntime::take_connection() {
  return connections_.take();
}

bool AsioRuntime::holds(Named who) const {
  return connections_.holds(who.index, who.generation, 0xffffffff);
}

AsioRuntime::Connection* AsioRuntime::known(ConnectionId id) {
  const auto index = static_cast<Index>(id);
  if (index >= connections_.extent()) return nullptr;
  Connection& connection = connections_[index];
  return connection.announced ? &connection : nullptr;
}

AsioRuntime::Pending& AsioRuntime::pending_of(Connection& connection) {
  if (connection.pending == no_index) connection.pending = pending_.take();
  return pending_[connection.pending];
}

void AsioRuntime::release_pending(Connection& connection) {
  if (connection.pending == no_index) return;
  Pending& pending = pending_[connection.pending];
  wipe(pending.plain, kept_bytes);
  wipe(pending.raw, kept_bytes);
  pending.held.clear();
  if (pending.held.capacity() > kept_bytes) pending.held.shrink_to_fit();
  pending.plain_from = pending.raw_from = pending.address = 0;
  pending.host.clear();
  pending.addresses.clear();
  pending_.release(std::exchange(connection.pending, no_index));
}

void AsioRuntime::release(Index index) {
  Connection& connection = connections_[index];
  if (connection.accepted && connection.tls_first && !connection.announced) --accept_handshakes_;
  if (!names_to_check_.empty()) names_to_check_.erase(index);
  close_socket(connection);
  connection.tls.reset();
  release_pending(connection);
  const std::uint32_t generation = connection.generation;
  connection = Connection{};
  connection.generation = generation;
  connections_.release(index);
}

void AsioRuntime::adopt(Index index, int descriptor, const Tcp& protocol) {
  Connection& connection = connections_[index];
  connection.socket.emplace(executor_);
  Error error;
  connection.socket->assign(protocol, descriptor, error);
  if (error) {  // the system has no memory to watch it
    connection.socket.reset();
    close_descriptor(descriptor);
  }
}

// With Asio's operations on it, which then find that the connection is another.
void AsioRuntime::close_socket(Connection& connection) {
  connection.socket.reset();
}

void AsioRuntime::reset_socket(Connection& connection) {
  if (connection.socket) reset_on_close(connection.socket->native_handle());
  close_socket(connection);
}

void AsioRuntime::end(Index index, CloseReason reason) {
  Connection& connection = connections_[index];
  const Named who = named(index);
  // Where the peer may still listen, it gets what was sent before (with TLS, the alert).
  const bool unsent = connection.pending != no_index && pending_[connection.pending].size() != 0;
  const bool orderly = connection.socket && !connection.broken &&
                       ((reason == CloseReason::finished && unsent) ||
                        (reason == CloseReason::tls_failed && !connection.peer_done));
  connection.state = State::ended;
  if (!orderly) close_socket(connection);
  if (connection.announced && component_ != nullptr) {
    component_->on_close(ConnectionId{index}, connection.cookie, reason);
    if (!holds(who)) return;
  }
  if (!orderly) return release(index);
  connection.state = State::flushing;
  mark_dirty(index);
}

void AsioRuntime::end_later(Index index, CloseReason reason) {
  State& state = connections_[index].state;
  if (state != State::flushing) state = State::ended;
  endings_.push_back({named(index), reason});
  if (std::exchange(endings_scheduled_, true)) return;
  later(&AsioRuntime::deliver_endings);
}

void AsioRuntime::deliver_endings() {
  endings_scheduled_ = false;
  const std::vector<Ending> endings = std::exchange(endings_, {});
  for (const Ending& ending : endings) {
    if (!holds(ending.who)) continue;
    if (connections_[ending.who.index].state == State::flushing) {
      release(ending.who.index);  // nobody waits to hear of it
    } else {
      end(ending.who.index, ending.reason);
    }
  }
}

void AsioRuntime::set_cookie(ConnectionId id, Cookie cookie) {
  if (Connection* connection = known(id)) connection->cookie = cookie & runtime::cookie_mask;
}

void AsioRuntime::close(ConnectionId id) {
  Connection* connection = known(id);
  if (connection == nullptr) return;
  const auto index = static_cast<Index>(id);
  switch (connection->state) {
    case State::free:
    case State::flushing:
    case State::lingering:
      return;
    case State::resolving:
    case State::connecting:
    case State::ended:
      return release(index);
    case State::handshaking:
    case State::open:
      connection->state = State::flushing;
      return mark_dirty(index);
  }
}

void AsioRuntime::abort(ConnectionId id) {
  Connection* connection = known(id);
  if (connection == nullptr || connection->state == State::free ||
      connection->state == State::flushing || connection->state == State::lingering) {
    return;
  }
  reset_socket(*connection);
  release(static_cast<Index>(id));
}

std::unique_ptr<runtime::RandomStream> AsioRuntime::random_stream(std::string_view) {
  return std::make_unique<SecureRandom>();
}

void AsioRuntime::record(const runtime::TraceEvent& event) {
  if (sink_ != nullptr) sink_->observe(now(), event);
}

}  // namespace wanlab::hosting
