#include "sim/app/fuzz_findings.hpp"

#include "analysis/numbers.hpp"

#include <algorithm>

namespace wanlab::app {

using analysis::decimals;
using analysis::duration_text;
using analysis::grouped;
using analysis::seconds_of;

namespace {

constexpr std::size_t worlds_named = 8;

std::string indented(const std::string& text) {
  std::string lines = "    ";
  for (const char letter : text) {
    lines += letter;
    if (letter == '\n') lines += "    ";
  }
  return lines;
}

}  // namespace

void Findings::count(const Outcome& outcome) {
  ++runs_;
  events_ += outcome.events;
  statements_ += outcome.statements;
  cpu_ += outcome.cpu;
  simulated_ += outcome.simulated;
  if (!outcome.failure.empty()) ++failed_;
}

Finding& Findings::add(const std::string& failure) {
  const auto found = std::find_if(findings_.begin(), findings_.end(), [&](const Finding& finding) {
    return finding.failure == failure;
  });
  if (found != findings_.end()) return *found;
  Finding& finding = findings_.emplace_back();
  finding.failure = failure;
  return finding;
}

std::vector<Finding*> Findings::ranked() {
  std::vector<Finding*> all;
  for (Finding& finding : findings_) all.push_back(&finding);
  std::stable_sort(all.begin(), all.end(), [](const Finding* left, const Finding* right) {
    return left->outcome.cpu < right->outcome.cpu;
  });
  return all;
}

std::string Findings::status_line(Duration wall) const {
  const double minutes = std::max(seconds_of(wall), 0.001) / 60;
  return grouped(runs_) + " worlds, " + decimals(static_cast<double>(runs_) / minutes, 0) +
         " a minute, " + grouped(failed_) + " failed in " + grouped(findings_.size()) +
         (findings_.size() == 1 ? " way" : " ways");
}

std::string Findings::report(std::uint64_t seed, std::uint64_t first, std::uint64_t made,
                             Duration wall) {
  std::string text;
  for (const Finding* finding : ranked()) {
    text += finding->failure + "\n";
    text += "  in " + grouped(finding->times) + (finding->times == 1 ? " world" : " worlds") + ":";
    for (std::size_t i = 0; i < std::min(worlds_named, finding->worlds.size()); ++i) {
      text += (i == 0 ? " " : ", ") + finding->worlds[i];
    }
    text += finding->worlds.size() > worlds_named ? ", ...\n" : "\n";
    text += indented(finding->outcome.text) + "\n";
    if (!finding->file.empty()) {
      text += "  shown in " + duration_text(finding->outcome.cpu) + " of CPU";
      if (finding->reductions > 0) {
        text += ", made smaller in " + grouped(finding->reductions) + " steps of " +
                grouped(finding->shrinking_runs) + " tried";
      }
      text += "\n  replay: ./wanlab run " + finding->file.string() + "\n\n";
    }
  }
  const double cpu_minutes = std::max(seconds_of(cpu_), 0.001) / 60;
  text += grouped(runs_) + " worlds";
  if (made > 0) {
    text += " (root seed " + std::to_string(seed) + ", from number " + std::to_string(first) + ")";
  }
  text += " in " + duration_text(wall) + ", " +
          decimals(static_cast<double>(runs_) / cpu_minutes, 0) +
          " per minute of CPU: " + grouped(events_) + " events, " + grouped(statements_) +
          " statements answered, " + duration_text(simulated_) + " simulated\n";
  text += findings_.empty() ? std::string("no failures\n")
                            : grouped(failed_) + " failed, in " + grouped(findings_.size()) +
                                  (findings_.size() == 1 ? " way\n" : " ways\n");
  return text;
}

}  // namespace wanlab::app
