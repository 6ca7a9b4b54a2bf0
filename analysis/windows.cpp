// One window per expectation: a few counters and, for latencies, a histogram for each slice of it.
#include "analysis/windows.hpp"

#include "analysis/bounds.hpp"
#include "analysis/checks/in_flight.hpp"
#include "analysis/metrics.hpp"
#include "analysis/numbers.hpp"
#include "sim/base/nearest_name.hpp"
#include "sim/scenario/host_names.hpp"
#include "sim/trace/histogram.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace wanlab::analysis {

using runtime::TraceEvent;
using runtime::TraceKind;
using scenario::Expectation;
using scenario::ExpectationForm;
using trace::HostLabel;

namespace {

// Where events of a kind come from, and so which filters can tell them apart.
enum class Side : std::uint8_t { client, edge };

struct Counted {
  std::string_view name;
  TraceKind kind;
  Side side;
};
constexpr std::array counted{
    Counted{"queries.sent", TraceKind::client_query_sent, Side::client},
    Counted{"queries.answered", TraceKind::client_query_answered, Side::client},
    Counted{"queries.failed", TraceKind::client_query_failed, Side::client},
    Counted{"queries.late", TraceKind::client_query_answered, Side::client},
    Counted{"queries.unknown", TraceKind::client_query_failed, Side::client},
    Counted{"queries.routed", TraceKind::query_routed, Side::edge},
    Counted{"queries.retried", TraceKind::query_routed, Side::edge},
    Counted{"connections.attempts", TraceKind::client_connecting, Side::client},
    Counted{"connections.established", TraceKind::client_established, Side::client},
    Counted{"connections.failed", TraceKind::client_failed, Side::client},
    Counted{"connections.closed", TraceKind::client_closed, Side::client},
    Counted{"connections.lost", TraceKind::client_lost, Side::client},
    Counted{"head_changes", TraceKind::head_changed, Side::edge},
    Counted{"set_head_changes", TraceKind::regions_sorted, Side::edge},
};
struct Measured {
  std::string_view name;
  Side side;
};
constexpr std::array measured{Measured{"query_latency_ms", Side::client},
                              Measured{"connect_latency_ms", Side::client},
                              Measured{"regret_ms", Side::edge}};
constexpr std::array<std::string_view, 8> statistics{"p50", "p90", "p99",  "p999",
                                                     "max", "min", "mean", "count"};
constexpr std::string_view per_second = "_per_s";
constexpr std::uint64_t outcome_unknown = 1105;

Side side_of(TraceKind kind) {
  const bool client =
      kind >= TraceKind::client_connecting && kind <= TraceKind::client_first_answer;
  return client ? Side::client : Side::edge;
}

std::optional<TraceKind> kind_named(std::string_view name) {
  for (std::size_t kind = 0; kind < runtime::trace_kinds; ++kind) {
    if (to_string(static_cast<TraceKind>(kind)) == name) return static_cast<TraceKind>(kind);
  }
  return std::nullopt;
}

// What a metric is made of.
struct Source {
  std::optional<Counted> count;
  std::optional<Measured> measure;
  std::string_view statistic;
  bool rate = false;
};
std::optional<Source> source_of(std::string_view metric) {
  Source source;
  for (const Counted& one : counted) {
    if (metric == one.name) return Source{one, {}, {}, false};
    if (metric.ends_with(per_second) &&
        metric.substr(0, metric.size() - per_second.size()) == one.name) {
      return Source{one, {}, {}, true};
    }
  }
  for (const Measured& one : measured) {
    if (!metric.starts_with(one.name) || metric.size() <= one.name.size() + 1) continue;
    const std::string_view rest = metric.substr(one.name.size() + 1);
    const auto found = std::find(statistics.begin(), statistics.end(), rest);
    if (metric[one.name.size()] == '.' && found != statistics.end()) {
      return Source{{}, one, *found, false};
    }
  }
  return std::nullopt;
}

// Events that name a region in their text.
bool names_region(TraceKind kind) {
  return kind == TraceKind::query_routed || kind == TraceKind::query_failed ||
         kind == TraceKind::head_changed || kind == TraceKind::region_state ||
         kind == TraceKind::backhaul_up || kind == TraceKind::backhaul_down;
}

std::string filter_words(const Expectation& expectation) {
  std::string words;
  const auto add = [&words](const char* what, const std::string& value) {
    if (value.empty()) return;
    words += ' ';
    words += what;
    words += ' ';
    words += value;
  };
  add("at", expectation.pop);
  add("of group", expectation.group);
  add("with region", expectation.cluster);
  add("saying", expectation.text);
  if (!expectation.when.empty()) {
    words += ", ";
    words += expectation.when;
  }
  return words;
}

// What all windows share: the time, and whose events count.
class Filtered : public Window {
 public:
  Filtered(const scenario::Plan& plan, const Expectation& expectation)
      : expectation_(expectation),
        begin_(Instant() + plan.warm_up),
        from_(expectation.from ? begin_ + *expectation.from : Instant()),
        until_(expectation.until ? begin_ + *expectation.until : Instant::max()) {
    if (expectation.pop.empty()) return;
    for (const scenario::EdgePop& pop : plan.edges) {
      if (pop.name != expectation.pop) continue;
      for (std::uint32_t node = 1; node <= pop.nodes; ++node) {
        machines_.push_back(scenario::edge_host_name(pop, node));
      }
    }
  }

