// Boost's reader hands over every attribute as text with its declared type. The usual typed
// property maps are not used on purpose: the Zoo declares one name ("id", "label") with different
// types for graph, node and edge, and a map of another type makes the reader throw. Attributes not
// named here are ignored.
#include "sim/network/graphml.hpp"

#include "sim/base/document_json.hpp"
#include "sim/network/geography.hpp"

#include <boost/graph/graphml.hpp>

#include <charconv>
#include <map>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

namespace wanlab::network {
namespace {

struct Node {
  std::string label, country;
  std::optional<double> latitude, longitude;
  bool has_place() const { return latitude && longitude; }
};

std::optional<double> parse_degrees(const std::string& text, double limit) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (!(value >= -limit && value <= limit)) return std::nullopt;
  return value;
}

// Collects what Boost's reader finds. Descriptors are positions in `nodes` and `edges`.
class Collector : public boost::mutate_graph {
 public:
  explicit Collector(bool directed) : directed_(directed) {}

  bool is_directed() const override { return directed_; }
  boost::any do_add_vertex() override {
    nodes.emplace_back();
    return nodes.size() - 1;
  }
  std::pair<boost::any, bool> do_add_edge(boost::any source, boost::any target) override {
    edges.emplace_back(boost::any_cast<std::size_t>(source), boost::any_cast<std::size_t>(target));
    return {edges.size() - 1, true};
  }
  void set_graph_property(const std::string& name, const std::string& value,
                          const std::string&) override {
    if (name == "Network" || name == "label") network = value;
  }
  void set_vertex_property(const std::string& name, boost::any vertex, const std::string& value,
                           const std::string&) override {
    Node& node = nodes[boost::any_cast<std::size_t>(vertex)];
    if (name == "label") node.label = value;
    if (name == "Country") node.country = value;
    if (name == "Latitude") node.latitude = parse_degrees(value, 90);
    if (name == "Longitude") node.longitude = parse_degrees(value, 180);
  }
  void set_edge_property(const std::string&, boost::any, const std::string&,
                         const std::string&) override {}

  std::string network;
  std::vector<Node> nodes;
  std::vector<std::pair<std::size_t, std::size_t>> edges;

 private:
  bool directed_;
};

Collector collect(const std::string& text, const std::string& file) {
  try {
    try {
      Collector collector(false);
      std::istringstream input(text);
      boost::read_graphml(input, collector, 0);
      return collector;
    } catch (const boost::undirected_graph_error&) {
      throw;
    } catch (const boost::directed_graph_error&) {
      // A cable carries both ways whatever the file calls it.
      Collector collector(true);
      std::istringstream input(text);
      boost::read_graphml(input, collector, 0);
      return collector;
    }
  } catch (const std::exception& error) {
    throw base::InputError(file, "",
                           std::string("is no GraphML that can be read: ") + error.what());
  }
}

// Longitudes are averaged relative to the first one, so that neighbours on both sides of the date
// line do not meet in Africa.
void place_between_neighbours(Node& node, const std::vector<const Node*>& neighbours) {
  double latitude = 0, turn = 0;
  const double first = *neighbours.front()->longitude;
  for (const Node* neighbour : neighbours) {
    latitude += *neighbour->latitude;
    double difference = *neighbour->longitude - first;
    if (difference > 180) difference -= 360;
    if (difference < -180) difference += 360;
    turn += difference;
  }
  const auto count = static_cast<double>(neighbours.size());
  double longitude = first + turn / count;
  if (longitude > 180) longitude -= 360;
  if (longitude < -180) longitude += 360;
  node.latitude = latitude / count;
  node.longitude = longitude;
}

void place_nodes(Collector& graph, const std::string& file) {
  for (bool progress = true; progress;) {
    progress = false;
    std::map<std::size_t, std::vector<const Node*>> placed_neighbours;
    for (const auto& [a, b] : graph.edges) {
      if (a == b) continue;
      if (!graph.nodes[a].has_place() && graph.nodes[b].has_place()) {
        placed_neighbours[a].push_back(&graph.nodes[b]);
      }
      if (!graph.nodes[b].has_place() && graph.nodes[a].has_place()) {
        placed_neighbours[b].push_back(&graph.nodes[a]);
      }
    }
    std::vector<std::pair<std::size_t, Node>> placed;
    for (const auto& [node, neighbours] : placed_neighbours) {
      placed.emplace_back(node, graph.nodes[node]);
      place_between_neighbours(placed.back().second, neighbours);
    }
    for (auto& [index, node] : placed) graph.nodes[index] = std::move(node);
    progress = !placed.empty();
  }
  for (std::size_t index = 0; index < graph.nodes.size(); ++index) {
    if (graph.nodes[index].has_place()) continue;
    throw base::InputError(
        file, "",
        "node \"" + graph.nodes[index].label + "\" (number " + std::to_string(index + 1) +
            ") has no Latitude and Longitude, and no node it is connected to has");
  }
}

void name_nodes(std::vector<Node>& nodes) {
  std::map<std::string, int> seen;
  for (const Node& node : nodes) seen.emplace(node.label, 0);
  for (Node& node : nodes) {
    const std::string label = node.label.empty() ? "node" : node.label;
    if (++seen[label] == 1) {
      node.label = label;
      continue;
    }
    do {
      node.label = label + " #" + std::to_string(seen[label]++);
    } while (!seen.emplace(node.label, 1).second);
    --seen[label];
  }
}

}  // namespace

Topology read_graphml(std::istream& input, const std::string& file, const GraphmlOptions& options) {
  std::ostringstream text;
  text << input.rdbuf();
  Collector graph = collect(text.str(), file);
  if (graph.nodes.empty()) throw base::InputError(file, "", "has no nodes");
  name_nodes(graph.nodes);
  place_nodes(graph, file);

  Topology topology;
  topology.name = graph.network.empty() ? file : graph.network;
  topology.sources = {"GraphML file " + std::filesystem::path(file).filename().string()};
  topology.backbone_intercept = options.intercept;
  topology.nearby_intercept = options.intercept;
  topology.backbone_per_kilometre = options.per_kilometre;
  // The graph says where there are cables; nothing may pass beside it.
  topology.access.direct_reach_kilometres = 0;
  for (const Node& node : graph.nodes) {
    topology.backbone_nodes.push_back({node.label, *node.latitude, *node.longitude, "", false});
    Site site;
    site.name = node.label;
    site.kind = SiteKind::pop;
    site.city = node.label;
    site.country = node.country;
    site.latitude = *node.latitude;
    site.longitude = *node.longitude;
    site.hubs = {node.label};
    topology.sites.push_back(std::move(site));
  }
  for (const auto& [a, b] : graph.edges) {
    if (a == b) continue;
    const Node &from = graph.nodes[a], &to = graph.nodes[b];
    const double kilometres =
        great_circle_kilometres(*from.latitude, *from.longitude, *to.latitude, *to.longitude);
    topology.backbone_cables.push_back({from.label, to.label, kilometres * options.detour, ""});
  }
  return topology;
}

Topology load_graphml(const std::filesystem::path& path, const GraphmlOptions& options) {
  std::istringstream input(base::read_file(path));
  return read_graphml(input, path.string(), options);
}

}  // namespace wanlab::network
