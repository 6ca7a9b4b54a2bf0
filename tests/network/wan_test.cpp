// What a packet meets between two places: measured, estimated, and after a cable is cut.
#include "sim/network/wan.hpp"

#include "sim/base/document_json.hpp"

#include <gtest/gtest.h>

namespace wanlab::network {
namespace {

Site site(std::string name, double latitude, double longitude) {
  Site result;
  result.name = std::move(name);
  result.latitude = latitude;
  result.longitude = longitude;
  return result;
}

// Three towns on the equator, 20 degrees (2224 km) apart, each beside its own hub. Cables
// west-middle and middle-east of 2500 km; a detour west-east of 9000 km in the corridor "deep".
Topology equator() {
  Topology topology;
  topology.name = "equator";
  topology.sites = {site("west", 0, 0.001), site("middle", 0, 20), site("east", 0, 40)};
  topology.backbone_nodes = {
      {"W", 0, 0.001, "", false}, {"M", 0, 20, "", false}, {"E", 0, 40, "", false}};
  topology.backbone_cables = {
      {"W", "M", 2500, "shelf"}, {"M", "E", 2500, ""}, {"W", "E", 9000, "deep"}};
  topology.backbone_intercept = 10ms;
  topology.backbone_per_kilometre = 12us;
  topology.within_zone = 200us;
  topology.between_zones = 801ns;
  topology.reroute_delay = 30s;
  topology.jitter_share = 0.04;
  topology.loss = 0.001;
  return topology;
}

MeasuredPath measured(std::string source, std::string target, Duration round_trip) {
  MeasuredPath path;
  path.source = std::move(source);
  path.target = std::move(target);
  path.round_trip = round_trip;
  return path;
}

Duration round_trip(const Wan& wan, std::string_view a, std::string_view b) {
  const PathQuality path = wan.path(wan.require(a), 0, wan.require(b), 0);
  EXPECT_TRUE(path.reachable) << a << " - " << b;
  return path.forward + path.backward;
}

bool reachable(const Wan& wan, std::string_view a, std::string_view b) {
  return wan.path(wan.require(a), 0, wan.require(b), 0).reachable;
}

TEST(Wan, GivesAMeasuredRoundTripBackToTheNanosecond) {
  Topology topology = equator();
  topology.paths = {measured("west", "middle", 65'800'001ns)};
  topology.paths[0].jitter_p90 = 6ms;
  topology.paths[0].loss = 0.25;
  topology.paths[0].bits_per_second = 1'000'000;
  const Wan wan(topology);
  const PathQuality there = wan.path(0, 0, 1, 0), back = wan.path(1, 0, 0, 0);
  EXPECT_EQ(there.forward + there.backward, 65'800'001ns);
  EXPECT_EQ(there.forward, back.backward);
  EXPECT_EQ(there.backward, back.forward);
  EXPECT_EQ(there.jitter_p90, 3ms);
  EXPECT_EQ(there.loss, 0.25);
  EXPECT_EQ(there.bits_per_second, 1'000'000u);
  EXPECT_TRUE(wan.is_measured(1, 0));
  EXPECT_FALSE(wan.is_measured(1, 2));
}

TEST(Wan, KeepsEachDirectionOfAPathThatWasMeasuredBothWays) {
  Topology topology = equator();
  topology.paths = {measured("west", "middle", 40ms), measured("middle", "west", 44ms)};
  const Wan wan(topology);
  EXPECT_EQ(round_trip(wan, "west", "middle"), 40ms);
  EXPECT_EQ(round_trip(wan, "middle", "west"), 44ms);
}

TEST(Wan, EstimatesAnUnmeasuredPathFromItsBackboneKilometres) {
  const Wan wan(equator());
  EXPECT_EQ(round_trip(wan, "west", "middle"), 10ms + 2500 * 12us);
  EXPECT_EQ(round_trip(wan, "west", "east"), 10ms + 5000 * 12us);
  EXPECT_EQ(wan.stations(0, 2), (std::vector<std::string>{"W", "M", "E"}));
  const PathQuality path = wan.path(0, 0, 2, 0);
  EXPECT_EQ(path.loss, 0.001);
  EXPECT_EQ(path.jitter_p90, 1'400us) << "half of 4 % of 70 ms";
}

TEST(Wan, EstimatesNothingFasterThanLightInFibre) {
  Topology topology = equator();
  topology.backbone_intercept = 0ms;
  topology.backbone_per_kilometre = 1us;
  const Wan wan(topology);
  const double floor_milliseconds = 2 * wan.great_circle_kilometres(0, 2) / 200;
  const double estimate =
      std::chrono::duration<double, std::milli>(round_trip(wan, "west", "east")).count();
  EXPECT_GE(estimate, floor_milliseconds - 1e-6);
  EXPECT_NEAR(estimate, floor_milliseconds, 1e-4);
}

TEST(Wan, LetsNearPlacesTalkWithoutTheCostOfALongPath) {
  Topology topology = equator();
  topology.nearby_intercept = 1ms;
  topology.nearby_kilometres = 800;
  topology.sites.push_back(site("suburb", 0, 0.271));  // 30 km from west
  const Wan wan(topology);
  EXPECT_GT(round_trip(wan, "suburb", "west"), 1ms);
  EXPECT_LT(round_trip(wan, "suburb", "west"), 2ms);
}

TEST(Wan, LetsTheZonesDecideInsideASite) {
  const Wan wan(equator());
  const PathQuality same = wan.path(1, 2, 1, 2), other = wan.path(1, 2, 1, 0);
  EXPECT_EQ(same.forward + same.backward, 200us);
  EXPECT_EQ(other.forward + other.backward, 801ns);
  EXPECT_TRUE(same.reachable && other.reachable);
}

TEST(Wan, RoutesAroundACutCable) {
  Wan wan(equator());
  const auto before = wan.generation();
  wan.cut("E-M");
  EXPECT_NE(wan.generation(), before);
  EXPECT_EQ(round_trip(wan, "west", "east"), 10ms + 9000 * 12us);
  EXPECT_EQ(round_trip(wan, "middle", "east"), 10ms + 11'500 * 12us);
  EXPECT_EQ(round_trip(wan, "west", "middle"), 10ms + 2500 * 12us) << "does not use the cable";
  wan.repair("M-E");
  EXPECT_EQ(round_trip(wan, "west", "east"), 10ms + 5000 * 12us);
}

TEST(Wan, LengthensAMeasuredPathByWhatTheDetourAdds) {
  Topology topology = equator();
  topology.paths = {measured("west", "east", 61ms)};
  Wan wan(topology);
  wan.cut("shelf");
  EXPECT_EQ(round_trip(wan, "west", "east"), 61ms + (9000 - 5000) * 12us);
  EXPECT_EQ(round_trip(wan, "east", "west"), 61ms + (9000 - 5000) * 12us);
  wan.repair("shelf");
  EXPECT_EQ(round_trip(wan, "west", "east"), 61ms);
}

TEST(Wan, LosesEverythingOnACutCableUntilRoutingKnows) {
  Topology topology = equator();
  topology.paths = {measured("west", "middle", 40ms)};
  Wan wan(topology);
  wan.cut("shelf", Rerouting::pending);
  EXPECT_FALSE(reachable(wan, "west", "middle"));
  EXPECT_FALSE(reachable(wan, "west", "east"));
  EXPECT_TRUE(reachable(wan, "middle", "east"));
  wan.reroute();
  EXPECT_EQ(round_trip(wan, "west", "middle"), 40ms + (11'500 - 2500) * 12us);
}

TEST(Wan, RepairBeforeRoutingKnewIsAsIfNothingHappened) {
  Wan wan(equator());
  wan.cut("shelf", Rerouting::pending);
  wan.repair("shelf");
  EXPECT_EQ(round_trip(wan, "west", "east"), 10ms + 5000 * 12us);
}

TEST(Wan, HasNoWayWhenTheLastCableIsCut) {
  Wan wan(equator());
  wan.cut("W-M");
  wan.cut("deep");
  EXPECT_FALSE(reachable(wan, "west", "middle"));
  EXPECT_FALSE(reachable(wan, "east", "west"));
  EXPECT_TRUE(wan.stations(0, 1).empty());
  EXPECT_TRUE(reachable(wan, "middle", "east"));
}

TEST(Wan, NeedsEveryOverlappingCutRepaired) {
  Wan wan(equator());
  wan.cut("shelf");
  wan.cut("W-M");
  wan.repair("shelf");
  EXPECT_EQ(round_trip(wan, "west", "east"), 10ms + 9000 * 12us);
  wan.repair("W-M");
  EXPECT_EQ(round_trip(wan, "west", "east"), 10ms + 5000 * 12us);
}

TEST(Wan, UsesTheShorterOfTwoParallelCablesAndThenTheOther) {
  Topology topology = equator();
  topology.backbone_cables = {
      {"W", "M", 3000, "old"}, {"W", "M", 2500, "new"}, {"M", "E", 2500, ""}};
  Wan wan(topology);
  EXPECT_EQ(round_trip(wan, "west", "middle"), 10ms + 2500 * 12us);
  wan.cut("old", Rerouting::pending);
  EXPECT_TRUE(reachable(wan, "west", "middle"));
  wan.cut("new");
  EXPECT_FALSE(reachable(wan, "west", "middle"));
  wan.repair("old");
  EXPECT_EQ(round_trip(wan, "west", "middle"), 10ms + 3000 * 12us);
}

TEST(Wan, PreservesMeasurementsThatViolateTheTriangleInequality) {
  Topology topology = equator();
  topology.paths = {measured("west", "east", 200ms), measured("west", "middle", 40ms),
                    measured("middle", "east", 40ms)};
  const Wan wan(topology);
  EXPECT_EQ(round_trip(wan, "west", "east"), 200ms);
}

TEST(Wan, ARemoteSiteMayJoinAWaypointANearOneMayNot) {
  Topology topology = equator();
  topology.backbone_nodes.push_back({"X", 0, 3, "", true});     // 333 km east of west
  topology.backbone_nodes.push_back({"Y", -40, 20, "", true});  // far from any hub
  topology.backbone_cables.push_back({"X", "E", 4200, ""});
  topology.backbone_cables.push_back({"Y", "M", 4600, ""});
  topology.sites.push_back(site("island", -41, 20));
  const Wan wan(topology);
  EXPECT_EQ(wan.stations(0, 2), (std::vector<std::string>{"W", "M", "E"}));
  EXPECT_EQ(wan.stations(3, 1), (std::vector<std::string>{"Y", "M"}));
}

TEST(Wan, NamesTheNearestCorridorOrSiteForAnUnknownOne) {
  Wan wan(equator());
  try {
    wan.cut("shelv");
    FAIL() << "accepted an unknown corridor";
  } catch (const base::InputError& error) {
    EXPECT_NE(std::string(error.what()).find("\"shelf\""), std::string::npos) << error.what();
  }
  EXPECT_THROW(wan.repair("nothing"), base::InputError);
  EXPECT_THROW(wan.require("wset"), base::InputError);
  EXPECT_EQ(wan.find("wset"), std::nullopt);
  EXPECT_EQ(wan.path(0, 0, 2, 0).reachable, true);
}

}  // namespace
}  // namespace wanlab::network
