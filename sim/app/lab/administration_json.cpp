// Routes and Credentials for machines. What verifies a login is never among it.
#include "sim/app/lab/store_options.hpp"

#include <nlohmann/json.hpp>

namespace wanlab::app {
namespace {

using Json = nlohmann::ordered_json;

// Names come from stores and need not be UTF-8.
std::string text_of(const Json& document) {
  return document.dump(2, ' ', false, Json::error_handler_t::replace);
}

Json expiration_of(std::uint64_t seconds) {
  return seconds == 0 ? Json(nullptr) : Json(seconds);
}

}  // namespace

std::string users_json(const std::map<std::string, control::UserRecords>& users, bool routes) {
  Json list = Json::array();
  for (const auto& [user, records] : users) {
    Json entry{{"user", user}, {"sound", records.sound()}};
    if (routes) {
      if (!records.route) continue;
      entry["branch"] = records.route->branch;
      entry["regions"] = records.route->clusters;
      entry["expiration"] = expiration_of(records.route->expiration);
      entry["revision"] = records.route_revision;
    } else {
      if (records.credentials.empty()) continue;
      const wire::Credential& first = records.credentials.begin()->second;
      entry["branch"] = first.branch;
      entry["id"] = first.id;
      entry["role"] = first.role;
      entry["allow_native"] = first.allow_native;
      entry["expiration"] = expiration_of(first.expiration);
      Json regions = Json::array();
      for (const auto& [region, record] : records.credentials) regions.push_back(region);
      entry["regions"] = std::move(regions);
    }
    if (!records.unreadable.empty()) entry["unreadable"] = records.unreadable;
    list.push_back(std::move(entry));
  }
  return text_of(list);
}

std::string route_json(const std::string& user, const wire::Route& route, bool changed) {
  return text_of({{"user", user},
                  {"branch", route.branch},
                  {"regions", route.clusters},
                  {"changed", changed}});
}

std::string credential_json(const std::string& user, const std::string& password,
                            const std::vector<std::string>& regions) {
  Json document{{"user", user}, {"regions", regions}};
  if (!password.empty()) document["password"] = password;
  return text_of(document);
}

}  // namespace wanlab::app
