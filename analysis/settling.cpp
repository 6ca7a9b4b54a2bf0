#include "analysis/settling.hpp"

#include "analysis/numbers.hpp"

#include <algorithm>

namespace wanlab::analysis {

using runtime::TraceKind;

namespace {

// How much farther than the nearest region a statement may go: what the order of regions does not
// distinguish (5 ms and 20 %, routing::ResortOptions), what its measurements add for jitter (10 ms
// at most, mesh::ProberOptions) and the noise of a measured average.
constexpr std::uint64_t further_percent = 30;
constexpr std::uint64_t further_nanoseconds = 16'000'000;

// routing::RegionState, as region_state events carry it.
constexpr std::uint64_t up = 0, suspect = 2;

// Under which the store keeps Routes (control::route_prefix).
constexpr std::string_view route_prefix = "/wanlab/routes/";

bool ends_for_good(const scenario::Plan& plan, const scenario::Credential& credential) {
  if (credential.revoked_after || credential.credential_expires_after ||
      credential.route_expires_after) {
    return true;
  }
  return std::any_of(plan.faults.begin(), plan.faults.end(), [&](const scenario::Fault& fault) {
    const bool ends = fault.kind == scenario::FaultKind::revoke_credential ||
                      fault.kind == scenario::FaultKind::expire_credential ||
                      fault.kind == scenario::FaultKind::rotate_credential;
    return ends && fault.source == credential.user && fault.duration == Duration::zero();
  });
}

bool is_good(const scenario::Plan& plan, const scenario::ClientGroup& group) {
  if (group.stalls_in_handshake) return false;
  const auto credential =
      std::find_if(plan.credentials.begin(), plan.credentials.end(),
                   [&](const scenario::Credential& each) { return each.user == group.user; });
  if (credential == plan.credentials.end() || ends_for_good(plan, *credential)) return false;
  if (!group.password.empty() && group.password != credential->password) return false;
  return credential->allow_native || group.authentication_plugin != "mysql_native_password";
}

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> parts;
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    parts.emplace_back(list.substr(0, comma));
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  }
  return parts;
}

std::string milliseconds(std::uint64_t nanoseconds) {
  return duration_text(Duration(static_cast<Duration::rep>(nanoseconds)));
}

}  // namespace

Settling::Settling(const scenario::Plan& plan) : plan_(plan) {
  if (plan.settled_after) settled_at_ = Instant(plan.warm_up + *plan.settled_after);
  for (const scenario::EdgePop& pop : plan.edges) {
    if (pop.backhaul_on_demand) cold_pops_.insert(pop.name);
  }
  for (const scenario::ClientGroup& group : plan.clients) {
    if (is_good(plan, group)) good_groups_.insert(group.name);
  }
  for (const scenario::Credential& credential : plan.credentials) {
    if (!ends_for_good(plan, credential)) good_users_.insert(credential.user);
  }
}

trace::Kinds Settling::kinds() {
  return {TraceKind::store_committed,
          TraceKind::held,
          TraceKind::host_fault,
          TraceKind::path_truth,
          TraceKind::route_clusters,
          TraceKind::route_visible,
          TraceKind::route_removed,
          TraceKind::region_state,
          TraceKind::query_routed,
          TraceKind::client_failed,
          TraceKind::client_attempt_failed,
          TraceKind::client_lost,
          TraceKind::client_query_failed};
}

void Settling::observe(Instant now, const trace::HostLabel& host,
                       const runtime::TraceEvent& event) {
  if (!plan_.settled_after) return;
  if (host.role == trace::HostRole::edge) {
    observe_edge(now, host, event);
  } else if (host.role == trace::HostRole::client) {
    if (now >= settled_at_) observe_client(now, host, event);
  } else if (event.kind == TraceKind::store_committed && event.text.starts_with(route_prefix)) {
    const std::string user(event.text.substr(route_prefix.size()));
    committed_[user] = event.a == 0 ? event.subject : 0;
  }
  if (event.kind == TraceKind::held) {
    complain(now, "held at the end: " + std::string(event.text),
             host.name + " holds " + std::to_string(event.a) + " " + std::string(event.text));
  }
}

void Settling::observe_edge(Instant now, const trace::HostLabel& host,
                            const runtime::TraceEvent& event) {
  Edge& edge = edges_[host.name];
  switch (event.kind) {
    case TraceKind::host_fault: {
      // What its process knew is gone with it.
      if (static_cast<runtime::HostFault>(event.a) != runtime::HostFault::crashed) break;
      const auto truth = std::move(edge.truth);
      edge = Edge{};
      edge.truth = truth;
      break;
    }
    case TraceKind::path_truth:
      edge.truth[std::string(event.text)] = event.a;
      break;
    case TraceKind::route_clusters:
      edge.next_regions = split(event.text);
      break;
    case TraceKind::route_visible: {
      Route& route = edge.routes[std::string(event.text)];
      route = {event.a, event.b, std::exchange(edge.next_regions, {})};
      edge.users[event.b] = std::string(event.text);
      break;
    }
    case TraceKind::route_removed:
      edge.routes.erase(std::string(event.text));
      break;
    case TraceKind::region_state:
      edge.states[std::string(event.text)] = event.b;
      // A doubt that lasts for a moment is what loss on the way looks like.
      if (now >= settled_at_ && event.b > suspect) {
        complain(now, "a region is doubted", host.name + " doubts " + std::string(event.text));
      }
      break;
    case TraceKind::query_routed:
      // An edge that dials regions only on demand cannot know of better ones.
      if (cold_pops_.contains(host.place)) break;
      if (now >= settled_at_) judge_choice(now, host, edge, event);
      break;
    default:
      break;
  }
}

