// What goes wrong, and when: a random subset of the kinds of faults, each against something that is
// there, all healed by an end that differs from world to world.
#include "sim/fuzz/dice.hpp"
#include "sim/fuzz/world_maker.hpp"
#include "sim/scenario/fault_rules.hpp"
#include "sim/scenario/fault_targets.hpp"
#include "sim/scenario/host_names.hpp"

#include <algorithm>

namespace wanlab::fuzz {

using namespace scenario;

namespace {

const std::string everything = "*";

class Schedule {
 public:
  Schedule(Plan& plan, Dice& dice) : plan_(plan), dice_(dice), window_(dice.skewed(12s, 90s)) {
    for (const HostPlace& place : host_places(plan)) hosts_.push_back(place.name);
    for (const Database& database : plan.databases) {
      for (std::uint32_t replica = 1; replica <= database.replicas; ++replica)
        replicas_.push_back(replica_host_name(database, database.primary_region, replica));
      for (const std::string& region : database.read_only_regions)
        replicas_.push_back(replica_host_name(database, region, 1));
    }
    for (const std::string& name : hosts_)
      if (name.starts_with("edge-") || name.starts_with("origin-")) nodes_.push_back(name);
  }

  void add(FaultKind kind) {
    Fault fault;
    fault.kind = kind;
    fault.name = std::string(name_of(kind)) + "-" + std::to_string(plan_.faults.size() + 1);
    if (!aim(fault)) return;
    set_strength(fault);
    set_course(fault);
    plan_.faults.push_back(fault);
  }

 private:
  std::string place() {
    std::vector<std::string> ends;
    for (const network::Site& site : plan_.topology.sites) ends.push_back(site.name);
    for (const EdgePop& pop : plan_.edges) ends.push_back(pop.site);
    for (const OriginRegion& origin : plan_.origins) ends.push_back(origin.region);
    if (dice_.chance(8)) return everything;
    if (dice_.chance(12)) return "host:" + dice_.one_of(hosts_);
    return dice_.one_of(ends);
  }

  // Something that runs; mostly what a query meets on its way.
  bool aim_at_host(Fault& fault) {
    const bool whole = fault.kind == FaultKind::fail;
    switch (dice_.between(whole ? 1u : 0u, whole ? 3u : 5u)) {
      case 1:
        fault.scope = FaultScope::pop;
        fault.source = dice_.one_of(plan_.edges).name;
        return true;
      case 2:
        fault.scope = FaultScope::region;
        fault.source = dice_.one_of(plan_.origins).region;
        return true;
      case 3: {
        fault.scope = FaultScope::zone;
        const HostPlace at = dice_.one_of(host_places(plan_));
        fault.source = at.site + "/" + std::to_string(at.zone + 1);
        return true;
      }
      default:
        fault.scope = FaultScope::host;
        fault.source =
            dice_.one_of(dice_.chance(60) || fault.kind == FaultKind::drain ? nodes_ : hosts_);
        return true;
    }
  }

  bool aim(Fault& fault) {
    const FaultRule& rule = rule_of(fault.kind);
    if (rule.targets == host_targets || fault.kind == FaultKind::fail) {
      if (!aim_at_host(fault)) return false;
      // Whole zones and regions hold what cannot be drained; that is left out by itself.
      return true;
    }
    if (has_word(rule.targets, "from")) {
      fault.scope = FaultScope::path;
      fault.source = place();
      fault.target = place();
      fault.one_way = dice_.chance(30);
      return true;
    }
    switch (fault.kind) {
      case FaultKind::cut_cable: {
        const auto& cables = plan_.topology.backbone_cables;
        if (cables.empty()) return false;
        const network::BackboneCable& cable = dice_.one_of(cables);
        fault.scope = FaultScope::cable;
        fault.source = !cable.corridor.empty() && dice_.chance(30)
                           ? cable.corridor
                           : cable.source + "-" + cable.target;
        return true;
      }
      case FaultKind::store_lag: {
        if (plan_.store_members.size() < 3) return false;
        fault.scope = FaultScope::host;
        fault.source = dice_.one_of(store_members(plan_)).host;
        return true;
      }
      case FaultKind::store_leader_loss:
      case FaultKind::store_quorum_loss:
      case FaultKind::store_slow_watch:
      case FaultKind::store_compaction:
      case FaultKind::store_watch_cancel:
        fault.scope = FaultScope::store;
        if (!rule.targets.empty()) fault.source = everything;
        return true;
      case FaultKind::stale_resolvers:
        fault.scope = FaultScope::resolver;
        fault.source = everything;
        return true;
      case FaultKind::dns_health_lag:
        fault.scope = FaultScope::endpoint;
        fault.source = everything;
        return true;
      case FaultKind::replica_lag:
      case FaultKind::replace_replica:
        if (replicas_.empty()) return false;
        fault.scope = FaultScope::host;
        fault.source = dice_.one_of(replicas_);
        return true;
      case FaultKind::add_cluster:
      case FaultKind::remove_cluster:
        return aim_at_route(fault);
      case FaultKind::rotate_credential:
      case FaultKind::revoke_credential:
      case FaultKind::expire_credential:
        fault.scope = FaultScope::user;
        fault.source = dice_.one_of(plan_.credentials).user;
        return true;
      default:
        return false;
    }
  }

