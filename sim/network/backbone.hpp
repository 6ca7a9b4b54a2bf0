// The cables between cities as a Boost graph, and the shortest ways over it while some of them are
// cut. Knows kilometres only; Wan turns them into time.
#pragma once

#include "sim/network/geography.hpp"
#include "sim/network/topology.hpp"

#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/filtered_graph.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wanlab::network {

class Backbone {
 public:
  using NodeIndex = std::uint32_t;

  // Where a site enters the backbone and how much cable lies before that.
  struct Access {
    NodeIndex node = 0;
    Millimetres length = 0;
  };
  using AccessList = std::vector<Access>;

  struct Route {
    bool reachable = false;
    // It leads over a cable that is cut and that routing has not given up yet: packets are lost
    // there.
    bool interrupted = false;
    Millimetres length = 0;
  };

  // As the cables were built, or as routing knows them now.
  enum class View : std::uint8_t { intact, current };

  // Throws base::InputError when a cable names an unknown node.
  explicit Backbone(const Topology& topology);

  bool empty() const { return boost::num_vertices(graph_) == 0; }
  // By the site's own `hubs`, else by the topology's AccessRules.
  AccessList access(const Site& site) const;
  Route route(const AccessList& source, const AccessList& target, View view) const;
  // Names of the nodes on that route, for people.
  std::vector<std::string> stations(const AccessList& source, const AccessList& target) const;

  // A name is a corridor ("red_sea") or the two ends of a cable ("NYC-BUD"). Each returns the
  // number of cables it meant: 0 for an unknown name. Cuts that overlap are counted, so repairing
  // one leaves the other.
  std::size_t cut(std::string_view name);
  std::size_t repair(std::string_view name);
  // Routing learns of all cuts made so far. (Repairs it learns at once.)
  void reroute();
  bool has_cuts() const { return cut_cables_ > 0; }
  // Every name cut() knows, in file order, corridors first.
  std::vector<std::string> names() const;

 private:
  struct Node {
    std::string name;
    double latitude = 0, longitude = 0;
    bool waypoint = false;
  };
  struct Cable {
    std::string corridor;
    Millimetres length = 0;
    std::uint32_t cuts = 0;
    bool given_up = false;
  };
  using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS, Node, Cable>;
  using Edge = boost::graph_traits<Graph>::edge_descriptor;

  // Shortest ways from one node to all others.
  struct Tree {
    std::vector<Millimetres> distance;
    std::vector<std::optional<Edge>> last_edge;
  };
  struct Choice {
    Access source, target;
    Millimetres length = 0;
  };

  const Tree& tree(NodeIndex from, View view) const;
  std::optional<Choice> shortest(const AccessList& source, const AccessList& target,
                                 View view) const;
  template <typename Visit>
  void walk_back(const Choice& choice, View view, Visit visit) const;
  template <typename Change>
  std::size_t change(std::string_view name, Change change);

  Graph graph_;
  AccessRules rules_;
  std::size_t cut_cables_ = 0;
  // Computed when first asked for. Not for several threads at once.
  mutable std::vector<Tree> intact_trees_, current_trees_;
};

}  // namespace wanlab::network
