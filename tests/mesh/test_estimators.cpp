// The parts of the prober one by one: decay, round-trip estimate, accrual detector, patience.
#include "real_components/mesh/decay.hpp"
#include "real_components/mesh/failure_detector.hpp"
#include "real_components/mesh/rtt_estimator.hpp"
#include "real_components/mesh/self_health.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace wanlab::mesh {
namespace {

using routing::RegionState;

TEST(Decay, AgreesWithTheExponentialFunction) {
  for (double x = 0.0; x < 39.0; x += 0.37) {
    EXPECT_NEAR(exp_minus(x) / std::exp(-x), 1.0, 1e-6) << x;
  }
  EXPECT_EQ(exp_minus(1000.0), 0.0);
  EXPECT_EQ(remaining_weight(0s, 10s), 1.0);
}

class RttEstimation : public testing::Test {
 protected:
  void feed(Duration sample, Duration gap = 1s) {
    now_ += gap;
    estimator_.add(sample, now_, options_);
  }
  RttEstimator estimator_;
  RttOptions options_;
  Instant now_{};
};

TEST_F(RttEstimation, StartsAtTheFirstSample) {
  EXPECT_FALSE(estimator_.measured());
  feed(50ms);
  EXPECT_TRUE(estimator_.measured());
  EXPECT_EQ(estimator_.smoothed(), 50ms);
  EXPECT_EQ(estimator_.deviation(), 25ms);
}

TEST_F(RttEstimation, IgnoresASingleOutlier) {
  for (int i = 0; i < 30; ++i) feed(50ms);
  feed(900ms);
  EXPECT_EQ(estimator_.smoothed(), 50ms);
  EXPECT_EQ(estimator_.median(), 50ms);
}

TEST_F(RttEstimation, JumpsToANewPathInsteadOfCreeping) {
  for (int i = 0; i < 60; ++i) feed(50ms);
  feed(100ms);
  feed(100ms);
  EXPECT_EQ(estimator_.smoothed(), 100ms);
}

TEST_F(RttEstimation, ForgetsByTimeNotByNumberOfSamples) {
  RttEstimator often;
  RttEstimator seldom;
  const auto at = [](Duration d) { return Instant{} + d; };
  for (int i = 0; i <= 100; ++i) often.add(50ms, at(i * 100ms), options_);
  for (int i = 0; i <= 10; ++i) seldom.add(50ms, at(i * 1s), options_);
  // Both drift by less than the jump; after the same time both have moved about as far.
  for (int i = 1; i <= 100; ++i) often.add(56ms, at(10s + i * 100ms), options_);
  for (int i = 1; i <= 10; ++i) seldom.add(56ms, at(10s + i * 1s), options_);
  EXPECT_NEAR(static_cast<double>((often.smoothed() - seldom.smoothed()).count()), 0.0, 0.5e6);
  EXPECT_NEAR(static_cast<double>(often.smoothed().count()), 56e6 - 6e6 * std::exp(-1.0), 0.3e6);
}

TEST_F(RttEstimation, RefusesNonsense) {
  EXPECT_FALSE(estimator_.add(-1ns, now_, options_));
  EXPECT_FALSE(estimator_.add(11s, now_, options_));
  EXPECT_FALSE(estimator_.measured());
}

class Detection : public testing::Test {
 protected:
  Detection() {
    for (int i = 0; i < 50; ++i) exchange(40ms);
  }
  void exchange(Duration response_time) {
    detector_.on_asked(now_);
    now_ += response_time;
    detector_.evaluate(now_, 1, options_);
    detector_.on_answer(response_time, true, now_, options_);
    now_ += 1s;
  }
  void stay_silent(Duration span, std::uint32_t patience = 1) {
    detector_.on_asked(now_);
    now_ += span;
    detector_.evaluate(now_, patience, options_);
  }
  FailureDetector detector_;
  DetectorOptions options_;
  Instant now_{};
};

TEST_F(Detection, GrowsMoreCertainWithSilence) {
  detector_.on_asked(now_);
  // mean 40 ms, pause 1 s, deviation 50 ms: three deviations of silence beyond leave a tail of
  // 10^-2.87
  EXPECT_EQ(detector_.phi(now_ + 900ms, 1, options_), 0.0);
  EXPECT_NEAR(detector_.phi(now_ + 1040ms + 150ms, 1, options_), 2.87, 0.05);
  EXPECT_NEAR(detector_.phi(now_ + 1040ms + 281ms, 1, options_), 8.0, 0.1);
  EXPECT_EQ(detector_.phi(now_ + 900s, 1, options_), 12.0);
}

TEST_F(Detection, CountsNoSilenceWhereNobodyAsked) {
  now_ += 3600s;
  detector_.evaluate(now_, 1, options_);
  EXPECT_EQ(detector_.state(), RegionState::up);
  EXPECT_EQ(detector_.silence(now_), 0ns);
}

TEST_F(Detection, SuspectsFirstAndGivesUpThen) {
  detector_.on_asked(now_);
  EXPECT_EQ(detector_.next_change(1, options_), now_ + 750ms);
  stay_silent(749ms);
  EXPECT_EQ(detector_.state(), RegionState::up);
  stay_silent(1ms);
  EXPECT_EQ(detector_.state(), RegionState::suspect);
  stay_silent(600ms);
  EXPECT_EQ(detector_.state(), RegionState::down);
}

TEST_F(Detection, AllowsADistantRegionMoreTimeButNotForever) {
  FailureDetector distant;
  for (int i = 0; i < 50; ++i) distant.on_answer(i % 2 ? 200ms : 480ms, true, now_, options_);
  distant.on_asked(now_);
  distant.evaluate(now_ + 1300ms, 1, options_);
  EXPECT_EQ(distant.state(), RegionState::up);
  distant.evaluate(now_ + 1800ms, 1, options_);
  EXPECT_EQ(distant.state(), RegionState::down);
}

TEST_F(Detection, IsPatientWhenToldTo) {
  stay_silent(1500ms, 2);
  EXPECT_EQ(detector_.state(), RegionState::suspect);
  detector_.on_answer(1500ms, true, now_, options_);
  EXPECT_EQ(detector_.state(), RegionState::up);
}

TEST_F(Detection, LearnsNothingFromAnOutage) {
  stay_silent(5s);
  ASSERT_EQ(detector_.state(), RegionState::down);
  detector_.on_answer(5s, true, now_, options_);
  now_ += 20s;
  for (int i = 0; i < 3; ++i) exchange(40ms);
  ASSERT_EQ(detector_.state(), RegionState::up);
  detector_.on_asked(now_);
  EXPECT_EQ(detector_.next_change(1, options_), now_ + 750ms);
}

TEST_F(Detection, StaysDownDuringTheHoldDownWhateverAnswers) {
  stay_silent(5s);
  const Instant down = now_;
  while (now_ < down + 3s) exchange(40ms);
  EXPECT_EQ(detector_.state(), RegionState::down);
  EXPECT_GE(detector_.held_down_until(), down + 4s);
  EXPECT_LE(detector_.held_down_until(), down + 6s);
  while (now_ < down + 6s) exchange(40ms);
  exchange(40ms);
  EXPECT_EQ(detector_.state(), RegionState::probation);
}

TEST_F(Detection, FallsBackFromProbationAtTheFirstSilence) {
  stay_silent(5s);
  now_ += 10s;
  exchange(40ms);
  ASSERT_EQ(detector_.state(), RegionState::probation);
  stay_silent(760ms);
  EXPECT_EQ(detector_.state(), RegionState::down);
  EXPECT_GE(detector_.held_down_until(), now_ + 8s);  // twice as long this time
}

TEST_F(Detection, WelcomesARegionThatWasMerelyNotYetThere) {
  FailureDetector fresh;
  fresh.on_all_connections_lost(now_, options_);
  EXPECT_EQ(fresh.state(), RegionState::down);
  fresh.on_answer(30ms, true, now_ + 100ms, options_);
  EXPECT_EQ(fresh.state(), RegionState::up);
  EXPECT_EQ(fresh.share(now_ + 100ms, options_), 1000U);
}

TEST_F(Detection, VariesTheHoldDownBetweenEdges) {
  FailureDetector one(1);
  FailureDetector other(2);
  one.on_all_connections_lost(now_, options_);
  other.on_all_connections_lost(now_, options_);
  EXPECT_NE(one.held_down_until(), other.held_down_until());
}

TEST(SelfHealth, NoticesThatItWasAwayOnceAndRecovers) {
  SelfHealth health;
  const SelfHealthOptions options;
  const Instant start{};
  health.expect_event_by(start + 1s);
  EXPECT_EQ(health.notice(start + 1100ms, options), 0ns);
  EXPECT_EQ(health.notice(start + 11s, options), 10s);
  EXPECT_EQ(health.notice(start + 11s, options), 0ns);
  EXPECT_EQ(health.patience(options), 2U);
  EXPECT_EQ(health.back_since(), start + 11s);
  health.judge({}, start + 12s, options);
  EXPECT_EQ(health.patience(options), 1U);
}

TEST(SelfHealth, DoubtsItselfMostWhenNobodyAnswers) {
  SelfHealth health;
  const SelfHealthOptions options;
  health.judge({.measured = 4, .overdue = 2, .suspect = 2, .answering = 2}, {}, options);
  EXPECT_FALSE(health.panicking());
  health.judge({.measured = 4, .overdue = 3, .suspect = 1, .answering = 1}, {}, options);
  EXPECT_TRUE(health.panicking());
  EXPECT_EQ(health.patience(options), 2U);
  health.judge({.measured = 4, .overdue = 4, .suspect = 1, .answering = 0}, {}, options);
  EXPECT_EQ(health.patience(options), 9U);
  health.judge({.measured = 2, .overdue = 2, .suspect = 2, .answering = 0}, {}, options);
  EXPECT_FALSE(health.panicking());  // of two regions nobody is "most"
}

}  // namespace
}  // namespace wanlab::mesh