void Settling::judge_choice(Instant now, const trace::HostLabel& host, const Edge& edge,
                            const runtime::TraceEvent& event) {
  const auto user = edge.users.find(runtime::route_of(event.b));
  if (user == edge.users.end() || !good_users_.contains(user->second)) return;
  const auto route = edge.routes.find(user->second);
  if (route == edge.routes.end()) return;
  if (runtime::attempt_of(event.b) > 1) {
    complain(now, "a statement is repeated",
             host.name + " repeats a statement at " + std::string(event.text));
  }
  std::uint64_t best = runtime::path_unreachable, chosen = runtime::path_unreachable;
  std::string nearest;
  for (const std::string& region : route->second.regions) {
    const auto truth = edge.truth.find(region);
    if (truth == edge.truth.end()) continue;
    if (truth->second < best) {
      best = truth->second;
      nearest = region;
    }
    if (region == event.text) chosen = truth->second;
  }
  if (chosen <= best || best == runtime::path_unreachable) return;
  if (chosen != runtime::path_unreachable &&
      chosen - best <= best * further_percent / 100 + further_nanoseconds) {
    return;
  }
  complain(now, "not the best region",
           host.name + " sends a statement of " + user->second + " to " + std::string(event.text) +
               (chosen == runtime::path_unreachable ? std::string(", which is no region in reach")
                                                    : " (" + milliseconds(chosen) + ")") +
               ", while " + nearest + " is " + milliseconds(best) + " away");
}

void Settling::observe_client(Instant now, const trace::HostLabel& host,
                              const runtime::TraceEvent& event) {
  if (!good_groups_.contains(host.group)) return;
  const std::string who = host.name + " of " + host.group;
  switch (event.kind) {
    case TraceKind::client_failed:
    case TraceKind::client_attempt_failed:
      complain(now, "a client cannot connect", who + ": " + std::string(event.text));
      break;
    case TraceKind::client_lost:
      complain(now, "a session ends", who + ": " + std::string(event.text));
      break;
    case TraceKind::client_query_failed:
      complain(now, "a statement fails", who + ": error " + std::to_string(event.b));
      break;
    default:
      break;
  }
}

std::vector<Unsettled> Settling::judge(const trace::RunRecord& record) {
  if (!plan_.settled_after) return {};
  const Instant end(record.simulated);
  for (const auto& [name, edge] : edges_) {
    for (const std::string& user : good_users_) {
      const auto route = edge.routes.find(user);
      if (route == edge.routes.end()) {
        complain(end, "a Route is missing", name + " has no Route of " + user);
        continue;
      }
      std::uint64_t newest = 0;
      for (const auto& [other, holder] : edges_) {
        const auto theirs = holder.routes.find(user);
        if (theirs != holder.routes.end()) newest = std::max(newest, theirs->second.revision);
      }
      if (const auto committed = committed_.find(user); committed != committed_.end()) {
        newest = std::max(newest, committed->second);
      }
      if (route->second.revision < newest) {
        complain(end, "a Route is stale",
                 name + " has the Route of " + user + " as of revision " +
                     std::to_string(route->second.revision) + ", the newest is " +
                     std::to_string(newest));
      }
      for (const std::string& region : route->second.regions) {
        const auto state = edge.states.find(region);
        if (state != edge.states.end() && state->second != up && state->second != suspect) {
          complain(end, "a region is doubted", name + " still doubts " + region);
        }
      }
    }
  }
  if (record.simulated >= plan_.warm_up + plan_.duration) {
    complain(end, "clients are not done", "clients were still there at the end of the run");
  }
  return found_;
}

void Settling::add_verdicts(const trace::RunRecord& record, Summary& summary) {
  if (!plan_.settled_after) return;
  const std::string expected = "settled after " + duration_text(*plan_.settled_after);
  const std::vector<Unsettled> all = judge(record);
  if (all.empty()) summary.verdicts.push_back({"settled", expected, "yes", true});
  for (const Unsettled& unsettled : all) {
    const std::string times =
        unsettled.times == 1 ? "once" : grouped(unsettled.times) + " times, first";
    summary.verdicts.push_back({"settled: " + unsettled.what, expected,
                                times + " after " +
                                    duration_text(unsettled.at.time_since_epoch() - plan_.warm_up) +
                                    ": " + unsettled.text,
                                false});
  }
}

void Settling::complain(Instant now, std::string_view what, std::string text) {
  for (Unsettled& found : found_) {
    if (found.what == what) {
      ++found.times;
      return;
    }
  }
  found_.push_back({std::string(what), std::move(text), now, 1});
}

}  // namespace wanlab::analysis
