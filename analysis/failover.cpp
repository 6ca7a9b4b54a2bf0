// The bookkeeping behind the figures of a failover.
#include "analysis/failover.hpp"

#include "analysis/numbers.hpp"

#include <algorithm>

namespace wanlab::analysis {

using runtime::TraceEvent;
using runtime::TraceKind;
using trace::HostLabel;

namespace {

constexpr Duration herd_window = std::chrono::seconds(5);
// A head that comes back within this time has flapped.
constexpr Duration flap_window = std::chrono::seconds(60);
// Statements under way when a fault began are its victims, and so is who notices after it healed.
constexpr Duration before_fault = std::chrono::seconds(30), after_fault = std::chrono::seconds(10);
constexpr std::uint64_t outcome_unknown = 1105;

void raise(std::optional<Duration>& most, Duration value) {
  most = std::max(most.value_or(value), value);
}

LatencySummary summary_of(const trace::Histogram& histogram) {
  return {histogram.count(),           histogram.minimum(),         histogram.mean(),
          histogram.at_per_mille(500), histogram.at_per_mille(900), histogram.at_per_mille(990),
          histogram.at_per_mille(999), histogram.maximum()};
}

}  // namespace

Failover::Failover(const scenario::Plan& plan, Fleet& fleet, BegunAt begun_at)
    : plan_(plan),
      fleet_(fleet),
      begun_at_(std::move(begun_at)),
      begin_(Instant() + plan.warm_up),
      summary_(empty_failover(plan)),
      faults_(plan.faults.size()) {}

trace::Kinds Failover::kinds() {
  return {TraceKind::query_routed,
          TraceKind::query_failed,
          TraceKind::regions_sorted,
          TraceKind::head_changed,
          TraceKind::path_truth,
          TraceKind::region_state,
          TraceKind::client_query_answered,
          TraceKind::client_query_failed,
          TraceKind::client_established,
          TraceKind::client_attempt_failed,
          TraceKind::client_failed,
          TraceKind::client_lost,
          TraceKind::client_closed,
          TraceKind::fault_started,
          TraceKind::fault_healed};
}

void Failover::observe(Instant now, const HostLabel& host, const TraceEvent& event) {
  switch (event.kind) {
    case TraceKind::query_routed:
      return routed(now, host, event);
    case TraceKind::client_query_answered: {
      const Duration took(static_cast<std::int64_t>(event.b));
      if (took > FailoverSummary::late_after) [[unlikely]] {
        ++summary_.late;
        trouble(host.index, event.subject, now - took);
      }
      if (!troubles_.empty()) [[unlikely]] {
        relief(host.index, event.subject, now);
      }
      return;
    }
    case TraceKind::client_query_failed:
      ++summary_.failed;
      if (event.b == outcome_unknown) ++summary_.unknown;
      return trouble(host.index, event.subject, begun_at_(host.index, event.subject).value_or(now));
    case TraceKind::client_lost:
      return trouble(host.index, event.subject, now);
    case TraceKind::client_attempt_failed:
      return trouble(host.index, event.subject, begun_at_(host.index, event.subject).value_or(now));
    case TraceKind::client_failed: {
      trouble(host.index, event.subject, begun_at_(host.index, event.subject).value_or(now));
      ++summary_.clients_given_up;
      return relief(host.index, event.subject, now);
    }
    case TraceKind::client_established:
      if (!troubles_.empty()) [[unlikely]] {
        const auto found = troubles_.find(client(host.index, event.subject));
        if (found != troubles_.end()) found->second.back = now;
      }
      return;
    case TraceKind::client_closed:
      if (!troubles_.empty()) [[unlikely]] {
        relief(host.index, event.subject, now);
      }
      return;
    case TraceKind::regions_sorted:
      return sorted(now, host, event);
    case TraceKind::head_changed:
      ++summary_.head_changes;
      for (FaultState& fault : faults_) {
        if (fault.active) fault.last_move = now;
      }
      return;
    case TraceKind::path_truth:
      return truth(now, host, event);
    case TraceKind::region_state:
      return state(now, host, event);
    case TraceKind::fault_started:
      return started(now, event.subject);
    case TraceKind::fault_healed:
      return healed(now, event.subject);
    default:
      return;
  }
}

void Failover::routed(Instant now, const HostLabel& host, const TraceEvent& event) {
  if (runtime::attempt_of(event.b) > 1) ++summary_.retried;
  EdgeSeen* edge = fleet_.edge(host.index);
  if (edge == nullptr) return;
  const std::uint64_t number = runtime::route_of(event.b);
  const std::uint32_t region = edge->find(event.text);
  if (region == 0xffffffff || number >= edge->routes.size()) return;
  const RegionSeen& chosen = edge->regions[region];
  RouteSeen& route = edge->routes[number];
  if (chosen.truth_known) {
    if (chosen.reachable()) [[likely]] {
      const std::uint64_t more = chosen.truth > route.best ? chosen.truth - route.best : 0;
      regret_.add(Duration(static_cast<std::int64_t>(more)));
    } else {
      ++summary_.sent_into_the_void;
      for (Dark& dark : dark_) {
        if (dark.edge == edge && dark.region == chosen.name) dark.last_query = now;
      }
    }
  }
  if (runtime::attempt_of(event.b) > 1) return;
  all_.add(now);
  const auto index = static_cast<std::size_t>(host.index);
  if (index >= rates_.size()) rates_.resize(index + 1);
  if (number >= rates_[index].size()) rates_[index].resize(number + 1);
  if (route.last != region) [[unlikely]] {
    if (route.last != 0xffffffff && now >= begin_) moved(now, *edge, number, chosen.name);
    route.last = region;
  }
  rates_[index][number].add(now);
}

// The load of a route at an edge goes elsewhere from this statement on.
void Failover::moved(Instant now, const EdgeSeen& edge, std::uint64_t route, std::string_view to) {
  while (!moves_.empty() && now - moves_.front().at > herd_window) {
    moved_share_ -= moves_.front().share;
    moved_to_[moves_.front().to] -= moves_.front().share;
    moves_.pop_front();
  }
  if (moves_.empty()) {
    moved_share_ = 0;
    moved_to_.clear();
  }
  const double total = all_.per_second(now);
  const double mine = rates_[static_cast<std::size_t>(edge.host)][route].per_second(now);
  if (total <= 0) return;
  Move& move = moves_.emplace_back(Move{now, std::min(mine / total, 1.0), std::string(to)});
  moved_share_ += move.share;
  double& onto = moved_to_[move.to];
  onto += move.share;
  summary_.herd_share = std::max(summary_.herd_share, std::min(moved_share_, 1.0));
  summary_.herd_onto_one_share = std::max(summary_.herd_onto_one_share, std::min(onto, 1.0));
}

void Failover::sorted(Instant now, const HostLabel& host, const TraceEvent& event) {
  std::vector<std::string> order;
  for (std::string_view rest = event.text; !rest.empty();) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view item = rest.substr(0, comma);
    order.emplace_back(item.substr(0, item.rfind('=')));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  SetSeen& set = sets_[{host.index, event.subject}];
  if (set.order.empty() || order.empty()) {
    set.order = std::move(order);
    return;
  }
  if (order != set.order) ++summary_.re_sorts;
  if (order.front() != set.order.front()) {
    ++summary_.set_head_changes;
    while (!set.heads.empty() && now - set.heads.front().first > flap_window) set.heads.pop_front();
    const bool came_back = std::any_of(set.heads.begin(), set.heads.end(), [&](const auto& head) {
      return head.second == order.front();
    });
    if (came_back) ++summary_.flaps;
    set.heads.emplace_back(now, set.order.front());
  }
  set.order = std::move(order);
}

// --- faults -------------------------------------------------------------------------------------

void Failover::started(Instant now, std::uint64_t number) {
  if (number >= faults_.size()) return;
  FaultState& fault = faults_[number];
  fault = {};
  fault.active = true;
  fault.started = now;
  FaultSummary& summary = summary_.faults[number];
  summary.happened = true;
  summary.at = now - begin_;
}

void Failover::healed(Instant now, std::uint64_t number) {
  if (number >= faults_.size() || !faults_[number].active) return;
  FaultState& fault = faults_[number];
  fault.active = false;
  fault.healed = now;
  summary_.faults[number].healed_at = now - begin_;
}

void Failover::truth(Instant now, const HostLabel& host, const TraceEvent& event) {
  EdgeSeen* edge = fleet_.edge(host.index);
  const auto dark = std::find_if(dark_.begin(), dark_.end(), [&](const Dark& one) {
    return one.edge == edge && edge != nullptr && one.region == event.text;
  });
  if (event.a != runtime::path_unreachable) {
    if (dark == dark_.end()) return;
    end_dark(*dark);
    dark_.erase(dark);
    return;
  }
  if (edge == nullptr || dark != dark_.end()) return;
  // The fault that began last is to blame.
  std::optional<std::size_t> culprit;
  for (std::size_t i = 0; i < faults_.size(); ++i) {
    if (!faults_[i].active) continue;
    if (!culprit || faults_[i].started >= faults_[*culprit].started) culprit = i;
  }
  if (!culprit) return;
  faults_[*culprit].any_dark = true;
  dark_.push_back({edge, std::string(event.text), now, {}, {}, *culprit});
}

void Failover::end_dark(const Dark& dark) {
  FaultSummary& summary = summary_.faults[dark.fault];
  // Edges that neither send there nor ask have nothing to notice.
  if (dark.detected) raise(summary.time_to_detect, *dark.detected - dark.since);
  if (dark.last_query) {
    raise(summary.time_to_reroute, *dark.last_query - dark.since);
  } else if (dark.detected) {
    raise(summary.time_to_reroute, Duration::zero());  // noticed before anything was sent there
  }
}

void Failover::state(Instant now, const HostLabel& host, const TraceEvent& event) {
  const auto held = static_cast<Held>(event.b);
  const bool worse = held == Held::suspect || held == Held::down || held == Held::draining;
  if (!worse) return;
  const EdgeSeen* edge = fleet_.edge(host.index);
  for (Dark& dark : dark_) {
    if (dark.edge == edge && dark.region == event.text && !dark.detected) dark.detected = now;
  }
  for (FaultState& fault : faults_) {
    if (fault.active && !fault.first_worse) fault.first_worse = now;
  }
}

// --- clients ------------------------------------------------------------------------------------

void Failover::trouble(trace::HostIndex host, std::uint64_t number, Instant since) {
  const auto [found, is_new] = troubles_.try_emplace(client(host, number), Trouble{since, {}});
  if (!is_new) found->second.back.reset();
}

void Failover::relief(trace::HostIndex host, std::uint64_t number, Instant now) {
  const auto found = troubles_.find(client(host, number));
  if (found == troubles_.end()) return;
  window(found->second.since, found->second.back.value_or(now));
  troubles_.erase(found);
}

void Failover::window(Instant since, Instant until) {
  unavailable_.add(until - since);
  for (std::size_t i = 0; i < faults_.size(); ++i) {
    const FaultState& fault = faults_[i];
    if (!summary_.faults[i].happened || until < fault.started) continue;
    if (since + before_fault < fault.started) continue;
    if (fault.healed && since > *fault.healed + after_fault) continue;
    raise(summary_.faults[i].time_to_recover, until - fault.started);
    ++summary_.faults[i].clients_affected;
  }
}

void Failover::finish(Instant end) {
  for (const Dark& dark : dark_) end_dark(dark);
  dark_.clear();
  // In no order: what they add up to does not depend on it.
  for (const auto& [key, trouble] : troubles_) {
    if (!trouble.back) ++summary_.clients_in_trouble_at_end;
    window(trouble.since, trouble.back.value_or(end));
  }
  troubles_.clear();
  for (std::size_t i = 0; i < faults_.size(); ++i) {
    const FaultState& fault = faults_[i];
    FaultSummary& summary = summary_.faults[i];
    if (!summary.happened) continue;
    if (!fault.any_dark) {
      if (fault.first_worse) summary.time_to_detect = *fault.first_worse - fault.started;
      if (fault.last_move) summary.time_to_reroute = *fault.last_move - fault.started;
    }
    const auto overall = [](std::optional<Duration>& all, const std::optional<Duration>& one) {
      if (one) raise(all, *one);
    };
    overall(summary_.time_to_detect, summary.time_to_detect);
    overall(summary_.time_to_reroute, summary.time_to_reroute);
    overall(summary_.time_to_recover, summary.time_to_recover);
  }
  summary_.regret = summary_of(regret_);
  summary_.unavailable = summary_of(unavailable_);
}

}  // namespace wanlab::analysis
