// Decides from pings, answers and silence whether one region can be trusted with a query.
//
// Silence counts from the first ping that was sent after the region was last heard, on whichever
// connection: where nobody asked, nobody was silent. It owns no timer: the caller asks at the
// instants that next_change() names.
#pragma once

#include "real_components/routing/region_cost.hpp"
#include "real_components/runtime/time.hpp"

#include <cstdint>
#include <optional>

namespace wanlab::mesh {

struct DetectorOptions {
  // phi = -log10 of the chance that an answer is still on its way after this silence (Hayashibara
  // et al., "The phi accrual failure detector", 2004). 8 is the default of Akka and Cassandra.
  double suspect_phi = 3.0;
  double down_phi = 8.0;
  // Silence that is nobody's fault (a collector, a retransmission), added to the mean. Akka uses 3
  // s; 1 s keeps the whole detection below 3 s.
  Duration acceptable_pause = 1s;
  Duration smallest_deviation = 50ms;
  // SUSPECT whatever phi says: silence beyond max(4 x SRTT, this).
  Duration suspect_silence = 750ms;
  // DOWN whatever phi says: silence beyond max(3 x SRTT, this). With a ping at least each 1.1 s
  // this holds "at most 3 s from the fault".
  Duration down_silence = 1800ms;
  // A region that was down stays out for this long, doubled per repeat, each time varied by +-20 %.
  Duration hold_down = 5s;
  Duration longest_hold_down = 300s;
  // Then this many answers in time, in a row, make it UP again.
  std::uint32_t probation_answers = 3;
  // UP for this long forgets the repeats.
  Duration repeats_forgotten_after = 300s;
  // After probation the region should get its load back over this time. Source: Envoy's slow start
  // mode.
  Duration slow_start = 30s;
};

class FailureDetector {
 public:
  // `seed` varies the hold-down, so that many edges do not come back in step.
  explicit FailureDetector(std::uint64_t seed = 0) : seed_(seed) {}

  // A ping left.
  void on_asked(Instant now);
  // An answer came, `response_time` after its ping. With `fair` false (this edge was away
  // meanwhile) it proves life and teaches nothing.
  void on_answer(Duration response_time, bool fair, Instant now, const DetectorOptions& options);
  // No connection to the region is left: a reset is no silence, it counts at once.
  void on_all_connections_lost(Instant now, const DetectorOptions& options);
  // The connections that still owed an answer are gone, others live: nobody is being asked any
  // more.
  void withdraw_question() { asked_at_.reset(); }
  void set_draining(bool draining) { draining_ = draining; }
  // This edge was away for `pause`: that was not the region's silence.
  void forgive(Duration pause);

  // Moves on by what silence alone proves. `patience` >= 1 multiplies the region's time to answer.
  void evaluate(Instant now, std::uint32_t patience, const DetectorOptions& options);

  // A region never heard is UP: whether it was ever measured is for the caller to say.
  routing::RegionState state() const;
  // The accrual value, for reports; 0 while nobody asks.
  double phi(Instant now, std::uint32_t patience, const DetectorOptions& options) const;
  // Zero while nobody asks.
  Duration silence(Instant now) const;
  // When evaluate() could next change the state without any other event.
  std::optional<Instant> next_change(std::uint32_t patience, const DetectorOptions& options) const;
  // The first ping since the region was last heard.
  std::optional<Instant> asked_at() const { return asked_at_; }
  // Silence longer than an answer usually takes, well before it makes the region SUSPECT.
  bool overdue(Instant now) const;
  Instant held_down_until() const { return held_until_; }
  // Share of its load, per mille, that a region should get: 100 on probation, then rising to 1000.
  std::uint32_t share(Instant now, const DetectorOptions& options) const;

 private:
  enum class Life : std::uint8_t { unknown, up, suspect, down, probation };

  Duration suspect_after(std::uint32_t patience, const DetectorOptions& options) const;
  Duration down_after(std::uint32_t patience, const DetectorOptions& options) const;
  Duration quiet_for(double phi, const DetectorOptions& options) const;
  void learn(Duration response_time);
  void go_up(Instant now, bool returned);
  void go_down(Instant now, const DetectorOptions& options);

  std::uint64_t seed_;
  std::optional<Instant> asked_at_;
  Instant held_until_{};
  Instant up_since_{};
  Duration mean_{};       // of response times; outages are never part of it
  Duration deviation_{};  // mean absolute, as in RFC 6298
  std::uint32_t times_down_ = 0;
  std::uint32_t answers_ = 0;  // good ones in a row while on probation
  Life life_ = Life::unknown;
  bool heard_ = false;     // at least once
  bool returned_ = false;  // up_since_ ended a probation
  bool draining_ = false;
};

}  // namespace wanlab::mesh
