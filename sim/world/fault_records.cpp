// Faults of the store, and what operators write into it.
#include "real_components/control/store_node.hpp"
#include "sim/scenario/host_names.hpp"
#include "sim/scenario/sabotage.hpp"
#include "sim/world/fault_director.hpp"

#include <algorithm>

namespace wanlab::world {

using scenario::Fault;
using scenario::FaultKind;

namespace {
// How long an operator's tool waits before it tries a store again that did not take its call.
constexpr Duration operator_patience = std::chrono::seconds(1);
}  // namespace

void FaultDirector::operate(const Fault& fault, bool begins) {
  Account& account = accounts_.at(fault.source);
  const scenario::Credential& credential = *account.credential;
  const bool adds = (fault.kind == FaultKind::add_cluster) == begins;
  switch (fault.kind) {
    case FaultKind::add_cluster:
    case FaultKind::remove_cluster: {
      // A region becomes part of the Route only once its copy of the Credential is there, and loses
      // the copy only after it has left the Route.
      std::vector<std::string>& regions = account.regions;
      const bool has = std::find(regions.begin(), regions.end(), fault.target) != regions.end();
      if (has == adds) return;
      Errand errand;
      if (adds) {
        regions.push_back(fault.target);
        auto [key, value] = world_.grant_key_record(credential.branch);
        errand.steps.push_back(
            {scenario::credential_store_host_name(fault.target),
             wire::PutRequest{.key = std::move(key), .value = std::move(value)}});
        errand.steps.push_back(credential_step(account, fault.target));
        errand.steps.push_back(route_step(account));
      } else {
        std::erase(regions, fault.target);
        errand.steps.push_back(route_step(account));
        errand.steps.push_back({scenario::credential_store_host_name(fault.target),
                                wire::DeleteRequest{.key = control::credential_key(credential.user),
                                                    .range_end = {}}});
      }
      send(std::move(errand));
      break;
    }
    case FaultKind::rotate_credential:
      account.password = begins ? fault.password : world_.passwords_.at(credential.user);
      world_.tell_end(credential, runtime::CredentialEnd::rotated);
      write_credentials(account);
      break;
    case FaultKind::expire_credential:
      account.expiration = begins ? world_.unix_time(world_.simulation_.now() - world_.begin_)
                           : credential.credential_expires_after
                               ? world_.unix_time(*credential.credential_expires_after)
                               : 0;
      world_.tell_end(credential,
                      begins ? runtime::CredentialEnd::expired : runtime::CredentialEnd::back);
      write_credentials(account);
      break;
    case FaultKind::revoke_credential:
      if (begins) {
        revoke(credential);
      } else {
        account.revoked = false;
        world_.tell_end(credential, runtime::CredentialEnd::back);
        write_credentials(account);
      }
      break;
    default:
      break;
  }
}

// Deletes the Credential in every region that has it; each region by itself, so that one whose
// store is out of reach does not keep the others waiting.
void FaultDirector::revoke(const scenario::Credential& credential) {
  Account& account = accounts_.at(credential.user);
  account.revoked = true;
  world_.tell_end(credential, runtime::CredentialEnd::revoked);
  if (scenario::sabotaged(plan_.sabotage, "revocation-forgotten")) return;
  write_credentials(account);
}

void FaultDirector::write_credentials(const Account& account) {
  for (const std::string& region : account.regions) {
    send({.steps = {credential_step(account, region)}});
  }
}

FaultDirector::Step FaultDirector::credential_step(const Account& account,
                                                   const std::string& region) const {
  Step step{.store = scenario::credential_store_host_name(region), .call = {}};
  const std::string key = control::credential_key(account.credential->user);
  if (account.revoked) {
    step.call = wire::DeleteRequest{.key = key, .range_end = {}};
  } else {
    step.call = wire::PutRequest{.key = key,
                                 .value = world_.encoded_credential(
                                     *account.credential, account.password, account.expiration)};
  }
  return step;
}

FaultDirector::Step FaultDirector::route_step(const Account& account) const {
  return {.store = {},
          .call = wire::PutRequest{
              .key = control::route_key(account.credential->user),
              .value = world_.encoded_route(*account.credential, account.regions)}};
}

void FaultDirector::send(Errand errand) {
  errands_.push_back(std::move(errand));
  continue_errand(static_cast<std::uint32_t>(errands_.size() - 1));
}

void FaultDirector::continue_errand(std::uint32_t number) {
  while (errands_[number].next < errands_[number].steps.size()) {
    if (!perform(errands_[number].steps[errands_[number].next])) {
      post(operator_patience, number, Phase::errand);
      return;
    }
    ++errands_[number].next;
  }
  errands_[number].steps.clear();
}

// False if the store did not take it and it is to be tried again.
bool FaultDirector::perform(const Step& step) {
  const std::string name = step.store.empty() ? scenario::store_host_name(plan_) : step.store;
  SimulatedHost* host = world_.find_host(name);
  if (host == nullptr) return true;
  if (host->down || host->component() == nullptr) return false;
  auto& store = static_cast<control::StoreNode&>(*host->component());
  store.engine().apply(step.call);
  host->act([&] { store.flush(); });
  return true;
}

void FaultDirector::disturb_store(std::uint32_t number, bool begins) {
  const Fault& fault = plan_.faults[number];
  State& state = states_[number];
  if (begins && state.hosts.empty()) {
    for (const std::string& name : scenario::stores_meant(plan_, fault)) {
      if (SimulatedHost* host = world_.find_host(name)) state.hosts.push_back(host);
    }
  }
  for (SimulatedHost* host : state.hosts) {
    if (fault.kind == FaultKind::store_leader_loss || fault.kind == FaultKind::store_quorum_loss) {
      begins ? take_down(*host) : bring_back(*host);
      continue;
    }
    if (host->component() == nullptr) continue;
    auto& store = static_cast<control::StoreNode&>(*host->component());
    host->act([&] {
      if (fault.kind == FaultKind::store_slow_watch) {
        store.hold_back_watches(fault.extra_delay * state.strength / 1000);
      } else if (fault.kind == FaultKind::store_compaction) {
        store.engine().apply(wire::CompactRequest{store.engine().revision()});
        store.flush();
      } else if (fault.kind == FaultKind::store_watch_cancel) {
        store.cancel_watches();
      }
    });
  }
  if (!begins) state.hosts.clear();
}

}  // namespace wanlab::world
