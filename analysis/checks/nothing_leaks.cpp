// A quiet world holds nothing: no session, request or connection of a client outlives what it was
// for. Judged once at the end, and only where no fault has left somebody waiting for the dead. A
// timer may not outlive it at any time.
#include "analysis/checks/oracles.hpp"

namespace wanlab::analysis {

namespace {

class NothingLeaks final : public Oracle {
 public:
  explicit NothingLeaks(Fleet& fleet) : fleet_(fleet) {}

  std::string_view name() const override { return "nothing_leaks"; }
  std::string_view promise() const override {
    return "a quiet world holds no session, request or connection, and no timer fires for what is "
           "gone";
  }
  trace::Kinds kinds() const override {
    return {runtime::TraceKind::held, runtime::TraceKind::timer_outlived,
            runtime::TraceKind::host_fault};
  }

  void observe(Instant now, const trace::HostLabel& host,
               const runtime::TraceEvent& event) override {
    if (event.kind == runtime::TraceKind::host_fault) {
      thawed_ = now;
      return;
    }
    if (event.kind == runtime::TraceKind::timer_outlived) {
      // What fell due while a host was frozen happens at once, too late to be called off.
      if (now == thawed_) return;
      return violated({now, host.name, "a timer",
                       "fired for a " + std::string(event.text) + " that is gone",
                       "called off with it"});
    }
    if (fleet_.calm_for(now) < patience) return;
    violated({now, host.name, std::to_string(event.a) + " " + std::string(event.text),
              "are still held although all is quiet", "nothing left"});
  }

 private:
  // After a fault: until retransmissions that had backed off have told everybody (RFC 6298 lets
  // timeouts double up to 60 s).
  static constexpr Duration patience = std::chrono::seconds(60);

  Fleet& fleet_;
  Instant thawed_ = Instant::min();
};

}  // namespace

std::unique_ptr<Oracle> make_nothing_leaks(Fleet& fleet) {
  return std::make_unique<NothingLeaks>(fleet);
}

}  // namespace wanlab::analysis
