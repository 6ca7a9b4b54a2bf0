// The options that all commands share which read or change the stores of a fleet, and how they end.
#pragma once

#include "sim/emulation/store_session.hpp"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace wanlab::app {

struct StoreOptions {
  std::vector<std::string> stores;         // URLs of the global store's members
  std::vector<std::string> region_stores;  // REGION=URL
  std::filesystem::path folder;            // of a laboratory
  std::string ca, certificate, key;
  std::string user, password_file;
  bool json = false;
};

void add_store_options(CLI::App& command, StoreOptions& options);
// Where they say, or the laboratory that is up. base::InputError for what cannot be meant.
emulation::StorePlaces places_of(const StoreOptions& options);
// Does `work` and turns what the stores say into an exit status.
int administrate(const std::function<void()>& work);

// base::InputError for a name that cannot be a user's or a region's.
void check_user(const std::string& user);
void check_region(const std::string& region);
// "30min" from now as Unix seconds; 0 for an empty text.
std::uint64_t expiration_in(const std::string& duration, const std::string& option);
// "2026-11-20 12:00 UTC", or "never" for 0.
std::string moment(std::uint64_t unix_seconds);

// "a, b"
std::string joined(const std::vector<std::string>& words);

// Machine-readable forms (administration_json.cpp).
std::string users_json(const std::map<std::string, control::UserRecords>& users, bool routes);
std::string route_json(const std::string& user, const wire::Route& route, bool changed);
// `password` is left out if empty.
std::string credential_json(const std::string& user, const std::string& password,
                            const std::vector<std::string>& regions);

}  // namespace wanlab::app