  // A Route keeps its first region throughout: without any, nothing could be demanded of it.
  bool aim_at_route(Fault& fault) {
    const bool adds = fault.kind == FaultKind::add_cluster;
    const Credential& credential = dice_.one_of(plan_.credentials);
    if (credential.tablet_type != TabletType::replica) return false;
    std::vector<std::string> choices;
    const auto database =
        std::find_if(plan_.databases.begin(), plan_.databases.end(),
                     [&](const Database& each) { return each.branch == credential.branch; });
    std::vector<std::string> regions = database->read_only_regions;
    regions.push_back(database->primary_region);
    for (const std::string& region : regions) {
      const auto& mine = credential.regions;
      const bool has = std::find(mine.begin(), mine.end(), region) != mine.end();
      if (adds ? !has : has && region != mine.front()) choices.push_back(region);
    }
    if (choices.empty()) return false;
    fault.scope = FaultScope::user;
    fault.source = credential.user;
    fault.target = dice_.one_of(choices);
    return true;
  }

  void set_strength(Fault& fault) {
    switch (fault.kind) {
      case FaultKind::slow:
        fault.extra_delay = dice_.skewed(5ms, 400ms);
        break;
      case FaultKind::jitter:
        fault.extra_delay = dice_.skewed(1ms, 100ms);
        break;
      case FaultKind::reorder:
        fault.extra_delay = dice_.skewed(1ms, 50ms);
        fault.share = dice_.between(1u, 30u) / 100.0;
        break;
      case FaultKind::lossy:
        fault.loss = dice_.between(1u, 30u) / 100.0;
        if (dice_.chance(40)) {
          fault.burst = dice_.skewed(50ms, 3s);
          fault.loss_in_burst = dice_.chance(50) ? 1.0 : 0.75;
        }
        break;
      case FaultKind::bandwidth:
        fault.bits_per_second = dice_.between(1u, 100u) * std::uint64_t{100'000};
        break;
      case FaultKind::starve_cpu:
        fault.share = dice_.between(50u, 99u) / 100.0;
        break;
      case FaultKind::clock_skew:
        fault.extra_delay = dice_.skewed(100ms, 600s);
        fault.behind = dice_.chance(50);
        break;
      case FaultKind::clock_step:  // stays: what no clock may differ by for ever is no fault but an
                                   // end
        fault.extra_delay = dice_.between(10ms, 2s);
        fault.behind = dice_.chance(50);
        break;
      case FaultKind::cut_cable:
        if (dice_.chance(50)) fault.reroute_after = dice_.between(100ms, 20s);
        break;
      case FaultKind::fail:
        fault.refuses = dice_.chance(50);
        break;
      case FaultKind::store_slow_watch:
      case FaultKind::store_lag:
      case FaultKind::replica_lag:
      case FaultKind::dns_health_lag:
        fault.extra_delay = dice_.skewed(500ms, 30s);
        break;
      case FaultKind::rotate_credential:
        fault.password = "another";
        break;
      default:
        break;
    }
  }

  void set_course(Fault& fault) {
    const FaultCourse course = rule_of(fault.kind).course;
    fault.at = dice_.between(200ms, window_ - 4s);
    if (course == FaultCourse::moment) return;
    fault.duration = std::min(dice_.skewed(200ms, 60s), window_ - fault.at);
    if (course == FaultCourse::graded && fault.duration > 2s && dice_.chance(20)) {
      fault.shape = FaultShape::ramp;
      fault.ramp = dice_.between(100ms, fault.duration - 1s);
    } else if (fault.duration > 4s && fault.scope != FaultScope::user && dice_.chance(20)) {
      fault.shape = FaultShape::flapping;
      fault.period = dice_.between(fault.duration / 6, fault.duration / 2);
      fault.duty = dice_.between(10u, 90u) / 100.0;
    }
  }

  Plan& plan_;
  Dice& dice_;
  Duration window_;
  std::vector<std::string> hosts_, nodes_, replicas_;
};

// A user's time may be up for good.
void end_some_credentials(Plan& plan, Dice& dice) {
  if (plan.credentials.size() < 2 || !dice.chance(20)) return;
  Credential& credential = plan.credentials.back();
  const Duration at = dice.between(500ms, 20s);
  switch (dice.between(0u, 2u)) {
    case 0:
      credential.revoked_after = at;
      break;
    case 1:
      credential.credential_expires_after = at;
      break;
    default:
      credential.route_expires_after = at;
      break;
  }
}

}  // namespace

void make_faults(Plan& plan, Dice dice) {
  Schedule schedule(plan, dice);
  std::vector<FaultKind> kinds;
  const std::uint32_t breadth = dice.between(5u, 40u);
  for (const FaultRule& rule : fault_rules) {
    if (dice.chance(breadth)) kinds.push_back(rule.kind);
  }
  if (!kinds.empty()) {
    std::uint32_t count = 1;
    while (count < 8 && dice.chance(65)) ++count;
    for (std::uint32_t i = 0; i < count; ++i) schedule.add(dice.one_of(kinds));
  }
  end_some_credentials(plan, dice);
}

}  // namespace wanlab::fuzz
