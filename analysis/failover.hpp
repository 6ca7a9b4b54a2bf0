// What a failover cost: how long until edges noticed, until nothing was sent there any more, until
// clients were served again; what clients paid meanwhile; how the load moved; and regret, the
// latency paid above the best choice there was. Always computed; an ordinary statement costs a few
// nanoseconds here.
#pragma once

#include "analysis/checks/fleet.hpp"
#include "analysis/summary.hpp"
#include "sim/scenario/plan.hpp"
#include "sim/trace/histogram.hpp"
#include "sim/trace/recorder.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace wanlab::analysis {

class Failover final : public trace::Observer {
 public:
  // When a connection's present statement, or its connecting, began; none if nothing is under way.
  using BegunAt = std::function<std::optional<Instant>(trace::HostIndex, std::uint64_t)>;

  // To be added to a Recorder before `fleet` and before whatever `begun_at` asks: it looks at what
  // was before the event.
  Failover(const scenario::Plan& plan, Fleet& fleet, BegunAt begun_at);

  static trace::Kinds kinds();
  void observe(Instant now, const trace::HostLabel& host,
               const runtime::TraceEvent& event) override;
  void finish(Instant end);

  const FailoverSummary& summary() const { return summary_; }

 private:
  // How often something happens, over the last five to ten seconds.
  struct Rate {
    std::uint64_t count = 0, at_mark = 0, before = 0;
    Instant mark{}, previous{};

    void add(Instant now) {
      ++count;
      if (now - mark >= span) [[unlikely]] {
        shift(now);
      }
    }
    void shift(Instant now) {
      // After a pause the marks say nothing about the present.
      previous = now - mark >= 2 * span ? now : mark;
      before = now - mark >= 2 * span ? count : at_mark;
      mark = now;
      at_mark = count;
    }
    double per_second(Instant now) const {
      const double seconds = static_cast<double>((now - previous).count()) / 1e9;
      return seconds <= 0 ? 0 : static_cast<double>(count - before) / seconds;
    }
    static constexpr Duration span = std::chrono::seconds(5);
  };
  struct Move {
    Instant at{};
    double share = 0;
    std::string to;
  };
  // An edge and a region that it cannot reach, in truth.
  struct Dark {
    EdgeSeen* edge = nullptr;
    std::string region;
    Instant since{};
    std::optional<Instant> detected, last_query;
    std::size_t fault = 0;
  };
  struct FaultState {
    bool active = false, any_dark = false;
    Instant started{};
    std::optional<Instant> healed;
    std::optional<Instant> first_worse, last_move;
  };
  struct Trouble {
    Instant since{};
    std::optional<Instant> back;  // connected again, and not yet disappointed
  };
  struct SetSeen {
    std::vector<std::string> order;
    std::deque<std::pair<Instant, std::string>> heads;  // left lately
  };

  void routed(Instant now, const trace::HostLabel& host, const runtime::TraceEvent& event);
  void moved(Instant now, const EdgeSeen& edge, std::uint64_t route, std::string_view to);
  void sorted(Instant now, const trace::HostLabel& host, const runtime::TraceEvent& event);
  void truth(Instant now, const trace::HostLabel& host, const runtime::TraceEvent& event);
  void state(Instant now, const trace::HostLabel& host, const runtime::TraceEvent& event);
  void end_dark(const Dark& dark);
  void trouble(trace::HostIndex host, std::uint64_t number, Instant since);
  void relief(trace::HostIndex host, std::uint64_t number, Instant now);
  void window(Instant since, Instant until);
  void started(Instant now, std::uint64_t fault);
  void healed(Instant now, std::uint64_t fault);
  static std::uint64_t client(trace::HostIndex host, std::uint64_t number) {
    return std::uint64_t{static_cast<std::uint32_t>(host)} << 32 | (number & 0xffffffff);
  }

  const scenario::Plan& plan_;
  Fleet& fleet_;
  BegunAt begun_at_;
  Instant begin_{};
  FailoverSummary summary_;

  trace::Histogram regret_, unavailable_;
  std::vector<FaultState> faults_;
  std::vector<Dark> dark_;
  std::unordered_map<std::uint64_t, Trouble> troubles_;  // looked up, summed up only by counts
  std::map<std::pair<trace::HostIndex, std::uint64_t>, SetSeen> sets_;

  Rate all_;
  std::vector<std::vector<Rate>> rates_;  // by host, then route
  std::deque<Move> moves_;
  double moved_share_ = 0;
  std::map<std::string, double, std::less<>> moved_to_;
};

}  // namespace wanlab::analysis
