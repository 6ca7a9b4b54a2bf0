// Patience: how much of what looks like the world's silence may be this edge's own.
#include "real_components/mesh/self_health.hpp"

#include <algorithm>

namespace wanlab::mesh {

Duration SelfHealth::notice(Instant now, const SelfHealthOptions& options) {
  if (due_ == Instant::max() || now - due_ <= options.lag_limit) return Duration::zero();
  const Duration away = now - due_;
  score_ = std::min(score_ + 1, options.largest_score);
  last_change_ = now;
  back_since_ = now;
  due_ = Instant::max();  // counted; the next tick sets it again
  return away;
}

void SelfHealth::judge(const PeerCounts& peers, Instant now, const SelfHealthOptions& options) {
  panicking_ = peers.measured >= options.panic_peers && peers.suspect > 0 &&
               2 * peers.overdue > peers.measured;
  nobody_answers_ = peers.answering == 0;
  if (score_ > 0 && now - last_change_ >= options.recovery) {
    --score_;
    last_change_ = now;
  }
}

std::uint32_t SelfHealth::patience(const SelfHealthOptions& options) const {
  const std::uint32_t own = 1 + score_;
  if (!panicking_) return own;
  return std::max(own, nobody_answers_ ? 1 + options.largest_score : options.panic_patience);
}

}  // namespace wanlab::mesh
