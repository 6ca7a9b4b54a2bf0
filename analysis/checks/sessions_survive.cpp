// The client's session survives what it must survive: only the end of its credential or Route, a
// drain or the death of its edge, or the loss of state that lived in a region may end it.
#include "analysis/checks/oracles.hpp"
#include "analysis/checks/words.hpp"

#include <algorithm>
#include <set>

namespace wanlab::analysis {

namespace {

using runtime::CloseReason;
using runtime::TraceEvent;
using runtime::TraceKind;

constexpr std::uint64_t error_server_shutdown = 1053;
constexpr std::uint64_t error_connection_killed = 1927;

class SessionsSurvive final : public Oracle {
 public:
  SessionsSurvive(Fleet& fleet, const scenario::Plan& plan) : fleet_(fleet), plan_(plan) {
    for (const scenario::ClientGroup& group : plan.clients) {
      const auto endpoint =
          std::find_if(plan.endpoints.begin(), plan.endpoints.end(),
                       [&](const scenario::Endpoint& one) { return one.name == group.endpoint; });
      const bool by_edge =
          endpoint != plan.endpoints.end() && endpoint->kind != scenario::EndpointKind::database;
      if (by_edge) groups_.insert(group.name);
    }
    for (const scenario::Credential& one : plan.credentials) {
      expires_ |= one.route_expires_after || one.credential_expires_after;
    }
  }

  std::string_view name() const override { return "sessions_survive"; }
  std::string_view promise() const override {
    return "a client's session ends only for what must end it";
  }
  trace::Kinds kinds() const override {
    return {TraceKind::session_closed, TraceKind::client_lost,      TraceKind::host_fault,
            TraceKind::fault_started,  TraceKind::credential_ended, TraceKind::route_removed};
  }

  void observe(Instant now, const trace::HostLabel& host, const TraceEvent& event) override {
    switch (event.kind) {
      case TraceKind::host_fault:
        edge_died_ |= host.role == trace::HostRole::edge;
        return;
      case TraceKind::fault_started:
        if (event.subject < plan_.faults.size()) {
          const scenario::FaultKind kind = plan_.faults[event.subject].kind;
          drained_ |= kind == scenario::FaultKind::drain;
          // By a wrong clock what expires does so at another time.
          clocks_wrong_ |=
              kind == scenario::FaultKind::clock_step || kind == scenario::FaultKind::clock_skew;
        }
        return;
      case TraceKind::credential_ended:
      case TraceKind::route_removed:
        credential_ended_ = true;
        return;
      case TraceKind::session_closed:
        return closed(now, host, event);
      case TraceKind::client_lost:
        return lost(now, host, event);
      default:
        return;
    }
  }

 private:
  void closed(Instant now, const trace::HostLabel& host, const TraceEvent& event) {
    if (event.b == 0) return;
    ended_by_edges_ = true;
    if ((event.b & runtime::session_state_lost) != 0) return;
    if (event.b == error_connection_killed && (credential_ended_ || (clocks_wrong_ && expires_)))
      return;
    if (event.b == error_server_shutdown && drained_) return;
    if (event.b != error_connection_killed && event.b != error_server_shutdown)
      return;  // malformed
    violated({now, host.name, session_words(event.subject),
              "was ended by its edge with MySQL error " + std::to_string(event.b),
              "that it goes on: no credential or Route has ended and nothing drains"});
  }

  void lost(Instant now, const trace::HostLabel& host, const TraceEvent& event) {
    const auto reason = static_cast<CloseReason>(event.a);
    if (edge_died_ || ended_by_edges_ || !groups_.contains(host.group)) return;
    if (reason != CloseReason::reset && reason != CloseReason::finished) return;
    violated({now, host.name, "connection " + std::to_string(event.subject),
              "was lost: " + std::string(event.text),
              "that it goes on: no edge died and none ended a session"});
  }

  Fleet& fleet_;
  const scenario::Plan& plan_;
  std::set<std::string, std::less<>> groups_;  // whose clients connect to edges
  bool expires_ = false;                       // some Credential or Route does, by some clock
  bool edge_died_ = false, drained_ = false, credential_ended_ = false, clocks_wrong_ = false;
  bool ended_by_edges_ = false;  // some session with an error of the edge's own
};

}  // namespace

std::unique_ptr<Oracle> make_sessions_survive(Fleet& fleet, const scenario::Plan& plan) {
  return std::make_unique<SessionsSurvive>(fleet, plan);
}

}  // namespace wanlab::analysis
