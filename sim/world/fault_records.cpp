// Faults of the store, and what operators write into it.
#include "real_components/control/store_node.hpp"
#include "sim/scenario/host_names.hpp"
#include "sim/scenario/sabotage.hpp"
#include "sim/world/fault_director.hpp"

#include <algorithm>
#include <utility>

namespace wanlab::world {

using scenario::Fault;
using scenario::FaultKind;

namespace {
// How long an operator's tool waits before it tries a store again that did not take its call.
constexpr Duration operator_patience = std::chrono::seconds(1);
// How often it looks whether its change is decided, and how long it waits for that.
constexpr Duration look_again = std::chrono::milliseconds(20);
constexpr Duration proposal_patience = std::chrono::seconds(5);
// How long a region that left a Route still knows the user: edges that have not heard of it yet ask
// there for new logins. An assumption.
constexpr Duration farewell = std::chrono::seconds(60);

// The record that an operator's call is about.
std::string key_of(const wire::StoreCall& call) {
  if (const auto* put = std::get_if<wire::PutRequest>(&call)) return put->key;
  if (const auto* gone = std::get_if<wire::DeleteRequest>(&call)) return gone->key;
  return {};
}

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
        std::erase(account.left, fault.target);
        auto [key, value] = world_.grant_key_record(credential.branch);
        errand.steps.push_back(
            {scenario::credential_store_host_name(fault.target),
             wire::PutRequest{.key = std::move(key), .value = std::move(value)}});
        errand.steps.push_back(credential_step(account, fault.target));
        errand.steps.push_back(route_step(account));
      } else {
        std::erase(regions, fault.target);
        account.left.push_back(fault.target);
        errand.steps.push_back(route_step(account));
        errand.steps.push_back(deletion_step(account, fault.target));
        errand.steps.back().wait = farewell;
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
        send({.steps = {route_step(account)}});
      }
      break;
    default:
      break;
  }
}

// Deletes the Credential in every region that has it, and the Route, which is how edges hear of it;
// each by itself, so that a store that is out of reach does not keep the others waiting.
void FaultDirector::revoke(const scenario::Credential& credential) {
  Account& account = accounts_.at(credential.user);
  account.revoked = true;
  world_.tell_end(credential, runtime::CredentialEnd::revoked);
  if (scenario::sabotaged(plan_.sabotage, "revocation-forgotten")) return;
  write_credentials(account);
  send({.steps = {route_step(account)}});
}

void FaultDirector::write_credentials(Account& account) {
  for (const std::string& region : account.regions) {
    send({.steps = {credential_step(account, region)}});
  }
  // A copy that was to stay for a while must not outlive a change that was meant to be felt.
  for (const std::string& region : std::exchange(account.left, {})) {
    send({.steps = {deletion_step(account, region)}});
  }
}

FaultDirector::Step FaultDirector::credential_step(const Account& account,
                                                   const std::string& region) const {
  if (account.revoked) return deletion_step(account, region);
  return {.store = scenario::credential_store_host_name(region),
          .call = wire::PutRequest{.key = control::credential_key(account.credential->user),
                                   .value = world_.encoded_credential(
                                       *account.credential, account.password, account.expiration)}};
}

FaultDirector::Step FaultDirector::deletion_step(const Account& account,
                                                 const std::string& region) {
  return {.store = scenario::credential_store_host_name(region),
          .call = wire::DeleteRequest{.key = control::credential_key(account.credential->user),
                                      .range_end = {}}};
}

FaultDirector::Step FaultDirector::route_step(const Account& account) const {
  if (account.revoked) {
    return {.store = {},
            .call = wire::DeleteRequest{.key = control::route_key(account.credential->user),
                                        .range_end = {}}};
  }
  return {.store = {},
          .call = wire::PutRequest{
              .key = control::route_key(account.credential->user),
              .value = world_.encoded_route(*account.credential, account.regions)}};
}

void FaultDirector::send(Errand errand) {
  for (Step& step : errand.steps) {
    step.number = ++steps_;
    newest_steps_[{step.store, key_of(step.call)}] = step.number;
  }
  errands_.push_back(std::move(errand));
  continue_errand(static_cast<std::uint32_t>(errands_.size() - 1));
}

