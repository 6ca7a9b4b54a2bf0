// What a laboratory tells people: how to connect, and what goes on.
#include "sim/emulation/http_get.hpp"
#include "sim/emulation/lab.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>

namespace wanlab::emulation {
namespace {

using Json = nlohmann::json;

std::optional<Json> ask(std::uint16_t port, const std::string& path) {
  const auto reply = http_get(port, path, std::chrono::milliseconds(300));
  if (!reply || reply->status != 200) return std::nullopt;
  Json json = Json::parse(reply->body, nullptr, false);
  if (json.is_discarded()) return std::nullopt;
  return json;
}

}  // namespace

std::string Lab::instructions() const {
  std::string text = "Edges (TLS is required; their certificate is signed by " +
                     layout_.authority().string() + "):\n";
  for (const EdgePlace& edge : layout_.edges) {
    text += "  " + edge.name + "  127.0.0.1:" + std::to_string(edge.port) +
            "  admin http://127.0.0.1:" + std::to_string(edge.admin_port) + "/routes\n";
  }
  for (const UserPlace& user : layout_.users) {
    text += "User " + user.user + ", password " + user.password + ", database " + user.branch +
            ", regions";
    for (const std::string& region : user.regions) text += " " + region;
    text += "\n";
  }
  if (layout_.users.empty()) return text;
  const UserPlace& user = layout_.users.front();
  const std::string port = std::to_string(layout_.edges.front().port);
  text += "\n  mariadb -h 127.0.0.1 -P " + port + " -u " + user.user + " -p" + user.password +
          " --ssl --ssl-ca=" + layout_.authority().string() + " " + user.branch + "\n";
  text += "  mysql://" + user.user + ":" + user.password + "@127.0.0.1:" + port + "/" +
          user.branch + "\n\n";
  text += "From another terminal:\n";
  text += "  ./wanlab fault slow from=" + layout_.edges.front().name +
          " to=" + layout_.origins.front().region + " add_delay=50ms     ./wanlab fault heal all\n";
  text += "  ./wanlab fault partition from=" + layout_.edges.front().name +
          " to=" + layout_.origins.front().region + " [--reset]\n";
  text += "  ./wanlab route list     ./wanlab credential list\n";
  return text;
}

std::string Lab::status() const {
  std::size_t sessions = 0;
  std::string heads;
  for (const EdgePlace& edge : layout_.edges) {
    if (const auto listed = ask(edge.admin_port, "/sessions")) {
      sessions += listed->is_array() ? listed->size() : 0;
    }
    const auto routes = ask(edge.admin_port, "/routes");
    heads += "  " + edge.pop + ":";
    if (!routes) {
      heads += " no answer";
      continue;
    }
    for (const Json& route : *routes) {
      const Json& clusters = route["clusters"];
      heads += " " + route.value("user", "?") + "=";
      if (clusters.empty()) {
        heads += "none";
        continue;
      }
      char cost[32];
      std::snprintf(cost, sizeof cost, "(%.1f ms)", clusters[0].value("cost_us", -1.0) / 1000);
      heads += clusters[0].value("region", "?") + cost;
    }
  }
  return std::to_string(sessions) + " sessions" + heads +
         (faults_.empty() ? "" : "  " + std::to_string(faults_.size()) + " faults");
}

}  // namespace wanlab::emulation
