// Greedy choice, its bound, and swaps.
#include "analysis/planner/placement.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <numeric>

namespace wanlab::analysis {

namespace {

constexpr double nowhere = std::numeric_limits<double>::infinity();
constexpr double nothing = 1e-12;

// The nearest of the chosen sites for each demand, and what it is worth.
class Field {
 public:
  Field(const PlacementProblem& problem, PlacementGoal goal) : problem_(problem), goal_(goal) {
    all_ = std::accumulate(problem.users.begin(), problem.users.end(), 0.0);
    nearest_.assign(problem.users.size(), nowhere);
    for (const std::size_t site : problem.existing) take(nearest_, site);
    // Without any place yet, nearness counts from the farthest there could be.
    base_ = nearest_;
    for (std::size_t demand = 0; demand < base_.size(); ++demand) {
      if (base_[demand] != nowhere) continue;
      base_[demand] = 0;
      for (const std::size_t site : problem.candidates) {
        base_[demand] = std::max(base_[demand], problem.at(demand, site));
      }
    }
  }

  void add(std::size_t site) { take(nearest_, site); }
  double gain() const {
    double sum = 0;
    for (std::size_t demand = 0; demand < nearest_.size(); ++demand) {
      sum += worth(demand, nearest_[demand]);
    }
    return sum / all_ - zero();
  }
  double gain_of(std::size_t site) const {
    double sum = 0;
    for (std::size_t demand = 0; demand < nearest_.size(); ++demand) {
      const double here = problem_.at(demand, site);
      if (here < nearest_[demand]) sum += worth(demand, here) - worth(demand, nearest_[demand]);
    }
    return sum / all_;
  }

 private:
  void take(std::vector<double>& nearest, std::size_t site) const {
    for (std::size_t demand = 0; demand < nearest.size(); ++demand) {
      nearest[demand] = std::min(nearest[demand], problem_.at(demand, site));
    }
  }
  double worth(std::size_t demand, double nearest) const {
    if (nearest == nowhere) return 0;
    const double users = problem_.users[demand];
    return goal_ == PlacementGoal::coverage ? (nearest <= problem_.limit_ms ? users : 0)
                                            : users * (base_[demand] - nearest);
  }
  // What the existing ones are worth.
  double zero() const {
    if (goal_ == PlacementGoal::nearness || problem_.existing.empty()) return 0;
    double sum = 0;
    for (std::size_t demand = 0; demand < base_.size(); ++demand)
      sum += worth(demand, base_[demand]);
    return sum / all_;
  }

  const PlacementProblem& problem_;
  PlacementGoal goal_;
  double all_ = 0;
  std::vector<double> nearest_, base_;
};

double gain_of_set(const PlacementProblem& problem, PlacementGoal goal,
                   const std::vector<std::size_t>& sites) {
  Field field(problem, goal);
  for (const std::size_t site : sites) field.add(site);
  return field.gain();
}

bool contains(const std::vector<std::size_t>& sites, std::size_t site) {
  return std::find(sites.begin(), sites.end(), site) != sites.end();
}

}  // namespace

Reach reach_of(const PlacementProblem& problem, const std::vector<std::size_t>& sites) {
  Reach reach;
  double all = 0, served = 0;
  for (std::size_t demand = 0; demand < problem.users.size(); ++demand) {
    double nearest = nowhere;
    for (const std::size_t site : sites) nearest = std::min(nearest, problem.at(demand, site));
    const double users = problem.users[demand];
    all += users;
    if (nearest == nowhere) continue;
    served += users;
    reach.mean_ms += users * nearest;
    if (nearest <= problem.limit_ms) reach.covered += users;
  }
  if (all > 0) reach.covered /= all;
  if (served > 0) reach.mean_ms /= served;
  return reach;
}

Placement place_greedily(const PlacementProblem& problem, PlacementGoal goal, std::size_t count) {
  Placement placement;
  Field field(problem, goal);
  std::vector<std::size_t> sites = problem.existing;
  placement.reach.push_back(reach_of(problem, sites));
  placement.gain.push_back(0);
  // For each set that was reached, the gains of single further places, the largest first.
  std::vector<std::vector<double>> further;
  std::vector<double> reached{0};
  while (true) {
    std::vector<double>& gains = further.emplace_back();
    std::size_t best = problem.sites;
    double most = nothing;
    for (const std::size_t site : problem.candidates) {
      if (contains(sites, site)) continue;
      const double gain = field.gain_of(site);
      gains.push_back(gain);
      if (gain > most) {
        most = gain;
        best = site;
      }
    }
    std::sort(gains.begin(), gains.end(), std::greater<>());
    if (placement.added.size() == count || best == problem.sites) break;
    field.add(best);
    sites.push_back(best);
    placement.added.push_back(best);
    placement.reach.push_back(reach_of(problem, sites));
    placement.gain.push_back(field.gain());
    reached.push_back(placement.gain.back());
  }
  for (std::size_t size = 0; size < placement.gain.size(); ++size) {
    double bound = nowhere;
    for (std::size_t set = 0; set < reached.size(); ++set) {
      const auto& gains = further[set];
      const auto end = gains.begin() + static_cast<std::ptrdiff_t>(std::min(size, gains.size()));
      bound = std::min(bound, reached[set] + std::accumulate(gains.begin(), end, 0.0));
    }
    placement.gain_bound.push_back(std::max(bound, placement.gain[size]));
  }
  return placement;
}

double improve_by_swaps(const PlacementProblem& problem, PlacementGoal goal,
                        std::vector<std::size_t>& added) {
  double gain = gain_of_set(problem, goal, added);
  bool better = true;
  while (better) {
    better = false;
    for (std::size_t place = 0; place < added.size() && !better; ++place) {
      std::vector<std::size_t> others = added;
      others.erase(others.begin() + static_cast<std::ptrdiff_t>(place));
      Field field(problem, goal);
      for (const std::size_t site : others) field.add(site);
      const double without = field.gain();
      for (const std::size_t site : problem.candidates) {
        if (contains(added, site) || contains(problem.existing, site)) continue;
        const double with = without + field.gain_of(site);
        if (with <= gain + 1e-9) continue;
        added[place] = site;
        gain = with;
        better = true;
        break;
      }
    }
  }
  return gain;
}

double best_gain(const PlacementProblem& problem, PlacementGoal goal, std::size_t count) {
  double best = 0;
  std::vector<std::size_t> chosen;
  const std::function<void(std::size_t)> choose = [&](std::size_t from) {
    best = std::max(best, gain_of_set(problem, goal, chosen));
    if (chosen.size() == count) return;
    for (std::size_t i = from; i < problem.candidates.size(); ++i) {
      chosen.push_back(problem.candidates[i]);
      choose(i + 1);
      chosen.pop_back();
    }
  };
  choose(0);
  return best;
}

}  // namespace wanlab::analysis
