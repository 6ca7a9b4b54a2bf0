// Counting, and choosing what is worth showing.
#include "analysis/sweep_results.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <stdexcept>
#include <string_view>

namespace wanlab::analysis {

namespace {

// What people look at first, in this order.
constexpr std::array<std::string_view, 20> usual{"connections.failed",
                                                 "queries.failed",
                                                 "query_latency_ms.p99",
                                                 "connect_latency_ms.p99",
                                                 "query_latency_ms.p50",
                                                 "connect_latency_ms.p50",
                                                 "time_to_target_s",
                                                 "connections.lost",
                                                 "failover.time_to_detect_ms",
                                                 "failover.time_to_reroute_ms",
                                                 "failover.time_to_recover_ms",
                                                 "failover.flaps",
                                                 "failover.regret_ms.mean",
                                                 "usage.edge.cpu_peak",
                                                 "usage.origin.cpu_peak",
                                                 "usage.origin.pool_peak",
                                                 "connections.established",
                                                 "queries.answered",
                                                 "connections.peak_open",
                                                 "first_answer_latency_ms.p50"};

// A word as a shell takes it.
std::string shell_word(const std::string& word) {
  if (!word.empty() && word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                              "0123456789-_=./:,%+@") == std::string::npos) {
    return word;
  }
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

}  // namespace

std::uint64_t SweepResults::done() const {
  std::uint64_t sum = 0;
  for (const SweepPoint& point : points) sum += point.done();
  return sum;
}

std::uint64_t SweepResults::without_figures() const {
  std::uint64_t sum = 0;
  for (const SweepPoint& point : points) sum += point.refused + point.crashed + point.timed_out;
  return sum;
}

std::string SweepResults::replay(std::size_t point, std::uint64_t seed) const {
  std::string command = "./wanlab run " + shell_word(file) + " --seed " + std::to_string(seed);
  for (const std::string& set : common) command += " --set " + shell_word(set);
  for (const std::string& set : points[point].settings) command += " --set " + shell_word(set);
  return command;
}

const Estimate& SweepResults::at(std::size_t point, const std::string& metric) const {
  const auto found = std::lower_bound(metrics.begin(), metrics.end(), metric);
  if (found == metrics.end() || *found != metric) throw std::out_of_range("no metric " + metric);
  return points[point].figures[static_cast<std::size_t>(found - metrics.begin())];
}

std::vector<std::string> SweepResults::key_metrics(std::size_t most) const {
  std::vector<std::string> chosen, constant;
  for (const std::string_view name : usual) {
    if (!std::binary_search(metrics.begin(), metrics.end(), name)) continue;
    const std::string metric(name);
    std::set<double> values;
    for (std::size_t i = 0; i < points.size(); ++i) {
      if (at(i, metric).count > 0) values.insert(at(i, metric).mean);
    }
    if (values.size() > 1) {
      chosen.push_back(metric);
    } else if (values.size() == 1) {
      constant.push_back(metric);
    }
  }
  // Where nothing differs, that is the finding.
  if (chosen.empty()) chosen = constant;
  if (chosen.size() > most) chosen.resize(most);
  return chosen;
}

void SweepTally::add(std::size_t point, std::uint64_t seed, const std::string& status,
                     const std::string& message,
                     const std::vector<std::pair<std::string, std::optional<double>>>& figures) {
  SweepPoint& at = results_.points.at(point);
  if (status == "passed") {
    ++at.passed;
  } else if (status == "failed") {
    ++at.failed;
  } else {
    ++(status == "refused" ? at.refused : status == "timed out" ? at.timed_out : at.crashed);
    results_.troubles.push_back({point, seed, status, message});
  }
  for (const auto& [name, value] : figures) {
    std::vector<double>& samples = samples_[point][name];
    if (value) samples.push_back(*value);
  }
}

SweepResults SweepTally::finish() {
  std::set<std::string> names;
  for (const auto& samples : samples_) {
    for (const auto& entry : samples) names.insert(entry.first);
  }
  results_.metrics.assign(names.begin(), names.end());
  for (std::size_t i = 0; i < samples_.size(); ++i) {
    std::vector<Estimate>& figures = results_.points[i].figures;
    for (const std::string& name : results_.metrics) {
      const auto found = samples_[i].find(name);
      figures.push_back(found == samples_[i].end() ? Estimate{} : estimate(found->second));
    }
  }
  samples_.clear();
  return std::move(results_);
}

}  // namespace wanlab::analysis
