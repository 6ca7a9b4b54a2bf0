// A World with FakeWorld's functions, so that SmallNetworkOn<EitherWorld> is a whole network in the
// simulator or on real sockets. Waits end when what is waited for has come.
#pragma once

#include "tests/edge/small_network.hpp"
#include "tests/hosting/two_worlds.hpp"

namespace wanlab::testing {

class EitherWorld {
 public:
  explicit EitherWorld(WorldKind kind) : world_(make_world(kind)) {}

  runtime::Runtime& host(const std::string& name) { return world_->host(name); }
  void run(const std::string& name, runtime::Component& component) { world_->run(name, component); }
  void crash(const std::string& name) { world_->crash(name); }
  void advance(Duration time) {
    advance_until([] { return false; }, time);
  }
  bool advance_until(const std::function<bool()>& done, Duration limit = std::chrono::seconds(20)) {
    return world_->run_until(
        [&] {
          for (const auto& action : std::exchange(waiting_, {})) action();
          return done();
        },
        limit);
  }
  // Between any two events, whenever they come.
  void after(Duration, std::function<void()> action) { waiting_.push_back(std::move(action)); }
  void warm_up(const std::function<bool()>& ready, Duration) {
    EXPECT_TRUE(advance_until(ready)) << "the network did not come up";
  }

 private:
  std::unique_ptr<World> world_;
  std::vector<std::function<void()>> waiting_;
};

using EitherNetwork = SmallNetworkOn<EitherWorld>;

}  // namespace wanlab::testing
