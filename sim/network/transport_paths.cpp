// What lies between two places as the streams meet it: delay, jitter, loss, faults.
#include "sim/network/transport.hpp"

#include <algorithm>

namespace wanlab::network {

PathId Transport::path_between(std::uint32_t source_site, std::uint32_t source_zone,
                               std::uint32_t target_site, std::uint32_t target_zone) {
  const auto key = [](std::uint32_t a, std::uint32_t za, std::uint32_t b, std::uint32_t zb) {
    return (std::uint64_t{a} << 48) | (std::uint64_t{b} << 32) | (std::uint64_t{za} << 16) | zb;
  };
  const auto found = path_ids_.find(key(source_site, source_zone, target_site, target_zone));
  if (found != path_ids_.end()) return found->second;
  const auto id = static_cast<PathId>(paths_.size());
  const bool itself = source_site == target_site && source_zone == target_zone;
  Path forward{};
  forward.source_site = source_site;
  forward.source_zone = source_zone;
  forward.target_site = target_site;
  forward.target_zone = target_zone;
  forward.reverse = itself ? id : id + 1;
  load_path(forward);
  paths_.push_back(forward);
  path_ids_.emplace(key(source_site, source_zone, target_site, target_zone), id);
  if (!itself) {
    Path backward{};
    backward.source_site = target_site;
    backward.source_zone = target_zone;
    backward.target_site = source_site;
    backward.target_zone = source_zone;
    backward.reverse = id;
    load_path(backward);
    paths_.push_back(backward);
    path_ids_.emplace(key(target_site, target_zone, source_site, source_zone), id + 1);
  }
  return id;
}

Path Transport::look_at(std::uint32_t source_site, std::uint32_t source_zone,
                        std::uint32_t target_site, std::uint32_t target_zone) const {
  Path path{};
  path.source_site = source_site;
  path.source_zone = source_zone;
  path.target_site = target_site;
  path.target_zone = target_zone;
  load_path(path);
  return path;
}

void Transport::load_path(Path& path) const {
  const PathQuality quality =
      wan_.path(path.source_site, path.source_zone & zone_mask, path.target_site,
                path.target_zone & zone_mask);
  // An exponential addition with this mean has its 90th percentile ln(10) means above zero and its
  // median ln(2) means; the measured value is a median, so the fixed part is shorter by that much.
  constexpr double ln10 = 2.302585092994046, ln2 = 0.6931471805599453;
  const double mean =
      options_.jitter ? static_cast<double>(quality.jitter_p90.count()) / (ln10 - ln2) : 0.0;
  path.own_jitter_mean = static_cast<std::int64_t>(mean);
  path.delay = std::max(quality.forward.count() - static_cast<std::int64_t>(mean * ln2),
                        quality.forward.count() / 2);
  if (path.own_jitter_mean == 0) path.delay = quality.forward.count();
  path.loss = static_cast<std::uint32_t>(quality.loss * 4294967295.0);
  path.own_bits_per_second =
      quality.bits_per_second != 0 ? quality.bits_per_second : options_.default_bits_per_second;
  path.unreachable = !quality.reachable;
  afflict(path);
}

// What all present faults together make of a path.
void Transport::afflict(Path& path) const {
  path.extra_delay = 0;
  path.extra_loss = path.later_loss = 0;
  path.blocked = 0;
  path.reordered = 0;
  path.reorder_delay = 0;
  path.jitter_mean = path.own_jitter_mean;
  path.bits_per_second = path.own_bits_per_second;
  for (const auto& [number, impairment] : impairments_) {
    if (!impairment.concerns(path)) continue;
    path.extra_delay += impairment.extra_delay;
    path.jitter_mean += impairment.jitter_mean;
    path.extra_loss = std::max(path.extra_loss, impairment.loss);
    path.later_loss = std::max(path.later_loss, impairment.later_loss);
    path.reordered = std::max(path.reordered, impairment.reordered);
    path.reorder_delay = std::max(path.reorder_delay, impairment.reorder_delay);
    if (impairment.bits_per_second != 0 &&
        (path.bits_per_second == 0 || impairment.bits_per_second < path.bits_per_second)) {
      path.bits_per_second = impairment.bits_per_second;
    }
    if (impairment.blocks) ++path.blocked;
  }
  path.uncertain = path.jitter_mean != 0 || path.loss != 0 || path.extra_loss != 0 ||
                   path.reordered != 0;
}

std::uint32_t Transport::impair(const Impairment& impairment) {
  Impairment total = impairment;
  total.blocks |= impairment.loss == ~std::uint32_t{0};  // what loses everything is a cut
  impairments_.emplace(++last_impairment_, std::move(total));
  for (Path& path : paths_) afflict(path);
  return last_impairment_;
}

void Transport::mend(std::uint32_t impairment) {
  impairments_.erase(impairment);
  for (Path& path : paths_) afflict(path);
}

void Transport::refresh_paths() {
  for (Path& path : paths_) load_path(path);
}

}  // namespace wanlab::network
