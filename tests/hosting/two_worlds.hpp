// One test body, two worlds: hosts of the simulator on a small WAN, or real sockets on loopback. A
// test is written against World and never learns which it got, except where it asks.
//
//   class Thing : public testing::TestWithParam<WorldKind> { std::unique_ptr<World> world =
//   make_world(GetParam()); }; WANLAB_TWO_WORLDS(Thing);
#pragma once

#include "real_components/runtime/runtime.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

namespace wanlab::testing {

enum class WorldKind { simulated, loopback };
std::string to_string(WorldKind kind);

class World {
 public:
  virtual ~World() = default;

  // Made on first use. Hosts reach one another by name; with mutual TLS a host is known by its
  // name.
  virtual runtime::Runtime& host(const std::string& name) = 0;
  // What runs on the host from now on; it must outlive the world, or the host's crash.
  virtual void run(const std::string& name, runtime::Component& component) = 0;
  // The process ends: connections are reset, listeners are gone. run() starts another.
  virtual void crash(const std::string& name) = 0;
  // Something from outside acts on the host, as a timer of its own would.
  virtual void act(const std::string& name, const std::function<void()>& action) = 0;
  // From now on nobody answers there, not even with a refusal. Not for a host that runs something.
  virtual void silence(const std::string& name, std::uint16_t port) = 0;

  // Lets the world go on until `done`, or for `limit` at most; returns done().
  virtual bool run_until(const std::function<bool()>& done, Duration limit) = 0;
  bool run_until(const std::function<bool()>& done) {
    return run_until(done, std::chrono::seconds(20));
  }
  void run_for(Duration time) {
    run_until([] { return false; }, time);
  }
};

std::unique_ptr<World> make_world(WorldKind kind);

#define WANLAB_TWO_WORLDS(suite)                               \
  INSTANTIATE_TEST_SUITE_P(                                    \
      InBoth, suite,                                           \
      ::testing::Values(wanlab::testing::WorldKind::simulated, \
                        wanlab::testing::WorldKind::loopback), \
      [](const auto& which) { return wanlab::testing::to_string(which.param); })

}  // namespace wanlab::testing
