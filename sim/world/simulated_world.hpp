// The world of one run, built from its plan: the WAN, the hosts, the real components on them, the
// clients.
#pragma once

#include "real_components/wire/records.hpp"
#include "sim/kernel/simulation.hpp"
#include "sim/network/transport.hpp"
#include "sim/network/wan.hpp"
#include "sim/scenario/plan.hpp"
#include "sim/trace/recorder.hpp"
#include "sim/world/client_host.hpp"
#include "sim/world/host.hpp"
#include "sim/world/name_service.hpp"
#include "sim/world/store_member.hpp"
#include "sim/world/timeline_sampler.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wanlab::world {

struct Progress {
  Instant now{};
  Instant ends{};  // at the latest
  std::uint64_t events = 0;
  std::uint64_t open_connections = 0;
};

// What is still there when everything should be gone. All zero in a quiet world.
struct Leftovers {
  std::uint64_t client_connections = 0;
  std::uint64_t edge_sessions = 0;
  std::uint64_t edge_exchanges = 0;
  std::uint64_t origin_requests = 0;
};

class FaultDirector;

class SimulatedWorld {
 public:
  // Throws base::InputError for a plan that names what does not exist.
  SimulatedWorld(const scenario::Plan& plan, trace::Recorder& recorder);
  ~SimulatedWorld();
  SimulatedWorld(const SimulatedWorld&) = delete;
  SimulatedWorld& operator=(const SimulatedWorld&) = delete;

  // Runs until every client is done, or to the end of the plan. `keep_going` hears of the progress
  // every few thousand events and may stop the run.
  void run(const std::function<bool(const Progress&)>& keep_going = {});
  // Goes on for that long, whatever the clients do. For tests.
  void run_for(Duration span);

  // Adds the world's part to the record of the run.
  void finish(trace::RunRecord& record);
  Leftovers leftovers() const;

  kernel::Simulation& simulation() { return simulation_; }
  network::Transport& transport() { return transport_; }
  network::Wan& wan() { return wan_; }
  SimulatedHost* find_host(std::string_view name);
  std::size_t memory_bytes() const;

 private:
  friend class FaultDirector;
  struct Blueprint;                                // a host to be built
  static constexpr kernel::Kind network_kind = 0;  // and 1
  static constexpr kernel::Kind timer_kind = 2;
  static constexpr kernel::Kind fault_kind = 3;
  static constexpr kernel::Kind expiry_kind = 4;

  void plan_databases(std::vector<Blueprint>& hosts);
  // What a store holds at the start, by key.
  using Records = std::map<std::string, std::string>;
  void plan_stores(std::vector<Blueprint>& hosts);
  void plan_store_members(std::vector<Blueprint>& hosts, const std::function<Records()>& records);
  void plan_origins(std::vector<Blueprint>& hosts);
  void plan_edges(std::vector<Blueprint>& hosts);
  void plan_clients(std::vector<Blueprint>& hosts);
  void build(std::vector<Blueprint>& hosts);
  // Records something the world did itself, as the host trace::world_name.
  void tell(const runtime::TraceEvent& event);
  // What the component of a host speaks through: the host, unless it is sabotaged.
  runtime::Runtime& seam(SimulatedHost& host);
  // truth.cpp: what observers are told and no component may know.
  void prepare_truth();
  void tell_paths();
  void schedule_expiries();
  void tell_end(const scenario::Credential& credential, runtime::CredentialEnd end);
  void tell_rest();
  bool clients_finished() const;
  // Records as operators write them. `expiration`: Unix seconds, 0 for never.
  std::string encoded_credential(const scenario::Credential& credential,
                                 const std::string& password, std::uint64_t expiration) const;
  std::string encoded_route(const scenario::Credential& credential,
                            const std::vector<std::string>& regions) const;
  std::pair<std::string, std::string> grant_key_record(const std::string& branch) const;
  // Unix seconds of a moment of the plan.
  std::uint64_t unix_time(Duration since_begin) const;
  // What a store's process leaves behind when it ends, for the next one to find.
  void save_disk(SimulatedHost& host);
  // What runs on a store's host that is up; null: it is no member of a replicated store.
  bool replicated() const { return plan_.store_members.size() > 1; }
  control::StoreNode& store_on(SimulatedHost& host) const;
  StoreMember* member_on(SimulatedHost& host) const;
  std::string password_of(const std::string& user) const;

  const scenario::Plan& plan_;
  trace::Recorder& recorder_;
  network::Wan wan_;
  kernel::Simulation simulation_;
  network::Transport transport_;
  Surroundings surroundings_;
  NameService names_;
  Instant begin_{};  // when the warm-up is over
  Instant end_{};
  kernel::Origin fault_origin_ = 0;
  trace::HostIndex recorded_as_{};

  // The truth as it was told last, by edge and then region of the plan.
  struct EdgeTruth {
    SimulatedHost* edge;
    std::vector<std::uint64_t> round_trips;
  };
  struct RegionTruth {
    std::string name;
    std::vector<SimulatedHost*> origins;
  };
  std::vector<EdgeTruth> edge_truths_;
  std::vector<RegionTruth> region_truths_;
  std::unique_ptr<SecretTap> tap_;
  bool quiet_ = false;  // the run went on until everybody was done

  std::optional<TimelineSampler> sampler_;
  std::vector<std::unique_ptr<ClientProgram>> programs_;
  std::vector<std::unique_ptr<runtime::Runtime>> broken_runtimes_;
  std::vector<std::unique_ptr<SimulatedHost>> hosts_;  // by rank, that is by name
  std::map<std::string, SimulatedHost*, std::less<>> hosts_by_name_;
  std::vector<ClientHost*> clients_;
  std::unique_ptr<FaultDirector> faults_;
  std::map<std::string, StoreDisk, std::less<>> disks_;  // of members, and of stores that are down
  // How to make a host's component anew after a crash.
  std::map<std::string, std::function<std::unique_ptr<runtime::Component>(SimulatedHost&)>,
           std::less<>>
      makers_;
  std::map<std::string, std::string> passwords_;  // generated or given, by user
};

}  // namespace wanlab::world
