// Private to the topology files of this folder: builds a Topology from a file and what it includes.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/document_json.hpp"
#include "sim/network/topology.hpp"

namespace wanlab::network {

// Where something was given, for messages about a second one.
struct FilePlace {
  std::string file, pointer;
  explicit FilePlace(const base::Value& value) : file(value.file()), pointer(value.pointer()) {}
  FilePlace(std::string the_file, std::string the_pointer)
      : file(std::move(the_file)), pointer(std::move(the_pointer)) {}
  std::string text() const { return pointer.empty() ? file : file + " at " + pointer; }
};

// A measured path whose jitter and loss may still have to come from the defaults of an including
// file.
struct PendingPath {
  MeasuredPath path;
  bool has_jitter = false, has_loss = false;
};

// One loader reads one main file; finish() hands out the result.
class TopologyLoader {
 public:
  void read_main_file(const std::filesystem::path& path) { read_file(path, nullptr); }
  void read(const base::Value& value, const std::filesystem::path& folder);
  Topology finish(const FilePlace& whole);

 private:
  using Selection = std::set<std::string>;
  struct Included {
    bool has_sites, is_part;
  };

  void read_file(const std::filesystem::path& path, const base::Value* included_by);
  void read_includes(const base::Object& top, const std::filesystem::path& folder);
  void read_include(const base::Value& include, const std::filesystem::path& folder);
  void read_defaults(const base::Object& defaults);
  void read_backbone(const base::Object& backbone);
  void read_sites(const base::Object& top, std::string_view key, SiteKind kind);
  void read_matrix(const base::Object& matrix);
  void read_path(const base::Object& object);
  void merge(const Topology& part, const FilePlace& place);

  void add_site(Site site, const FilePlace& place);
  void add_path(PendingPath pending, const base::Value& where);
  std::string known_site(const base::Value& name) const;
  std::vector<std::string> site_names() const;

  Topology topology_;
  std::vector<PendingPath> paths_;
  std::map<std::string, std::size_t, std::less<>> site_index_;
  std::vector<FilePlace> site_places_;
  std::map<std::string, FilePlace, std::less<>> node_places_;
  std::map<std::pair<std::string, std::string>, FilePlace> path_places_;

  std::vector<std::filesystem::path> open_files_;    // from the main file to the one being read
  std::map<std::filesystem::path, Included> files_;  // finished
  std::size_t sites_seen_ = 0;
  const Selection* selection_ = nullptr;
  Selection left_out_;
};

bool is_located(const Site& site);
// [latitude, longitude]
std::pair<double, double> read_coordinates(const base::Value& value);
Duration milliseconds_as_duration(double milliseconds);

inline constexpr base::Range<Duration> up_to_ten_seconds{Duration::zero(),
                                                         std::chrono::seconds(10)};

}  // namespace wanlab::network
