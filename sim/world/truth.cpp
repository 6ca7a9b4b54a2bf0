// What the world tells observers although no component may know it: the true state of paths, the
// end of credentials, secrets on the wire, and what is left once all is quiet.
#include "real_components/edge/edge_node.hpp"
#include "real_components/mysql/proof.hpp"
#include "real_components/origin/origin_node.hpp"
#include "sim/scenario/host_names.hpp"
#include "sim/world/simulated_world.hpp"
#include "sim/world/statement_tag.hpp"

#include <algorithm>

namespace wanlab::world {

using runtime::TraceKind;

namespace {

constexpr std::uint16_t store_port = 2379;  // of etcd (IANA)
// A lost segment costs about one retransmission timeout (at least 200 ms in Linux, TCP_RTO_MIN).
constexpr double least_timeout = 200e6;
// The median of an exponential distribution lies ln(2) means above its least value.
constexpr double ln2 = 0.6931471805599453;

double one_way(const network::Path& path) {
  const double loss = static_cast<double>(std::max(path.loss, path.extra_loss)) / 4294967296.0;
  return static_cast<double>(path.base()) + static_cast<double>(path.jitter_mean) * ln2 +
         least_timeout * loss / (1.0 - std::min(loss, 0.99));
}

std::uint64_t connections_wanted(const scenario::Plan& plan) {
  std::uint64_t wanted = 0;
  for (const scenario::ClientGroup& group : plan.clients) {
    wanted += std::uint64_t{group.hosts} * group.connections_per_host;
    for (const auto& arrival : group.arrivals) wanted += arrival.count;
  }
  return wanted;
}

std::uint64_t credential_id(const std::string& user) {
  return hash_name("credential/" + user);
}

}  // namespace

void SimulatedWorld::prepare_truth() {
  for (const scenario::OriginRegion& region : plan_.origins) {
    RegionTruth& truth = region_truths_.emplace_back();
    truth.name = region.region;
    for (std::uint32_t node = 1; node <= region.nodes; ++node) {
      truth.origins.push_back(find_host(scenario::origin_host_name(region, node)));
    }
  }
  // What is told first must not depend on the order in which a plan lists its parts.
  std::sort(
      region_truths_.begin(), region_truths_.end(),
      [](const RegionTruth& left, const RegionTruth& right) { return left.name < right.name; });
  tap_ = std::make_unique<SecretTap>();
  const auto secret = [this](const std::string& user, const std::string& what, ByteView bytes) {
    tap_->add({Bytes(bytes.begin(), bytes.end()), credential_id(user), what + " of " + user});
  };
  for (const scenario::Credential& credential : plan_.credentials) {
    const std::string& password = passwords_.at(credential.user);
    const mysql::Verifier verifier = mysql::derive_verifier(password, true);
    secret(credential.user, "password", as_bytes(password));
    secret(credential.user, "sha2 verifier", verifier.sha2_stage2);
    secret(credential.user, "sha1 verifier", *verifier.native_stage2);
  }
  // In a large world only what stores say: whatever else comes is too much to look through.
  const std::uint16_t tapped_port =
      connections_wanted(plan_) <= most_tagged_connections ? 0 : store_port;
  for (const auto& host : hosts_) {
    if (host->label().role != trace::HostRole::edge) continue;
    edge_truths_.push_back({host.get(), std::vector<std::uint64_t>(region_truths_.size(), 0)});
    host->set_tap(tap_.get(), tapped_port);
  }
  tell_paths();
  schedule_expiries();
}

// The way to the nearest origin of the region that is up. A frozen machine is as good as none.
void SimulatedWorld::tell_paths() {
  for (EdgeTruth& truth : edge_truths_) {
    const SimulatedHost& edge = *truth.edge;
    for (std::size_t number = 0; number < region_truths_.size(); ++number) {
      const RegionTruth& region = region_truths_[number];
      std::uint64_t best = runtime::path_unreachable;
      std::uint64_t loss = 0;
      for (SimulatedHost* origin : region.origins) {
        if (origin == nullptr || origin->component() == nullptr || origin->down) continue;
        const network::Path there =
            transport_.look_at(edge.site, edge.zone, origin->site, origin->zone);
        const network::Path back =
            transport_.look_at(origin->site, origin->zone, edge.site, edge.zone);
        if (!there.open() || !back.open()) continue;
        const auto round_trip = static_cast<std::uint64_t>(one_way(there) + one_way(back));
        if (round_trip >= best) continue;
        best = round_trip;
        const std::uint32_t worse =
            std::max(std::max(there.loss, there.extra_loss), std::max(back.loss, back.extra_loss));
        loss = std::uint64_t{worse} * 1'000'000 >> 32;
      }
      if (std::exchange(truth.round_trips[number], best) == best) continue;
      recorder_.record(simulation_.now(), edge.recorded_as(),
                       {TraceKind::path_truth, hash_name(region.name), best, loss, region.name});
    }
  }
}

void SimulatedWorld::schedule_expiries() {
  for (std::uint32_t i = 0; i < plan_.credentials.size(); ++i) {
    const auto at = [&](const std::optional<Duration>& after, runtime::CredentialEnd end) {
      if (!after) return;
      // Records hold whole seconds.
      const Instant moment = begin_ + *after;
      const Duration into_second =
          (wall_start + moment.time_since_epoch()).time_since_epoch() % std::chrono::seconds(1);
      simulation_.post(fault_origin_, std::max(moment - into_second, Instant()), expiry_kind, i,
                       static_cast<std::uint32_t>(end));
    };
    const scenario::Credential& credential = plan_.credentials[i];
    at(credential.credential_expires_after, runtime::CredentialEnd::expired);
    at(credential.route_expires_after, runtime::CredentialEnd::route_gone);
  }
}

void SimulatedWorld::tell_end(const scenario::Credential& credential, runtime::CredentialEnd end) {
  tell({TraceKind::credential_ended, credential_id(credential.user),
        static_cast<std::uint64_t>(end), 0, credential.user});
}

void SimulatedWorld::tell_rest() {
  for (const auto& host : hosts_) {
    const auto held = [&](std::uint64_t count, std::string_view what) {
      if (count != 0) host->record({TraceKind::held, 0, count, 0, what});
    };
    const auto flows = [&](const std::map<std::string, backhaul::FlowTotals>& totals) {
      for (const auto& [peer, flow] : totals) {
        host->record({TraceKind::flow_totals, 0, flow.sent, flow.may_send, peer});
        host->record({TraceKind::flow_totals, 1, flow.consumed, flow.allowed, peer});
      }
    };
    const runtime::Component* component = host->component();
    if (component == nullptr) continue;
    if (host->label().role == trace::HostRole::edge) {
      const auto& edge = static_cast<const edge::EdgeNode&>(*component);
      held(edge.census().sessions, "sessions");
      held(edge.census().exchanges, "requests");
      held(edge.census().schemas, "names of databases");
      std::map<std::string, backhaul::FlowTotals> totals;
      edge.upstream().pool().add_flow_totals(totals);
      flows(totals);
    } else if (host->label().role == trace::HostRole::origin) {
      const auto& origin = static_cast<const origin::OriginNode&>(*component);
      held(origin.census().requests, "requests");
      held(origin.census().waiting, "statements waiting for a database");
      std::map<std::string, backhaul::FlowTotals> totals;
      origin.acceptor().add_flow_totals(totals);
      flows(totals);
    } else if (host->label().role == trace::HostRole::client) {
      held(static_cast<const ClientHost&>(*component).live(), "connections");
    }
  }
}

}  // namespace wanlab::world
