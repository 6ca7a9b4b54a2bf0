// Lengths are integers, so sums and ties do not depend on the order of additions; equal ways are
// decided by the order of cables in the file.
#include "sim/network/backbone.hpp"

#include "sim/base/document_json.hpp"

#include <boost/graph/dijkstra_shortest_paths.hpp>

#include <algorithm>
#include <functional>
#include <limits>
#include <map>

namespace wanlab::network {
namespace {

constexpr Millimetres unreachable = std::numeric_limits<Millimetres>::max();

// Parallel cables exist, so a tree remembers edges and not predecessors.
template <typename Edge>
struct RememberEdge : boost::default_dijkstra_visitor {
  explicit RememberEdge(std::vector<std::optional<Edge>>& the_edges) : edges(&the_edges) {}
  template <typename Graph>
  void edge_relaxed(Edge edge, const Graph& graph) {
    (*edges)[boost::target(edge, graph)] = edge;
  }
  std::vector<std::optional<Edge>>* edges;
};

}  // namespace

Backbone::Backbone(const Topology& topology) : rules_(topology.access) {
  std::map<std::string_view, NodeIndex> index;
  for (const BackboneNode& node : topology.backbone_nodes) {
    const auto vertex =
        boost::add_vertex(Node{node.name, node.latitude, node.longitude, node.waypoint}, graph_);
    index.emplace(node.name, static_cast<NodeIndex>(vertex));
  }
  const auto find = [&](const std::string& name) {
    const auto found = index.find(name);
    if (found == index.end()) {
      throw base::InputError("topology " + topology.name, "",
                             "a cable ends at \"" + name + "\", which is no node of the backbone");
    }
    return found->second;
  };
  for (const BackboneCable& cable : topology.backbone_cables) {
    boost::add_edge(find(cable.source), find(cable.target),
                    Cable{cable.corridor, to_millimetres(cable.kilometres), 0, false}, graph_);
  }
  intact_trees_.resize(boost::num_vertices(graph_));
  current_trees_.resize(boost::num_vertices(graph_));
}

Backbone::AccessList Backbone::access(const Site& site) const {
  AccessList result;
  const auto count = static_cast<NodeIndex>(boost::num_vertices(graph_));
  if (!site.hubs.empty()) {
    for (NodeIndex node = 0; node < count; ++node) {
      if (std::find(site.hubs.begin(), site.hubs.end(), graph_[node].name) != site.hubs.end()) {
        result.push_back({node, 0});
      }
    }
    return result;
  }
  struct Candidate {
    Millimetres distance;
    NodeIndex node;
    bool operator<(const Candidate& other) const {
      return distance != other.distance ? distance < other.distance : node < other.node;
    }
  };
  std::vector<Candidate> hubs, all;
  for (NodeIndex node = 0; node < count; ++node) {
    const Candidate candidate{
        to_millimetres(great_circle_kilometres(site.latitude, site.longitude, graph_[node].latitude,
                                               graph_[node].longitude)),
        node};
    all.push_back(candidate);
    if (!graph_[node].waypoint) hubs.push_back(candidate);
  }
  std::sort(hubs.begin(), hubs.end());
  std::sort(all.begin(), all.end());
  Millimetres reach = to_millimetres(rules_.reach_kilometres);
  const std::vector<Candidate>* candidates = &hubs;
  if (hubs.empty() || hubs.front().distance > reach) {
    reach = to_millimetres(rules_.remote_reach_kilometres);
    candidates = &all;
  }
  for (const Candidate& candidate : *candidates) {
    if (!result.empty() && (candidate.distance > reach || result.size() >= rules_.hubs)) break;
    const double kilometres = static_cast<double>(candidate.distance) / millimetres_per_kilometre;
    result.push_back({candidate.node, to_millimetres(kilometres * rules_.factor)});
  }
  return result;
}

const Backbone::Tree& Backbone::tree(NodeIndex from, View view) const {
  Tree& tree = (view == View::intact ? intact_trees_ : current_trees_)[from];
  if (!tree.distance.empty()) return tree;
  const auto count = boost::num_vertices(graph_);
  tree.distance.assign(count, unreachable);
  tree.last_edge.assign(count, std::nullopt);

  const auto usable = [this, view](Edge edge) {
    return view == View::intact || !graph_[edge].given_up;
  };
  const boost::filtered_graph<Graph, std::function<bool(Edge)>> cables(graph_, usable);
  boost::dijkstra_shortest_paths(cables, from,
                                 boost::weight_map(boost::get(&Cable::length, graph_))
                                     .distance_map(tree.distance.data())
                                     .distance_inf(unreachable)
                                     .visitor(RememberEdge<Edge>(tree.last_edge)));
  return tree;
}

std::optional<Backbone::Choice> Backbone::shortest(const AccessList& source,
                                                   const AccessList& target, View view) const {
  std::optional<Choice> best;
  for (const Access& from : source) {
    const Tree& ways = tree(from.node, view);
    for (const Access& to : target) {
      if (ways.distance[to.node] == unreachable) continue;
      const Millimetres length = from.length + ways.distance[to.node] + to.length;
      if (!best || length < best->length) best = Choice{from, to, length};
    }
  }
  return best;
}

template <typename Visit>
void Backbone::walk_back(const Choice& choice, View view, Visit visit) const {
  const Tree& ways = tree(choice.source.node, view);
  for (NodeIndex at = choice.target.node; at != choice.source.node;) {
    const Edge edge = *ways.last_edge[at];
    const auto from = boost::source(edge, graph_);
    at = static_cast<NodeIndex>(from == at ? boost::target(edge, graph_) : from);
    visit(graph_[edge], graph_[at]);
  }
}

Backbone::Route Backbone::route(const AccessList& source, const AccessList& target,
                                View view) const {
  const auto choice = shortest(source, target, view);
  if (!choice) return {};
  Route result{true, false, choice->length};
  if (view == View::current && cut_cables_ > 0) {
    walk_back(*choice, view,
              [&](const Cable& cable, const Node&) { result.interrupted |= cable.cuts > 0; });
  }
  return result;
}

std::vector<std::string> Backbone::stations(const AccessList& source,
                                            const AccessList& target) const {
  std::vector<std::string> result;
  const auto choice = shortest(source, target, View::current);
  if (!choice) return result;
  result.push_back(graph_[choice->target.node].name);
  walk_back(*choice, View::current,
            [&](const Cable&, const Node& node) { result.push_back(node.name); });
  std::reverse(result.begin(), result.end());
  return result;
}

template <typename Change>
std::size_t Backbone::change(std::string_view name, Change change) {
  std::size_t meant = 0;
  for (const Edge edge : boost::make_iterator_range(boost::edges(graph_))) {
    Cable& cable = graph_[edge];
    const std::string& from = graph_[boost::source(edge, graph_)].name;
    const std::string& to = graph_[boost::target(edge, graph_)].name;
    const bool is_corridor = !cable.corridor.empty() && cable.corridor == name;
    if (!is_corridor && name != from + "-" + to && name != to + "-" + from) continue;
    ++meant;
    change(cable);
  }
  return meant;
}

std::size_t Backbone::cut(std::string_view name) {
  return change(name, [this](Cable& cable) {
    if (cable.cuts++ == 0) ++cut_cables_;
  });
}

std::size_t Backbone::repair(std::string_view name) {
  const std::size_t meant = change(name, [this](Cable& cable) {
    if (cable.cuts == 0 || --cable.cuts > 0) return;
    cable.given_up = false;
    --cut_cables_;
  });
  std::fill(current_trees_.begin(), current_trees_.end(), Tree{});
  return meant;
}

void Backbone::reroute() {
  for (const Edge edge : boost::make_iterator_range(boost::edges(graph_))) {
    graph_[edge].given_up = graph_[edge].cuts > 0;
  }
  std::fill(current_trees_.begin(), current_trees_.end(), Tree{});
}

std::vector<std::string> Backbone::names() const {
  std::vector<std::string> corridors, cables;
  for (const Edge edge : boost::make_iterator_range(boost::edges(graph_))) {
    const std::string& corridor = graph_[edge].corridor;
    if (!corridor.empty() &&
        std::find(corridors.begin(), corridors.end(), corridor) == corridors.end()) {
      corridors.push_back(corridor);
    }
    cables.push_back(graph_[boost::source(edge, graph_)].name + "-" +
                     graph_[boost::target(edge, graph_)].name);
  }
  corridors.insert(corridors.end(), cables.begin(), cables.end());
  return corridors;
}

}  // namespace wanlab::network
