// Runs a kept plan again to hear what its record does not hold. The same plan gives the same run,
// so what is heard is what happened then.
#pragma once

#include "sim/app/kept_run.hpp"
#include "sim/network/tap.hpp"
#include "sim/trace/recorder.hpp"

#include <functional>
#include <string>

namespace wanlab::app {

struct Listeners {
  trace::Observer* observer = nullptr;
  network::Tap* tap = nullptr;
  // Called once all hosts are known, before anything happens.
  std::function<void(const trace::Recorder&)> prepared;
};

// Up to the moment `until` of the run (or its end). Says so on standard error when the run came out
// differently, because another version of the program had made it. Ctrl-C ends it: false.
bool replay(const KeptRun& run, const Listeners& listeners, Instant until = Instant::max());

}  // namespace wanlab::app
