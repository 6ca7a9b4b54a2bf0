// Figures of a part of a run: of a window of time, of one POP, client group or region, of one kind
// of event. Computed only for the expectations that ask for them; a plan without any costs nothing.
#pragma once

#include "analysis/checks/fleet.hpp"
#include "analysis/summary.hpp"
#include "sim/scenario/plan.hpp"
#include "sim/trace/recorder.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace wanlab::analysis {

// Names that `metric` of an expectation with a window or filter may have. Counts also come with
// "_per_s" behind them.
std::vector<std::string> window_metrics();
// Kinds of events as `never` and `eventually` name them.
std::vector<std::string> event_names();

// What keeps an expectation with a window from making sense; none if nothing does.
std::optional<std::string> problem_with_window(const scenario::Expectation& expectation);

class Window : public trace::Observer {
 public:
  virtual trace::Kinds kinds() const = 0;
  // `end`: when the run ended.
  virtual std::vector<Verdict> judge(Instant end) const = 0;
};

// The expectation must have no problem. `plan` and `fleet` must outlive the window.
std::unique_ptr<Window> make_window(const scenario::Plan& plan,
                                    const scenario::Expectation& expectation, const Fleet& fleet);

}  // namespace wanlab::analysis
