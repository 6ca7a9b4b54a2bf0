// Faults of paths and cables.
#include "sim/base/document_json.hpp"
#include "sim/scenario/host_names.hpp"
#include "sim/world/fault_director.hpp"

#include <algorithm>
#include <utility>

namespace wanlab::world {

using scenario::Fault;
using scenario::FaultKind;

namespace {

constexpr std::uint32_t full = 1000;
constexpr std::uint16_t mysql_port = 3306;
// Route 53 calls an endpoint healthy if more than 18 % of its checkers say so.
constexpr std::size_t healthy_percent = 18;

std::uint32_t probability(double share) {
  return static_cast<std::uint32_t>(share * 4294967295.0);
}

}  // namespace

// Hosts that the same ends of the same faults mean share a lane; what matters is only that nobody
// else is in it.
std::map<std::string, std::uint32_t> FaultDirector::lanes(const scenario::Plan& plan) {
  std::map<std::string, std::vector<std::size_t>> ends;
  for (std::size_t i = 0; i < plan.faults.size(); ++i) {
    if (plan.faults[i].scope != scenario::FaultScope::path) continue;
    for (std::size_t side = 0; side < 2; ++side) {
      const std::string& text = side == 0 ? plan.faults[i].source : plan.faults[i].target;
      for (const std::string& host : scenario::path_end(plan, text).hosts) {
        ends[host].push_back(2 * i + side);
      }
    }
  }
  std::map<std::vector<std::size_t>, std::uint32_t> numbers;
  std::map<std::string, std::uint32_t> lanes;
  for (const auto& [host, which] : ends) {
    lanes[host] = numbers.try_emplace(which, numbers.size() + 1).first->second;
  }
  if (numbers.size() > network::maximum_lanes) {
    throw base::InputError(plan.name, "/faults",
                           "faults on paths tell " + std::to_string(numbers.size()) +
                               " groups of machines apart, and at most " +
                               std::to_string(network::maximum_lanes) + " are possible");
  }
  return lanes;
}

void FaultDirector::impair_path(std::uint32_t number) {
  const Fault& fault = plan_.faults[number];
  State& state = states_[number];
  if (state.impairment != 0) world_.transport_.mend(std::exchange(state.impairment, 0));
  const bool between_bursts = fault.burst > Duration::zero() && !state.bad_spell;
  if (state.strength == 0 || between_bursts) return;
  const double strength = static_cast<double>(state.strength) / full;

  const auto places = [&](const std::string& text) {
    const scenario::PathEnd end = scenario::path_end(plan_, text);
    std::vector<network::Place> found;
    if (end.everything) found.emplace_back();
    for (const std::string& site : end.sites) found.push_back({.site = world_.wan_.require(site)});
    for (const auto& [site, zone] : end.zones) {
      found.push_back({.site = world_.wan_.require(site), .zone = zone});
    }
    for (const std::string& host : end.hosts) {
      const network::Place place{.site = world_.find_host(host)->site, .lane = lanes_.at(host)};
      if (std::find(found.begin(), found.end(), place) == found.end()) found.push_back(place);
    }
    return found;
  };
  network::Impairment impairment{
      .from = places(fault.source), .to = places(fault.target), .one_way = fault.one_way};
  const std::int64_t delay = (fault.extra_delay * state.strength / full).count();
  switch (fault.kind) {
    case FaultKind::slow:
      impairment.extra_delay = delay;
      break;
    case FaultKind::jitter:
      impairment.jitter_mean = delay;
      break;
    case FaultKind::lossy:
      impairment.loss = probability(
          (fault.burst > Duration::zero() ? fault.loss_in_burst : fault.loss) * strength);
      impairment.later_loss = probability(fault.loss * strength);
      break;
    case FaultKind::bandwidth:
      impairment.bits_per_second = fault.bits_per_second;
      break;
    case FaultKind::reorder:
      impairment.reordered = probability(fault.share * strength);
      impairment.reorder_delay = fault.extra_delay.count();
      break;
    default:
      impairment.blocks = true;
  }
  state.impairment = world_.transport_.impair(impairment);
}

// The model of Gilbert and Elliott in continuous time: good and bad spells of exponential lengths.
// One chain for all paths of the fault, as if they shared the bad link.
void FaultDirector::next_spell(std::uint32_t number) {
  const Fault& fault = plan_.faults[number];
  State& state = states_[number];
  if (!state.active) return;
  if (state.spells++ != 0) {
    state.bad_spell = !state.bad_spell;
    impair_path(number);
  }
  const double share = fault.loss / fault.loss_in_burst;  // of the time that is bad
  if (share <= 0) return;
  const Duration mean = state.bad_spell
                            ? fault.burst
                            : Duration(static_cast<std::int64_t>(
                                  static_cast<double>(fault.burst.count()) * (1 - share) / share));
  const RandomKey draws(plan_.seed, "fault/" + fault.source + "/" + fault.target + "/spells");
  post(exponential(mean,
                   draws.block(static_cast<std::uint64_t>(fault.at.count()), state.spells).low()),
       number, Phase::burst);
}

void FaultDirector::cut_cable(const Fault& fault, bool cut) {
  if (cut) {
    world_.wan_.cut(fault.source, network::Rerouting::pending);
    post(fault.reroute_after > Duration::zero() ? fault.reroute_after : world_.wan_.reroute_delay(),
         0, Phase::reroute);
  } else {
    world_.wan_.repair(fault.source);
  }
  world_.transport_.refresh_paths();
}

// Whether enough of the health checkers, which stand in every other region, get an answer from a machine
// of the POP.
bool FaultDirector::serves_the_world(const scenario::EdgePop& pop) {
  std::vector<const SimulatedHost*> serving;
  for (std::uint32_t node = 1; node <= pop.nodes; ++node) {
    const SimulatedHost* host = world_.find_host(scenario::edge_host_name(pop, node));
    if (!host->down && host->listens(mysql_port)) serving.push_back(host);
  }
  if (serving.empty()) return false;
  network::Transport& transport = world_.transport_;
  std::size_t checkers = 0, content = 0;
  for (std::uint32_t site = 0; site < world_.wan_.site_count(); ++site) {
    // One that stands next door says nothing about the world.
    if (world_.wan_.site(site).kind != network::SiteKind::region ||
        site == serving.front()->site) {
      continue;
    }
    ++checkers;
    content += std::any_of(serving.begin(), serving.end(), [&](const SimulatedHost* host) {
      const network::PathId there = transport.path_between(site, 0, host->site, host->zone);
      const network::PathId back = transport.path(there).reverse;
      return transport.path(there).open() && transport.path(back).open();
    });
  }
  return checkers == 0 || content * 100 > checkers * healthy_percent;
}

}  // namespace wanlab::world
