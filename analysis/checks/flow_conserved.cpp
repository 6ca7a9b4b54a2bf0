// Flow control neither makes nor loses bytes: in a quiet world what one end of a backhaul has sent
// the other has consumed, and what one has allowed the other may send.
#include "analysis/checks/oracles.hpp"

#include <map>
#include <tuple>

namespace wanlab::analysis {

namespace {

class FlowConserved final : public Oracle {
 public:
  explicit FlowConserved(Fleet& fleet) : fleet_(fleet) {}

  std::string_view name() const override { return "flow_conserved"; }
  std::string_view promise() const override {
    return "bytes sent are bytes consumed, and credit given is credit held, on every backhaul";
  }
  trace::Kinds kinds() const override { return {runtime::TraceKind::flow_totals}; }

  void observe(Instant, const trace::HostLabel& host, const runtime::TraceEvent& event) override {
    const bool away = event.subject == 0;
    const std::string peer(event.text);
    Direction& direction = away ? directions_[{host.name, peer}] : directions_[{peer, host.name}];
    (away ? direction.sender : direction.receiver) = {event.a, event.b, true};
  }

  void finish(Instant end, bool quiet) override {
    if (!quiet || fleet_.calm_for(end) < patience) return;
    for (const auto& [ends, direction] : directions_) {
      const auto& [sender, receiver] = direction;
      if (!sender.known || !receiver.known) continue;
      const auto complain = [&, from = ends.first, to = ends.second](
                                std::uint64_t is, std::uint64_t other, const char* of_sender,
                                const char* of_receiver) {
        if (is == other) return;
        violated({end, from, "backhaul to " + to,
                  std::string(of_sender) + " " + std::to_string(is) + " bytes",
                  std::string(of_receiver) + " " + std::to_string(other)});
      };
      complain(sender.bytes, receiver.bytes, "has sent", "the other end has consumed");
      complain(sender.limit, receiver.limit, "may send", "the other end has allowed");
    }
  }

 private:
  struct End {
    std::uint64_t bytes = 0, limit = 0;
    bool known = false;
  };
  struct Direction {
    End sender, receiver;
  };
  // After a fault: until connections that only one end still believes in are found out.
  static constexpr Duration patience = std::chrono::seconds(60);

  Fleet& fleet_;
  std::map<std::pair<std::string, std::string>, Direction> directions_;
};

}  // namespace

std::unique_ptr<Oracle> make_flow_conserved(Fleet& fleet) {
  return std::make_unique<FlowConserved>(fleet);
}

}  // namespace wanlab::analysis