void FaultDirector::continue_errand(std::uint32_t number) {
  Errand& errand = errands_[number];
  while (errand.next < errand.steps.size()) {
    if (const Duration wait = std::exchange(errand.steps[errand.next].wait, Duration::zero());
        wait > Duration::zero()) {
      post(wait, number, Phase::errand);
      return;
    }
    if (!perform(errand)) {
      post(errand.place ? look_again : operator_patience, number, Phase::errand);
      return;
    }
    ++errand.next;
  }
  errand.steps.clear();
}

// False if the store did not take it, or not yet, and it is to be tried again.
bool FaultDirector::perform(Errand& errand) {
  const Step& step = errand.steps[errand.next];
  if (newest_steps_.at({step.store, key_of(step.call)}) != step.number) {
    errand.place.reset();
    return true;  // something else is wanted of this record by now
  }
  if (step.store.empty() && world_.replicated()) return propose(errand);
  const std::string name = step.store.empty() ? scenario::store_host_name(plan_) : step.store;
  SimulatedHost* host = world_.find_host(name);
  if (host == nullptr) return true;
  if (host->down || host->component() == nullptr) return false;
  control::StoreNode& store = world_.store_on(*host);
  store.engine().apply(step.call);
  host->act([&] { store.flush(); });
  return true;
}

// The operator's tool finds the leader and waits until its change is decided. What it asks for may
// be done twice without harm.
bool FaultDirector::propose(Errand& errand) {
  const Instant now = world_.simulation_.now();
  if (errand.place) {
    for (SimulatedHost* host : store_hosts()) {
      if (host->component() == nullptr || host->down) continue;
      if (!world_.member_on(*host)->decided(*errand.place)) continue;
      errand.place.reset();
      return true;
    }
    if (now - errand.proposed < proposal_patience) return false;
    errand.place.reset();
  }
  SimulatedHost* host = leader();
  if (host == nullptr) return false;
  host->act(
      [&] { errand.place = world_.member_on(*host)->propose(errand.steps[errand.next].call); });
  errand.proposed = now;
  return false;
}

std::vector<SimulatedHost*> FaultDirector::store_hosts() const {
  std::vector<SimulatedHost*> hosts;
  for (const scenario::StoreMember& member : scenario::store_members(plan_)) {
    if (SimulatedHost* host = world_.find_host(member.host)) hosts.push_back(host);
  }
  return hosts;
}

// One that was cut off may still believe it leads; the others follow a later term.
SimulatedHost* FaultDirector::leader() const {
  SimulatedHost* found = nullptr;
  std::uint64_t term = 0;
  for (SimulatedHost* host : store_hosts()) {
    if (host->component() == nullptr || host->down) continue;
    if (!world_.replicated()) return host;
    const StoreMember& member = *world_.member_on(*host);
    if (!member.leads() || member.term() < term) continue;
    found = host;
    term = member.term();
  }
  return found;
}

void FaultDirector::compact() {
  SimulatedHost* host = leader();
  if (host == nullptr) return;
  send({.steps = {{.store = {},
                   .call = wire::CompactRequest{world_.store_on(*host).engine().revision()}}}});
}

void FaultDirector::disturb_store(std::uint32_t number, bool begins) {
  const Fault& fault = plan_.faults[number];
  State& state = states_[number];
  const std::vector<SimulatedHost*> all = store_hosts();
  switch (fault.kind) {
    case FaultKind::store_leader_loss:
    case FaultKind::store_quorum_loss: {
      if (begins) {
        // The leader first, so that losing it is part of losing the quorum.
        SimulatedHost* first = leader() != nullptr ? leader() : all.front();
        const bool one = fault.kind == FaultKind::store_leader_loss;
        state.hosts = {first};
        for (SimulatedHost* host : all) {
          if (one || state.hosts.size() > all.size() / 2) break;
          if (host != first) state.hosts.push_back(host);
        }
      }
      for (SimulatedHost* host : state.hosts) begins ? take_down(*host) : bring_back(*host);
      return;
    }
    case FaultKind::store_compaction:
      return compact();
    default:
      break;
  }
  for (const std::string& name : scenario::stores_meant(plan_, fault)) {
    SimulatedHost* host = world_.find_host(name);
    if (host == nullptr || host->component() == nullptr) continue;
    const Duration delay = fault.extra_delay * state.strength / 1000;
    host->act([&] {
      if (fault.kind == FaultKind::store_slow_watch) {
        world_.store_on(*host).hold_back_watches(delay);
      } else if (fault.kind == FaultKind::store_lag) {
        world_.member_on(*host)->lag(delay);
      } else {
        world_.store_on(*host).cancel_watches();
      }
    });
  }
}

}  // namespace wanlab::world
