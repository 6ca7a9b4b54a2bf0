#include "sim/emulation/lab_records.hpp"

#include "real_components/control/store.hpp"
#include "real_components/hosting/etcd/etcd_store.hpp"
#include "real_components/hosting/etcd/task_queue.hpp"
#include "real_components/mysql/proof.hpp"
#include "real_components/origin/credential_table.hpp"
#include "real_components/wire/records.hpp"
#include "sim/base/hash.hpp"
#include "sim/emulation/child_process.hpp"

#include <sys/random.h>

#include <algorithm>
#include <map>
#include <set>

namespace wanlab::emulation {
namespace {

using Records = std::map<std::string, std::string>;

template <typename Record>
std::string encoded(const Record& record) {
  Bytes bytes;
  wire::encode(record, bytes);
  return std::string(as_text(bytes));
}

std::uint64_t unix_time_in(Duration duration) {
  const auto moment = std::chrono::system_clock::now().time_since_epoch() + duration;
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(moment).count());
}

class Writer final : public control::StoreObserver {
 public:
  explicit Writer(const std::string& url)
      : url_(url), store_(hosting::etcd_options({url}), [this](std::function<void()> task) {
          tasks_.post(std::move(task));
        }) {}

  void write(const Records& records) {
    for (const auto& [key, value] : records) {
      store_.submit(wire::PutRequest{.key = key, .value = value}, *this, 0);
      ++waiting_;
    }
    const bool done = tasks_.run_until([this] { return waiting_ == 0; }, std::chrono::seconds(20));
    if (!done || !trouble_.empty()) {
      throw ProcessError("cannot write to the store at " + url_ + ": " +
                         (done ? trouble_ : "no answer; " + store_.last_error()));
    }
  }

  void on_result(std::uint64_t, control::StoreResult result) override {
    --waiting_;
    if (result.status != control::StoreStatus::ok) trouble_ = wire::to_string(result.status);
  }
  void on_watch(control::WatchId, control::WatchNotice) override {}
  void on_watch_broken(control::WatchId) override {}

 private:
  std::string url_;
  hosting::TaskQueue tasks_;
  hosting::EtcdStore store_;
  std::size_t waiting_ = 0;
  std::string trouble_;
};

std::string encoded_credential(const scenario::Credential& credential,
                               const std::string& password) {
  const mysql::Verifier verifier = mysql::derive_verifier(password, credential.allow_native);
  wire::Credential record;
  record.password_sha256 = verifier.sha2_stage2;
  record.password_sha1 = verifier.native_stage2;
  record.role = credential.role == scenario::Role::reader   ? "reader"
                : credential.role == scenario::Role::writer ? "writer"
                                                            : "admin";
  record.tablet_type = credential.tablet_type == scenario::TabletType::primary
                           ? wire::TabletType::primary
                           : wire::TabletType::replica;
  record.branch = credential.branch;
  record.id = hash_name("credential/" + credential.user);
  record.allow_native = credential.allow_native;
  if (credential.credential_expires_after) {
    record.expiration = unix_time_in(*credential.credential_expires_after);
  }
  return encoded(record);
}

}  // namespace

crypto::Digest256 random_key() {
  crypto::Digest256 key{};
  if (::getrandom(key.data(), key.size(), 0) != static_cast<ssize_t>(key.size())) {
    throw ProcessError("the kernel gives no random bytes");
  }
  return key;
}

void seed_records(const scenario::Plan& plan, const LabLayout& layout,
                  std::uint16_t backhaul_port) {
  // A Route is written last: it becomes visible only once its Credentials are there.
  std::map<std::string, std::string> grant_keys;
  std::set<std::string> regions;
  for (const OriginPlace& origin : layout.origins) regions.insert(origin.region);
  for (const std::string& region : regions) {
    Records records;
    for (std::size_t i = 0; i < plan.credentials.size(); ++i) {
      const scenario::Credential& credential = plan.credentials[i];
      if (std::find(credential.regions.begin(), credential.regions.end(), region) ==
          credential.regions.end()) {
        continue;
      }
      records[control::credential_key(credential.user)] =
          encoded_credential(credential, layout.users[i].password);
      std::string& key = grant_keys[credential.branch];
      if (key.empty()) origin::encode({.used_from = 0, .secret = random_key()}, key);
      records[origin::grant_key_key(credential.branch, 1)] = key;
    }
    Writer(layout.region_stores.at(region)).write(records);
  }
  Records global;
  for (const OriginPlace& origin : layout.origins) {
    global[control::origin_key(origin.region, origin.name)] =
        encoded(wire::OriginRecord{origin.region, origin.name, origin.name, backhaul_port});
  }
  for (const scenario::Credential& credential : plan.credentials) {
    wire::Route route{credential.branch, credential.regions, 0};
    if (credential.route_expires_after) {
      route.expiration = unix_time_in(*credential.route_expires_after);
    }
    global[control::route_key(credential.user)] = encoded(route);
  }
  Writer(layout.store).write(global);
}

}  // namespace wanlab::emulation