 protected:
  bool inside(Instant moment) const { return moment >= from_ && moment < until_; }
  // Follows which POP the clients of a host talk to; true if the event was only that.
  void follow(const HostLabel& host, const TraceEvent& event) {
    if (event.kind != TraceKind::client_connecting || event.text.empty()) return;
    const auto index = static_cast<std::size_t>(host.index);
    if (index >= at_pop_.size()) at_pop_.resize(index + 1, false);
    at_pop_[index] = std::find(machines_.begin(), machines_.end(), event.text) != machines_.end();
  }
  bool concerns(const HostLabel& host) const {
    if (!expectation_.group.empty() && host.group != expectation_.group) return false;
    if (expectation_.pop.empty()) return true;
    if (host.role != trace::HostRole::client) return host.place == expectation_.pop;
    const auto index = static_cast<std::size_t>(host.index);
    return index < at_pop_.size() && at_pop_[index];
  }
  trace::Kinds and_followed(trace::Kinds kinds) const {
    if (!expectation_.pop.empty()) kinds |= {TraceKind::client_connecting};
    return kinds;
  }
  Duration since_begin(Instant moment) const { return moment - begin_; }
  // When the run ended before the window did, the rest of it is missing.
  Instant last(Instant end) const { return std::min(until_, end); }

  const Expectation& expectation_;
  Instant begin_, from_, until_;

 private:
  std::vector<std::string> machines_;  // of the POP
  std::vector<bool> at_pop_;           // client hosts
};

class MetricWindow final : public Filtered {
 public:
  MetricWindow(const scenario::Plan& plan, const Expectation& expectation, const Source& source,
               const Fleet& fleet)
      : Filtered(plan, expectation), source_(source), fleet_(fleet) {
    by_region_ = source.measure && source.measure->name == "query_latency_ms" &&
                 !expectation.cluster.empty();
    if (!expectation.from && expectation.every > Duration::zero()) from_ = begin_;
  }

  trace::Kinds kinds() const override {
    if (source_.count) return and_followed({source_.count->kind});
    if (source_.measure->name == "regret_ms") return {TraceKind::query_routed};
    if (source_.measure->name == "connect_latency_ms") {
      return and_followed({TraceKind::client_established});
    }
    if (by_region_) {
      return {TraceKind::query_routed, TraceKind::query_answered, TraceKind::query_failed,
              TraceKind::session_closed};
    }
    return and_followed({TraceKind::client_query_answered});
  }

