// What a fault does to hosts and paths, and how it is undone.
#include "real_components/control/store_node.hpp"
#include "sim/world/simulated_world.hpp"

#include <algorithm>

namespace wanlab::world {

using scenario::Fault;
using scenario::FaultKind;

namespace {
// Not a fault of the plan: routing has converged after a cut.
constexpr std::uint32_t reroute_event = 0xffffffff;
// Not a fault either: an operator revokes the Credential with this number.
constexpr std::uint32_t revocation_bit = 0x80000000;
}  // namespace

void SimulatedWorld::schedule_faults() {
  for (std::uint32_t i = 0; i < plan_.faults.size(); ++i) {
    const Fault& fault = plan_.faults[i];
    simulation_.post(fault_origin_, begin_ + fault.at, fault_kind, i, 1);
    if (fault.duration > Duration::zero()) {
      simulation_.post(fault_origin_, begin_ + fault.at + fault.duration, fault_kind, i, 0);
    }
  }
  for (std::uint32_t i = 0; i < plan_.credentials.size(); ++i) {
    if (!plan_.credentials[i].revoked_after) continue;
    simulation_.post(fault_origin_, begin_ + *plan_.credentials[i].revoked_after, fault_kind,
                     revocation_bit | i, 1);
  }
}

// Deletes the Credential in every region that has it, as an operator's command would.
void SimulatedWorld::revoke(const scenario::Credential& credential) {
  for (const std::string& region : credential.regions) {
    SimulatedHost* host = find_host(credential_store_name(region));
    if (host == nullptr || host->component() == nullptr) continue;
    auto& store = static_cast<control::StoreNode&>(*host->component());
    store.engine().apply(
        wire::DeleteRequest{.key = control::credential_key(credential.user), .range_end = {}});
    host->act([&] { store.flush(); });
  }
}

void SimulatedWorld::apply_fault(std::uint32_t number, bool begins) {
  if ((number & revocation_bit) != 0 && number != reroute_event) {
    revoke(plan_.credentials[number & ~revocation_bit]);
    return;
  }
  if (number == reroute_event) {
    wan_.reroute();
    transport_.refresh_paths();
    return;
  }
  const Fault& fault = plan_.faults[number];
  switch (fault.kind) {
    case FaultKind::slow:
    case FaultKind::lossy:
    case FaultKind::partition:
      if (begins) {
        impairments_[number] =
            transport_.impair({.source_site = wan_.require(fault.source),
                               .target_site = wan_.require(fault.target),
                               .one_way = fault.one_way,
                               .extra_delay = fault.extra_delay.count(),
                               .loss = static_cast<std::uint32_t>(fault.loss * 4294967295.0),
                               .blocks = fault.kind == FaultKind::partition});
      } else {
        transport_.mend(impairments_[number]);
      }
      break;
    case FaultKind::cut_cable:
      if (begins) {
        wan_.cut(fault.source, network::Rerouting::pending);
        simulation_.post(fault_origin_, simulation_.now() + wan_.reroute_delay(), fault_kind,
                         reroute_event, 0);
      } else {
        wan_.repair(fault.source);
      }
      transport_.refresh_paths();
      break;
    case FaultKind::crash_host:
    case FaultKind::freeze_host: {
      SimulatedHost& host = *find_host(fault.source);
      if (fault.kind == FaultKind::crash_host) {
        if (begins) {
          host.crash();
        } else if (host.component() == nullptr) {
          host.install(makers_.at(fault.source)(host));
          host.start();
        }
      } else if (begins) {
        host.freeze();
      } else {
        host.thaw();
      }
      break;
    }
  }
}

}  // namespace wanlab::world
