// Subject: statements of open connections through the real edge, mux and origin, and everything
// that is simulated around them: clients, the WAN's streams, the databases.
#include "benchmarks/suite.hpp"
#include "sim/scenario/load_plan.hpp"
#include "sim/trace/recorder.hpp"
#include "sim/world/simulated_world.hpp"

#include <memory>
#include <stdexcept>
#include <string>

namespace wanlab::bench {

namespace {

using namespace std::chrono_literals;

class Answers final : public trace::Observer {
 public:
  void observe(Instant, const trace::HostLabel&, const runtime::TraceEvent& event) override {
    if (event.kind == runtime::TraceKind::client_query_answered) ++count;
  }
  std::uint64_t count = 0;
};

scenario::Plan plan_with(std::uint32_t connections) {
  const std::string file = WANLAB_SOURCE_DIR "/benchmarks/statements.json";
  scenario::Overrides overrides;
  overrides.sets = {"clients.app.hosts=" + std::to_string(connections / 100)};
  return scenario::load_plan(file, overrides);
}

class OpenConnections {
 public:
  explicit OpenConnections(std::uint32_t connections) : plan_(plan_with(connections)) {
    recorder_.add_observer(answers_);
    world_ = std::make_unique<world::SimulatedWorld>(plan_, recorder_);
    world_->run_for(30s);
    if (recorder_.open_connections() != connections) {
      throw std::runtime_error("the benchmark's connections do not all open");
    }
  }
  // Returns nanoseconds per statement; each connection makes one a second.
  double run(Duration span) {
    const std::uint64_t before = answers_.count;
    const double start = cpu_seconds();
    world_->run_for(span);
    return (cpu_seconds() - start) * 1e9 / static_cast<double>(answers_.count - before);
  }

 private:
  scenario::Plan plan_;
  trace::Recorder recorder_;
  Answers answers_;
  std::unique_ptr<world::SimulatedWorld> world_;
};

}  // namespace

Subject measure_statements(const SuiteOptions& options) {
  Subject subject;
  subject.title =
      "Statements from client to edge, mux, origin and database and back, over the simulated WAN";
  subject.operation = "statement";
  subject.unit = "connections";
  subject.notes.emplace_back(
      "all of it on one core: client, edge, origin, database, streams and kernel; one statement a "
      "second on each connection");
  for (const std::uint32_t connections : {1'000u, 50'000u}) {
    const auto open = std::make_shared<OpenConnections>(connections);
    const auto seconds = options.operations(200'000) / connections + 1;
    const Duration span = std::chrono::seconds(seconds);
    compete(subject, connections,
            {{"wanlab, edge to database", [=] { return open->run(span); }, {}}}, options.rounds());
  }
  return subject;
}

}  // namespace wanlab::bench