  void observe(Instant now, const HostLabel& host, const TraceEvent& event) override {
    follow(host, event);
    if (!concerns(host)) return;
    if (source_.count) return count(now, event);
    if (source_.measure->name == "regret_ms") return regret(now, host, event);
    if (by_region_) return through_region(now, host, event);
    const bool connect = source_.measure->name == "connect_latency_ms";
    if (event.kind !=
        (connect ? TraceKind::client_established : TraceKind::client_query_answered)) {
      return;
    }
    const Duration took(static_cast<std::int64_t>(connect ? event.a : event.b));
    add(now - took, took);
  }

  std::vector<Verdict> judge(Instant end) const override {
    std::string name = expectation_.metric + filter_words(expectation_);
    if (expectation_.every > Duration::zero()) {
      name += ", in each ";
      name += duration_text(expectation_.every);
    }
    std::vector<Verdict> verdicts;
    if (from_ >= end) {
      verdicts.push_back({name, "a run that reaches the window", "it ended before", false,
                          since_begin(end) - std::chrono::seconds(1), since_begin(end)});
      return verdicts;
    }
    const std::size_t whole =
        expectation_.every > Duration::zero()
            ? static_cast<std::size_t>((last(end) - from_) / expectation_.every)
            : 1;
    for (const BoundCheck& bound : bounds_of(expectation_)) {
      Verdict verdict{name, bound.words, "", true, {}, {}};
      for (std::size_t number = 0; number < std::max<std::size_t>(whole, 1); ++number) {
        const Slice empty;
        const Slice& slice = number < slices_.size() ? slices_[number] : empty;
        const MetricValue value = value_of(slice, end);
        const auto got = analysis::number(value);
        const bool holds = got && bound.holds(*got);
        if (number == 0 || !holds) verdict.got = to_string(value);
        if (holds) continue;
        verdict.passed = false;
        place(verdict, slice, number, end);
        if (expectation_.every > Duration::zero()) {
          verdict.got += " at ";
          verdict.got +=
              decimals(seconds_of(since_begin(from_ + expectation_.every *
                                                          static_cast<std::int64_t>(number))),
                       1);
          verdict.got += " s";
        }
        break;
      }
      verdicts.push_back(std::move(verdict));
    }
    return verdicts;
  }

 private:
  struct Slice {
    std::uint64_t count = 0;
    trace::Histogram latency;
    Instant worst_at{}, first_at{};
    Duration worst{};
  };
  struct OnItsWay {
    Instant since{};
    bool here = false;  // the last attempt went to the region in question
  };

