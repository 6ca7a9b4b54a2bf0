// A comparison in words, as JSON and as the data of its page.
#pragma once

#include "analysis/comparison.hpp"
#include "sim/base/json_tree.hpp"
#include "sim/base/units.hpp"

#include <optional>
#include <string>
#include <vector>

namespace wanlab::analysis {

// One thing that happened, in words.
struct ToldEvent {
  Duration at{};  // from the end of the warm-up
  std::string host, words;
};

// Where two histories part, and what lies around it.
struct Parting {
  std::uint64_t seed = 0;
  Duration at{};
  std::string host;               // on which they part first
  std::vector<ToldEvent> behind;  // in both, oldest first: what led there
  std::vector<ToldEvent> a, b;    // what happened at that moment on one side only
  // The first difference that a client notices, where it comes soon.
  std::optional<ToldEvent> noticed_a, noticed_b;
};

struct ComparisonReport {
  std::string a, b;  // what people call the sides
  Comparison comparison;
  std::vector<std::string> plan_differences;  // "edges.0.nodes: 1 -> 2"
  std::optional<Parting> parting;
  std::string parting_note;  // why there is none, if that needs saying
};

// `all`: every figure that differs, not only the foremost.
std::string comparison_text(const ComparisonReport& report, bool all);
base::Json comparison_json(const ComparisonReport& report);

}  // namespace wanlab::analysis
