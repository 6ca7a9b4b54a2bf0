// Reads topology files. Everything a file can get wrong is refused here, so Wan may trust a
// Topology.
#include "sim/network/topology_json.hpp"

#include "sim/base/nearest_name.hpp"
#include "sim/base/units.hpp"
#include "sim/network/geography.hpp"
#include "sim/network/graphml.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace wanlab::network {
namespace {

using base::Object;
using base::Value;

constexpr base::Range<Duration> up_to_ten_seconds{Duration::zero(), std::chrono::seconds(10)};
// Light in fibre needs 10 us of round trip per kilometre; measurements may be 5 % below for the
// coordinates of a region being those of its metro.
constexpr double floor_ms_per_kilometre = 0.01 * 0.95;

struct Place {
  std::string file, pointer;
  explicit Place(const Value& value) : file(value.file()), pointer(value.pointer()) {}
  Place(std::string the_file, std::string the_pointer)
      : file(std::move(the_file)), pointer(std::move(the_pointer)) {}
  std::string text() const { return pointer.empty() ? file : file + " at " + pointer; }
};

// A measured path whose jitter and loss may still have to come from the defaults of an including
// file.
struct PendingPath {
  MeasuredPath path;
  bool has_jitter = false, has_loss = false;
};

class Loader {
 public:
  void read_main_file(const std::filesystem::path& path) { read_file(path, nullptr); }
  void read(const Value& value, const std::filesystem::path& folder);
  Topology finish(const Place& whole);

 private:
  using Selection = std::set<std::string>;
  struct Included {
    bool has_sites, is_part;
  };

  void read_file(const std::filesystem::path& path, const Value* included_by);
  void read_includes(const Object& top, const std::filesystem::path& folder);
  void read_include(const Value& include, const std::filesystem::path& folder);
  void read_defaults(const Object& defaults);
  void read_backbone(const Object& backbone);
  void read_sites(const Object& top, std::string_view key, SiteKind kind);
  void read_matrix(const Object& matrix);
  void read_path(const Object& object);
  void merge(const Topology& part, const Place& place);

  void add_site(Site site, const Place& place);
  void add_path(PendingPath pending, const Value& where);
  std::string known_site(const Value& name) const;
  std::vector<std::string> site_names() const;

  Topology topology_;
  std::vector<PendingPath> paths_;
  std::map<std::string, std::size_t, std::less<>> site_index_;
  std::vector<Place> site_places_;
  std::map<std::string, Place, std::less<>> node_places_;
  std::map<std::pair<std::string, std::string>, Place> path_places_;