  Slice* slice_of(Instant moment) {
    if (!inside(moment)) return nullptr;
    const std::size_t number = expectation_.every > Duration::zero()
                                   ? static_cast<std::size_t>((moment - from_) / expectation_.every)
                                   : 0;
    if (number >= slices_.size()) slices_.resize(number + 1);
    return &slices_[number];
  }
  void add(Instant moment, Duration value) {
    Slice* slice = slice_of(moment);
    if (slice == nullptr) return;
    slice->latency.add(value);
    if (slice->count++ == 0) slice->first_at = moment;
    if (value >= slice->worst) {
      slice->worst = value;
      slice->worst_at = moment;
    }
  }
  void count(Instant now, const TraceEvent& event) {
    if (event.kind != source_.count->kind) return;
    if (!expectation_.cluster.empty() && event.text != expectation_.cluster) return;
    if (!expectation_.text.empty() && event.text != expectation_.text) return;
    const std::string_view name = source_.count->name;
    if (name == "queries.late" &&
        Duration(static_cast<std::int64_t>(event.b)) <= FailoverSummary::late_after) {
      return;
    }
    if (name == "queries.unknown" && event.b != outcome_unknown) return;
    if (name == "queries.retried" && runtime::attempt_of(event.b) <= 1) return;
    if (name == "queries.routed" && runtime::attempt_of(event.b) > 1) return;
    if (name == "connections.attempts" && event.text.empty()) return;
    if (name == "set_head_changes" && event.a == 0) return;
    Slice* slice = slice_of(now);
    if (slice == nullptr) return;
    if (slice->count++ == 0) slice->first_at = now;
    slice->worst_at = now;
  }
  void regret(Instant now, const HostLabel& host, const TraceEvent& event) {
    if (!expectation_.cluster.empty() && event.text != expectation_.cluster) return;
    const EdgeSeen* edge = const_cast<Fleet&>(fleet_).edge(host.index);
    const RouteSeen* route = edge == nullptr ? nullptr : edge->route(runtime::route_of(event.b));
    if (route == nullptr) return;
    const std::uint32_t region = edge->find(event.text);
    if (region == 0xffffffff || !edge->regions[region].reachable()) return;
    const std::uint64_t truth = edge->regions[region].truth;
    add(now, Duration(static_cast<std::int64_t>(truth > route->best ? truth - route->best : 0)));
  }
  // From the edge's side, because clients do not know which region served them.
  void through_region(Instant now, const HostLabel& host, const TraceEvent& event) {
    if (event.kind == TraceKind::query_routed) {
      const auto [statement, is_new] = on_their_way_.insert(host.index, event.subject);
      if (is_new || runtime::attempt_of(event.b) <= 1) statement->since = now;
      statement->here = event.text == expectation_.cluster;
      return;
    }
    OnItsWay* statement = on_their_way_.find(host.index, event.subject);
    if (statement == nullptr) return;
    if (event.kind == TraceKind::query_answered && statement->here) {
      add(statement->since, now - statement->since);
    }
    on_their_way_.erase(statement);
  }

  MetricValue value_of(const Slice& slice, Instant end) const {
    if (source_.count) {
      if (!source_.rate) return slice.count;
      const Duration length =
          expectation_.every > Duration::zero() ? expectation_.every : last(end) - from_;
      return static_cast<double>(slice.count) / seconds_of(length);
    }
    const trace::Histogram& latency = slice.latency;
    if (source_.statistic == "count") return latency.count();
    if (latency.count() == 0) return {};
    const auto per_mille = [&](std::uint32_t thousandths) {
      return milliseconds_of(latency.at_per_mille(thousandths));
    };
    if (source_.statistic == "p50") return per_mille(500);
    if (source_.statistic == "p90") return per_mille(900);
    if (source_.statistic == "p99") return per_mille(990);
    if (source_.statistic == "p999") return per_mille(999);
    if (source_.statistic == "max") return milliseconds_of(latency.maximum());
    if (source_.statistic == "min") return milliseconds_of(latency.minimum());
    return milliseconds_of(latency.mean());
  }
  // Around the worst of it, or the last; else the whole slice.
  void place(Verdict& verdict, const Slice& slice, std::size_t number, Instant end) const {
    if (slice.count != 0) {
      verdict.from = since_begin(slice.worst_at) - before_violation;
      verdict.to = since_begin(slice.worst_at) + std::max(slice.worst, before_violation);
      return;
    }
    const Instant start = from_ + expectation_.every * static_cast<std::int64_t>(number);
    verdict.from = since_begin(start);
    verdict.to =
        since_begin(expectation_.every > Duration::zero() ? start + expectation_.every : last(end));
  }

  Source source_;
  const Fleet& fleet_;
  bool by_region_ = false;
  std::vector<Slice> slices_;
  InFlight<OnItsWay> on_their_way_;
};

class EventWindow final : public Filtered {
 public:
  EventWindow(const scenario::Plan& plan, const Expectation& expectation, TraceKind kind)
      : Filtered(plan, expectation), kind_(kind) {
    if (!expectation.from) from_ = begin_;  // the warm-up is nobody's
  }

  trace::Kinds kinds() const override { return and_followed({kind_}); }

  void observe(Instant now, const HostLabel& host, const TraceEvent& event) override {
    follow(host, event);
    if (event.kind != kind_ || !inside(now) || !concerns(host)) return;
    if (!expectation_.cluster.empty() && event.text != expectation_.cluster) return;
    if (!expectation_.text.empty() && event.text != expectation_.text) return;
    if (count_++ != 0) return;
    first_at_ = now;
    where_ = host.name;
  }

