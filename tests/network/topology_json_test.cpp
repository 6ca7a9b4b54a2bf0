// Topology files: what they say is what comes out, and every mistake is told with its place.
#include "sim/network/topology_json.hpp"

#include "sim/network/wan.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

namespace wanlab::network {
namespace {

// A folder of topology files that is gone after the test.
class TopologyFiles : public ::testing::Test {
 protected:
  TopologyFiles() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::path(::testing::TempDir()) / (std::string("wanlab_") + test->name());
    std::filesystem::create_directories(folder_);
  }
  ~TopologyFiles() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }
  Topology load(const std::string& text) { return load_topology(write("main.json", text)); }
  // The message for a file that must be refused, without the folder.
  std::string refusal(const std::string& text) {
    try {
      load(text);
    } catch (const TopologyError& error) {
      std::string message = error.what();
      const std::string prefix = folder_.string() + "/";
      for (auto at = message.find(prefix); at != std::string::npos; at = message.find(prefix)) {
        message.erase(at, prefix.size());
      }
      return message;
    }
    return "was accepted";
  }

  std::filesystem::path folder_;
};

constexpr const char* two_towns = R"({
  "name": "two-towns",  // comments are welcome
  "sources": ["invented"],
  "defaults": {"within_zone": "200us", "between_zones": "800us", "jitter_share": "10%",
               "loss": "0.1%", "reroute_delay": "30s"},
  "regions": [
    {"name": "left", "provider": "aws", "city": "Ville", "country": "FR", "at": [48.5, 2.25], "zones": 3}
  ],
  "pops": [{"name": "RGT", "at": [50, 8]}],
  "paths": [{"from": "left", "to": "RGT", "round_trip": "35ms", "loss": "2%", "bandwidth": "10Gbit/s"}]
})";

TEST_F(TopologyFiles, SayWhatComesOut) {
  const Topology topology = load(two_towns);
  EXPECT_EQ(topology.name, "two-towns");
  EXPECT_EQ(topology.sources, std::vector<std::string>{"invented"});
  EXPECT_EQ(topology.within_zone, 200us);
  EXPECT_EQ(topology.between_zones, 800us);
  EXPECT_EQ(topology.reroute_delay, 30s);
  ASSERT_EQ(topology.sites.size(), 2u);
  EXPECT_EQ(topology.sites[0].name, "left");
  EXPECT_EQ(topology.sites[0].kind, SiteKind::region);
  EXPECT_EQ(topology.sites[0].provider, "aws");
  EXPECT_EQ(topology.sites[0].latitude, 48.5);
  EXPECT_EQ(topology.sites[0].zones, 3u);
  EXPECT_EQ(topology.sites[1].kind, SiteKind::pop);
  EXPECT_EQ(topology.sites[1].zones, 1u);
  ASSERT_EQ(topology.paths.size(), 1u);
  EXPECT_EQ(topology.paths[0].round_trip, 35ms);
  EXPECT_EQ(topology.paths[0].jitter_p90, 3'500us) << "the share, since the path states none";
  EXPECT_EQ(topology.paths[0].loss, 0.02);
  EXPECT_EQ(topology.paths[0].bits_per_second, 10'000'000'000u);
}

TEST_F(TopologyFiles, HoldAMatrixAsATriangleOrASquare) {
  const std::string sites = R"({"name": "m", "defaults": {"jitter_share": "10%", "loss": 0.5},
    "regions": [{"name": "a"}, {"name": "b"}, {"name": "c"}],
    "matrix": {"order": ["a", "b", "c"], "round_trip_ms": )";
  const Wan triangle(
      load(sites + R"([[], [10.5], [20, 30]], "jitter_p90_ms": [[], [2], [4, 6]]}})"));
  EXPECT_EQ(triangle.path(0, 0, 1, 0).forward, 5'250us);
  EXPECT_EQ(triangle.path(1, 0, 2, 0).forward, 15ms);
  EXPECT_EQ(triangle.path(2, 0, 1, 0).jitter_p90, 3ms);
  EXPECT_EQ(triangle.path(2, 0, 1, 0).loss, 0.5);
  const Wan square(load(sites + "[[0, 10, 20], [12, 0, 30], [22, 32, 0]]}}"));
  EXPECT_EQ(square.path(0, 0, 1, 0).forward, 5ms);
  EXPECT_EQ(square.path(1, 0, 0, 0).forward, 6ms);
  EXPECT_EQ(square.path(1, 0, 0, 0).jitter_p90, 600us);
}

TEST_F(TopologyFiles, ComeBackExactlyFromTheResolvedForm) {
  const Topology before = load(two_towns);
  const std::string text = base::to_text(to_json(before));
  const base::Document document = base::parse_document(text, "plan.json");
  const Topology after = read_topology(document.root());
  EXPECT_EQ(base::to_text(to_json(after)), text);
  ASSERT_EQ(after.paths.size(), before.paths.size());
  EXPECT_EQ(after.paths[0].jitter_p90, before.paths[0].jitter_p90);
  EXPECT_EQ(after.paths[0].bits_per_second, before.paths[0].bits_per_second);
  EXPECT_EQ(after.jitter_share, before.jitter_share);
  EXPECT_EQ(after.sites[0].latitude, before.sites[0].latitude);
}

TEST_F(TopologyFiles, IncludeOthersAndOverrideTheirDefaults) {
  std::filesystem::create_directories(folder_ / "parts");
  write("parts/cables.json", R"({"name": "cables", "sources": ["s1"],
    "defaults": {"jitter_share": "50%", "within_zone": "1ms"},
    "backbone": {"fit": {"intercept": "5ms", "per_kilometre": "10us"},
                 "nodes": [{"name": "A", "at": [0, 1]}, {"name": "B", "at": [0, 21]}],
                 "cables": [{"from": "A", "to": "B", "kilometres": 2300}]}})");
  write("regions.json",
        R"({"name": "regions", "sources": ["s1", "s2"], "include": ["parts/cables.json"],
    "metros": [{"name": "town", "at": [0, 21]}],
    "regions": [{"name": "one", "at": [0, 1]}, {"name": "two", "at": [0, 21]}],
    "paths": [{"from": "one", "to": "two", "round_trip": "60ms"}]})");
  const Topology topology =
      load(R"({"name": "main", "include": ["regions.json", "parts/cables.json"],
    "defaults": {"jitter_share": "1%"}, "pops": [{"name": "POP", "hubs": ["B"]}]})");
  EXPECT_EQ(topology.name, "main");
  EXPECT_EQ(topology.sources, (std::vector<std::string>{"s1", "s2"}));
  EXPECT_EQ(topology.within_zone, 1ms);
  EXPECT_EQ(topology.paths[0].jitter_p90, 600us) << "the including file's share counts";
  ASSERT_EQ(topology.sites.size(), 4u);
  EXPECT_EQ(topology.sites[2].name, "POP") << "regions, then POPs, then metros";
  EXPECT_EQ(topology.sites[2].longitude, 21) << "a site without a place stands at its hub";
  EXPECT_EQ(topology.sites[3].name, "town");
  EXPECT_EQ(topology.backbone_nodes.size(), 2u) << "included twice, read once";
}

