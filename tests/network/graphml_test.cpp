// GraphML as the Internet Topology Zoo writes it becomes a topology whose paths follow its edges.
#include "sim/network/graphml.hpp"

#include "sim/base/document_json.hpp"
#include "sim/network/topology_json.hpp"
#include "sim/network/wan.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace wanlab::network {
namespace {

constexpr const char* small_file = WANLAB_SOURCE_DIR "/tests/network/data/small.graphml";

Topology parse(const std::string& text) {
  std::istringstream input(text);
  return read_graphml(input, "test.graphml");
}

std::string refusal(const std::string& text) {
  try {
    parse(text);
  } catch (const base::InputError& error) {
    return error.what();
  }
  return "was accepted";
}

TEST(Graphml, ReadsNodesEdgesAndTheNameOfTheNetwork) {
  const Topology topology = load_topology(small_file);
  EXPECT_EQ(topology.name, "Small");
  ASSERT_EQ(topology.sites.size(), 4u);
  EXPECT_EQ(topology.sites[0].name, "Harbour");
  EXPECT_EQ(topology.sites[0].country, "Netherlands");
  EXPECT_EQ(topology.sites[0].kind, SiteKind::pop);
  EXPECT_EQ(topology.backbone_cables.size(), 4u) << "parallel edges stay, a loop goes";
}

TEST(Graphml, PutsANodeWithoutCoordinatesBetweenItsNeighbours) {
  const Topology topology = load_graphml(small_file);
  EXPECT_EQ(topology.sites[2].name, "Between");
  EXPECT_DOUBLE_EQ(topology.sites[2].latitude, 52);
  EXPECT_DOUBLE_EQ(topology.sites[2].longitude, 6);
}

TEST(Graphml, TellsNodesWithTheSameLabelApart) {
  const Topology topology = load_graphml(small_file);
  EXPECT_EQ(topology.sites[1].name, "Hill");
  EXPECT_EQ(topology.sites[3].name, "Hill #2");
}

TEST(Graphml, FollowsTheEdgesAndNothingElse) {
  Wan wan(load_graphml(small_file));
  const auto harbour = wan.require("Harbour"), last = wan.require("Hill #2");
  EXPECT_EQ(wan.stations(harbour, last),
            (std::vector<std::string>{"Harbour", "Between", "Hill", "Hill #2"}));
  const PathQuality path = wan.path(harbour, 0, last, 0);
  const double kilometres =
      1.2 * (wan.great_circle_kilometres(0, 2) + wan.great_circle_kilometres(2, 1) +
             wan.great_circle_kilometres(1, 3));
  EXPECT_NEAR(static_cast<double>((path.forward + path.backward).count()),
              1e6 + kilometres * 12'130, 10);
  wan.cut("Between-Hill");
  EXPECT_FALSE(wan.path(harbour, 0, last, 0).reachable);
}

TEST(Graphml, SurvivesAsAResolvedTopology) {
  const Topology topology = load_graphml(small_file);
  const base::Document document = base::parse_document(base::to_text(to_json(topology)), "plan");
  const Wan before(topology), after(read_topology(document.root()));
  EXPECT_EQ(before.path(0, 0, 3, 0).forward, after.path(0, 0, 3, 0).forward);
  EXPECT_EQ(before.stations(0, 3), after.stations(0, 3));
}

TEST(Graphml, TakesDirectedFilesAsCablesThatCarryBothWays) {
  const Topology topology =
      parse(R"(<graphml><key attr.name="Latitude" attr.type="float" for="node" id="a"/>
    <key attr.name="Longitude" attr.type="string" for="node" id="b"/>
    <graph edgedefault="directed">
    <node id="x"><data key="a">1</data><data key="b">2</data></node>
    <node id="y"><data key="a">3</data><data key="b">4</data></node>
    <edge source="x" target="y"/></graph></graphml>)");
  const Wan wan(topology);
  EXPECT_TRUE(wan.path(1, 0, 0, 0).reachable);
  EXPECT_EQ(wan.site(0).name, "node");
  EXPECT_EQ(wan.site(1).name, "node #2");
}

TEST(Graphml, MeetsAcrossTheDateLine) {
  const Topology topology =
      parse(R"(<graphml><key attr.name="Latitude" attr.type="double" for="node" id="a"/>
    <key attr.name="Longitude" attr.type="double" for="node" id="b"/>
    <graph edgedefault="undirected">
    <node id="x"><data key="a">0</data><data key="b">170</data></node>
    <node id="y"/>
    <node id="z"><data key="a">0</data><data key="b">-160</data></node>
    <edge source="x" target="y"/><edge source="y" target="z"/></graph></graphml>)");
  EXPECT_DOUBLE_EQ(topology.sites[1].longitude, -175);
}

TEST(Graphml, RefusesWhatItCannotPlaceOrRead) {
  EXPECT_NE(refusal(R"(<graphml><key attr.name="label" attr.type="string" for="node" id="a"/>
    <graph edgedefault="undirected"><node id="x"><data key="a">Lost</data></node></graph></graphml>)")
                .find("\"Lost\""),
            std::string::npos);
  EXPECT_NE(refusal("{}").find("test.graphml"), std::string::npos);
  EXPECT_NE(refusal("<graphml><graph edgedefault=\"undirected\"/></graphml>").find("no nodes"),
            std::string::npos);
  EXPECT_NE(
      refusal(
          R"(<graphml><graph edgedefault="undirected"><edge source="1" target="2"/></graph></graphml>)"),
      "was accepted");
}

}  // namespace
}  // namespace wanlab::network
