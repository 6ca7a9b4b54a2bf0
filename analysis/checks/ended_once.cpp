// Whatever begins ends exactly once: statements and connections of clients, statements of edges. An
// answer belongs to its statement: an origin has served that very session's, and the client finds
// in it what it asked for.
#include "analysis/checks/in_flight.hpp"
#include "analysis/checks/oracles.hpp"
#include "analysis/checks/words.hpp"

#include <algorithm>
#include <tuple>

namespace wanlab::analysis {

namespace {

using runtime::TraceEvent;
using runtime::TraceKind;
using trace::HostLabel;

class EndedOnce final : public Oracle, public UnderWay {
 public:
  EndedOnce(Fleet& fleet, const scenario::Plan& plan) : fleet_(fleet) {
    std::uint64_t wanted = 0;
    for (const scenario::ClientGroup& group : plan.clients) {
      wanted += std::uint64_t{group.hosts} * group.connections_per_host;
    }
    if (wanted > most_followed) followed_ = 7;
  }

  std::string_view name() const override { return "ended_once"; }
  std::string_view promise() const override {
    return "every statement and connection ends exactly once, and its answer belongs to it";
  }
  trace::Kinds kinds() const override {
    return {TraceKind::query_routed,        TraceKind::query_answered,
            TraceKind::query_failed,        TraceKind::statement_served,
            TraceKind::session_closed,      TraceKind::client_connecting,
            TraceKind::client_established,  TraceKind::client_failed,
            TraceKind::client_query_sent,   TraceKind::client_query_answered,
            TraceKind::client_query_failed, TraceKind::answer_mistaken,
            TraceKind::host_fault};
  }

  void observe(Instant now, const HostLabel& host, const TraceEvent& event) override {
    const auto statement = static_cast<std::uint32_t>(event.a);
    switch (event.kind) {
      case TraceKind::client_query_sent:
        return begin_of_client(now, host, event, statement);
      case TraceKind::client_query_answered:
      case TraceKind::client_query_failed:
        return end_of_client(now, host, event, statement);
      case TraceKind::client_connecting:
        if (event.a <= 1) begin_of_client(now, host, event, connecting);
        return;
      case TraceKind::client_established:
      case TraceKind::client_failed:
        return end_of_client(now, host, event, connecting);
      case TraceKind::query_routed:
      case TraceKind::statement_served:
      case TraceKind::query_answered:
      case TraceKind::query_failed:
        if (follows(event.subject)) of_edge(now, host, event);
        return;
      default:
        return of_edge(now, host, event);
    }
  }

  std::optional<Instant> begun_at(trace::HostIndex host, std::uint64_t number) override {
    const Begun* begun = clients_.find(host, number);
    return begun == nullptr ? std::nullopt : std::optional(begun->since);
  }

  void finish(Instant end, bool quiet) override {
    if (!quiet) return;
    using Left = std::tuple<std::uint32_t, std::uint64_t, std::uint32_t, bool>;
    std::vector<Left> left;
    const auto collect = [&left](bool of_client) {
      return [&left, of_client](trace::HostIndex host, std::uint64_t subject, const Begun& begun) {
        left.emplace_back(static_cast<std::uint32_t>(host), subject, begun.statement, of_client);
      };
    };
    clients_.each(collect(true));
    edges_.each(collect(false));
    std::sort(left.begin(), left.end());
    for (const auto& [host, subject, statement, of_client] : left) {
      // A machine that is frozen to the end has not finished anything, and cannot have.
      if (host < frozen_.size() && frozen_[host]) continue;
      violated(
          {end, name_of(host),
           of_client ? connection_words(subject, statement) : statement_words(subject, statement),
           "never ended", "an answer or a failure before all became quiet"});
    }
  }

 private:
  static constexpr std::uint64_t session_mask = (std::uint64_t{1} << 48) - 1;
  // With more connections than this, one session in eight is followed at the edges; of clients
  // each.
  static constexpr std::uint64_t most_followed = 100'000;
  static constexpr std::uint32_t connecting = 0;  // statements count from 1

  struct Begun {
    Instant since{};
    std::uint32_t statement = 0;
    bool served = false;
  };

  bool follows(std::uint64_t session) const { return (session & followed_) == 0; }
  static std::string connection_words(std::uint64_t number, std::uint32_t statement) {
    std::string words = "connection ";
    words += std::to_string(number);
    if (statement == connecting) return words;
    words += ", statement ";
    words += std::to_string(statement);
    return words;
  }
  std::string name_of(std::uint32_t host) const {
    return host < names_.size() ? names_[host] : std::string();
  }
  void remember(const HostLabel& host) {
    const auto index = static_cast<std::size_t>(host.index);
    if (index >= names_.size()) names_.resize(index + 1);
    if (names_[index].empty()) names_[index] = host.name;
  }

