// The files of a laboratory: configurations of the daemons, and lab.json for other commands.
#include "real_components/wire/nonce.hpp"
#include "sim/emulation/child_process.hpp"
#include "sim/emulation/lab_layout.hpp"

#include <nlohmann/json.hpp>

#include <unistd.h>
#include <fstream>

namespace wanlab::emulation {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

void write(const fs::path& file, const std::string& text, bool secret = false) {
  fs::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::trunc);
  if (secret) fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
  out << text << '\n';
  out.close();
  if (!out) throw ProcessError("cannot write " + file.string());
}

std::string hex(ByteView bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes) {
    text += digits[std::to_integer<unsigned>(byte) >> 4];
    text += digits[std::to_integer<unsigned>(byte) & 15];
  }
  return text;
}

std::string loopback(std::uint16_t port) {
  return "127.0.0.1:" + std::to_string(port);
}

Json identity_of(const LabLayout& layout, const std::string& name) {
  return {{"certificate", (layout.certificates() / (name + ".pem")).string()},
          {"key", (layout.certificates() / (name + ".key")).string()},
          {"authority", layout.authority().string()}};
}

void write_edge(const LabLayout& layout, const EdgePlace& edge) {
  const fs::path key = layout.folder / "config" / (edge.name + ".nonce_key");
  write(key, hex(wire::edge_nonce_key(layout.fleet_key, edge.name)), true);
  Json hosts = Json::object();
  for (const PathPlace& path : layout.paths) {
    if (path.edge == edge.name) hosts[path.origin] = loopback(path.port);
  }
  Json config{{"name", edge.name},
              {"threads", 1},
              {"listen", {{"address", "127.0.0.1"}, {"port", edge.port}}},
              {"hosts", hosts},
              {"tls",
               {{"clients",
                 {{"certificate", (layout.certificates() / "localhost.pem").string()},
                  {"key", (layout.certificates() / "localhost.key").string()}}},
                {"identity", identity_of(layout, edge.name)}}},
              {"store", {{"kind", "etcd"}, {"members", {layout.store}}}},
              {"nonce_key_file", key.string()},
              {"require_tls", edge.require_tls},
              {"allow_native", true},
              // What stands behind it; some drivers ask the version what the server can do.
              {"server_version", "5.5.5-10.11.0-MariaDB-wanlab"},
              {"drain_period", "5s"},
              {"admin", {{"address", "127.0.0.1"}, {"port", edge.admin_port}}}};
  if (edge.backhaul_connections != 0) {
    config["backhaul"]["connections"] = edge.backhaul_connections;
  }
  write(layout.config_of(edge.name), config.dump(2));
}

void write_origin(const LabLayout& layout, const OriginPlace& origin) {
  Json databases = Json::array();
  std::map<std::string, Json> by_branch;
  for (const DatabasePlace& database : layout.databases) {
    if (database.region != origin.region) continue;
    Json& entry = by_branch[database.branch];
    entry["branch"] = database.branch;
    if (database.primary) {
      entry["primary"] = loopback(database.port);
    } else {
      entry["replicas"].push_back(loopback(database.port));
    }
    entry["user"] = layout.backend_user;
    entry["password_file"] = (layout.folder / "config" / "backend_password").string();
  }
  for (auto& [branch, entry] : by_branch) databases.push_back(std::move(entry));
  const Json config{
      {"name", origin.name},
      {"region", origin.region},
      {"threads", 1},
      {"listen", {{"address", "127.0.0.1"}, {"port", origin.port}}},
      {"tls", {{"identity", identity_of(layout, origin.name)}}},
      {"store", {{"kind", "etcd"}, {"members", {layout.region_stores.at(origin.region)}}}},
      {"fleet_nonce_key_file", (layout.folder / "config" / "fleet_key").string()},
      {"databases", databases},
      {"drain_period", "5s"},
      {"admin", {{"address", "127.0.0.1"}, {"port", origin.admin_port}}}};
  write(layout.config_of(origin.name), config.dump(2));
}

}  // namespace

void write_configs(const LabLayout& layout) {
  write(layout.folder / "config" / "fleet_key", hex(layout.fleet_key), true);
  write(layout.folder / "config" / "backend_password", layout.backend_password, true);
  for (const EdgePlace& edge : layout.edges) write_edge(layout, edge);
  for (const OriginPlace& origin : layout.origins) write_origin(layout, origin);
}

void write_state(const LabLayout& layout, const fs::path& scenario) {
  Json edges = Json::array(), origins = Json::array(), databases = Json::array();
  for (const EdgePlace& edge : layout.edges) {
    edges.push_back({{"name", edge.name},
                     {"pop", edge.pop},
                     {"port", edge.port},
                     {"admin_port", edge.admin_port}});
  }
  for (const OriginPlace& origin : layout.origins) {
    origins.push_back(
        {{"name", origin.name}, {"region", origin.region}, {"admin_port", origin.admin_port}});
  }
  for (const DatabasePlace& database : layout.databases) {
    databases.push_back({{"name", database.name},
                         {"region", database.region},
                         {"primary", database.primary},
                         {"port", database.port}});
  }
  const Json state{{"pid", ::getpid()},
                   {"scenario", scenario.string()},
                   {"control", layout.control_socket().string()},
                   {"store", {layout.store}},
                   {"region_stores", layout.region_stores},
                   {"ca", layout.authority().string()},
                   {"edges", edges},
                   {"origins", origins},
                   {"databases", databases}};
  write(layout.state(), state.dump(2), true);
}

}  // namespace wanlab::emulation
