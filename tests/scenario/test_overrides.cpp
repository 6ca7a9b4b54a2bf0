// What --set can reach, and what it says when it cannot.
#include "tests/scenario/scenario_files.hpp"

namespace wanlab::scenario {
namespace {

class Override : public ScenarioFiles {
 protected:
  Plan load_with(std::vector<std::string> sets) const {
    Overrides overrides = in_source_tree();
    overrides.sets = std::move(sets);
    return load(with("seed", "3"), overrides);
  }
  std::string refusal_with(const std::string& set) const {
    return refusal_of([&] { load_with({set}); });
  }
};

TEST_F(Override, ReachesElementsByNameIndexAndPointer) {
  EXPECT_EQ(load_with({"clients.fleet.hosts=500"}).clients[0].hosts, 500u);
  EXPECT_EQ(load_with({"clients.0.hosts=500"}).clients[0].hosts, 500u);
  EXPECT_EQ(load_with({"/clients/0/hosts=500"}).clients[0].hosts, 500u);
  EXPECT_EQ(load_with({"edges.pdx.nodes=4"}).edges[1].nodes, 4u);
  EXPECT_EQ(load_with({"databases.us-east-1.replicas=0"}).databases[0].replicas, 0u);
}

TEST_F(Override, TakesJsonOrPlainText) {
  EXPECT_EQ(load_with({"clients.fleet.hold=35ms"}).clients[0].hold, 35ms);
  EXPECT_FALSE(load_with({"jitter=false"}).jitter);
  EXPECT_EQ(load_with({R"(idle_hosts=["idle-1"])"}).idle_hosts.at(0), "idle-1");
}

TEST_F(Override, MakesTheObjectsOnItsWay) {
  EXPECT_EQ(load_with({"edges.iad.host.cores=2"}).edges[0].host.cores, 2u);
}

TEST_F(Override, NullRemoves) {
  EXPECT_EQ(load_with({"seed=null"}).seed, 1u);
  EXPECT_EQ(load_with({"edges.pdx=null"}).edges.size(), 1u);
}

TEST_F(Override, LaterOnesWin) {
  EXPECT_EQ(load_with({"seed=5", "seed=6"}).seed, 6u);
  Overrides overrides = in_source_tree();
  overrides.sets = {"seed=5"};
  overrides.seed = 7;
  EXPECT_EQ(load(with("seed", "3"), overrides).seed, 7u);
}

TEST_F(Override, SaysWhatIsWrongWithItself) {
  EXPECT_EQ(refusal_with("clients.flet.hosts=5"),
            "x.json at /clients: no element \"flet\" in this array of 1; did you mean \"fleet\"? "
            "(set by --set clients.flet.hosts=5)");
  EXPECT_EQ(refusal_with("clients.7.hosts=5"),
            "x.json at /clients: no element \"7\" in this array of 1; it has fleet (set by --set "
            "clients.7.hosts=5)");
  EXPECT_EQ(refusal_with("clients.fleet.name.x=5"),
            "x.json at /clients/0/name: \"x\" leads nowhere: there is \"fleet\" (set by --set "
            "clients.fleet.name.x=5)");
  EXPECT_EQ(refusal_with("clients.fleet.hsots=5"),
            "x.json at /clients/0/hsots: unknown key \"hsots\" in client; did you mean \"hosts\"? "
            "(set by --set clients.fleet.hsots=5)");
  EXPECT_EQ(
      refusal_with("clients.fleet.hosts=-5"),
      "x.json at /clients/0/hosts: expected a whole number from 1 to 10000000, got -5 (set by "
      "--set clients.fleet.hosts=-5)");
  EXPECT_EQ(refusal_with("seed"),
            "--set seed: expected path=value, for example clients.fleet.hosts=500");
  EXPECT_EQ(refusal_with("edges..x=1"),
            "x.json at /edges: the path \"edges..x\" has an empty step (set by --set edges..x=1)");
}

TEST_F(Override, SetOfAnHeirChangesWhatItInherits) {
  write("base.json", with("seed", "3"));
  const Plan plan = load(R"({"extends": "base.json", "why": "smaller",
                             "set": {"edges.iad.nodes": 7, "clients.fleet.hold": "1s"}})");
  EXPECT_EQ(plan.name, "x");
  EXPECT_EQ(plan.why, "smaller");
  EXPECT_EQ(plan.seed, 3u);
  EXPECT_EQ(plan.edges[0].nodes, 7u);
  EXPECT_EQ(plan.clients[0].hold, 1s);
}

}  // namespace
}  // namespace wanlab::scenario
