#include "sim/app/lab/store_options.hpp"

#include "sim/app/exit_status.hpp"
#include "sim/app/lab/lab_commands.hpp"
#include "sim/base/document_json.hpp"
#include "sim/base/units.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <iostream>

namespace wanlab::app {
namespace {

using base::InputError;

void give_access(const StoreOptions& options, hosting::EtcdOptions& store) {
  store.tls.ca_file = options.ca;
  store.tls.certificate_file = options.certificate;
  store.tls.key_file = options.key;
  store.user = options.user;
  if (!options.password_file.empty()) {
    store.password = base::read_file(options.password_file);
    while (!store.password.empty() &&
           (store.password.back() == '\n' || store.password.back() == '\r')) {
      store.password.pop_back();
    }
  }
}

bool printable(const std::string& text) {
  return !text.empty() && std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x21 || c == 0x7f || c == '/';
  });
}

}  // namespace

void add_store_options(CLI::App& command, StoreOptions& options) {
  command.add_option("--folder", options.folder,
                     "The laboratory's folder (default: $WANLAB_LAB, else that of the last "
                     "./wanlab up)");
  command
      .add_option("--store", options.stores,
                  "The global store, http[s]://HOST:PORT[/PREFIX]; once per member of its etcd")
      ->type_name("URL")
      ->allow_extra_args(false);
  command
      .add_option("--region-store", options.region_stores,
                  "The store of a region; once per region and member")
      ->type_name("REGION=URL")
      ->allow_extra_args(false);
  CLI::Option* certificate =
      command.add_option("--certificate", options.certificate, "Ours, in PEM")->type_name("FILE");
  CLI::Option* key = command.add_option("--key", options.key, "Its key")->type_name("FILE");
  certificate->needs(key);
  key->needs(certificate);
  command.add_option("--ca", options.ca, "Authority of the stores' certificates")
      ->type_name("FILE");
  CLI::Option* user = command.add_option("--store-user", options.user, "Our name at the stores");
  CLI::Option* password =
      command.add_option("--store-password-file", options.password_file, "Its password")
          ->type_name("FILE");
  user->needs(password);
  password->needs(user);
  command.add_flag("--json", options.json, "For machines");
}

emulation::StorePlaces places_of(const StoreOptions& options) {
  emulation::StorePlaces places;
  if (options.stores.empty()) {
    if (!options.region_stores.empty())
      throw InputError("--region-store", "", "needs --store, too");
    const std::filesystem::path folder =
        options.folder.empty() ? default_lab_folder() : options.folder;
    places = emulation::stores_of_laboratory(folder / "lab.json");
  } else {
    try {
      places.global = hosting::etcd_options(options.stores);
      for (const std::string& text : options.region_stores) {
        const std::size_t equals = text.find('=');
        if (equals == std::string::npos || equals == 0) {
          throw InputError("--region-store", "", "\"" + text + "\" should be REGION=URL");
        }
        hosting::add_member(places.regions[text.substr(0, equals)], text.substr(equals + 1));
      }
    } catch (const hosting::BadStoreAddress& error) {
      throw InputError("--store", "", error.what());
    }
  }
  give_access(options, places.global);
  for (auto& [region, store] : places.regions) give_access(options, store);
  return places;
}

int administrate(const std::function<void()>& work) {
  using Kind = control::AdministrationError::Kind;
  try {
    work();
    return static_cast<int>(ExitStatus::good);
  } catch (const control::AdministrationError& error) {
    std::cerr << "wanlab: " << error.what() << '\n';
    const bool theirs = error.kind() == Kind::unavailable || error.kind() == Kind::conflict;
    return static_cast<int>(theirs ? ExitStatus::internal_error : ExitStatus::bad_input);
  }
}

void check_user(const std::string& user) {
  // MySQL's limit (dev.mysql.com, "Account User Names and Passwords").
  if (!printable(user) || user.size() > 32) {
    throw InputError("USER", "",
                     "\"" + user + "\" should be 1 to 32 characters without spaces and slashes");
  }
}

void check_region(const std::string& region) {
  if (!printable(region))
    throw InputError("REGION", "", "\"" + region + "\" is no name of a region");
}

std::uint64_t expiration_in(const std::string& duration, const std::string& option) {
  if (duration.empty()) return 0;
  const base::Parsed<Duration> parsed = base::parse_duration(duration);
  if (!parsed) throw InputError(option, "", parsed.error);
  const auto then = std::chrono::system_clock::now().time_since_epoch() + parsed.value;
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(then).count());
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text.append(text.empty() ? "" : ", ").append(word);
  return text;
}

std::string moment(std::uint64_t unix_seconds) {
  if (unix_seconds == 0) return "never";
  const auto time = static_cast<std::time_t>(unix_seconds);
  std::tm parts{};
  char text[32] = "far off";
  if (::gmtime_r(&time, &parts) != nullptr) {
    std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &parts);
  }
  return text;
}

}  // namespace wanlab::app
