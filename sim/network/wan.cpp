// Estimates are integer arithmetic on millimetres and nanoseconds, so they are the same everywhere.
#include "sim/network/wan.hpp"

#include "sim/base/document_json.hpp"
#include "sim/base/nearest_name.hpp"
#include "sim/network/backbone.hpp"

#include <algorithm>
#include <utility>

namespace wanlab::network {
namespace {

constexpr std::int64_t millimetres_in_kilometre = 1'000'000;
// Light in fibre travels 200 km per millisecond (refractive index about 1.5): 10 ns of round trip
// per metre.
constexpr Millimetres millimetres_per_nanosecond_of_round_trip = 100;

Duration fibre_floor(Millimetres great_circle) {
  constexpr auto unit = millimetres_per_nanosecond_of_round_trip;
  return Duration((great_circle + unit - 1) / unit);
}

Duration scaled(Duration per_kilometre, Millimetres length) {
  return Duration(per_kilometre.count() * length / millimetres_in_kilometre);
}

PathQuality split(Duration round_trip, bool lower_to_higher) {
  PathQuality quality;
  const Duration half = round_trip / 2;
  quality.forward = lower_to_higher ? half : round_trip - half;
  quality.backward = round_trip - quality.forward;
  quality.reachable = true;
  return quality;
}

}  // namespace

struct Wan::State {
  explicit State(const Topology& topology) : backbone(topology) {}

  struct Way {
    bool reachable = false, interrupted = false;
    Millimetres length = 0;
  };

  const Backbone::AccessList& access(SiteIndex index, const std::vector<Site>& sites) {
    if (!accesses[index]) accesses[index] = backbone.access(sites[index]);
    return *accesses[index];
  }

  Duration estimate(Millimetres length, Millimetres great_circle) const {
    Duration intercept = fit_intercept;
    if (great_circle < nearby) {
      intercept = nearby_intercept +
                  Duration((fit_intercept - nearby_intercept).count() * great_circle / nearby);
    }
    return std::max(intercept + scaled(per_kilometre, length), fibre_floor(great_circle));
  }