TEST_F(TopologyFiles, TakeAPartOfAnother) {
  write("all.json", R"({"name": "all", "regions": [{"name": "a"}, {"name": "b"}, {"name": "c"}],
    "matrix": {"order": ["a", "b", "c"], "round_trip_ms": [[], [1], [2, 3]]}})");
  const Topology topology =
      load(R"({"name": "some", "include": [{"file": "all.json", "only": ["c", "a"]}]})");
  ASSERT_EQ(topology.sites.size(), 2u);
  EXPECT_EQ(topology.sites[0].name, "a");
  ASSERT_EQ(topology.paths.size(), 1u);
  EXPECT_EQ(topology.paths[0].round_trip, 2ms);
  EXPECT_EQ(refusal(R"({"name": "some", "include": [{"file": "all.json", "only": ["a", "bb"]}]})"),
            "main.json at /include/0/only/1: \"all.json\" has no site \"bb\"; did you mean \"b\"?");
  EXPECT_EQ(
      refusal(R"({"name": "x", "include": ["all.json", {"file": "all.json", "only": ["a"]}]})"),
      "main.json at /include/1/file: \"all.json\" is included twice, and \"only\" takes a part of "
      "it");
}

TEST_F(TopologyFiles, RefuseCyclicIncludesAndShowTheCycle) {
  write("other.json", R"({"name": "other", "include": ["main.json"], "regions": [{"name": "a"}]})");
  EXPECT_EQ(
      refusal(R"({"name": "main", "include": ["other.json"]})"),
      "other.json at /include/0: cyclic include: main.json includes other.json includes main.json");
  EXPECT_EQ(refusal(R"({"name": "main", "include": ["missing.json"]})"),
            "main.json at /include/0: there is no file missing.json");
}

TEST_F(TopologyFiles, MustNotIncludeFilesFromInsideAPlan) {
  const base::Document document =
      base::parse_document(R"({"name": "x", "include": ["y.json"]})", "plan.json");
  EXPECT_THROW(read_topology(document.root()), TopologyError);
}

