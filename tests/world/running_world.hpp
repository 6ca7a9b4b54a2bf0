// A world under test with everything it says written down.
#pragma once

#include "real_components/origin/origin_node.hpp"
#include "sim/scenario/host_names.hpp"
#include "sim/world/simulated_world.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wanlab::world {

using runtime::TraceKind;

// One trace event, with copies of what it lent. `at` counts from the end of the warm-up, like
// everything in a plan.
struct Told {
  Duration at{};
  std::string host;
  TraceKind kind{};
  std::uint64_t subject = 0, a = 0, b = 0;
  std::string text;
};

class Trace final : public trace::Observer {
 public:
  explicit Trace(Duration warm_up) : warm_up_(warm_up) {}

  void observe(Instant now, const trace::HostLabel& host,
               const runtime::TraceEvent& event) override {
    events_.push_back({now.time_since_epoch() - warm_up_, host.name, event.kind, event.subject,
                       event.a, event.b, std::string(event.text)});
  }

  // Of one kind, and of one host unless none is named, in order.
  std::vector<Told> all(TraceKind kind, std::string_view host = {}) const {
    std::vector<Told> found;
    for (const Told& event : events_) {
      if (event.kind == kind && (host.empty() || event.host == host)) found.push_back(event);
    }
    return found;
  }
  std::size_t count(TraceKind kind, std::string_view host = {}) const {
    return all(kind, host).size();
  }
  // The `number`-th of its kind; a failure of the test if there are not as many.
  Told get(TraceKind kind, std::size_t number = 0, std::string_view host = {}) const {
    const std::vector<Told> found = all(kind, host);
    if (number < found.size()) return found[number];
    ADD_FAILURE() << "nobody told of " << runtime::to_string(kind) << " number " << number;
    return {};
  }
  const std::vector<Told>& events() const { return events_; }

 private:
  Duration warm_up_;
  std::vector<Told> events_;
};

class RunningWorld {
 public:
  explicit RunningWorld(scenario::Plan plan)
      : plan_(std::move(plan)), trace_(plan_.warm_up), recorder_(), world_(plan_, listened_to()) {}

  // To the end of the plan, or until all clients are done and what is under way has settled.
  void run() { world_.run(); }
  // Until this moment, counted from the end of the warm-up.
  void run_until(Duration moment) {
    world_.simulation().run_until(Instant(plan_.warm_up + moment));
  }
  Duration now() { return world_.simulation().now().time_since_epoch() - plan_.warm_up; }

  const scenario::Plan& plan() const { return plan_; }
  const Trace& trace() const { return trace_; }
  SimulatedWorld& world() { return world_; }
  trace::Recorder& recorder() { return recorder_; }
  std::uint64_t digest() const { return recorder_.digest(); }
  std::uint64_t digest_of(std::string_view host) {
    return recorder_.digest_of(world_.find_host(host)->recorded_as());
  }
  SimulatedHost& host(std::string_view name) {
    SimulatedHost* found = world_.find_host(name);
    if (found == nullptr) throw std::logic_error("no host " + std::string(name));
    return *found;
  }
  // Without those of origins' pools to their databases, which grow with what is asked of them and
  // stay.
  std::size_t open_endpoints() {
    std::size_t open = world_.transport().open_endpoints();
    for (const scenario::OriginRegion& region : plan_.origins) {
      for (std::uint32_t node = 1; node <= region.nodes; ++node) {
        const auto* origin = static_cast<const origin::OriginNode*>(
            host(scenario::origin_host_name(region, node)).component());
        if (origin != nullptr) open -= 2 * origin->census().database_connections;
      }
    }
    return open;
  }

 private:
  trace::Recorder& listened_to() {
    recorder_.add_observer(trace_);
    return recorder_;
  }

  scenario::Plan plan_;
  Trace trace_;
  trace::Recorder recorder_;
  SimulatedWorld world_;
};

// Nothing is left of any client: no session, no request, no connection but the network's own.
inline void expect_nothing_left(RunningWorld& running, std::size_t endpoints_before) {
  const Leftovers left = running.world().leftovers();
  EXPECT_EQ(left.client_connections, 0u);
  EXPECT_EQ(left.edge_sessions, 0u);
  EXPECT_EQ(left.edge_exchanges, 0u);
  EXPECT_EQ(left.origin_requests, 0u);
  // Fewer where the last Route to a region has ended meanwhile.
  EXPECT_LE(running.open_endpoints(), endpoints_before);
  // Pings of the warm connections, and timeouts of their beginnings that ran out of meaning.
  EXPECT_LE(running.world().transport().messages_in_flight(),
            2 * running.world().transport().open_endpoints());
}

// Runs the whole plan and expects the world to be as empty afterwards as before the first client
// came.
inline void run_and_expect_nothing_left(RunningWorld& running) {
  running.run_until(Duration::zero() - Duration(1));
  const std::size_t before = running.open_endpoints();
  running.run();
  expect_nothing_left(running, before);
}

}  // namespace wanlab::world
