#include "sim/kernel/simulation.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace wanlab::kernel {
namespace {

struct World {
  World() {
    host = simulation.add_origin();
    simulation.set_handler(0, this, [](void* self, const Event& happened) {
      static_cast<World*>(self)->seen.push_back(happened.target);
    });
  }
  Instant at(Duration since_start) const { return Instant() + since_start; }

  Simulation simulation;
  Origin host = 0;
  std::vector<std::uint32_t> seen;
};

TEST(Simulation, JumpsFromEventToEvent) {
  World world;
  world.simulation.post(world.host, world.at(1h), 0, 1, 0);
  EXPECT_TRUE(world.simulation.step(Instant::max()));
  EXPECT_EQ(world.simulation.now(), world.at(1h));
  EXPECT_EQ(world.simulation.events(), 1u);
}

TEST(Simulation, RunsUpToAndIncludingTheLimit) {
  World world;
  world.simulation.post(world.host, world.at(10ms), 0, 1, 0);
  world.simulation.post(world.host, world.at(11ms), 0, 2, 0);
  world.simulation.run_until(world.at(10ms));
  EXPECT_EQ(world.seen, std::vector<std::uint32_t>{1});
  world.simulation.run_for(1ms);
  EXPECT_EQ(world.seen, (std::vector<std::uint32_t>{1, 2}));
}

TEST(Simulation, AdvancesTheClockToTheLimitWhenNothingHappens) {
  World world;
  world.simulation.run_until(world.at(5s));
  EXPECT_EQ(world.simulation.now(), world.at(5s));
}

TEST(Simulation, RunsUntilAPredicateHoldsOrTimeIsUp) {
  World world;
  for (std::uint32_t i = 1; i <= 9; ++i)
    world.simulation.post(world.host, world.at(i * 1s), 0, i, 0);
  EXPECT_TRUE(world.simulation.run_until([&] { return world.seen.size() == 3; }, world.at(1h)));
  EXPECT_EQ(world.simulation.now(), world.at(3s));
  EXPECT_FALSE(world.simulation.run_until([&] { return world.seen.size() == 99; }, world.at(5s)));
  EXPECT_EQ(world.seen.size(), 5u);
}

TEST(Simulation, RefusesAnEventInThePast) {
  World world;
  world.simulation.run_until(world.at(1s));
  EXPECT_THROW(world.simulation.post(world.host, world.at(999ms), 0, 1, 0), InternalError);
}

TEST(Simulation, FiresATimerOnceWithWhatItWasGiven) {
  World world;
  world.simulation.start_timer(world.host, world.at(1s), 0, 42, 0);
  world.simulation.run_until(world.at(1h));
  EXPECT_EQ(world.seen, std::vector<std::uint32_t>{42});
}

TEST(Simulation, CancelsHarmlessly) {
  World world;
  const Timer timer = world.simulation.start_timer(world.host, world.at(1s), 0, 1, 0);
  world.simulation.cancel_timer(timer);
  world.simulation.cancel_timer(timer);      // twice
  world.simulation.cancel_timer(0);          // never was
  world.simulation.cancel_timer(~Timer{0});  // nonsense
  const Timer second = world.simulation.start_timer(world.host, world.at(2s), 0, 2, 0);
  world.simulation.cancel_timer(timer);  // the old name of a slot that is in use again
  world.simulation.run_until(world.at(1h));
  EXPECT_EQ(world.seen, std::vector<std::uint32_t>{2});
  world.simulation.cancel_timer(second);  // fired
  EXPECT_EQ(world.simulation.pending(), 0u);
}

TEST(Simulation, CountsNoCancelledTimerAsAnEvent) {
  World world;
  world.simulation.cancel_timer(world.simulation.start_timer(world.host, world.at(1s), 0, 1, 0));
  world.simulation.run_until(world.at(2s));
  EXPECT_EQ(world.simulation.events(), 0u);
}

// Two hosts schedule for the same instant in either order of calls: the ranks decide.
TEST(Simulation, OrdersSimultaneousEventsByWhoScheduledThem) {
  for (const bool swapped : {false, true}) {
    World world;
    const Origin first = world.simulation.add_origin(), second = world.simulation.add_origin();
    for (int turn = 0; turn < 2; ++turn) {
      const bool is_first = (turn == 0) != swapped;
      world.simulation.post(is_first ? first : second, world.at(1s), 0, is_first ? 1 : 2, 0);
    }
    world.simulation.run_until(world.at(1s));
    EXPECT_EQ(world.seen, (std::vector<std::uint32_t>{1, 2}));
  }
}

}  // namespace
}  // namespace wanlab::kernel
