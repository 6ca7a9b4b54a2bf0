// Doubts the observer before it doubts the world, after HashiCorp's Lifeguard (Dadgar et al.,
// 2017): an event loop that runs late, or most peers going silent together, makes this edge more
// patient.
#pragma once

#include "real_components/runtime/time.hpp"

#include <cstdint>

namespace wanlab::mesh {

struct SelfHealthOptions {
  // The event loop ran late by more than this: it was away.
  Duration lag_limit = 100ms;
  // Patience is 1 + score. Source: memberlist's awareness multiplier (8).
  std::uint32_t largest_score = 8;
  // More than half of at least this many measured regions silent together is panic.
  std::uint32_t panic_peers = 3;
  // "Together": doubted within this time of each other. Also how long panic can last.
  Duration panic_window = 10s;
  // Patience in panic while some region still answers: there is somewhere better to go, so doubt is
  // short.
  std::uint32_t panic_patience = 2;
};

class SelfHealth {
 public:
  // To be called first in every event. Returns how long this edge was away beyond `due`; zero if it
  // was not.
  Duration notice(Instant now, const SelfHealthOptions& options);
  // The next event that certainly comes (the tick).
  void expect_event_by(Instant due) { due_ = due; }
  // Once per tick: what the peers look like.
  void judge(std::uint32_t measured, std::uint32_t doubted, std::uint32_t answering, Instant now,
             const SelfHealthOptions& options);

  std::uint32_t patience(const SelfHealthOptions& options) const;
  bool panicking() const { return panicking_; }
  // Answers to pings sent before this instant say nothing about the path.
  Instant back_since() const { return back_since_; }

 private:
  Instant due_ = Instant::max();
  Instant back_since_ = Instant::min();
  Instant last_recovery_{};
  std::uint32_t score_ = 0;
  bool panicking_ = false;
  bool nobody_answers_ = false;
};

}  // namespace wanlab::mesh
