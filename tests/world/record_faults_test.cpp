// What operators do to Routes and Credentials, and what the store may do to those who watch it.
#include "real_components/control/store_client.hpp"
#include "real_components/edge/edge_node.hpp"
#include "sim/world/store_member.hpp"
#include "tests/world/fault_builder.hpp"

namespace wanlab::world {
namespace {

using namespace std::chrono_literals;
using scenario::Fault;
using scenario::FaultKind;
using scenario::FaultScope;

scenario::Plan two_regions(Duration length) {
  scenario::Plan plan = two_region_plan();
  plan.duration = length + 30s;
  plan.clients = {busy_client(100ms, length)};
  return plan;
}

Fault on_user(FaultKind kind, Duration at, Duration duration = Duration::zero(),
              const std::string& region = {}) {
  Fault fault = fault_on(kind, FaultScope::user, "app", at, duration);
  fault.target = region;
  return fault;
}

void expect_undisturbed(const RunningWorld& running) {
  EXPECT_EQ(running.trace().count(TraceKind::client_connecting), 1u);
  EXPECT_EQ(running.trace().count(TraceKind::client_lost), 0u);
  EXPECT_EQ(running.trace().count(TraceKind::client_query_failed), 0u);
}

// --- Routes and Credentials ----------------------------------------------------------------------

TEST(RouteChange, ARegionIsAddedAndRemovedWithoutAnyReconnect) {
  scenario::Plan plan = two_regions(120s);
  plan.credentials[0].regions = {"north"};  // "east" is nearer and is only added later
  plan.faults = {on_user(FaultKind::add_cluster, 20s, 60s, "east")};
  RunningWorld running(plan);
  running.run();
  EXPECT_EQ(routed_to(running, "east", 0s, 20s), 0u);
  EXPECT_GT(routed_to(running, "east", 50s, 80s), 100u);
  EXPECT_EQ(routed_to(running, "east", 81s, 120s), 0u);
  EXPECT_GT(routed_to(running, "north", 81s, 120s), 200u);
  expect_undisturbed(running);
}

TEST(RouteChange, ARemovedRegionIsUsedNoMoreUntilItIsBack) {
  scenario::Plan plan = two_regions(120s);
  plan.faults = {on_user(FaultKind::remove_cluster, 20s, 30s, "east")};
  RunningWorld running(plan);
  running.run();
  EXPECT_GT(routed_to(running, "east", 10s, 20s), 50u);
  EXPECT_EQ(routed_to(running, "east", 21s, 50s), 0u);
  EXPECT_GT(routed_to(running, "east", 95s, 120s), 100u);
  expect_undisturbed(running);
}

std::size_t established(const RunningWorld& running, Duration from, Duration to) {
  std::size_t count = 0;
  for (const Told& told : running.trace().all(TraceKind::client_established)) {
    count += told.at >= from && told.at < to ? 1u : 0u;
  }
  return count;
}

// Clients that come one after another with the password the Credential began with.
scenario::Plan newcomers() {
  scenario::Plan plan = two_region_plan();
  plan.duration = 100s;
  scenario::ClientGroup group = one_client();
  group.hosts = 60;
  group.ramp = 60s;
  plan.clients = {group};
  return plan;
}

TEST(CredentialChange, ARotatedPasswordLetsTheOldOneInNoMore) {
  scenario::Plan plan = newcomers();
  Fault rotation = on_user(FaultKind::rotate_credential, 20s, 20s);
  rotation.password = "brand-new";
  plan.faults = {rotation};
  scenario::ClientGroup informed = plan.clients[0];
  informed.name = "informed";
  informed.password = "brand-new";
  plan.clients.push_back(informed);
  RunningWorld running(plan);
  running.run();
  const auto of = [&](std::string_view group, Duration from, Duration to) {
    std::size_t count = 0;
    for (const Told& told : running.trace().all(TraceKind::client_established)) {
      count += told.host.starts_with(group) && told.at >= from && told.at < to ? 1u : 0u;
    }
    return count;
  };
  EXPECT_GT(of("client-", 0s, 20s), 15u);
  EXPECT_EQ(of("client-", 21s, 40s), 0u);
  EXPECT_GT(of("client-", 41s, 61s), 15u);
  EXPECT_EQ(of("informed-", 0s, 20s), 0u);
  EXPECT_GT(of("informed-", 21s, 40s), 15u);
  EXPECT_EQ(of("informed-", 41s, 61s), 0u);
}

TEST(CredentialChange, ARevokedOneIsDeniedUntilItIsRestored) {
  scenario::Plan plan = newcomers();
  plan.faults = {on_user(FaultKind::revoke_credential, 20s, 20s)};
  RunningWorld running(plan);
  running.run();
  EXPECT_GT(established(running, 0s, 20s), 15u);
  EXPECT_EQ(established(running, 21s, 40s), 0u);
  EXPECT_GT(established(running, 41s, 61s), 15u);
}

TEST(CredentialChange, AnExpiredOneIsDeniedUntilItIsExtended) {
  scenario::Plan plan = newcomers();
  plan.faults = {on_user(FaultKind::expire_credential, 20s, 20s)};
  RunningWorld running(plan);
  running.run();
  EXPECT_GT(established(running, 0s, 20s), 15u);
  EXPECT_EQ(established(running, 21s, 40s), 0u);
  EXPECT_GT(established(running, 41s, 61s), 15u);
}

TEST(CredentialChange, AnOperatorTriesAStoreAgainThatIsDown) {
  scenario::Plan plan = newcomers();
  plan.faults = {crash("credentials.east", 15s, 15s), crash("credentials.north", 15s, 15s),
                 crash("store." + plan.store_site, 15s, 15s),
                 on_user(FaultKind::revoke_credential, 20s)};
  RunningWorld running(plan);
  running.run();
  EXPECT_GT(established(running, 20s, 30s), 8u);  // edges and origins keep what they know
  EXPECT_EQ(established(running, 45s, 61s), 0u);
}

TEST(RouteChange, ARegionThatLeftKnowsTheUserForAWhileUnlessTheUserIsRevoked) {
  for (const bool revoked : {false, true}) {
    scenario::Plan plan = two_regions(120s);
    plan.faults = {on_user(FaultKind::remove_cluster, 20s, 0s, "east")};
    if (revoked) plan.faults.push_back(on_user(FaultKind::revoke_credential, 30s));
    RunningWorld running(plan);
    const auto known = [&](Duration at) {
      running.run_until(at);
      return static_cast<control::StoreNode*>(running.host("credentials.east").component())
                 ->engine()
                 .keys() > 1;  // besides the grant key
    };
    EXPECT_TRUE(known(25s));
    EXPECT_EQ(known(70s), !revoked);
    EXPECT_FALSE(known(81s));
  }
}

// --- the store and its watches
// ---------------------------------------------------------------------

// When statements stopped going to the region that was removed from the Route.
Duration last_to_east(const RunningWorld& running) {
  Duration last{};
  for (const Told& told : running.trace().all(TraceKind::query_routed)) {
    if (told.text == "east") last = told.at;
  }
  return last;
}

TEST(StoreFault, ASlowWatchTellsLate) {
  scenario::Plan plan = two_regions(60s);
  Fault slow = fault_on(FaultKind::store_slow_watch, FaultScope::store, "*", 10s, 30s);
  slow.extra_delay = 7s;
  plan.faults = {slow, on_user(FaultKind::remove_cluster, 20s, 0s, "east")};
  RunningWorld running(plan);
  running.run();
  EXPECT_GT(last_to_east(running), 26s);
  EXPECT_LT(last_to_east(running), 28s);
  expect_undisturbed(running);
}

TEST(StoreFault, ACancelledWatchIsResumedAndMissesNothing) {
  scenario::Plan plan = two_regions(60s);
  plan.faults = {fault_on(FaultKind::store_watch_cancel, FaultScope::store, "*", 20s),
                 on_user(FaultKind::remove_cluster, 20s + 1ms, 0s, "east")};
  RunningWorld running(plan);
  running.run();
  EXPECT_GT(running.trace().count(TraceKind::watch_resumed, "edge-1.pdx"), 0u);
  EXPECT_GT(last_to_east(running), 20s + 100ms);  // it waits a little before it watches again
  EXPECT_LT(last_to_east(running), 24s);
}

TEST(StoreFault, CompactionWhileAWatcherIsAwayMakesItListAgain) {
  scenario::Plan plan = two_regions(120s);
  plan.faults = {path_fault(FaultKind::partition, "host:edge-1.pdx", "host:store.east", 10s, 40s),
                 on_user(FaultKind::remove_cluster, 20s, 5s, "east"),
                 on_user(FaultKind::remove_cluster, 30s, 0s, "east"),
                 fault_on(FaultKind::store_compaction, FaultScope::store, "*", 40s)};
  RunningWorld running(plan);
  running.run();
  EXPECT_GT(running.trace().count(TraceKind::watch_compacted, "edge-1.pdx"), 0u);
  EXPECT_GT(last_to_east(running), 49s);  // served stale while it could not know
  EXPECT_LT(last_to_east(running), 75s);
  expect_undisturbed(running);
}

// --- a store of several members ------------------------------------------------------------------

const std::vector<std::string> members{"store.east", "store.north", "store.south"};

scenario::Plan replicated(Duration length) {
  scenario::Plan plan = two_regions(length);
  plan.store_members = {"east", "north", "south"};
  return plan;
}

StoreMember* member(RunningWorld& running, const std::string& name) {
  SimulatedHost& host = running.host(name);
  return host.down ? nullptr : static_cast<StoreMember*>(host.component());
}

std::vector<std::string> leaders(RunningWorld& running) {
  std::vector<std::string> found;
  for (const std::string& name : members) {
    if (StoreMember* one = member(running, name); one != nullptr && one->leads()) {
      found.push_back(name);
    }
  }
  return found;
}

TEST(StoreCluster, HasOneLeaderAndTheSameRecordsEverywhere) {
  scenario::Plan plan = replicated(40s);
  plan.faults = {on_user(FaultKind::remove_cluster, 10s, 0s, "east")};
  RunningWorld running(plan);
  running.run_until(0s);
  EXPECT_EQ(leaders(running), std::vector<std::string>{"store.east"});
  running.run();
  EXPECT_GT(last_to_east(running), 10s - 200ms);
  EXPECT_LT(last_to_east(running), 11s);
  const control::Revision revision = member(running, "store.east")->node().engine().revision();
  for (const std::string& name : members) {
    EXPECT_EQ(member(running, name)->node().engine().revision(), revision) << name;
  }
  expect_undisturbed(running);
}

TEST(StoreCluster, ElectsAnotherLeaderWithinItsTimeoutAndTakesChangesAgain) {
  scenario::Plan plan = replicated(60s);
  plan.faults = {fault_on(FaultKind::store_leader_loss, FaultScope::store, "", 10s, 30s),
                 on_user(FaultKind::remove_cluster, 10s + 1ms, 0s, "east")};
  RunningWorld running(plan);
  running.run_until(10s + 900ms);
  EXPECT_TRUE(leaders(running).empty());
  running.run_until(20s);
  ASSERT_EQ(leaders(running).size(), 1u);
  EXPECT_NE(leaders(running)[0], "store.east");
  running.run();
  EXPECT_EQ(leaders(running).size(), 1u);
  // An election timeout of one to two seconds, the operator's patience, and the watch.
  EXPECT_GT(last_to_east(running), 11s);
  EXPECT_LT(last_to_east(running), 16s);
  // Who comes back learns what it missed.
  EXPECT_EQ(member(running, "store.east")->node().engine().revision(),
            member(running, "store.south")->node().engine().revision());
  expect_undisturbed(running);
}

TEST(StoreCluster, WithoutAQuorumRoutesAreServedStaleAndChangesWait) {
  scenario::Plan plan = replicated(120s);
  plan.faults = {fault_on(FaultKind::store_quorum_loss, FaultScope::store, "", 10s, 60s),
                 on_user(FaultKind::remove_cluster, 20s, 0s, "east")};
  RunningWorld running(plan);
  running.run_until(60s);
  EXPECT_TRUE(leaders(running).empty());
  EXPECT_GT(routed_to(running, "east", 50s, 60s), 50u);
  running.run();
  EXPECT_GT(last_to_east(running), 70s);
  EXPECT_LT(last_to_east(running), 95s);
  expect_undisturbed(running);
}

TEST(StoreCluster, AMemberCutOffFromTheOthersLeadsNoLongerAndIsLeft) {
  scenario::Plan plan = replicated(120s);
  plan.faults = {
      path_fault(FaultKind::partition, "host:store.east", "host:store.north|store.south", 10s, 60s),
      on_user(FaultKind::remove_cluster, 20s, 0s, "east")};
  RunningWorld running(plan);
  running.run_until(15s);
  ASSERT_EQ(leaders(running).size(), 1u);
  EXPECT_NE(leaders(running)[0], "store.east");
  running.run();
  // The edge hears of the change although the member nearest to it does not.
  EXPECT_LT(last_to_east(running), 32s);
  EXPECT_EQ(leaders(running).size(), 1u);
  expect_undisturbed(running);
}

TEST(StoreCluster, ALaggingMemberTellsItsWatchersLate) {
  scenario::Plan plan = replicated(60s);
  Fault lag = fault_on(FaultKind::store_lag, FaultScope::host, "store.*", 10s, 30s);
  lag.extra_delay = 4s;
  plan.faults = {lag, on_user(FaultKind::remove_cluster, 20s, 0s, "east")};
  RunningWorld running(plan);
  running.run();
  EXPECT_GT(last_to_east(running), 23s + 500ms);
  EXPECT_LT(last_to_east(running), 25s);
}

// --- reads ---------------------------------------------------------------------------------------

// A client of one member that asks once a second, both ways.
class Asker final : public runtime::Component, private control::StoreObserver {
 public:
  Asker(runtime::Runtime& runtime, const std::string& member)
      : runtime_(runtime), client_(runtime, options(member), 1) {}

