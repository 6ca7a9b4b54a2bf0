// An operator's way to the stores of a fleet: the global one and one per region, each connected
// when it is first needed. Runs procedures of real_components/control against them; blocks.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "real_components/control/administration.hpp"
#include "real_components/hosting/etcd/etcd_options.hpp"
#include "real_components/hosting/etcd/etcd_store.hpp"
#include "real_components/hosting/etcd/task_queue.hpp"

namespace wanlab::emulation {

struct StorePlaces {
  hosting::EtcdOptions global;
  std::map<std::string, hosting::EtcdOptions> regions;
};

// Where the stores of a running laboratory are: from its lab.json. base::InputError if it is not
// there or not readable.
StorePlaces stores_of_laboratory(const std::filesystem::path& state);

class StoreSession final : private control::StoreObserver {
 public:
  explicit StoreSession(StorePlaces places) : places_(std::move(places)) {}
  ~StoreSession() override;

  std::vector<std::string> regions() const;
  // To its end. control::AdministrationError, with the reason why a store cannot be reached.
  void run(control::Procedure& procedure);

 private:
  void on_result(std::uint64_t token, control::StoreResult result) override;
  void on_watch(control::WatchId, control::WatchNotice) override {}
  void on_watch_broken(control::WatchId) override {}
  hosting::EtcdStore& store_at(const std::string& place);
  control::StoreResult ask(control::StoreStep step);

  StorePlaces places_;
  hosting::TaskQueue tasks_;
  std::map<std::string, std::unique_ptr<hosting::EtcdStore>> stores_;
  bool answered_ = false;
  control::StoreResult answer_;
};

// For a new user: 24 letters and digits that cannot be mistaken for one another, some 140 bits of
// chance. Its stored hashes are unsalted and quick, which only such a password can afford.
std::string generated_password();

}  // namespace wanlab::emulation
