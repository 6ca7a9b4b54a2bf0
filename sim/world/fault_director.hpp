// Makes the plan's faults happen: when each begins, changes and heals, and what it does to paths,
// machines, the store, DNS and records. Touches nothing that a real fault could not: no state of a
// component is changed but by ending its process or by what an operator could write.
#pragma once

#include "sim/scenario/fault_targets.hpp"
#include "sim/world/simulated_world.hpp"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace wanlab::world {

class FaultDirector {
 public:
  explicit FaultDirector(SimulatedWorld& world);

  // Called once, when all hosts are there.
  void schedule();
  void on_event(std::uint32_t number, std::uint32_t phase);

  // Where hosts stand that path faults single out (network::lane_shift); zero for all others.
  static std::map<std::string, std::uint32_t> lanes(const scenario::Plan& plan);

 private:
  // What an event of a fault is about. Values are part of no format.
  enum class Phase : std::uint8_t { heal, begin, change, burst, reroute, revoke, errand, health };

  struct State {
    bool active = false;
    std::uint32_t strength = 0;    // in thousandths, as last applied
    std::uint32_t impairment = 0;  // of the transport; 0: none
    bool bad_spell = false;
    std::uint64_t spells = 0;           // drawn so far
    std::vector<SimulatedHost*> hosts;  // as chosen at the beginning
    Duration skew{};                    // added to their clocks
  };

  // Something an operator does, step by step, each tried again until the store takes it.
  struct Step {
    std::string store;  // host name
    wire::StoreCall call;
    Duration wait{};           // first
    std::uint64_t number = 0;  // of all steps, in the order of what was wanted
  };
  struct Errand {
    std::vector<Step> steps{};
    std::size_t next = 0;
    // With a replicated store: where the present step stands in its log, and since when.
    std::optional<StoreMember::Place> place{};
    Instant proposed{};
  };

  // What operators know of a user.
  struct Account {
    const scenario::Credential* credential = nullptr;
    std::string password;
    std::vector<std::string> regions;
    std::vector<std::string> left;  // no longer in the Route, and perhaps still knowing the user
    std::uint64_t expiration = 0;
    bool revoked = false;
  };

  // fault_director.cpp
  void post(Duration delay, std::uint32_t number, Phase phase);
  void begin(std::uint32_t number);
  void heal(std::uint32_t number);
  void change(std::uint32_t number);
  std::uint32_t strength_now(const scenario::Fault& fault) const;
  void apply(std::uint32_t number, std::uint32_t strength);
  void watch_health();

  // fault_paths.cpp
  void impair_path(std::uint32_t number);
  void next_spell(std::uint32_t number);
  void cut_cable(const scenario::Fault& fault, bool cut);
  bool serves_the_world(const scenario::EdgePop& pop);

  // fault_hosts.cpp
  std::vector<SimulatedHost*> hosts_of(const scenario::Fault& fault);
  void take_down(SimulatedHost& host);
  void bring_back(SimulatedHost& host);
  void fail(SimulatedHost& host, bool refuses, bool begins);
  static void drain(SimulatedHost& host, bool begins);
  void starve(std::uint32_t number);
  void skew_clocks(std::uint32_t number, Duration skew);
  void lag_replicas(std::uint32_t number);

  // fault_records.cpp
  void disturb_store(std::uint32_t number, bool begins);
  void operate(const scenario::Fault& fault, bool begins);
  void revoke(const scenario::Credential& credential);
  void send(Errand errand);
  void continue_errand(std::uint32_t number);
  bool perform(Errand& errand);
  bool propose(Errand& errand);
  std::vector<SimulatedHost*> store_hosts() const;  // members of the global store
  SimulatedHost* leader() const;                    // of those that are up; may be null
  void compact();
  Step route_step(const Account& account) const;
  Step credential_step(const Account& account, const std::string& region) const;
  static Step deletion_step(const Account& account, const std::string& region);
  void write_credentials(Account& account);

  SimulatedWorld& world_;
  const scenario::Plan& plan_;
  std::vector<State> states_;                      // by fault
  std::map<std::string, std::uint32_t> lanes_;     // of hosts that have one
  std::map<SimulatedHost*, std::uint32_t> downs_;  // faults that hold a process down
  std::map<std::string, Account, std::less<>> accounts_;
  std::vector<Errand> errands_;
  // The newest step for each key of a store: an older one that had to wait must not undo it.
  std::map<std::pair<std::string, std::string>, std::uint64_t> newest_steps_;
  std::uint64_t steps_ = 0;
  bool has_health_checks_ = false;
  bool health_watched_ = false;
};

}  // namespace wanlab::world
