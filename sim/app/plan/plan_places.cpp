// Round trips from the topology, places by analysis/planner/placement.
#include "sim/app/plan/plan_places.hpp"

#include "analysis/numbers.hpp"
#include "sim/base/document_json.hpp"
#include "sim/network/wan.hpp"
#include "sim/scenario/fault_targets.hpp"

#include <algorithm>
#include <cctype>

namespace wanlab::app {

namespace {

using analysis::Answer;
using analysis::PlacementGoal;

std::string pop_name(const std::string& site) {
  std::string name;
  for (const char c : site) {
    name += std::isalnum(static_cast<unsigned char>(c)) != 0
                ? static_cast<char>(std::tolower(static_cast<unsigned char>(c)))
                : '-';
  }
  return name;
}

}  // namespace

PlanPlaces::PlanPlaces(const scenario::Plan& plan, const PlacesAsked& asked)
    : topology_(plan.topology), asked_(asked) {
  const network::Wan wan(topology_);
  problem_.sites = topology_.sites.size();
  problem_.limit_ms = analysis::milliseconds_of(asked.within);
  const auto there = [&](const std::string& site) {
    return std::any_of(plan.edges.begin(), plan.edges.end(),
                       [&](const auto& pop) { return pop.site == site; });
  };
  for (std::size_t site = 0; site < problem_.sites; ++site) {
    const network::Site& place = topology_.sites[site];
    if (there(place.name)) {
      problem_.existing.push_back(site);
    } else if (place.kind != network::SiteKind::metro &&
               scenario::matches(asked.sites, place.name)) {
      problem_.candidates.push_back(site);
    }
  }
  for (std::size_t metro = 0; metro < problem_.sites; ++metro) {
    const network::Site& users = topology_.sites[metro];
    if (users.kind != network::SiteKind::metro || users.weight <= 0) continue;
    problem_.users.push_back(users.weight);
    for (std::size_t site = 0; site < problem_.sites; ++site) {
      if (topology_.sites[site].kind == network::SiteKind::metro) {
        problem_.round_trip_ms.push_back(1e9);  // nobody builds one there
        continue;
      }
      const network::PathQuality& path = wan.path(static_cast<network::SiteIndex>(metro), 0,
                                                  static_cast<network::SiteIndex>(site), 0);
      problem_.round_trip_ms.push_back(
          path.reachable ? analysis::milliseconds_of(path.forward + path.backward) : 1e9);
    }
  }
  if (problem_.users.empty()) {
    throw base::InputError(plan.topology_name, "/metros",
                           "--find pops needs users: the topology has no metros. Include "
                           "parts/metros.json, as cloudflare-339 does");
  }
  if (problem_.candidates.empty() && asked.count > 0) {
    throw base::InputError(
        plan.topology_name, "",
        "there is no place where a POP could be added (--sites " + asked.sites + ")");
  }
  placement_ = analysis::place_greedily(problem_, asked.goal,
                                        asked.cover ? problem_.candidates.size() : asked.count);
}

Answer PlanPlaces::answer() const {
  Answer answer;
  answer.name = "pops";
  answer.outcome = Answer::Outcome::computed;
  const std::string limit = analysis::duration_text(asked_.within);
  answer.question =
      "where to add POPs for the most " + std::string(asked_.goal == PlacementGoal::coverage
                                                          ? "users within " + limit
                                                          : "nearness (the mean round trip)");
  const auto place = [&](std::size_t site, bool existing, const analysis::Reach& reach) {
    const network::Site& at = topology_.sites[site];
    answer.places.push_back(
        {at.name, at.latitude, at.longitude, existing, reach.covered, reach.mean_ms});
  };
  for (const std::size_t site : problem_.existing) place(site, true, placement_.reach[0]);
  for (std::size_t i = 0; i < placement_.added.size(); ++i) {
    place(placement_.added[i], false, placement_.reach[i + 1]);
    if (asked_.cover && placement_.reach[i + 1].covered >= *asked_.cover) break;
  }
  const analysis::Reach& now = placement_.reach.front();
  answer.notes.push_back(
      "POPs that are there: " + std::to_string(problem_.existing.size()) + ", with " +
      analysis::percent(now.covered) + " of the users within " + limit + ", " +
      analysis::decimals(now.mean_ms, 1) + " ms from their nearest on average, 95 % within " +
      analysis::decimals(within_reach_of(0.95), 1) +
      " ms. Users are those of the topology's metros, without the last mile from a home to its "
      "metro. For comparison: Cloudflare states 95 % of all users within about 50 ms of its 330 "
      "cities, last mile included (cloudflare.com/network)");
  if (asked_.cover) {
    tell_cover(answer);
    return answer;
  }
  const std::size_t added = placement_.added.size();
  answer.value = added;
  const analysis::Reach& then = placement_.reach.back();
  answer.headline = std::to_string(added) + " more bring users within " + limit + " from " +
                    analysis::percent(now.covered) + " to " + analysis::percent(then.covered) +
                    ", the mean round trip from " + analysis::decimals(now.mean_ms, 1) + " to " +
                    analysis::decimals(then.mean_ms, 1) + " ms";
  std::vector<std::size_t> swapped = placement_.added;
  const double improved = analysis::improve_by_swaps(problem_, asked_.goal, swapped);
  const double gain = placement_.gain.back();
  answer.notes.push_back(
      "chosen greedily, which gains at least 63 % of what the best places could (submodular gain); "
      "here at least " +
      analysis::percent(placement_.proven_share()) + " of it, by what further places would add" +
      (improved > gain + 1e-9 ? ". Exchanging places one by one would gain " +
                                    analysis::percent(improved / gain - 1) + " more"
                              : ". No exchange of one place for another gains more"));
  if (added < asked_.count) {
    answer.notes.push_back("beyond these no place gains anything");
  }
  return answer;
}

// The round trip to the nearest POP that is there, of a share of the users.
double PlanPlaces::within_reach_of(double share) const {
  std::vector<std::pair<double, double>> nearest;  // and how many users have it
  double all = 0;
  for (std::size_t demand = 0; demand < problem_.users.size(); ++demand) {
    double least = 1e9;
    for (const std::size_t site : problem_.existing) {
      least = std::min(least, problem_.at(demand, site));
    }
    nearest.emplace_back(least, problem_.users[demand]);
    all += problem_.users[demand];
  }
  std::sort(nearest.begin(), nearest.end());
  double so_far = 0;
  for (const auto& [round_trip, users] : nearest) {
    so_far += users;
    if (so_far >= share * all) return round_trip;
  }
  return 0;
}

void PlanPlaces::tell_cover(Answer& answer) const {
  const std::string share = analysis::percent(*asked_.cover);
  const auto& reach = placement_.reach;
  const auto first = std::find_if(reach.begin(), reach.end(), [&](const analysis::Reach& each) {
    return each.covered >= *asked_.cover;
  });
  if (first == reach.end()) {
    answer.outcome = Answer::Outcome::impossible;
    answer.headline = "no number of places covers " + share + ": all of them together " +
                      analysis::percent(reach.back().covered);
    return;
  }
  const auto count = static_cast<std::size_t>(first - reach.begin());
  answer.value = count;
  answer.headline = std::to_string(count) + " more cover " + analysis::percent(first->covered);
  if (count == 0) return;
  answer.headline += ", " + std::to_string(count - 1) + " cover " +
                     analysis::percent(reach[count - 1].covered) + " (" + share + " wanted)";
  // Fewer than this cannot do it, whichever they are.
  std::size_t fewest = count;
  while (asked_.goal == PlacementGoal::coverage && fewest > 0 &&
         reach[0].covered + placement_.gain_bound[fewest - 1] >= *asked_.cover) {
    --fewest;
  }
  answer.notes.push_back("chosen greedily; no choice of fewer than " + std::to_string(fewest) +
                         " could do it");
}

void PlanPlaces::add_to(scenario::Plan& plan, std::size_t count) const {
  const scenario::EdgePop shape = plan.edges.front();
  for (std::size_t i = 0; i < std::min(count, placement_.added.size()); ++i) {
    scenario::EdgePop& pop = plan.edges.emplace_back(shape);
    pop.site = topology_.sites[placement_.added[i]].name;
    pop.name = pop_name(pop.site);
  }
}

}  // namespace wanlab::app
