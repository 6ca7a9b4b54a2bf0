// A simulated machine: the runtime that a component sees, and the finite things behind it (cores
// with a run queue, accept backlog, descriptors, memory).
//
// CPU is an exact first-come-first-served queue without events of its own: a handler starts when
// the earliest core is free, `spend` moves that core's time on, and whatever the handler sends
// leaves at that moment. State changes are visible at the handler's instant, effects to others
// after the work.
#pragma once

#include "real_components/runtime/runtime.hpp"
#include "sim/network/transport.hpp"
#include "sim/scenario/plan.hpp"
#include "sim/trace/recorder.hpp"
#include "sim/world/secret_tap.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace wanlab::world {

class SimulatedHost;

// How busy a machine is at this moment, and has been since the start.
struct Load {
  Duration cpu_busy{};  // done by all cores, since the start
  std::uint64_t connections = 0, waiting_to_be_accepted = 0;
};

// What all hosts of a world share.
struct Surroundings {
  kernel::Simulation& simulation;
  network::Transport& transport;
  trace::Recorder& recorder;
  std::uint64_t seed;
  kernel::Kind timer_kind;
  // Finds a host by name; null when there is none.
  std::function<SimulatedHost*(std::string_view)> find;
};

// The calendar instant at which every run begins: 2026-01-01T00:00:00Z.
inline constexpr WallTime wall_start{std::chrono::seconds(1'767'225'600)};

class alignas(64) SimulatedHost final : public runtime::Runtime, public network::Machine {
 public:
  SimulatedHost(Surroundings& surroundings, trace::HostLabel label, std::uint32_t site,
                std::uint32_t zone, const scenario::HostShape& shape);

  // The component is started by start(), and restarted with a fresh one after a crash.
  void install(std::unique_ptr<runtime::Component> component);
  void start();
  void crash();  // every connection is reset, new ones are refused until install() and start()
  void freeze();
  void thaw();
  void skew_clock(Duration skew) { clock_skew_ = skew; }
  void shift_clock(Duration by) { clock_skew_ += by; }
  // From now on, work takes so many times as long as the machine's shape says.
  void slow_down(double factor);
  bool listens(std::uint16_t port) const { return find_listener(port) != nullptr; }

  runtime::Component* component() { return component_.get(); }
  const trace::HostLabel& label() const { return label_; }
  trace::HostIndex recorded_as() const { return recorded_as_; }
  trace::HostStatistics statistics() const;
  Load load();
  std::uint32_t open_connections() const { return connections_; }
  // Looks for secrets in what arrives, of connections to this port; 0: of all. Must outlive the
  // host.
  void set_tap(const SecretTap* tap, std::uint16_t port) {
    tap_ = tap;
    tapped_port_ = port;
  }
  // Descriptors taken by other things than connections.
  void reserve_descriptors(std::uint32_t count) { reserved_descriptors_ = count; }

  // `argument` and `target` as posted: a cookie and the life of the component that asked.
  // Something outside the component's own events makes it act, e.g. an operator's command.
  template <typename Action>
  void act(Action action) {
    enter();
    action();
    leave();
  }
  void handle_timer(std::uint32_t target, std::uint32_t argument);
  // Not for Nearness::far: see Transport::anticipate_machine.
  void anticipate_timer(std::uint32_t target, std::uint32_t argument,
                        kernel::Simulation::Nearness nearness) const {
    using Nearness = kernel::Simulation::Nearness;
    anticipate(target | (runtime::Cookie{argument & 0xffffff} << 32), nearness == Nearness::next);
  }

  // runtime::Runtime
  Instant now() const override { return surroundings_.simulation.now(); }
  WallTime wall_now() const override { return wall_start + now().time_since_epoch() + clock_skew_; }
  void wake_after(Duration delay, runtime::Cookie cookie) override;
  runtime::TimerId start_timer(Duration delay, runtime::Cookie cookie) override;
  void cancel_timer(runtime::TimerId timer) override;
  void listen(std::uint16_t port, const runtime::ListenOptions& options) override;
  void stop_listening(std::uint16_t port) override;
  runtime::ConnectionId connect(const runtime::Address& address,
                                const runtime::ConnectOptions& options,
                                runtime::Cookie cookie) override;
  void set_cookie(runtime::ConnectionId connection, runtime::Cookie cookie) override;
  void start_tls_server(runtime::ConnectionId connection, ByteView already_read) override;
  void start_tls_client(runtime::ConnectionId connection, runtime::TlsVersion version) override;
  void send(runtime::ConnectionId connection, ByteView bytes) override;
  std::size_t unsent_bytes(runtime::ConnectionId connection) const override;
  void pause_reading(runtime::ConnectionId connection) override;
  void resume_reading(runtime::ConnectionId connection) override;
  void close(runtime::ConnectionId connection) override;
  void abort(runtime::ConnectionId connection) override;
  void spend(runtime::Work work, std::uint32_t times) override;
  void anticipate(runtime::ConnectionId connection) const override {
    surroundings_.transport.anticipate(static_cast<network::EndpointId>(connection));
  }
  std::unique_ptr<runtime::RandomStream> random_stream(std::string_view name) override;
  void record(const runtime::TraceEvent& event) override;

 private:
  struct Listener {
    std::uint16_t port;
    bool mutual_tls;
    std::uint32_t backlog;
  };

  // network::Machine
  void enter() override;
  void leave() override;
  network::SynVerdict on_syn(std::uint16_t port, bool& mutual_tls) override;
  void on_syn_completed(bool established) override;
  void on_accept(network::EndpointId endpoint) override;
  void on_connect(network::EndpointId endpoint) override;
  void on_secure(network::EndpointId endpoint) override;
  void on_data(network::EndpointId endpoint, ByteView bytes) override;
  void on_writable(network::EndpointId endpoint) override;
  void on_close(network::EndpointId endpoint, runtime::CloseReason reason) override;
  void on_released() override;
  void anticipate(std::uint64_t cookie, bool soon) const override {
    if (component_) component_->anticipate(cookie, soon);
  }

  std::uint32_t timer_argument(runtime::Cookie cookie) const {
    return static_cast<std::uint32_t>(cookie >> 32) | (life_ << 24);
  }
  void tell(runtime::HostFault fault, std::string_view words);
  const Listener* find_listener(std::uint16_t port) const;
  std::uint32_t waiting_to_be_accepted();
  bool has_room(runtime::TraceKind& limit) const;

  // Of the second cache line.
  Surroundings& surroundings_;
  std::unique_ptr<runtime::Component> component_;
  std::int64_t earliest_free_ = 0;  // the front of core_free_at_, without the way to the heap
  trace::HostIndex recorded_as_;
  std::uint32_t life_ = 0;  // modulo 16: timers of a crashed component find nobody

  std::uint32_t connections_ = 0;
  std::uint32_t half_open_ = 0;
  std::uint32_t reserved_descriptors_ = 0;
  std::uint64_t peak_connections_ = 0, peak_backlog_ = 0;
  SimulatedHost* last_found_ = nullptr;  // connects mostly go where the last one went
  trace::HostLabel label_;
  scenario::HostShape shape_;
  std::unique_ptr<const scenario::HostShape>
      undisturbed_;  // while something slows the machine down
  std::vector<Listener> listeners_;
  const SecretTap* tap_ = nullptr;  // null: nobody looks
  std::uint16_t tapped_port_ = 0;
  bool has_crashed_ = false;
  Duration clock_skew_{};
  std::uint32_t freezes_ = 0;                                         // faults that hold it frozen
  std::vector<std::pair<std::uint32_t, std::uint32_t>> held_timers_;  // due while frozen, in order
  std::vector<std::int64_t> core_free_at_;  // a heap with the earliest in front
  std::deque<std::int64_t> accepted_at_;    // when waiting connections will be accepted

  Duration cpu_busy_{}, cpu_busy_this_second_{}, cpu_busy_peak_second_{}, longest_run_queue_{};
  std::int64_t second_ = 0;
  std::uint64_t syn_dropped_ = 0, refused_descriptors_ = 0, refused_memory_ = 0;
};

}  // namespace wanlab::world
