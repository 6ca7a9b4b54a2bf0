#include "benchmarks/suite.hpp"

#include <array>

namespace wanlab::bench {

namespace {

struct Entry {
  const char* key;
  Subject (*measure)(const SuiteOptions&);
};
constexpr std::array entries{
    Entry{"hold", &measure_hold_exponential}, Entry{"hold-wan", &measure_hold_wan},
    Entry{"phold", &measure_phold},           Entry{"mux", &measure_mux},
    Entry{"statements", &measure_statements}, Entry{"streams", &measure_streams},
};

}  // namespace

const Result* Subject::find(std::uint64_t size, const std::string& contestant) const {
  for (const Result& result : results) {
    if (result.size == size && result.contestant == contestant && result.failure.empty()) {
      return &result;
    }
  }
  return nullptr;
}

void compete(Subject& subject, std::uint64_t size, const std::vector<Contestant>& contestants,
             int rounds) {
  std::vector<Samples> samples(contestants.size());
  std::vector<std::string> failures(contestants.size());
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < contestants.size(); ++i) {
      if (!failures[i].empty()) continue;
      try {
        samples[i].add(contestants[i].round());
      } catch (const PeerFailure& failure) {
        failures[i] = failure.what();
      }
    }
  }
  const double first = samples.front().spread().median;
  for (std::size_t i = 0; i < contestants.size(); ++i) {
    Result result;
    result.size = size;
    result.contestant = contestants[i].name;
    result.failure = failures[i];
    if (result.failure.empty()) {
      result.nanoseconds = samples[i].spread();
      result.against_first = result.nanoseconds.median / first;
      if (contestants[i].memory_bytes) result.memory_bytes = contestants[i].memory_bytes();
    }
    subject.results.push_back(std::move(result));
  }
}

double nanoseconds_each(std::uint64_t operations, const std::function<void()>& run) {
  const double before = cpu_seconds();
  run();
  return (cpu_seconds() - before) * 1e9 / static_cast<double>(operations);
}

std::vector<std::string> subject_keys() {
  std::vector<std::string> keys;
  for (const Entry& entry : entries) keys.emplace_back(entry.key);
  return keys;
}

std::vector<Subject> run_suite(const SuiteOptions& options, const Progress& progress) {
  std::vector<Subject> subjects;
  for (const Entry& entry : entries) {
    if (!options.only.empty() && options.only != entry.key) continue;
    progress(entry.key);
    subjects.push_back(entry.measure(options));
    subjects.back().key = entry.key;
  }
  return subjects;
}

std::vector<Aim> judge(const std::vector<Subject>& subjects) {
  std::vector<Aim> aims;
  const auto ratio = [&](const Subject& subject, const char* peer, const std::string& what,
                         double least) {
    if (const Result* result = subject.find(1'000'000, peer)) {
      aims.push_back({"hold model at 1,000,000 pending: " + what,
                      "at least " + std::to_string(static_cast<int>(least)), result->against_first,
                      result->against_first >= least});
    }
  };
  for (const Subject& subject : subjects) {
    if (subject.key == "hold") {
      const Result* kernel = subject.find(1'000'000, "wanlab kernel");
      const Result* radix = subject.find(1'000'000, "bare radix heap, 24 B");
      if (kernel != nullptr && radix != nullptr) {
        const double times = kernel->nanoseconds.median / radix->nanoseconds.median;
        aims.push_back({"hold model at 1,000,000 pending: kernel / bare radix heap", "at most 2",
                        times, times <= 2});
      }
      ratio(subject, "ns-3 MapScheduler (default)", "ns-3 default / kernel", 10);
      ratio(subject, "ns-3 PriorityQueueScheduler", "ns-3 best / kernel", 4);
    }
    if (subject.key == "mux") {
      for (const Result& result : subject.results) {
        if (result.size != 1) continue;
        const double millions = 1e3 / result.nanoseconds.median;
        aims.push_back(
            {result.contestant + ": million frames/s", "at least 3", millions, millions >= 3});
      }
    }
  }
  return aims;
}

}  // namespace wanlab::bench
