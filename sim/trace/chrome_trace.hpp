// A stretch of a replayed run as a trace that Perfetto and Chrome open (Trace Event Format, JSON):
// a process per host, a track per connection, and arrows from cause to effect: a fault, the ping
// that stays unanswered, the change of the region's state, the new order, the statements that move.
#pragma once

#include "sim/network/tap.hpp"
#include "sim/trace/recorder.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace wanlab::trace {

struct ChromeTraceOptions {
  Instant from{}, to = Instant::max();  // events outside are left out
  std::size_t most_events = 500'000;    // then no more are taken
  Duration origin{};                    // printed times count from here
  // Where a host stands; "" for an unknown one.
  std::function<std::string_view(std::string_view host)> place_of;
};

class ChromeTrace : public Observer, public network::Tap {
 public:
  explicit ChromeTrace(ChromeTraceOptions options) : options_(std::move(options)) {}

  void observe(Instant now, const HostLabel& host, const runtime::TraceEvent& event) override;
  void passes(const network::Segment& segment) override;

  // The file; once. Whatever has begun and not ended ends with the trace.
  std::string finish(Instant end);
  bool complete() const { return events_ < options_.most_events; }
  std::size_t events() const { return events_; }

 private:
  using Key = std::pair<std::string, std::uint64_t>;  // host and connection or session
  // Where an arrow may begin: a slice that was written.
  struct Anchor {
    Instant at{};
    std::uint32_t process = 0;
    std::uint64_t track = 0;
  };
  struct Ping {
    Instant departs{};
    std::string edge, region;
  };
  struct Exchange {
    Instant routed{};
    std::string region;
    bool moved = false;
  };
  struct Region {
    std::optional<Anchor> doubt;  // the last change of its state for the worse
  };
  struct Edge {
    std::map<std::string, Region, std::less<>> regions;
    std::optional<Anchor> head;  // the last change of the order
    std::string head_region;
  };

  bool within(Instant begin, Instant end) const;
  std::uint32_t process(std::string_view host);
  void slice(std::string_view host, std::uint64_t track, std::string_view name, Instant from,
             Instant to, std::string_view detail = {});
  Anchor mark(std::string_view host, std::string_view name, Instant at, std::string_view detail);
  void arrow(const Anchor& from, const Anchor& to, std::string_view name);
  void append(std::string event);
  void observe_client(Instant now, const HostLabel& host, const runtime::TraceEvent& event);
  void observe_edge(Instant now, const HostLabel& host, const runtime::TraceEvent& event);
  void end_exchange(Instant now, const Key& key, std::string_view how);

  ChromeTraceOptions options_;
  std::string out_ = "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n";
  std::size_t events_ = 0;
  std::uint64_t arrows_ = 0;
  std::map<std::string, std::uint32_t, std::less<>> processes_;
  std::map<Key, Instant> connecting_, asking_;
  std::map<Key, Exchange> exchanges_;
  std::map<Key, std::string> last_region_;                         // of an edge's session
  std::map<std::pair<std::uint64_t, std::uint64_t>, Ping> pings_;  // connection, sequence
  std::map<std::string, Edge, std::less<>> edges_;
  std::vector<std::pair<std::string, Anchor>> faults_;  // of hosts: where they stand
};

}  // namespace wanlab::trace
