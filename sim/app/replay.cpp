// One world, watched.
#include "sim/app/replay.hpp"

#include "analysis/summary.hpp"
#include "sim/app/interruption.hpp"
#include "sim/app/progress_display.hpp"
#include "sim/scenario/times.hpp"
#include "sim/trace/digest.hpp"
#include "sim/world/simulated_world.hpp"

#include <iostream>

namespace wanlab::app {

bool replay(const KeptRun& run, const Listeners& listeners, Instant until) {
  trace::Recorder recorder({.series_interval = analysis::series_interval(run.plan),
                            .target_open = analysis::target_connections(run.plan),
                            .timeline_interval = analysis::timeline_interval(run.plan)});
  if (listeners.observer != nullptr) recorder.add_observer(*listeners.observer);
  const Interruption interruption;
  world::SimulatedWorld world(run.plan, recorder);
  world.transport().set_tap(listeners.tap);
  if (listeners.prepared) listeners.prepared(recorder);
  bool whole = true;
  {
    ProgressDisplay display(std::cerr, progress_style(false), "replaying " + run.plan.name);
    const Duration likely = std::min(scenario::likely_end(run.plan), until.time_since_epoch());
    const Duration kept_end = run.record.simulated;
    world.run([&](const world::Progress& progress) {
      display.show(progress.now.time_since_epoch(), likely, progress.open_connections);
      whole = !Interruption::requested() && progress.now < until &&
              (!run.record.interrupted || progress.now.time_since_epoch() < kept_end);
      return whole;
    });
  }
  world.transport().set_tap(nullptr);
  if (whole && recorder.digest() != run.record.digest) {
    std::cerr
        << "wanlab: this program simulates the plan differently than the one that made the run"
           " (digest "
        << trace::to_hex(recorder.digest()) << ", then " << trace::to_hex(run.record.digest)
        << "): what follows is of the run as it goes now\n";
  }
  return !Interruption::requested();
}

}  // namespace wanlab::app
