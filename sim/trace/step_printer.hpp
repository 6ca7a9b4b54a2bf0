// Prints every event of a small run in words, one aligned line each. For `hello` and for debugging.
#pragma once

#include "sim/trace/recorder.hpp"

#include <optional>
#include <ostream>

namespace wanlab::trace {

struct StepPrinterOptions {
  Duration origin{};           // printed times count from here, e.g. from the end of the warm-up
  bool before_origin = false;  // print what happened before, too
  // Only what happened between these moments, counted from the origin.
  std::optional<Duration> from{}, to{};
};

class StepPrinter : public Observer {
 public:
  // `out` must outlive the printer.
  explicit StepPrinter(std::ostream& out, const StepPrinterOptions& options = {})
      : out_(out), options_(options) {}

  void observe(Instant now, const HostLabel& host, const runtime::TraceEvent& event) override;

 private:
  std::ostream& out_;
  StepPrinterOptions options_;
  Instant last_{};
  bool printed_any_ = false;
};

// What an event says, as a person would put it: "connects to edge-1.iad".
std::string in_words(const runtime::TraceEvent& event);

}  // namespace wanlab::trace
