// Tells in words what became of one connection and why: heard from a replayed run, through the
// events of its client and edge and the segments between them. For `wanlab explain`.
#pragma once

#include "sim/network/tap.hpp"
#include "sim/trace/recorder.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wanlab::trace {

class ConnectionStory : public Observer, public network::Tap {
 public:
  // Number of the client host's connections, as everywhere ("fleet-17#3"). Printed times count from
  // `origin`.
  ConnectionStory(std::string client, std::uint64_t number, Duration origin)
      : client_(std::move(client)), number_(number), origin_(origin) {}

  void observe(Instant now, const HostLabel& host, const runtime::TraceEvent& event) override;
  void passes(const network::Segment& segment) override;

  // False: no such connection was ever wanted.
  bool seen() const { return !lines_.empty() || !statements_.empty(); }
  std::string text() const;

 private:
  struct Line {
    Instant at{};
    std::string who, words;
  };
  struct Route {
    Instant at{};
    std::string region;
    std::uint64_t attempt = 1;
    std::string order;  // of the regions as the edge saw them
  };
  struct Statement {
    std::uint64_t number = 0;
    Instant sent{};
    std::vector<Route> routes;
    std::string served_by;
    Instant served{}, ended{};
    std::optional<std::uint64_t> error;  // MySQL error code
    bool plain() const { return routes.size() == 1 && !error && ended != Instant(); }
    const std::string& region() const { return routes.back().region; }
  };

  void observe_client(Instant now, const runtime::TraceEvent& event);
  void observe_edge(Instant now, const runtime::TraceEvent& event);
  void tell(Instant now, std::string_view who, std::string words);
  std::string moment(Instant at) const;
  void append_statements(std::vector<Line>& lines) const;

  std::string client_, edge_, place_;
  std::uint64_t number_;
  Duration origin_;
  bool syn_follows_ = false;
  std::optional<std::uint64_t> connection_;  // its identity in the transport
  std::optional<std::uint64_t> last_accepted_, session_;
  Instant accepted_at_{};
  bool over_ = true;  // nothing of this connection exists at present
  std::map<std::string, std::string, std::less<>> orders_;  // the last one of each edge
  std::vector<Line> lines_;
  std::vector<Statement> statements_;
};

// "fra=Um8021,iad=D0" in words: "fra (up, 8.021 ms), iad (down)". See TraceKind::regions_sorted.
std::string order_in_words(std::string_view order);

}  // namespace wanlab::trace