  std::vector<std::pair<Duration, control::Revision>> linearizable, serializable;
  std::uint64_t refused = 0;

  void start() override {
    client_.start();
    runtime_.wake_after(1s, 7);
  }
  void on_timer(runtime::Cookie cookie) override {
    if (client_.owns(cookie)) return client_.on_timer(cookie);
    wire::RangeRequest request;
    request.key = std::string(control::route_prefix);
    client_.submit(request, *this, 0);
    request.serializable = true;
    client_.submit(request, *this, 1);
    runtime_.wake_after(1s, 7);
  }
  runtime::Cookie on_accept(std::uint16_t, runtime::ConnectionId,
                            const runtime::PeerInfo&) override {
    return 0;
  }
  void on_connect(runtime::ConnectionId id, runtime::Cookie cookie) override {
    client_.on_connect(id, cookie);
  }
  void on_secure(runtime::ConnectionId, runtime::Cookie) override {}
  void on_data(runtime::ConnectionId id, runtime::Cookie cookie, ByteView bytes) override {
    client_.on_data(id, cookie, bytes);
  }
  void on_writable(runtime::ConnectionId, runtime::Cookie) override {}
  void on_close(runtime::ConnectionId id, runtime::Cookie cookie,
                runtime::CloseReason reason) override {
    client_.on_close(id, cookie, reason);
  }