  std::vector<std::filesystem::path> open_files_;    // from the main file to the one being read
  std::map<std::filesystem::path, Included> files_;  // finished
  std::size_t sites_seen_ = 0;
  const Selection* selection_ = nullptr;
  Selection left_out_;
};

std::filesystem::path identity(const std::filesystem::path& path) {
  std::error_code error;
  auto canonical = std::filesystem::weakly_canonical(path, error);
  return error ? path.lexically_normal() : canonical;
}

std::pair<double, double> coordinates(const Value& value) {
  const std::vector<Value> numbers = value.elements();
  if (numbers.size() != 2) {
    value.refuse_expected("[latitude, longitude] in degrees, such as [50.11, 8.68]");
  }
  return {numbers[0].number({-90, 90}), numbers[1].number({-180, 180})};
}

bool is_located(const Site& site) {
  return site.latitude != 0 || site.longitude != 0;
}

Duration milliseconds_as_duration(double milliseconds) {
  return Duration(static_cast<std::int64_t>(milliseconds * 1e6 + 0.5));
}

void Loader::read_file(const std::filesystem::path& path, const Value* included_by) {
  const std::filesystem::path id = identity(path);
  const bool is_open = std::find(open_files_.begin(), open_files_.end(), id) != open_files_.end();
  if (is_open && included_by != nullptr) {
    std::string chain;
    for (const auto& file : open_files_) chain += file.filename().string() + " includes ";
    included_by->refuse("cyclic include: " + chain + id.filename().string());
  }
  const auto done = files_.find(id);
  if (done != files_.end()) {
    // Reading it once is enough, unless the two readings differ.
    const bool differs = done->second.is_part || selection_ != nullptr;
    if (done->second.has_sites && differs && included_by != nullptr) {
      included_by->refuse("\"" + path.filename().string() +
                          "\" is included twice, and \"only\" takes a part of it");
    }
    return;
  }
  std::error_code error;
  if (included_by != nullptr && !std::filesystem::exists(path, error)) {
    included_by->refuse("there is no file " + path.string());
  }
  open_files_.push_back(id);
  const std::size_t sites_before = sites_seen_;
  if (path.extension() == ".graphml") {
    merge(load_graphml(path), Place(path.string(), ""));
  } else {
    const base::Document document = base::read_document(path);
    read(document.root(), path.parent_path());
  }
  open_files_.pop_back();
  files_.emplace(id, Included{sites_seen_ != sites_before, selection_ != nullptr});
}

void Loader::read(const Value& value, const std::filesystem::path& folder) {
  const Object top(value, "topology",
                   {"name", "description", "sources", "include", "defaults", "backbone", "regions",
                    "pops", "metros", "matrix", "paths"});
  const std::string name = top.at("name").text();
  read_includes(top, folder);
  // The outermost file is read last and names the result.
  topology_.name = name;
  topology_.description = top.text("description", "");
  for (const std::string& source : top.texts("sources")) {
    if (std::find(topology_.sources.begin(), topology_.sources.end(), source) ==
        topology_.sources.end()) {
      topology_.sources.push_back(source);
    }
  }
  if (const auto defaults = top.find("defaults")) {
    read_defaults(
        Object(*defaults, "defaults",
               {"within_zone", "between_zones", "jitter_share", "loss", "reroute_delay"}));
  }
  if (const auto backbone = top.find("backbone")) {
    read_backbone(Object(*backbone, "backbone", {"fit", "access", "nodes", "cables"}));
  }
  read_sites(top, "regions", SiteKind::region);
  read_sites(top, "pops", SiteKind::pop);
  read_sites(top, "metros", SiteKind::metro);
  if (const auto matrix = top.find("matrix")) {
    read_matrix(Object(*matrix, "matrix", {"order", "round_trip_ms", "jitter_p90_ms"}));
  }
  for (const Value& path : top.elements("paths")) {
    read_path(
        Object(path, "path", {"from", "to", "round_trip", "jitter_p90", "loss", "bandwidth"}));
  }
}

void Loader::read_includes(const Object& top, const std::filesystem::path& folder) {
  const Selection* const outer = selection_;
  for (const Value& include : top.elements("include")) {
    read_include(include, folder);
    selection_ = outer;
  }
}

void Loader::read_include(const Value& include, const std::filesystem::path& folder) {
  if (folder.empty() && open_files_.empty()) {
    include.refuse("a topology inside another document must not include files");
  }
  if (include.is_text()) return read_file(folder / include.text(), &include);

  const Object object(include, "include", {"file", "only"});
  const Value only = object.at("only");
  const Value file = object.at("file");
  Selection selection;
  for (const Value& name : only.elements()) selection.insert(name.text());
  if (selection_ != nullptr) {
    // A selection inside a selected file can only narrow it.
    std::erase_if(selection, [this](const auto& name) { return !selection_->contains(name); });
  }
  selection_ = &selection;
  read_file(folder / file.text(), &file);
  for (const Value& name : only.elements()) {
    if (site_index_.contains(name.text()) || left_out_.contains(name.text())) continue;
    std::vector<std::string> known(left_out_.begin(), left_out_.end());
    for (const auto& [site, index] : site_index_) known.push_back(site);
    name.refuse("\"" + file.text() + "\" has no site \"" + name.text() + "\"" +
                base::did_you_mean(name.text(), known));
  }
}

void Loader::read_defaults(const Object& defaults) {
  topology_.within_zone =
      defaults.duration("within_zone", topology_.within_zone, up_to_ten_seconds);
  topology_.between_zones =
      defaults.duration("between_zones", topology_.between_zones, up_to_ten_seconds);
  topology_.jitter_share = defaults.ratio("jitter_share", topology_.jitter_share);
  topology_.loss = defaults.ratio("loss", topology_.loss);
  topology_.reroute_delay = defaults.duration("reroute_delay", topology_.reroute_delay);
}

void Loader::read_backbone(const Object& backbone) {
  if (const auto value = backbone.find("fit")) {
    const Object fit(*value, "backbone fit",
                     {"intercept", "per_kilometre", "nearby_intercept", "nearby_kilometres"});
    topology_.backbone_intercept =
        fit.duration("intercept", topology_.backbone_intercept, up_to_ten_seconds);
    topology_.backbone_per_kilometre =
        fit.duration("per_kilometre", topology_.backbone_per_kilometre,
                     {Duration::zero(), std::chrono::milliseconds(1)});
    topology_.nearby_intercept =
        fit.duration("nearby_intercept", topology_.nearby_intercept, up_to_ten_seconds);
    topology_.nearby_kilometres =
        fit.number("nearby_kilometres", topology_.nearby_kilometres, {0, 20'000});
    if (topology_.nearby_intercept > topology_.backbone_intercept) {
      fit.refuse("nearby_intercept must not be above intercept");
    }
  }
  if (const auto value = backbone.find("access")) {
    const Object access(*value, "access rules",
                        {"hubs", "factor", "reach_kilometres", "remote_reach_kilometres",
                         "direct_factor", "direct_reach_kilometres"});
    AccessRules& rules = topology_.access;
    rules.hubs = access.count32("hubs", rules.hubs, {1, 16});
    rules.factor = access.number("factor", rules.factor, {1, 10});
    rules.reach_kilometres = access.number("reach_kilometres", rules.reach_kilometres, {0, 20'100});
    rules.remote_reach_kilometres =
        access.number("remote_reach_kilometres", rules.remote_reach_kilometres, {0, 20'100});
    rules.direct_factor = access.number("direct_factor", rules.direct_factor, {1, 10});
    rules.direct_reach_kilometres =
        access.number("direct_reach_kilometres", rules.direct_reach_kilometres, {0, 20'100});
  }
  for (const Value& value : backbone.elements("nodes")) {
    const Object object(value, "backbone node", {"name", "city", "at", "waypoint"});
    BackboneNode node;
    node.name = object.at("name").text();
    node.city = object.text("city", "");
    std::tie(node.latitude, node.longitude) = coordinates(object.at("at"));
    node.waypoint = object.boolean("waypoint", false);
    const auto [place, is_new] = node_places_.emplace(node.name, Place(value));
    if (!is_new) {
      object.at("name").refuse("duplicate backbone node \"" + node.name + "\", first given in " +
                               place->second.text());
    }
    topology_.backbone_nodes.push_back(std::move(node));
  }
  for (const Value& value : backbone.elements("cables")) {
    const Object object(value, "cable", {"from", "to", "kilometres", "corridor"});
    const auto end = [&](std::string_view key) -> const BackboneNode& {
      const Value name = object.at(key);
      const auto node =
          std::find_if(topology_.backbone_nodes.begin(), topology_.backbone_nodes.end(),
                       [&](const auto& known) { return known.name == name.text(); });
      if (node != topology_.backbone_nodes.end()) return *node;
      std::vector<std::string> known;
      for (const auto& [node_name, place] : node_places_) known.push_back(node_name);
      name.refuse("there is no backbone node \"" + name.text() + "\"" +
                  base::did_you_mean(name.text(), known));
    };
    const BackboneNode &from = end("from"), &to = end("to");
    if (&from == &to) object.at("to").refuse("a cable must join two different nodes");
    const Value length = object.at("kilometres");
    const double kilometres = length.number({0, 50'000});
    const double distance =
        great_circle_kilometres(from.latitude, from.longitude, to.latitude, to.longitude);
    if (kilometres < 0.98 * distance - 1) {
      length.refuse("a cable of this length does not reach: " + from.name + " and " + to.name +
                    " are " + std::to_string(static_cast<int>(distance + 0.5)) + " km apart");
    }
    topology_.backbone_cables.push_back(
        {from.name, to.name, kilometres, object.text("corridor", "")});
  }
}

void Loader::read_sites(const Object& top, std::string_view key, SiteKind kind) {
  constexpr std::string_view kinds[] = {"region", "pop", "metro"};
  for (const Value& value : top.elements(key)) {
    const Object object(value, kinds[static_cast<std::size_t>(kind)],
                        {"name", "provider", "city", "country", "at", "zones", "weight", "hubs"});
    Site site;
    site.name = object.at("name").text();
    site.kind = kind;
    site.provider = object.text("provider", "");
    site.city = object.text("city", "");
    site.country = object.text("country", "");
    const auto at = object.find("at");
    if (at) std::tie(site.latitude, site.longitude) = coordinates(*at);
    site.zones = object.count32("zones", 1, {1, 100});
    site.weight = object.number("weight", 0, {0, 1e12});
    if (const auto hubs = object.find("hubs")) {
      for (const Value& hub : hubs->elements()) {
        if (!node_places_.contains(hub.text())) {
          std::vector<std::string> known;
          for (const auto& [name, place] : node_places_) known.push_back(name);
          hub.refuse("there is no backbone node \"" + hub.text() + "\"" +
                     base::did_you_mean(hub.text(), known));
        }
        site.hubs.push_back(hub.text());
      }
    }
    if (!at && !site.hubs.empty()) {
      const auto hub =
          std::find_if(topology_.backbone_nodes.begin(), topology_.backbone_nodes.end(),
                       [&](const auto& node) { return node.name == site.hubs[0]; });
      site.latitude = hub->latitude;
      site.longitude = hub->longitude;
    }
    add_site(std::move(site), Place(object.at("name")));
  }
}

void Loader::add_site(Site site, const Place& place) {
  ++sites_seen_;
  const auto known = site_index_.find(site.name);
  if (known != site_index_.end()) {
    throw TopologyError(place.file, place.pointer,
                        "duplicate site \"" + site.name + "\", first given in " +
                            site_places_[known->second].text());
  }
  if (selection_ != nullptr && !selection_->contains(site.name)) {
    left_out_.insert(site.name);
    return;
  }
  left_out_.erase(site.name);
  site_index_.emplace(site.name, topology_.sites.size());
  site_places_.push_back(place);
  topology_.sites.push_back(std::move(site));
}

std::vector<std::string> Loader::site_names() const {
  std::vector<std::string> names;
  for (const Site& site : topology_.sites) names.push_back(site.name);
  return names;
}

std::string Loader::known_site(const Value& name) const {
  std::string text = name.text();
  if (!site_index_.contains(text) && !left_out_.contains(text)) {
    name.refuse("there is no site \"" + text + "\"" + base::did_you_mean(text, site_names()));
  }
  return text;
}

// Rows are either the triangle below the diagonal (row i holds i numbers) or the full square.
void Loader::read_matrix(const Object& matrix) {
  std::vector<std::string> order;
  for (const Value& name : matrix.at("order").elements()) {
    order.push_back(known_site(name));
    if (std::count(order.begin(), order.end(), order.back()) > 1) {
      name.refuse("duplicate site \"" + order.back() + "\" in the order of the matrix");
    }
  }
  bool is_square = false;
  const auto rows_of = [&](std::string_view key) {
    std::vector<std::vector<Value>> rows;
    const Value value = matrix.at(key);
    for (const Value& row : value.elements()) rows.push_back(row.elements());
    if (rows.size() != order.size()) {
      value.refuse("expected one row for each of the " + std::to_string(order.size()) +
                   " sites in \"order\", got " + std::to_string(rows.size()));
    }
    const bool square = !rows.empty() && !rows.front().empty();
    if (key == "round_trip_ms") is_square = square;
    for (std::size_t row = 0; row < rows.size(); ++row) {
      const std::size_t wanted = is_square ? order.size() : row;
      if (rows[row].size() == wanted) continue;
      value.elements()[row].refuse("expected " + std::to_string(wanted) + " numbers for \"" +
                                   order[row] + "\" (a " + (is_square ? "square" : "triangle") +
                                   "), got " + std::to_string(rows[row].size()));
    }
    return rows;
  };
  const auto round_trips = rows_of("round_trip_ms");
  std::vector<std::vector<Value>> jitters;
  if (matrix.has("jitter_p90_ms")) jitters = rows_of("jitter_p90_ms");
  for (std::size_t row = 0; row < order.size(); ++row) {
    for (std::size_t column = 0; column < round_trips[row].size(); ++column) {
      if (row == column) continue;  // within a site the defaults hold
      const Value& cell = round_trips[row][column];
      PendingPath pending;
      pending.path.source = order[row];
      pending.path.target = order[column];
      pending.path.round_trip = milliseconds_as_duration(cell.number({0, 10'000}));
      if (!jitters.empty()) {
        pending.has_jitter = true;
        pending.path.jitter_p90 =
            milliseconds_as_duration(jitters[row][column].number({0, 10'000}));
      }
      add_path(std::move(pending), cell);
    }
  }
}

void Loader::read_path(const Object& object) {
  PendingPath pending;
  pending.path.source = known_site(object.at("from"));
  pending.path.target = known_site(object.at("to"));
  if (pending.path.source == pending.path.target) {
    object.at("to").refuse("a path must join two different sites (inside one, the defaults hold)");
  }
  pending.path.round_trip = object.at("round_trip").duration(up_to_ten_seconds);
  pending.has_jitter = object.has("jitter_p90");
  pending.path.jitter_p90 = object.duration("jitter_p90", Duration::zero(), up_to_ten_seconds);
  pending.has_loss = object.has("loss");
  pending.path.loss = object.ratio("loss", 0);
  pending.path.bits_per_second =
      object.bit_rate("bandwidth", 0, {1, std::uint64_t{1'000'000'000'000'000}});
  add_path(std::move(pending), object.value());
}

void Loader::add_path(PendingPath pending, const Value& where) {
  const std::string &source = pending.path.source, &target = pending.path.target;
  if (left_out_.contains(source) || left_out_.contains(target)) return;
  const auto [known, is_new] = path_places_.emplace(std::pair(source, target), Place(where));
  if (!is_new) {
    where.refuse("duplicate path from \"" + source + "\" to \"" + target + "\", first given in " +
                 known->second.text());
  }
  const Site& from = topology_.sites[site_index_.at(source)];
  const Site& to = topology_.sites[site_index_.at(target)];
  if (is_located(from) && is_located(to)) {
    const double distance =
        great_circle_kilometres(from.latitude, from.longitude, to.latitude, to.longitude);
    const Duration floor = milliseconds_as_duration(distance * floor_ms_per_kilometre);
    if (pending.path.round_trip < floor) {
      where.refuse("a round trip of " + base::format_duration(pending.path.round_trip) +
                   " from \"" + source + "\" to \"" + target +
                   "\" is faster than light in fibre, which needs " + base::format_duration(floor) +
                   " for " + std::to_string(static_cast<int>(distance + 0.5)) + " km");
    }
  }
  paths_.push_back(std::move(pending));
}

void Loader::merge(const Topology& part, const Place& place) {
  for (const BackboneNode& node : part.backbone_nodes) {
    const auto [known, is_new] = node_places_.emplace(node.name, place);
    if (!is_new) {
      throw TopologyError(
          place.file, place.pointer,
          "duplicate backbone node \"" + node.name + "\", first given in " + known->second.text());
    }
    topology_.backbone_nodes.push_back(node);
  }
  topology_.backbone_cables.insert(topology_.backbone_cables.end(), part.backbone_cables.begin(),
                                   part.backbone_cables.end());
  for (const Site& site : part.sites) add_site(site, place);
  topology_.name = part.name;
  topology_.description = part.description;
  topology_.access = part.access;
  topology_.backbone_intercept = part.backbone_intercept;
  topology_.backbone_per_kilometre = part.backbone_per_kilometre;
  topology_.nearby_intercept = part.nearby_intercept;
  topology_.nearby_kilometres = part.nearby_kilometres;
}

Topology Loader::finish(const Place& whole) {
  if (topology_.sites.empty()) {
    throw TopologyError(
        whole.file, whole.pointer,
        "a topology needs at least one site in \"regions\", \"pops\" or \"metros\"");
  }
  for (PendingPath& pending : paths_) {
    if (!pending.has_jitter) {
      pending.path.jitter_p90 = Duration(static_cast<std::int64_t>(
          static_cast<double>(pending.path.round_trip.count()) * topology_.jitter_share));
    }
    if (!pending.has_loss) pending.path.loss = topology_.loss;
    topology_.paths.push_back(std::move(pending.path));
  }
  const bool has_backbone = !topology_.backbone_nodes.empty();
  for (std::size_t a = 0; a < topology_.sites.size(); ++a) {
    const Site& site = topology_.sites[a];
    const auto refuse = [&](const std::string& message) {
      throw TopologyError(site_places_[a].file, site_places_[a].pointer, message);
    };
    if (has_backbone) {
      if (!is_located(site)) {
        refuse("\"" + site.name + "\" needs coordinates (\"at\") to find its way to the backbone");
      }
      continue;
    }
    for (std::size_t b = 0; b < a; ++b) {
      const std::string& other = topology_.sites[b].name;
      if (path_places_.contains({site.name, other}) || path_places_.contains({other, site.name})) {
        continue;
      }
      refuse("there is no path between \"" + site.name + "\" and \"" + other +
             "\": give one in \"paths\" or \"matrix\", or add a backbone");
    }
  }
  // Regions first, then POPs, then metros, however the files were split.
  std::stable_sort(topology_.sites.begin(), topology_.sites.end(),
                   [](const Site& a, const Site& b) { return a.kind < b.kind; });
  return std::move(topology_);
}

}  // namespace

Topology load_topology(const std::filesystem::path& path) {
  Loader loader;
  loader.read_main_file(path);
  return loader.finish(Place(path.string(), ""));
}

Topology read_topology(const Value& value, const std::filesystem::path& folder) {
  Loader loader;
  loader.read(value, folder);
  return loader.finish(Place(value));
}

}  // namespace wanlab::network