  void remember_silence(const HostLabel& host, runtime::HostFault fault) {
    const auto index = static_cast<std::size_t>(host.index);
    if (index >= frozen_.size()) frozen_.resize(index + 1);
    frozen_[index] = fault == runtime::HostFault::frozen;
  }

  void begin_of_client(Instant now, const HostLabel& host, const TraceEvent& event,
                       std::uint32_t statement) {
    const auto [begun, is_new] = clients_.insert(host.index, event.subject);
    if (!is_new) [[unlikely]] {
      complain(
          now, host, connection_words(event.subject, statement),
          "began although " + connection_words(event.subject, begun->statement) + " had not ended",
          "one after the other");
    }
    begun->statement = statement;
    begun->since = now;
    if (event.subject == 0) remember(host);
  }
  void end_of_client(Instant now, const HostLabel& host, const TraceEvent& event,
                     std::uint32_t statement) {
    Begun* begun = clients_.find(host.index, event.subject);
    if (begun == nullptr || begun->statement != statement) [[unlikely]] {
      return complain(now, host, connection_words(event.subject, statement),
                      "ended (" + std::string(to_string(event.kind)) + ")",
                      "that it had begun and not ended yet");
    }
    clients_.erase(begun);
  }
  // Apart, so that what is not followed costs next to nothing.
  [[gnu::noinline]] void of_edge(Instant now, const HostLabel& host, const TraceEvent& event) {
    const auto statement = static_cast<std::uint32_t>(event.a);
    switch (event.kind) {
      case TraceKind::query_routed:
        return routed(now, host, event, statement);
      case TraceKind::statement_served: {
        const std::uint32_t edge = fleet_.host_of(event.text);
        Begun* begun =
            edges_.find(static_cast<trace::HostIndex>(edge), event.subject & session_mask);
        if (begun != nullptr) begun->served = true;
        return;
      }
      case TraceKind::query_answered: {
        Begun* begun = edges_.find(host.index, event.subject);
        if (begun == nullptr || begun->statement != statement) [[unlikely]] {
          return complain(now, host, statement_words(event.subject, event.a), "was answered",
                          "that it had been sent to a region and not ended yet");
        }
        if (!begun->served) [[unlikely]] {
          complain(now, host, statement_words(event.subject, event.a),
                   "was answered although no origin has served a statement of this session",
                   "an answer of its own");
        }
        edges_.erase(begun);
        return;
      }
      case TraceKind::query_failed: {
        Begun* begun = edges_.find(host.index, event.subject);
        if (begun == nullptr) return;  // no region took it
        if (begun->statement != statement) [[unlikely]] {
          complain(now, host, statement_words(event.subject, event.a), "failed",
                   "that it had not ended yet");
        }
        edges_.erase(begun);
        return;
      }
      case TraceKind::session_closed:
        if (Begun* begun = edges_.find(host.index, event.subject)) edges_.erase(begun);
        return;
      case TraceKind::answer_mistaken:
        if (host.role == trace::HostRole::database) {
          return complain(now, host, "statement " + std::string(event.text),
                          "was done a second time", "that what changes data is done once");
        }
        return complain(now, host, connection_words(event.subject, statement),
                        "got the answer to another statement", "its own answer");
      case TraceKind::host_fault:
        if (event.a == static_cast<std::uint64_t>(runtime::HostFault::crashed)) {
          edges_.erase_host(host.index);
        }
        remember_silence(host, static_cast<runtime::HostFault>(event.a));
        return;
      default:
        return;
    }
  }
  void routed(Instant now, const HostLabel& host, const TraceEvent& event,
              std::uint32_t statement) {
    const auto [begun, is_new] = edges_.insert(host.index, event.subject);
    const bool again = runtime::attempt_of(event.b) > 1;
    if (again ? is_new || begun->statement != statement : !is_new) [[unlikely]] {
      complain(now, host, statement_words(event.subject, event.a),
               again ? "was sent again after it had ended"
                     : "was sent while another of its session had not ended",
               "each after the other, and no repeat of what has ended");
    }
    *begun = {now, statement, false};
    if (names_.size() <= static_cast<std::size_t>(host.index)) remember(host);
  }
  void complain(Instant now, const HostLabel& host, std::string subject, std::string found,
                std::string expected) {
    violated({now, host.name, std::move(subject), std::move(found), std::move(expected)});
  }

  Fleet& fleet_;
  std::uint64_t followed_ = 0;  // sessions with none of these bits
  InFlight<Begun> clients_, edges_;
  std::vector<std::string> names_;  // by host, of those seen
  std::vector<bool> frozen_;        // by host, of those that had a fault
};

}  // namespace

std::unique_ptr<Oracle> make_ended_once(Fleet& fleet, const scenario::Plan& plan) {
  return std::make_unique<EndedOnce>(fleet, plan);
}

}  // namespace wanlab::analysis
