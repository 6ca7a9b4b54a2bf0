// Hosts are finite: cores with a run queue, an accept backlog, descriptors and memory; and they can
// freeze and crash.
#include "tests/world/plan_builder.hpp"
#include "tests/world/running_world.hpp"

#include <algorithm>
#include <functional>

namespace wanlab::world {
namespace {

using namespace std::chrono_literals;
using runtime::Work;

std::uint64_t count_of(Duration duration) {
  return static_cast<std::uint64_t>(duration.count());
}

// --- cores

// One host alone, on which jobs arrive when the test says.
class OneHost {
 public:
  OneHost(std::uint32_t cores, Duration cost) {
    scenario::HostShape shape;
    shape.cores = cores;
    shape.cost[static_cast<std::size_t>(Work::serve_statement)] = cost;
    host_ = std::make_unique<SimulatedHost>(surroundings_, trace::HostLabel{"host", {}, "home", ""},
                                            0, 0, shape);
    simulation_.set_handler(timer_kind, host_.get(), [](void* self, const kernel::Event& event) {
      static_cast<SimulatedHost*>(self)->handle_timer(event.target, event.argument());
    });
    auto jobs = std::make_unique<Jobs>(*host_);
    jobs_ = jobs.get();
    host_->install(std::move(jobs));
    host_->start();
  }
  void arrive(Duration at) { host_->wake_after(at - now(), 0); }
  void run_until(Duration at) { simulation_.run_until(Instant(at)); }
  Duration now() { return simulation_.now().time_since_epoch(); }
  // How long each job waited for a core, in the order of arrival.
  const std::vector<Duration>& waits() const { return jobs_->waits; }
  trace::HostStatistics statistics() const { return host_->statistics(); }

 private:
  static constexpr kernel::Kind timer_kind = 2;
  struct Jobs final : runtime::Component {
    explicit Jobs(SimulatedHost& on) : host(on) {}
    void start() override {}
    void on_timer(runtime::Cookie) override {
      waits.push_back(static_cast<network::Machine&>(host).leaves() - host.now());
      host.spend(Work::serve_statement, 1);
    }
    runtime::Cookie on_accept(std::uint16_t, runtime::ConnectionId,
                              const runtime::PeerInfo&) override {
      return 0;
    }
    void on_connect(runtime::ConnectionId, runtime::Cookie) override {}
    void on_secure(runtime::ConnectionId, runtime::Cookie) override {}
    void on_data(runtime::ConnectionId, runtime::Cookie, ByteView) override {}
    void on_writable(runtime::ConnectionId, runtime::Cookie) override {}
    void on_close(runtime::ConnectionId, runtime::Cookie, runtime::CloseReason) override {}
    SimulatedHost& host;
    std::vector<Duration> waits;
  };

