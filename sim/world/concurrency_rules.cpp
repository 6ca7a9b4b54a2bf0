#include "sim/world/concurrency_rules.hpp"

#include <algorithm>
#include <limits>
#include <tuple>

namespace wanlab::world {

namespace {

using scenario::ClientGroup;

// A bucket that starts full, as the one instant at which it will be full again.
class Bucket {
 public:
  // The first moment not before `wanted` at which there is an environment for this group.
  Duration take(const ClientGroup& group, Duration wanted) {
    if (group.refill == 0) {  // what the burst holds, and nothing after it
      if (taken_ < group.burst) return ++taken_, wanted;
      return std::numeric_limits<Duration>::max() / 4;
    }
    const Duration interval = group.refill_period / group.refill;
    const Duration slack = interval * (std::max(group.burst, 1u) - 1);
    const Duration moment = std::max(wanted, full_again_ - slack);
    full_again_ = std::max(full_again_, moment) + interval;
    return moment;
  }

 private:
  Duration full_again_ = std::numeric_limits<Duration>::min() / 4;
  std::uint32_t taken_ = 0;
};

}  // namespace

std::vector<std::vector<Duration>> environment_starts(const std::vector<ClientGroup>& groups) {
  std::vector<std::vector<Duration>> starts(groups.size());
  std::vector<std::tuple<Duration, std::uint32_t, std::size_t>> sharing;  // moment, number, group
  for (std::size_t index = 0; index < groups.size(); ++index) {
    const ClientGroup& group = groups[index];
    starts[index].assign(group.hosts, group.start);
    if (group.kind != scenario::ClientKind::lambda) continue;
    Bucket own;
    for (std::uint32_t number = 0; number < group.hosts; ++number) {
      if (group.concurrency == scenario::ConcurrencyRule::burst_2022) {
        sharing.emplace_back(group.start, number, index);
      } else {
        starts[index][number] = own.take(group, group.start);
      }
    }
  }
  // Whoever asks at the same moment takes turns, in an order that does not depend on the plan's.
  std::sort(sharing.begin(), sharing.end(), [&](const auto& left, const auto& right) {
    const auto key = [&](const auto& each) {
      return std::tuple(std::get<0>(each), std::get<1>(each),
                        std::string_view(groups[std::get<2>(each)].name));
    };
    return key(left) < key(right);
  });
  Bucket shared;
  for (const auto& [moment, number, index] : sharing) {
    starts[index][number] = shared.take(groups[index], moment);
  }
  return starts;
}

}  // namespace wanlab::world
