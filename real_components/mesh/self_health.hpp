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
  // One point of score goes away per this long without lag.
  Duration recovery = 1s;
  // More than half of at least this many measured regions silent together is panic.
  std::uint32_t panic_peers = 3;
  // "Together": silence that began within this time. Also how long one silence can feed panic, so
  // that a true outage of most regions is believed in the end.
  Duration panic_window = 10s;
  // Patience in panic while some region still answers: then there is somewhere better to go, so
  // doubt is short. Where nobody answers it is 1 + largest_score.
  std::uint32_t panic_patience = 2;
};

// What the peers look like at one instant.
struct PeerCounts {
  std::uint32_t measured = 0;   // ever measured
  std::uint32_t overdue = 0;    // of those: longer silent than usual, since within the panic window
  std::uint32_t suspect = 0;    // of those: SUSPECT or silent to DOWN
  std::uint32_t answering = 0;  // UP, heard lately and owing no overdue answer
};

class SelfHealth {
 public:
  // To be called first in every event. Returns how long this edge was away beyond what it expected;
  // zero if it was not.
  Duration notice(Instant now, const SelfHealthOptions& options);
  // The instant by which some event (the tick) certainly comes.
  void expect_event_by(Instant due) { due_ = due; }
  // Once per tick.
  void judge(const PeerCounts& peers, Instant now, const SelfHealthOptions& options);

  // What every region's time to answer is multiplied by; at least 1.
  std::uint32_t patience(const SelfHealthOptions& options) const;
  bool panicking() const { return panicking_; }
  // Answers to pings sent before this instant say nothing about the path.
  Instant back_since() const { return back_since_; }

 private:
  Instant due_ = Instant::max();
  Instant back_since_ = Instant::min();
  Instant last_change_{};
  std::uint32_t score_ = 0;
  bool panicking_ = false;
  bool nobody_answers_ = false;
};

}  // namespace wanlab::mesh