  kernel::Simulation simulation_;
  network::Topology topology_ = small_topology();
  network::Wan wan_{topology_};
  network::Transport transport_{simulation_, wan_, {}, 0};
  trace::Recorder recorder_;
  Surroundings surroundings_{simulation_, transport_, recorder_, 1, timer_kind, {}};
  std::unique_ptr<SimulatedHost> host_;
  Jobs* jobs_ = nullptr;
};

TEST(Cores, ServeJobsInTheOrderOfArrivalAsSoonAsOneIsFree) {
  OneHost host(4, 1ms);
  for (int job = 0; job < 10; ++job) host.arrive(5ms);
  host.run_until(10ms);
  const std::vector<Duration> expected{0ms, 0ms, 0ms, 0ms, 1ms, 1ms, 1ms, 1ms, 2ms, 2ms};
  EXPECT_EQ(host.waits(), expected);
  EXPECT_EQ(host.statistics().cpu_busy, 10ms);
  EXPECT_EQ(host.statistics().longest_run_queue, 2ms);
}

// Pollaczek and Khinchine: with Poisson arrivals and a constant service time S at load r, the mean
// wait in front of one server is S * r / (2 * (1 - r)).
TEST(Cores, MakePoissonArrivalsWaitAsQueueingTheorySays) {
  constexpr Duration service = 100us;
  for (const int percent : {30, 60, 80}) {
    OneHost host(1, service);
    const RandomKey draws(99, "arrivals");
    const Duration mean = service * 100 / percent;
    constexpr int jobs = 300'000;
    Duration at{};
    for (int job = 0; job < jobs; ++job) {
      at += exponential(mean, draws.block(static_cast<std::uint64_t>(job)).low());
      host.arrive(at);
    }
    host.run_until(at + 1s);
    ASSERT_EQ(host.waits().size(), static_cast<std::size_t>(jobs));
    double sum = 0;
    for (const Duration wait : host.waits()) sum += static_cast<double>(wait.count());
    const double load = percent / 100.0;
    const double expected = static_cast<double>(service.count()) * load / (2 * (1 - load));
    EXPECT_NEAR(sum / jobs, expected, expected * 0.04) << percent;
  }
}

TEST(Cores, QueueTlsHandshakesThatArriveTogether) {
  constexpr Duration handshake = 10ms;
  scenario::ClientGroup group = one_client();
  group.connections_per_host = 8;
  group.query_on_connect = false;
  scenario::Plan plan = small_plan(group);
  plan.edges[0].host.cores = 1;
  plan.edges[0].host.cost[static_cast<std::size_t>(Work::tls_handshake_server)] = handshake;
  RunningWorld running(plan);
  run_and_expect_nothing_left(running);
  // The server's flights leave one after the other, and so the clients' last words arrive.
  const std::vector<Told> secured = running.trace().all(TraceKind::session_secured);
  ASSERT_EQ(secured.size(), 8u);
  for (std::size_t i = 1; i < secured.size(); ++i) {
    EXPECT_EQ(secured[i].at - secured[i - 1].at, handshake);
  }
  // Logins stand behind all handshakes in the queue of the only core.
  const Duration first_hello = secured[0].at - handshake - round_trip(plan, "home", "west");
  const Told established = running.trace().get(TraceKind::client_established);
  EXPECT_GE(established.at, first_hello + 8 * handshake + round_trip(plan, "west", "east"));
}

// --- the accept backlog

TEST(Backlog, DropsSynsWhenFullAndClientsTryAgainAfterOneThreeAndSevenSeconds) {
  // Accepting takes the only core 1.5 s each, two may wait: of six that come together four are
  // dropped; after 1 s there is room for two of them, after 3 s for none (those two are still
  // waiting), after 7 s for the rest.
  scenario::ClientGroup group = one_client("database");
  group.connections_per_host = 6;
  group.connect_timeout = 60s;
  group.hold = 30s;
  scenario::Plan plan = small_plan(group);
  plan.origins.clear();  // whose own connections would be in the way
  plan.databases[0].host.cores = 1;
  plan.databases[0].host.accept_backlog = 2;
  plan.databases[0].host.cost[static_cast<std::size_t>(Work::accept_connection)] = 1500ms;
  RunningWorld running(plan);
  run_and_expect_nothing_left(running);

  const std::vector<Told> dropped = running.trace().all(TraceKind::syn_dropped);
  ASSERT_EQ(dropped.size(), 8u);
  const Duration first = dropped[0].at;
  const std::vector<Duration> expected{0s, 0s, 0s, 0s, 1s, 1s, 3s, 3s};
  for (std::size_t i = 0; i < dropped.size(); ++i) EXPECT_EQ(dropped[i].at - first, expected[i]);
  EXPECT_EQ(running.trace().count(TraceKind::client_established), 6u);
  EXPECT_EQ(running.trace().count(TraceKind::client_failed), 0u);
}

TEST(Backlog, ThatStaysFullMakesClientsTimeOut) {
  scenario::ClientGroup group = one_client();
  group.connections_per_host = 10;
  group.connect_timeout = 5s;
  scenario::Plan plan = small_plan(group);
  plan.edges[0].host.cores = 1;
  plan.edges[0].host.accept_backlog = 1;
  plan.edges[0].host.cost[static_cast<std::size_t>(Work::accept_connection)] = 30s;
  RunningWorld running(plan);
  running.run();
  const std::vector<Told> failed = running.trace().all(TraceKind::client_failed);
  ASSERT_EQ(failed.size(), 10u);
  std::uint64_t never_connected = 0;
  for (const Told& told : failed) {
    never_connected +=
        told.a == static_cast<std::uint64_t>(trace::ConnectFailure::connect_timeout) ? 1 : 0;
  }
  EXPECT_GE(never_connected, 7u);
  EXPECT_EQ(running.world().leftovers().client_connections, 0u);
}

// --- descriptors and memory

TEST(Descriptors, LimitHowManyConnectionsAnEdgeTakes) {
  scenario::ClientGroup group = one_client();
  group.connections_per_host = 6;
  group.connect_timeout = 2s;
  group.hold = 5s;
  scenario::Plan plan = small_plan(group);
  plan.edges[0].host.descriptors = 1 + 4 + 3;  // the store, the backhaul, and three clients
  RunningWorld running(plan);
  run_and_expect_nothing_left(running);
  EXPECT_EQ(running.trace().count(TraceKind::client_established), 3u);
  EXPECT_EQ(running.trace().count(TraceKind::client_failed), 3u);
  EXPECT_GE(running.trace().count(TraceKind::descriptor_limit, "edge-1.pdx"), 3u);
}

TEST(Descriptors, AreGivenBackWithTheirConnections) {
  scenario::ClientGroup group = one_client();
  group.connections_per_host = 3;
  scenario::ClientGroup later = group;
  later.name = "later";
  later.start = 10s;
  scenario::Plan plan = small_plan(group);
  plan.clients.push_back(later);
  plan.edges[0].host.descriptors = 1 + 4 + 3;
  RunningWorld running(plan);
  run_and_expect_nothing_left(running);
  EXPECT_EQ(running.trace().count(TraceKind::client_established), 6u);
}

TEST(Descriptors, OfTheClientsOwnHostLimitItToo) {
  scenario::ClientGroup group = one_client();
  group.connections_per_host = 6;
  group.descriptors = 4;
  RunningWorld running(small_plan(group));
  run_and_expect_nothing_left(running);
  EXPECT_EQ(running.trace().count(TraceKind::client_established), 4u);
  for (const Told& failed : running.trace().all(TraceKind::client_failed)) {
    EXPECT_EQ(failed.a, static_cast<std::uint64_t>(trace::ConnectFailure::out_of_descriptors));
  }
}

TEST(Memory, LimitsHowManyConnectionsAnEdgeTakes) {
  scenario::ClientGroup group = one_client();
  group.connections_per_host = 6;
  group.connect_timeout = 2s;
  group.hold = 5s;
  scenario::Plan plan = small_plan(group);
  plan.edges[0].host.memory_bytes = (1 + 4 + 3) * 16'384;
  RunningWorld running(plan);
  run_and_expect_nothing_left(running);
  EXPECT_EQ(running.trace().count(TraceKind::client_established), 3u);
  EXPECT_GE(running.trace().count(TraceKind::memory_limit, "edge-1.pdx"), 3u);
}

// --- freeze and crash

TEST(Freeze, OfAnEdgeDelaysWhatArrivesMeanwhileAndLosesNothing) {
  scenario::Plan plan = small_plan(busy_client(100ms, 10s));
  scenario::Fault fault = crash("edge-1.pdx", 3s, 1500ms);
  fault.kind = scenario::FaultKind::freeze_host;
  fault.scope = scenario::FaultScope::host;
  plan.faults.push_back(fault);
  RunningWorld running(plan);
  run_and_expect_nothing_left(running);
  EXPECT_EQ(running.trace().count(TraceKind::client_query_failed), 0u);
  EXPECT_EQ(running.trace().count(TraceKind::client_lost), 0u);
  std::uint64_t slowest = 0;
  for (const Told& answer : running.trace().all(TraceKind::client_query_answered)) {
    slowest = std::max(slowest, answer.b);
  }
  EXPECT_GE(slowest, count_of(1s));
  EXPECT_LE(slowest, count_of(2s));
}

TEST(Crash, OfAnEdgeResetsItsClientsAndPoolsComeBackAfterTheRestart) {
  scenario::ClientGroup group = busy_client(100ms, 20s);
  group.connections_per_host = 3;
  group.retry.attempts = 20;
  group.retry.cap = 1s;
  group.connect_timeout = 2s;
  scenario::Plan plan = small_plan(group);
  plan.faults.push_back(crash("edge-1.pdx", 5s, 2s));
  RunningWorld running(plan);
  run_and_expect_nothing_left(running);
  EXPECT_EQ(running.trace().count(TraceKind::client_lost), 3u);
  for (const Told& lost : running.trace().all(TraceKind::client_lost)) {
    EXPECT_EQ(lost.a, static_cast<std::uint64_t>(runtime::CloseReason::reset));
    EXPECT_LE(lost.at, 5s + round_trip(plan, "home", "west"));
  }
  EXPECT_EQ(running.trace().count(TraceKind::client_established), 6u);
  EXPECT_EQ(running.trace().count(TraceKind::client_failed), 0u);
  // Nobody is denied by an edge that has only just begun to read the Routes.
  for (const Told& refused : running.trace().all(TraceKind::session_refused))
    EXPECT_NE(refused.a, 1045u);
}

TEST(Crash, OfADatabasesPrimaryFailsItsStatementsInBoundedTimeAndHeals) {
  scenario::Plan plan = small_plan(busy_client(200ms, 40s));
  plan.faults.push_back(crash("primary.main.east", 5s, 3s));
  RunningWorld running(plan);
  run_and_expect_nothing_left(running);
  EXPECT_EQ(running.trace().count(TraceKind::client_lost), 0u);
  const std::vector<Told> answered = running.trace().all(TraceKind::client_query_answered);
  EXPECT_GT(answered.back().at, 39s);
  Duration gap{};
  for (std::size_t i = 1; i < answered.size(); ++i) {
    gap = std::max(gap, answered[i].at - answered[i - 1].at);
  }
  EXPECT_LE(gap, 15s);
}

}  // namespace
}  // namespace wanlab::world