  Backbone backbone;
  std::vector<std::optional<Backbone::AccessList>> accesses;
  std::map<std::pair<SiteIndex, SiteIndex>, MeasuredPath> measured;
  AccessRules rules;
  Duration fit_intercept{}, per_kilometre{}, nearby_intercept{};
  Millimetres nearby = 0;
  double jitter_share = 0, loss = 0;
  std::string where;
};

Wan::Wan(const Topology& topology)
    : sites_(topology.sites),
      reroute_delay_(topology.reroute_delay),
      within_zone_(split(topology.within_zone, true)),
      between_zones_(split(topology.between_zones, true)),
      between_zones_back_(split(topology.between_zones, false)),
      state_(std::make_unique<State>(topology)),
      rows_(topology.sites.size()) {
  state_->accesses.resize(sites_.size());
  state_->rules = topology.access;
  state_->fit_intercept = topology.backbone_intercept;
  state_->per_kilometre = topology.backbone_per_kilometre;
  state_->nearby_intercept = topology.nearby_intercept;
  state_->nearby = to_millimetres(topology.nearby_kilometres);
  state_->jitter_share = topology.jitter_share;
  state_->loss = topology.loss;
  state_->where = "topology " + topology.name;
  for (SiteIndex site = 0; site < site_count(); ++site) index_.emplace(sites_[site].name, site);
  for (const MeasuredPath& path : topology.paths) {
    state_->measured.emplace(std::pair(require(path.source), require(path.target)), path);
  }
}

Wan::~Wan() = default;
Wan::Wan(Wan&&) noexcept = default;
Wan& Wan::operator=(Wan&&) noexcept = default;

std::optional<SiteIndex> Wan::find(std::string_view name) const {
  const auto found = index_.find(name);
  if (found == index_.end()) return std::nullopt;
  return found->second;
}

SiteIndex Wan::require(std::string_view name) const {
  if (const auto found = find(name)) return *found;
  std::vector<std::string> names;
  for (const Site& site : sites_) names.push_back(site.name);
  throw base::InputError(
      state_->where, "",
      "there is no site \"" + std::string(name) + "\"" + base::did_you_mean(name, names));
}

const PathQuality& Wan::path(SiteIndex a, std::uint32_t zone_a, SiteIndex b,
                             std::uint32_t zone_b) const {
  if (a == b) {
    if (zone_a == zone_b) return within_zone_;
    return zone_a < zone_b ? between_zones_ : between_zones_back_;
  }
  std::vector<Cached>& row = rows_[a];
  if (row.empty()) row.resize(sites_.size());
  Cached& cached = row[b];
  if (cached.generation != generation_) {
    cached.quality = compute(a, b);
    cached.generation = generation_;
  }
  return cached.quality;
}

bool Wan::is_measured(SiteIndex a, SiteIndex b) const {
  return state_->measured.contains({a, b}) || state_->measured.contains({b, a});
}

double Wan::great_circle_kilometres(SiteIndex a, SiteIndex b) const {
  const Site &from = sites_[a], &to = sites_[b];
  return network::great_circle_kilometres(from.latitude, from.longitude, to.latitude, to.longitude);
}

PathQuality Wan::compute(SiteIndex a, SiteIndex b) const {
  State& state = *state_;
  const auto [low, high] = std::minmax(a, b);
  auto measured = state.measured.find({a, b});
  if (measured == state.measured.end()) measured = state.measured.find({b, a});
  const bool has_measurement = measured != state.measured.end();
  if (!has_measurement && state.backbone.empty()) return {};

  // Both ends of a pair take the same way, whoever asks.
  const auto way = [&, from = low, to = high](Backbone::View view, Millimetres great_circle) {
    const auto route =
        state.backbone.route(state.access(from, sites_), state.access(to, sites_), view);
    State::Way best{route.reachable, route.interrupted, route.length};
    if (great_circle < to_millimetres(state.rules.direct_reach_kilometres)) {
      const double kilometres = static_cast<double>(great_circle) / millimetres_per_kilometre;
      const Millimetres direct = to_millimetres(kilometres * state.rules.direct_factor);
      if (!best.reachable || direct < best.length) best = {true, false, direct};
    }
    return best;
  };

  Duration round_trip = has_measurement ? measured->second.round_trip : Duration::zero();
  if (!has_measurement || state.backbone.has_cuts()) {
    const Millimetres great_circle = to_millimetres(great_circle_kilometres(low, high));
    const State::Way now = way(Backbone::View::current, great_circle);
    if (has_measurement) {
      // A measurement says nothing about cables, so only what a cut adds to the backbone's way
      // counts.
      const State::Way built = way(Backbone::View::intact, great_circle);
      if (built.reachable) {
        if (!now.reachable || now.interrupted) return {};
        round_trip += scaled(state.per_kilometre, now.length - built.length);
      }
    } else {
      if (!now.reachable || now.interrupted) return {};
      round_trip = state.estimate(now.length, great_circle);
    }
  }

  PathQuality quality = split(round_trip, a == low);
  if (has_measurement) {
    quality.jitter_p90 = measured->second.jitter_p90 / 2;
    quality.loss = measured->second.loss;
    quality.bits_per_second = measured->second.bits_per_second;
  } else {
    quality.jitter_p90 = Duration(static_cast<std::int64_t>(
        static_cast<double>(round_trip.count()) * state.jitter_share / 2));
    quality.loss = state.loss;
  }
  return quality;
}

std::vector<std::string> Wan::stations(SiteIndex a, SiteIndex b) const {
  return state_->backbone.stations(state_->access(a, sites_), state_->access(b, sites_));
}

void Wan::cut(std::string_view name, Rerouting rerouting) {
  if (state_->backbone.cut(name) == 0) {
    const std::vector<std::string> known = cable_names();
    throw base::InputError(state_->where, "",
                           "there is no corridor or cable \"" + std::string(name) + "\"" +
                               base::did_you_mean(name, known));
  }
  if (rerouting == Rerouting::at_once) state_->backbone.reroute();
  ++generation_;
}

void Wan::reroute() {
  state_->backbone.reroute();
  ++generation_;
}

void Wan::repair(std::string_view name) {
  if (state_->backbone.repair(name) == 0) {
    const std::vector<std::string> known = cable_names();
    throw base::InputError(state_->where, "",
                           "there is no corridor or cable \"" + std::string(name) + "\"" +
                               base::did_you_mean(name, known));
  }
  ++generation_;
}

std::vector<std::string> Wan::cable_names() const {
  return state_->backbone.names();
}

}  // namespace wanlab::network
