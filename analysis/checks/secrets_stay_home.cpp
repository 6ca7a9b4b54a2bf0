// An edge holds nothing that logs in: no password and no verifier of one ever reaches it in the
// clear.
#include "analysis/checks/oracles.hpp"

namespace wanlab::analysis {

namespace {

class SecretsStayHome final : public Oracle {
 public:
  std::string_view name() const override { return "secrets_stay_home"; }
  std::string_view promise() const override {
    return "no password and no verifier of one reaches an edge";
  }
  trace::Kinds kinds() const override { return {runtime::TraceKind::secret_arrived}; }

  void observe(Instant now, const trace::HostLabel& host,
               const runtime::TraceEvent& event) override {
    if (host.role != trace::HostRole::edge) return;
    violated({now, host.name, "the " + std::string(event.text), "arrived at an edge",
              "that it stays with the origins and stores of its Route's regions"});
  }
};

}  // namespace

std::unique_ptr<Oracle> make_secrets_stay_home() {
  return std::make_unique<SecretsStayHome>();
}

}  // namespace wanlab::analysis