TEST_F(TopologyFiles, RefuseEveryMistakeWithItsPlace) {
  const std::string backbone = R"("backbone": {"nodes": [{"name": "NYC", "at": [40.7, -74]},
      {"name": "LON", "at": [51.5, -0.1]}], "cables": )";
  const std::map<std::string, std::string> mistakes = {
      {R"({"name": "x", "region": []})",
       "main.json at /region: unknown key \"region\" in topology; did you mean \"regions\"?"},
      {R"({"name": "x"})",
       "main.json: a topology needs at least one site in \"regions\", \"pops\" or \"metros\""},
      {R"({"regions": [{"name": "a"}]})", "main.json: missing key \"name\" in topology"},
      {R"({"name": "x", "regions": [{"name": "a", "zone": 3}]})",
       "main.json at /regions/0/zone: unknown key \"zone\" in region; did you mean \"zones\"?"},
      {R"({"name": "x", "regions": [{"name": "a"}], "pops": [{"name": "a"}]})",
       "main.json at /pops/0/name: duplicate site \"a\", first given in main.json at "
       "/regions/0/name"},
      {R"({"name": "x", "regions": [{"name": "a"}, {"name": "b"}]})",
       "main.json at /regions/1/name: there is no path between \"b\" and \"a\": give one in "
       "\"paths\" or "
       "\"matrix\", or add a backbone"},
      {R"({"name": "x", "regions": [{"name": "oslo"}, {"name": "bergen"}],
          "paths": [{"from": "oslo", "to": "bergne", "round_trip": "8ms"}]})",
       "main.json at /paths/0/to: there is no site \"bergne\"; did you mean \"bergen\"?"},
      {R"({"name": "x", "regions": [{"name": "a"}, {"name": "b"}],
          "paths": [{"from": "a", "to": "b", "round_trip": "8ms"}, {"from": "a", "to": "b", "round_trip": "9ms"}]})",
       "main.json at /paths/1: duplicate path from \"a\" to \"b\", first given in main.json at "
       "/paths/0"},
      {R"({"name": "x", "regions": [{"name": "a"}, {"name": "b"}],
          "matrix": {"order": ["a", "b"], "round_trip_ms": [[], [-4]]}})",
       "main.json at /matrix/round_trip_ms/1/0: expected a number from 0 to 10000, got -4"},
      {R"({"name": "x", "regions": [{"name": "a"}, {"name": "b"}],
          "matrix": {"order": ["a", "b"], "round_trip_ms": [[], [1, 2]]}})",
       "main.json at /matrix/round_trip_ms/1: expected 1 numbers for \"b\" (a triangle), got 2"},
      {R"({"name": "x", "regions": [{"name": "a"}, {"name": "b"}],
          "matrix": {"order": ["a", "b"], "round_trip_ms": [[]]}})",
       "main.json at /matrix/round_trip_ms: expected one row for each of the 2 sites in \"order\", "
       "got 1"},
      {R"({"name": "x", "regions": [{"name": "tokyo", "at": [35.7, 139.7]}, {"name": "london", "at": [51.5, -0.1]}],
          "paths": [{"from": "tokyo", "to": "london", "round_trip": "35ms"}]})",
       "main.json at /paths/0: a round trip of 35ms from \"tokyo\" to \"london\" is faster than "
       "light in "
       "fibre, which needs"},
      {R"({"name": "x", "regions": [{"name": "a", "at": [91, 0]}]})",
       "main.json at /regions/0/at/0: expected a number from -90 to 90, got 91"},
      {R"({"name": "x", "regions": [{"name": "a", "zones": 0}]})",
       "main.json at /regions/0/zones: expected a whole number from 1 to 100, got 0"},
      {R"({"name": "x", "regions": [{"name": "a"}], "defaults": {"within_zone": "-1ms"}})",
       "main.json at /defaults/within_zone:"},
      {R"({"name": "x", "regions": [{"name": "a"}], "defaults": {"within_zone": "20s"}})",
       "main.json at /defaults/within_zone: expected a duration from 0s to 10s, got"},
      {R"({"name": "x", "regions": [{"name": "a"}], )" + backbone +
           R"([{"from": "NYC", "to": "LN", "kilometres": 5600}]}})",
       "main.json at /backbone/cables/0/to: there is no backbone node \"LN\"; did you mean "
       "\"LON\"?"},
      {R"({"name": "x", "regions": [{"name": "a"}], )" + backbone +
           R"([{"from": "NYC", "to": "LON", "kilometres": 560}]}})",
       "main.json at /backbone/cables/0/kilometres: a cable of this length does not reach: NYC and "
       "LON are"},
      {R"({"name": "x", "regions": [{"name": "a"}], )" + backbone + "[]}}",
       "main.json at /regions/0/name: \"a\" needs coordinates (\"at\") to find its way to the "
       "backbone"},
      {R"({"name": "x", "regions": [{"name": "a", "hubs": ["NCY"]}], )" + backbone + "[]}}",
       "main.json at /regions/0/hubs/0: there is no backbone node \"NCY\"; did you mean \"NYC\"?"},
  };
  for (const auto& [text, expected] : mistakes) {
    const std::string message = refusal(text);
    EXPECT_EQ(message.substr(0, expected.size()), expected) << text;
  }
}

}  // namespace
}  // namespace wanlab::network
