// Readers on other threads see every Route whole, sorted and alive, whatever the writer does.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "real_components/routing/routing_table.hpp"

namespace wanlab::routing {
namespace {

TEST(RoutingReaders, NeverSeeATornUnsortedOrFreedView) {
  RegionTable regions;
  RegionCosts costs;
  const std::vector<std::string> names{"a", "b", "c", "d"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    RegionCost cost;
    cost.measured = true;
    cost.cost = static_cast<int>(names.size() - i) * 10ms;  // the last name is the nearest
    costs.set(regions.intern(names[i]), cost);
  }
  RoutingTable table(regions, {{}, 0s, "edge"});
  table.resort(costs, Instant{});

  constexpr int users = 200;
  const auto user = [](int i) { return "user" + std::to_string(i); };
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> seen{0}, wrong{0}, freed{0};
  std::vector<std::thread> readers;
  std::atomic<int> ready{0};
  for (int thread = 0; thread < 2; ++thread) {
    readers.emplace_back([&, thread] {
      const ReaderId reader = table.register_reader();
      ++ready;
      std::vector<RouteHandle> sessions;
      for (int i = thread; !stop; i = (i + 1) % users) {
        const RouteHandle handle = table.find(user(i));
        if (handle) sessions.push_back(handle);
        if (sessions.size() > 64) sessions.erase(sessions.begin(), sessions.begin() + 32);
        for (const RouteHandle session : sessions) {
          const RouteView& view = table.view(session);
          if (!view.live()) continue;
          ++seen;
          // The writer keeps revision, expiration and the number of clusters in step.
          const bool whole = view.expiration == view.revision &&
                             view.clusters.size() == view.revision % names.size() + 1 &&
                             view.generation == session.generation && view.user.starts_with("user");
          bool sorted = true;
          for (std::size_t k = 1; k < view.clusters.size(); ++k) {
            sorted = sorted && view.clusters[k - 1] > view.clusters[k];
          }
          if (!whole || !sorted) ++wrong;
        }
        table.quiescent(reader);
      }
      table.unregister_reader(reader);
    });
  }
  while (ready < 2) std::this_thread::yield();
  std::uint64_t revision = 0;
  for (int round = 0; round < 60 || seen < 10'000 || freed == 0; ++round) {
    for (int i = 0; i < users; ++i) {
      ++revision;
      if (revision % 17 == 0) {
        table.remove(user(i), revision);
        continue;
      }
      wire::Route route{"main", {}, revision};
      for (std::size_t k = 0; k < revision % names.size() + 1; ++k) {
        route.clusters.push_back(names[k]);  // given in the wrong order
      }
      table.upsert(user(i), route, revision);
    }
    const std::size_t before = table.retired();
    table.reclaim();
    freed += before - table.retired();
    std::this_thread::yield();  // on a busy machine a reader may not have had its turn yet
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0u);
  EXPECT_GE(seen, 10'000u);
  EXPECT_GT(freed, 0u) << "the test proves nothing unless memory came back while readers read";
}

}  // namespace
}  // namespace wanlab::routing
