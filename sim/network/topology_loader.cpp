// Reads topology files with their includes and sites. Everything a file can get wrong is refused
// while loading, so Wan may trust a Topology.
#include "sim/network/topology_loader.hpp"

#include <algorithm>
#include <tuple>

#include "sim/base/nearest_name.hpp"
#include "sim/network/graphml.hpp"

namespace wanlab::network {

using base::Object;
using base::Value;

namespace {

std::filesystem::path identity(const std::filesystem::path& path) {
  std::error_code error;
  auto canonical = std::filesystem::weakly_canonical(path, error);
  return error ? path.lexically_normal() : canonical;
}

}  // namespace

bool is_located(const Site& site) {
  return site.latitude != 0 || site.longitude != 0;
}

std::pair<double, double> read_coordinates(const Value& value) {
  const std::vector<Value> numbers = value.elements();
  if (numbers.size() != 2) {
    value.refuse_expected("[latitude, longitude] in degrees, such as [50.11, 8.68]");
  }
  return {numbers[0].number({-90, 90}), numbers[1].number({-180, 180})};
}

void TopologyLoader::read_file(const std::filesystem::path& path, const Value* included_by) {
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
    merge(load_graphml(path), FilePlace(path.string(), ""));
  } else {
    const base::Document document = base::read_document(path);
    read(document.root(), path.parent_path());
  }
  open_files_.pop_back();
  files_.emplace(id, Included{sites_seen_ != sites_before, selection_ != nullptr});
}

void TopologyLoader::read(const Value& value, const std::filesystem::path& folder) {
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

void TopologyLoader::read_includes(const Object& top, const std::filesystem::path& folder) {
  const Selection* const outer = selection_;
  for (const Value& include : top.elements("include")) {
    read_include(include, folder);
    selection_ = outer;
  }
}

void TopologyLoader::read_include(const Value& include, const std::filesystem::path& folder) {
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

void TopologyLoader::read_defaults(const Object& defaults) {
  topology_.within_zone =
      defaults.duration("within_zone", topology_.within_zone, up_to_ten_seconds);
  topology_.between_zones =
      defaults.duration("between_zones", topology_.between_zones, up_to_ten_seconds);
  topology_.jitter_share = defaults.ratio("jitter_share", topology_.jitter_share);
  topology_.loss = defaults.ratio("loss", topology_.loss);
  topology_.reroute_delay = defaults.duration("reroute_delay", topology_.reroute_delay);
}

void TopologyLoader::read_sites(const Object& top, std::string_view key, SiteKind kind) {
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
    if (at) std::tie(site.latitude, site.longitude) = read_coordinates(*at);
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
    add_site(std::move(site), FilePlace(object.at("name")));
  }
}

void TopologyLoader::add_site(Site site, const FilePlace& place) {
  ++sites_seen_;
  const auto known = site_index_.find(site.name);
  if (known != site_index_.end()) {
    throw base::InputError(place.file, place.pointer,
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

std::vector<std::string> TopologyLoader::site_names() const {
  std::vector<std::string> names;
  for (const Site& site : topology_.sites) names.push_back(site.name);
  return names;
}

std::string TopologyLoader::known_site(const Value& name) const {
  std::string text = name.text();
  if (!site_index_.contains(text) && !left_out_.contains(text)) {
    name.refuse("there is no site \"" + text + "\"" + base::did_you_mean(text, site_names()));
  }
  return text;
}

void TopologyLoader::merge(const Topology& part, const FilePlace& place) {
  for (const BackboneNode& node : part.backbone_nodes) {
    const auto [known, is_new] = node_places_.emplace(node.name, place);
    if (!is_new) {
      throw base::InputError(
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

Topology TopologyLoader::finish(const FilePlace& whole) {
  if (topology_.sites.empty()) {
    throw base::InputError(
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
      throw base::InputError(site_places_[a].file, site_places_[a].pointer, message);
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

}  // namespace wanlab::network