  std::vector<Verdict> judge(Instant end) const override {
    const bool never = expectation_.form == ExpectationForm::never;
    Verdict verdict{expectation_.metric + filter_words(expectation_),
                    never ? "never" : "eventually",
                    "",
                    never == (count_ == 0),
                    {},
                    {}};
    if (count_ == 0) {
      verdict.got = "never";
      if (!never && end < until_ && until_ != Instant::max()) {
        verdict.got += " (the run ended before the window did)";
      }
    } else {
      verdict.got = grouped(count_) + (count_ == 1 ? " time, at " : " times, first at ");
      verdict.got += decimals(seconds_of(since_begin(first_at_)), 3);
      verdict.got += " s on ";
      verdict.got += where_;
    }
    if (!verdict.passed) {
      verdict.from = since_begin(count_ == 0 ? from_ : first_at_ - before_violation);
      verdict.to = since_begin(count_ == 0 ? last(end) : first_at_);
    }
    return {verdict};
  }

 private:
  TraceKind kind_;
  std::uint64_t count_ = 0;
  Instant first_at_{};
  std::string where_;
};

}  // namespace

std::vector<std::string> window_metrics() {
  std::vector<std::string> names;
  for (const Measured& one : measured) {
    for (const std::string_view statistic : statistics) {
      std::string& name = names.emplace_back(one.name);
      name += '.';
      name += statistic;
    }
  }
  for (const Counted& one : counted) {
    names.emplace_back(one.name);
    names.emplace_back(one.name) += per_second;
  }
  return names;
}

std::vector<std::string> event_names() {
  std::vector<std::string> names;
  for (std::size_t kind = 0; kind < runtime::trace_kinds; ++kind) {
    names.emplace_back(to_string(static_cast<TraceKind>(kind)));
  }
  return names;
}

std::optional<std::string> problem_with_window(const Expectation& expectation) {
  const auto refuse_group = [&](Side side) -> std::optional<std::string> {
    if (side != Side::edge || expectation.group.empty()) return std::nullopt;
    return "\"" + expectation.metric + "\" is told by edges, which know no client groups";
  };
  if (expectation.form != ExpectationForm::threshold) {
    const auto kind = kind_named(expectation.metric);
    if (!kind) {
      return "unknown event \"" + expectation.metric + "\"" +
             base::did_you_mean(expectation.metric, event_names());
    }
    if (!expectation.cluster.empty() && !names_region(*kind)) {
      return "events \"" + expectation.metric + "\" name no region";
    }
    return refuse_group(side_of(*kind));
  }
  const auto source = source_of(expectation.metric);
  if (!source) {
    return "unknown metric of a window \"" + expectation.metric + "\"" +
           base::did_you_mean(expectation.metric, window_metrics());
  }
  const bool query_latency = source->measure && source->measure->name == "query_latency_ms";
  if (!expectation.cluster.empty()) {
    const bool knows_region = query_latency ||
                              (source->measure && source->measure->name == "regret_ms") ||
                              (source->count && names_region(source->count->kind));
    if (!knows_region) return "\"" + expectation.metric + "\" cannot be told by region";
    return refuse_group(Side::edge);
  }
  if (!expectation.text.empty() && !source->count) {
    return "\"" + expectation.metric + "\" has no text";
  }
  return refuse_group(source->count ? source->count->side : source->measure->side);
}

std::unique_ptr<Window> make_window(const scenario::Plan& plan, const Expectation& expectation,
                                    const Fleet& fleet) {
  if (expectation.form != ExpectationForm::threshold) {
    return std::make_unique<EventWindow>(plan, expectation, *kind_named(expectation.metric));
  }
  return std::make_unique<MetricWindow>(plan, expectation, *source_of(expectation.metric), fleet);
}

}  // namespace wanlab::analysis
