// `wanlab credential`: who may log in. A password is generated here, shown once and kept nowhere.
#include "real_components/mysql/proof.hpp"
#include "real_components/origin/credential_table.hpp"
#include "sim/app/lab/lab_commands.hpp"
#include "sim/app/lab/store_options.hpp"
#include "sim/base/document_json.hpp"
#include "sim/emulation/lab_records.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstring>
#include <iostream>
#include <memory>

namespace wanlab::app {
namespace {

struct CredentialOptions {
  StoreOptions stores;
  std::string user;
  std::string branch;
  std::vector<std::string> regions;
  std::string role = "writer";
  std::string tablet = "primary";
  bool allow_native = false;
  std::string expires_in;
};

wire::Credential hashes_of(const std::string& password) {
  const mysql::Verifier verifier = mysql::derive_verifier(password, true);
  wire::Credential record;
  record.password_sha256 = verifier.sha2_stage2;
  record.password_sha1 = verifier.native_stage2;
  return record;
}

std::uint64_t random_id() {
  std::uint64_t id = 0;
  while (id == 0) {
    const crypto::Digest256 random = emulation::random_key();
    std::memcpy(&id, random.data(), sizeof id);
  }
  return id;
}

std::string fresh_grant_key() {
  std::string value;
  origin::encode({.used_from = 0, .secret = emulation::random_key()}, value);
  return value;
}

void show_password(const CredentialOptions& options, const std::string& what,
                   const std::string& password, const std::vector<std::string>& regions) {
  if (options.stores.json) {
    std::cout << credential_json(options.user, password, regions) << '\n';
    return;
  }
  std::cout << what << ' ' << options.user << " in " << joined(regions) << '\n'
            << "  password: " << password << '\n'
            << "It is shown this once and kept nowhere.\n";
}

int create(const CredentialOptions& options) {
  check_user(options.user);
  for (const std::string& region : options.regions) check_region(region);
  emulation::StoreSession session(places_of(options.stores));
  const std::string password = emulation::generated_password();
  wire::Credential record = hashes_of(password);
  if (!options.allow_native) record.password_sha1.reset();
  record.allow_native = options.allow_native;
  record.role = options.role;
  record.tablet_type = options.tablet == "primary"   ? wire::TabletType::primary
                       : options.tablet == "replica" ? wire::TabletType::replica
                                                     : wire::TabletType::read_only;
  record.expiration = expiration_in(options.expires_in, "--expires-in");
  record.branch = options.branch;
  record.id = random_id();
  std::vector<std::string> regions;  // each once
  for (const std::string& region : options.regions) {
    if (std::find(regions.begin(), regions.end(), region) == regions.end()) {
      regions.push_back(region);
    }
  }
  return administrate([&] {
    control::CreateCredential change(options.user, record, {options.branch, regions, 0},
                                     session.regions(), fresh_grant_key());
    session.run(change);
    show_password(options, "Created", password, regions);
  });
}

int rotate(const CredentialOptions& options) {
  check_user(options.user);
  emulation::StoreSession session(places_of(options.stores));
  const std::string password = emulation::generated_password();
  return administrate([&] {
    control::RotateCredential change(options.user, hashes_of(password));
    try {
      session.run(change);
    } catch (const control::AdministrationError&) {
      // Where it is valid already, nobody could log in if it were not told.
      if (!change.done().empty()) show_password(options, "Partly rotated", password, change.done());
      throw;
    }
    show_password(options, "Rotated", password, change.done());
  });
}

int revoke(const CredentialOptions& options) {
  check_user(options.user);
  emulation::StoreSession session(places_of(options.stores));
  return administrate([&] {
    control::RevokeCredential change(options.user, session.regions());
    session.run(change);
    if (options.stores.json) {
      std::cout << credential_json(options.user, "", {}) << '\n';
    } else {
      std::cout << "Revoked " << options.user << "; its sessions end\n";
    }
  });
}

const char* name_of(wire::TabletType type) {
  switch (type) {
    case wire::TabletType::primary:
      return "primary";
    case wire::TabletType::replica:
      return "replica";
    case wire::TabletType::read_only:
      return "read_only";
  }
  return "unknown";
}

int list(const CredentialOptions& options) {
  emulation::StoreSession session(places_of(options.stores));
  return administrate([&] {
    control::Survey survey(session.regions(), options.user);
    session.run(survey);
    if (options.stores.json) {
      std::cout << users_json(survey.users(), false) << '\n';
      return;
    }
    std::size_t shown = 0;
    for (const auto& [user, records] : survey.users()) {
      if (records.credentials.empty()) continue;
      ++shown;
      const wire::Credential& first = records.credentials.begin()->second;
      std::vector<std::string> regions;
      for (const auto& [region, record] : records.credentials) regions.push_back(region);
      std::cout << user << "  branch " << first.branch << "  role " << first.role << "  "
                << name_of(first.tablet_type) << "  regions " << joined(regions) << "  expires "
                << moment(first.expiration);
      if (first.allow_native) std::cout << "  native allowed";
      if (!records.route) {
        std::cout << "  (no Route: left over, revoke it)";
      } else if (!records.sound()) {
        std::cout << "  (its copies do not match its Route or each other: rotate it)";
      }
      std::cout << '\n';
    }
    if (shown == 0) std::cerr << "no Credentials\n";
  });
}

}  // namespace

void add_credential_command(CLI::App& app, LabAction& chosen) {
  CLI::App* command = app.add_subcommand("credential", "Show and change who may log in");
  command->require_subcommand(1);
  const auto subcommand = [&](const char* name, const char* what,
                              int (*perform)(const CredentialOptions&), bool named) {
    auto options = std::make_shared<CredentialOptions>();
    CLI::App* sub = command->add_subcommand(name, what);
    CLI::Option* user = sub->add_option("USER", options->user, "The user's name");
    if (named) user->required();
    add_store_options(*sub, options->stores);
    sub->callback([=, &chosen] { chosen = [=] { return perform(*options); }; });
    return std::pair(sub, options);
  };
  const auto [creation, options] = subcommand(
      "create", "A new user with a generated password, which is shown once", create, true);
  creation->add_option("--branch", options->branch, "The database branch it belongs to")
      ->required();
  creation->add_option("--region", options->regions, "Where it may be served; once or more")
      ->required()
      ->delimiter(',')
      ->type_name("REGION");
  creation->add_option("--role", options->role, "What it may do")
      ->check(CLI::IsMember({"reader", "writer", "admin"}))
      ->capture_default_str();
  creation->add_option("--tablet", options->tablet, "Which servers answer it")
      ->check(CLI::IsMember({"primary", "replica", "read_only"}))
      ->capture_default_str();
  creation->add_flag("--allow-native", options->allow_native,
                     "Also for clients that know no better than mysql_native_password");
  creation->add_option("--expires-in", options->expires_in, "Such as 12h; never, if not given")
      ->type_name("DURATION");
  subcommand("rotate", "A new password; sessions of the old one end", rotate, true);
  subcommand("revoke", "No login any more; sessions end", revoke, true);
  subcommand("list", "Show all Credentials, or one", list, false);
}

}  // namespace wanlab::app
