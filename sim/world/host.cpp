#include "sim/world/host.hpp"

#include <algorithm>
#include <utility>

namespace wanlab::world {

using network::EndpointId;
using runtime::ConnectionId;
using runtime::Cookie;
using runtime::TraceKind;

namespace {

EndpointId endpoint_of(ConnectionId connection) {
  return static_cast<EndpointId>(connection);
}
ConnectionId connection_of(EndpointId endpoint) {
  return static_cast<ConnectionId>(endpoint);
}

// A unique local address (RFC 4193) made of the host's name, so that it depends on no numbering.
runtime::PeerAddress address_of(const network::Machine& machine, std::uint64_t connection) {
  runtime::PeerAddress address;
  address.ip[0] = 0xfd;
  for (unsigned i = 0; i < 8; ++i) {
    address.ip[8 + i] = static_cast<std::uint8_t>(machine.name_hash >> (8 * i));
  }
  address.port = static_cast<std::uint16_t>(1024 + connection % 64'512);
  return address;
}

}  // namespace

SimulatedHost::SimulatedHost(Surroundings& surroundings, trace::HostLabel label,
                             std::uint32_t of_site, std::uint32_t of_zone,
                             const scenario::HostShape& shape)
    : surroundings_(surroundings),
      recorded_as_(surroundings.recorder.add_host(label)),
      label_(std::move(label)),
      shape_(shape),
      core_free_at_(std::max(1u, shape.cores), 0) {
  name = label_.name;
  name_hash = hash_name(name);
  site = of_site;
  zone = of_zone;
  origin = surroundings.simulation.add_origin();
  surroundings.transport.add(*this, this);
}

void SimulatedHost::install(std::unique_ptr<runtime::Component> component) {
  component_ = std::move(component);
  surroundings_.transport.set_component(*this, component_.get());
}

void SimulatedHost::start() {
  if (std::exchange(has_crashed_, false)) tell(runtime::HostFault::restarted, "restarted");
  enter();
  if (component_) component_->start();
  leave();
}

// The process dies, the machine stays: peers hear resets, and new connections are refused.
void SimulatedHost::crash() {
  if (!component_) return;
  has_crashed_ = true;
  tell(runtime::HostFault::crashed, "crashed");
  enter();
  surroundings_.transport.reset_all(*this);
  leave();
  listeners_.clear();
  accepted_at_.clear();
  held_timers_.clear();
  component_.reset();
  surroundings_.transport.set_component(*this, nullptr);
  life_ = (life_ + 1) & 0xf;
}

void SimulatedHost::slow_down(double factor) {
  if (!undisturbed_) undisturbed_ = std::make_unique<const scenario::HostShape>(shape_);
  for (std::size_t work = 0; work < shape_.cost.size(); ++work) {
    shape_.cost[work] = Duration(static_cast<std::int64_t>(
        static_cast<double>(undisturbed_->cost[work].count()) * factor));
  }
}

void SimulatedHost::freeze() {
  if (freezes_ == 0) tell(runtime::HostFault::frozen, "frozen");
  ++freezes_;
  down = true;
}

void SimulatedHost::thaw() {
  if (freezes_ == 0 || --freezes_ != 0) return;
  tell(runtime::HostFault::thawed, "thawed");
  surroundings_.transport.thaw(*this);
  for (const auto& [target, argument] : std::exchange(held_timers_, {})) {
    handle_timer(target, argument);
  }
}

void SimulatedHost::enter() {
  leaves_ = std::max(surroundings_.simulation.now(), Instant(Duration(earliest_free_)));
  worked_ = false;
}

void SimulatedHost::leave() {
  if (!worked_) return;
  // The earliest core is busy until now; it sinks to its new place in the heap.
  const std::int64_t busy_until = nanoseconds(leaves_);
  std::size_t place = 0;
  for (std::size_t child = 1; child < core_free_at_.size(); child = 2 * place + 1) {
    if (child + 1 < core_free_at_.size() && core_free_at_[child + 1] < core_free_at_[child])
      ++child;
    if (core_free_at_[child] >= busy_until) break;
    core_free_at_[place] = core_free_at_[child];
    place = child;
  }
  core_free_at_[place] = busy_until;
  earliest_free_ = core_free_at_.front();
}

void SimulatedHost::spend(runtime::Work work, std::uint32_t times) {
  const Duration cost = shape_.cost[static_cast<std::size_t>(work)] * times;
  if (cost == Duration::zero()) return;
  if (!worked_) {
    longest_run_queue_ = std::max(longest_run_queue_, leaves_ - now());
    // A piece of work counts in the second in which a core begins it; these moments never go back.
    const std::int64_t second = nanoseconds(leaves_) / 1'000'000'000;
    if (second != second_) {
      cpu_busy_peak_second_ = std::max(cpu_busy_peak_second_, cpu_busy_this_second_);
      cpu_busy_this_second_ = Duration::zero();
      second_ = second;
    }
  }
  worked_ = true;
  leaves_ += cost;
  cpu_busy_ += cost;
  cpu_busy_this_second_ += cost;
}

void SimulatedHost::handle_timer(std::uint32_t target, std::uint32_t argument) {
  if (!component_ || (argument >> 24) != life_) return;
  if (down) {
    held_timers_.emplace_back(target, argument);  // frozen: what was due happens after the thaw
    return;
  }
  enter();
  component_->on_timer(target | (Cookie{argument & 0xffffff} << 32));
  leave();
}

void SimulatedHost::wake_after(Duration delay, Cookie cookie) {
  surroundings_.simulation.post(origin, now() + std::max(delay, Duration::zero()),
                                surroundings_.timer_kind, static_cast<std::uint32_t>(cookie),
                                timer_argument(cookie & runtime::cookie_mask));
}

runtime::TimerId SimulatedHost::start_timer(Duration delay, Cookie cookie) {
  return static_cast<runtime::TimerId>(surroundings_.simulation.start_timer(
      origin, now() + std::max(delay, Duration::zero()), surroundings_.timer_kind,
      static_cast<std::uint32_t>(cookie), timer_argument(cookie & runtime::cookie_mask)));
}

void SimulatedHost::cancel_timer(runtime::TimerId timer) {
  surroundings_.simulation.cancel_timer(static_cast<kernel::Timer>(timer));
}

void SimulatedHost::listen(std::uint16_t port, const runtime::ListenOptions& options) {
  stop_listening(port);
  listeners_.push_back(
      {port, options.mutual_tls, options.backlog != 0 ? options.backlog : shape_.accept_backlog});
}

void SimulatedHost::stop_listening(std::uint16_t port) {
  std::erase_if(listeners_, [port](const Listener& listener) { return listener.port == port; });
}

ConnectionId SimulatedHost::connect(const runtime::Address& address,
                                    const runtime::ConnectOptions& options, Cookie cookie) {
  if (last_found_ == nullptr || last_found_->name != address.host) {
    last_found_ = surroundings_.find(address.host);
  }
  ++connections_;
  peak_connections_ = std::max<std::uint64_t>(peak_connections_, connections_);
  cookie &= runtime::cookie_mask;
  network::Transport& transport = surroundings_.transport;
  if (last_found_ == nullptr) return connection_of(transport.connect_nowhere(*this, cookie));
  return connection_of(transport.connect(*this, *last_found_, address.port, options, cookie));
}

void SimulatedHost::set_cookie(ConnectionId connection, Cookie cookie) {
  surroundings_.transport[endpoint_of(connection)].cookie = cookie & runtime::cookie_mask;
}

void SimulatedHost::start_tls_server(ConnectionId connection, ByteView already_read) {
  surroundings_.transport.start_tls_server(endpoint_of(connection), already_read);
}

void SimulatedHost::start_tls_client(ConnectionId connection, runtime::TlsVersion version) {
  surroundings_.transport.start_tls_client(endpoint_of(connection), version);
}

void SimulatedHost::send(ConnectionId connection, ByteView bytes) {
  surroundings_.transport.send(endpoint_of(connection), bytes);
}

std::size_t SimulatedHost::unsent_bytes(ConnectionId connection) const {
  return surroundings_.transport.unsent_bytes(endpoint_of(connection));
}

void SimulatedHost::pause_reading(ConnectionId connection) {
  surroundings_.transport.pause_reading(endpoint_of(connection));
}

void SimulatedHost::resume_reading(ConnectionId connection) {
  surroundings_.transport.resume_reading(endpoint_of(connection));
}

void SimulatedHost::close(ConnectionId connection) {
  surroundings_.transport.close(endpoint_of(connection));
}

void SimulatedHost::abort(ConnectionId connection) {
  surroundings_.transport.abort(endpoint_of(connection));
}

std::unique_ptr<runtime::RandomStream> SimulatedHost::random_stream(std::string_view stream) {
  return std::make_unique<NamedStream>(surroundings_.seed,
                                       std::string(name) + "/" + std::string(stream));
}

void SimulatedHost::tell(runtime::HostFault fault, std::string_view words) {
  record({TraceKind::host_fault, 0, static_cast<std::uint64_t>(fault), 0, words});
}

void SimulatedHost::record(const runtime::TraceEvent& event) {
  surroundings_.recorder.record(now(), recorded_as_, event);
}

const SimulatedHost::Listener* SimulatedHost::find_listener(std::uint16_t port) const {
  for (const Listener& listener : listeners_) {
    if (listener.port == port) return &listener;
  }
  return nullptr;
}

std::uint32_t SimulatedHost::waiting_to_be_accepted() {
  const std::int64_t instant = nanoseconds(now());
  while (!accepted_at_.empty() && accepted_at_.front() <= instant) accepted_at_.pop_front();
  return static_cast<std::uint32_t>(accepted_at_.size());
}

network::SynVerdict SimulatedHost::on_syn(std::uint16_t port, bool& mutual_tls) {
  const Listener* listener = find_listener(port);
  if (listener == nullptr) return network::SynVerdict::refuse;
  mutual_tls = listener->mutual_tls;
  // Linux drops the SYN when the accept queue is full (tcp_conn_request); half-open connections
  // that will join it count here too, so that a burst within one round trip is seen.
  const std::uint32_t waiting = waiting_to_be_accepted();
  peak_backlog_ = std::max<std::uint64_t>(peak_backlog_, std::max(waiting, half_open_));
  if (waiting >= listener->backlog || half_open_ >= listener->backlog) {
    ++syn_dropped_;
    record({.kind = TraceKind::syn_dropped, .a = waiting});
    return network::SynVerdict::drop;
  }
  const std::uint64_t pending = std::uint64_t{connections_} + half_open_ + reserved_descriptors_;
  if (pending >= shape_.descriptors) {
    ++refused_descriptors_;
    record({.kind = TraceKind::descriptor_limit, .a = shape_.descriptors});
    return network::SynVerdict::drop;
  }
  const std::uint64_t memory = (pending + 1) * shape_.memory_per_connection_bytes;
  if (memory > shape_.memory_bytes) {
    ++refused_memory_;
    record({.kind = TraceKind::memory_limit, .a = memory});
    return network::SynVerdict::drop;
  }
  ++half_open_;
  return network::SynVerdict::take;
}

void SimulatedHost::on_syn_completed(bool established) {
  --half_open_;
  if (!established) return;
  ++connections_;
  peak_connections_ = std::max<std::uint64_t>(peak_connections_, connections_);
}

void SimulatedHost::on_released() {
  --connections_;
}

void SimulatedHost::on_accept(EndpointId endpoint) {
  if (leaves_ > now()) accepted_at_.push_back(nanoseconds(leaves_));
  network::Transport& transport = surroundings_.transport;
  const network::Machine& peer = transport.machine_of_peer(endpoint);
  const std::uint16_t port = transport[endpoint].port;
  const runtime::PeerInfo info{
      address_of(peer, transport[endpoint].identity),
      transport[endpoint].tls_from_start ? std::string_view(peer.name) : std::string_view()};
  const Cookie cookie = component_->on_accept(port, connection_of(endpoint), info);
  if (transport[endpoint].state != network::StreamState::free) {
    transport[endpoint].cookie = cookie & runtime::cookie_mask;
  }
}

void SimulatedHost::on_connect(EndpointId endpoint) {
  component_->on_connect(connection_of(endpoint), surroundings_.transport[endpoint].cookie);
}

void SimulatedHost::on_secure(EndpointId endpoint) {
  component_->on_secure(connection_of(endpoint), surroundings_.transport[endpoint].cookie);
}

void SimulatedHost::on_data(EndpointId endpoint, ByteView bytes) {
  surroundings_.recorder.mix_bytes(recorded_as_, bytes);
  if (tap_ != nullptr &&
      (tapped_port_ == 0 || surroundings_.transport[endpoint].port == tapped_port_)) {
    if (const SecretTap::Secret* secret = tap_->find(bytes)) [[unlikely]] {
      record({TraceKind::secret_arrived, secret->credential, 0, 0, secret->what});
    }
  }
  component_->on_data(connection_of(endpoint), surroundings_.transport[endpoint].cookie, bytes);
}

void SimulatedHost::on_writable(EndpointId endpoint) {
  component_->on_writable(connection_of(endpoint), surroundings_.transport[endpoint].cookie);
}

void SimulatedHost::on_close(EndpointId endpoint, runtime::CloseReason reason) {
  component_->on_close(connection_of(endpoint), surroundings_.transport[endpoint].cookie, reason);
}

Load SimulatedHost::load() {
  // Work is counted when it is declared; what cores have still before them is not done yet.
  const std::int64_t instant = nanoseconds(now());
  std::int64_t ahead = 0;
  for (const std::int64_t free_at : core_free_at_)
    ahead += std::max<std::int64_t>(free_at - instant, 0);
  return {cpu_busy_ - Duration(ahead), connections_, waiting_to_be_accepted()};
}

trace::HostStatistics SimulatedHost::statistics() const {
  trace::HostStatistics statistics;
  statistics.label = label_;
  statistics.cores = shape_.cores;
  statistics.cpu_busy = cpu_busy_;
  statistics.cpu_busy_peak_second = std::max(cpu_busy_peak_second_, cpu_busy_this_second_);
  statistics.longest_run_queue = longest_run_queue_;
  statistics.peak_connections = peak_connections_;
  statistics.descriptor_limit = shape_.descriptors;
  statistics.peak_backlog = peak_backlog_;
  statistics.backlog_limit = shape_.accept_backlog;
  statistics.peak_memory_bytes = peak_connections_ * shape_.memory_per_connection_bytes;
  statistics.memory_limit_bytes = shape_.memory_bytes;
  statistics.syn_dropped = syn_dropped_;
  statistics.refused_descriptors = refused_descriptors_;
  statistics.refused_memory = refused_memory_;
  return statistics;
}

}  // namespace wanlab::world