 private:
  static control::StoreClientOptions options(const std::string& member) {
    control::StoreClientOptions options;
    options.members = {{member, 2379}};
    return options;
  }
  void on_result(std::uint64_t token, control::StoreResult result) override {
    if (result.status != control::StoreStatus::ok) {
      ++refused;
      return;
    }
    (token == 0 ? linearizable : serializable)
        .emplace_back(runtime_.now().time_since_epoch(), result.revision);
  }
  void on_watch(control::WatchId, control::WatchNotice) override {}
  void on_watch_broken(control::WatchId) override {}

  runtime::Runtime& runtime_;
  control::StoreClient client_;
};

TEST(StoreCluster, OnlySerializableReadsAreAnsweredByAMemberAlone) {
  scenario::Plan plan = replicated(60s);
  plan.idle_hosts = {"asker"};
  plan.faults = {
      path_fault(FaultKind::partition, "host:store.south", "host:store.north|store.east", 10s, 30s),
      on_user(FaultKind::remove_cluster, 20s, 0s, "east")};
  RunningWorld running(plan);
  auto asker = std::make_unique<Asker>(running.host("asker"), "store.south");
  Asker& told = *asker;
  running.host("asker").install(std::move(asker));
  running.host("asker").start();
  running.run();
  const auto between = [&](const auto& answers, Duration from, Duration to) {
    std::size_t count = 0;
    for (const auto& [at, revision] : answers) {
      count += at - plan.warm_up >= from && at - plan.warm_up < to ? 1u : 0u;
    }
    return count;
  };
  EXPECT_GT(between(told.linearizable, 2s, 9s), 5u);
  EXPECT_EQ(between(told.linearizable, 12s, 40s), 0u);
  EXPECT_GT(told.refused, 20u);
  EXPECT_GT(between(told.serializable, 12s, 40s), 20u);  // of the past: the change is not in them
  EXPECT_EQ(told.serializable.front().second, told.serializable[30].second);
  EXPECT_GT(between(told.linearizable, 45s, 60s), 10u);
  EXPECT_GT(told.linearizable.back().second, told.linearizable.front().second);
}

}  // namespace
}  // namespace wanlab::world
