// `wanlab route`: which regions may serve a user.
#include "sim/app/lab/lab_commands.hpp"
#include "sim/app/lab/store_options.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>
#include <memory>

namespace wanlab::app {
namespace {

struct RouteOptions {
  StoreOptions stores;
  std::string user;
  std::vector<std::string> regions;
};

void check(const RouteOptions& options) {
  check_user(options.user);
  for (const std::string& region : options.regions) check_region(region);
}

void tell(const RouteOptions& options, const wire::Route& route, bool changed) {
  if (options.stores.json) {
    std::cout << route_json(options.user, route, changed) << '\n';
  } else {
    std::cout << (changed ? "The Route of " : "Unchanged: the Route of ") << options.user
              << " now leads to " << joined(route.clusters) << '\n';
  }
}

int add(const RouteOptions& options) {
  check(options);
  emulation::StoreSession session(places_of(options.stores));
  return administrate([&] {
    control::AddRegions change(options.user, options.regions);
    session.run(change);
    tell(options, change.route(), change.changed());
  });
}

int remove(const RouteOptions& options) {
  check(options);
  emulation::StoreSession session(places_of(options.stores));
  return administrate([&] {
    control::RemoveRegions change(options.user, options.regions);
    session.run(change);
    tell(options, change.route(), true);
  });
}

// What is not as it should be with a user, in words.
std::string remarks(const control::UserRecords& records, const std::vector<std::string>& regions) {
  std::string text;
  const auto remark = [&](const std::string& words) {
    text.append(text.empty() ? "" : "; ").append(words);
  };
  for (const std::string& place : records.unreadable) {
    remark("unreadable in " + control::name_of_store(place));
  }
  if (!records.route) return text;
  for (const std::string& region : records.route->clusters) {
    const bool known = std::find(regions.begin(), regions.end(), region) != regions.end();
    if (known && !records.credentials.contains(region)) remark("no Credential in " + region);
  }
  return text;
}

int list(const RouteOptions& options) {
  emulation::StoreSession session(places_of(options.stores));
  return administrate([&] {
    control::Survey survey(session.regions(), options.user);
    session.run(survey);
    if (options.stores.json) {
      std::cout << users_json(survey.users(), true) << '\n';
      return;
    }
    std::size_t routes = 0;
    for (const auto& [user, records] : survey.users()) {
      if (!records.route && records.unreadable.empty()) continue;
      ++routes;
      std::cout << user;
      if (records.route) {
        std::cout << "  branch " << records.route->branch << "  regions "
                  << joined(records.route->clusters);
        if (records.route->expiration != 0) {
          std::cout << "  expires " << moment(records.route->expiration);
        }
      }
      const std::string trouble = remarks(records, session.regions());
      if (!trouble.empty()) std::cout << "  (" << trouble << ')';
      std::cout << '\n';
    }
    if (routes == 0) std::cerr << "no Routes\n";
  });
}

}  // namespace

void add_route_command(CLI::App& app, LabAction& chosen) {
  CLI::App* command = app.add_subcommand("route", "Show and change which regions serve a user");
  command->require_subcommand(1);
  const auto subcommand = [&](const char* name, const char* what,
                              int (*perform)(const RouteOptions&), bool changes) {
    auto options = std::make_shared<RouteOptions>();
    CLI::App* sub = command->add_subcommand(name, what);
    CLI::Option* user = sub->add_option("USER", options->user, "The user's name");
    if (changes) {
      user->required();
      sub->add_option("REGION", options->regions, "Names of regions")->required();
    }
    add_store_options(*sub, options->stores);
    sub->callback([=, &chosen] { chosen = [=] { return perform(*options); }; });
  };
  subcommand("add",
             "Let more regions serve a user. Each gets the Credential first; sessions stay, and "
             "their next statement may go there",
             add, true);
  subcommand("remove",
             "Let regions no longer serve a user. Sessions stay, and their next statement goes "
             "elsewhere",
             remove, true);
  subcommand("list", "Show the Routes of all users, or of one", list, false);
}

}  // namespace wanlab::app
