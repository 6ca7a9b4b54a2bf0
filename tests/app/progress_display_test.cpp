// What the progress of a run looks like.
#include "sim/app/progress_display.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace wanlab::app {
namespace {

ProgressView view() {
  return {.simulated = std::chrono::seconds(105),
          .ends = std::chrono::seconds(420),
          .elapsed = std::chrono::seconds(5),
          .speed = 21,
          .open_connections = 875'000};
}

TEST(ProgressDisplay, TheBarShowsShareTimeSpeedConnectionsAndTimeLeft) {
  EXPECT_EQ(bar_text("ramp", view()),
            "ramp [######..................] 25 %  105.0 of 420 s  21.0x  875,000 open  15 s left");
}

TEST(ProgressDisplay, TheLineSaysTheSameInWords) {
  EXPECT_EQ(line_text("ramp", view()),
            "ramp: 105.0 of 420 s simulated (25 %) in 5.00 s, 21.0 times real time, 875,000 open, "
            "15 s left");
}

TEST(ProgressDisplay, SurvivesAnEndThatIsUnknownOrPassed) {
  ProgressView strange = view();
  strange.ends = Duration::zero();
  EXPECT_NE(bar_text("x", strange).find("0 %"), std::string::npos);
  strange.ends = std::chrono::seconds(100);
  EXPECT_NE(bar_text("x", strange).find("[########################] 100 %"), std::string::npos);
  strange.speed = 0;
  EXPECT_NE(bar_text("x", strange).find("? left"), std::string::npos);
}

TEST(ProgressDisplay, SaysNothingInAShortRunOrWhenQuiet) {
  for (const ProgressStyle style : {ProgressStyle::none, ProgressStyle::lines}) {
    std::ostringstream out;
    ProgressDisplay display(out, style, "x");
    for (int i = 0; i < 1000; ++i) display.show(Duration(i), Duration(1000), 0);
    EXPECT_EQ(out.str(), "");
  }
}

TEST(ProgressDisplay, RemovesItsBarWhenDone) {
  std::ostringstream out;
  {
    ProgressDisplay display(out, ProgressStyle::bar, "x");
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(150);
    while (std::chrono::steady_clock::now() < until) display.show(Duration(1), Duration(2), 0);
  }
  EXPECT_NE(out.str().find("x ["), std::string::npos);
  EXPECT_TRUE(out.str().ends_with("\r\033[K"));
}

}  // namespace
}  // namespace wanlab::app
