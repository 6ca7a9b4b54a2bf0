// One kind of truth about a run, held while the run goes on. An oracle hears trace events and sees
// nothing else: it judges an emulated run just as well. It must never drive anything.
#pragma once

#include "sim/trace/recorder.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace wanlab::analysis {

// Something that must not be. Moments count from the start of the run, the warm-up included.
struct Violation {
  Instant at{};
  std::string host;
  std::string subject;   // "session 17, statement 3"
  std::string found;     // "was sent to fra, which this edge held DOWN"
  std::string expected;  // "iad was up and connected"
};

struct OracleReport {
  std::string name;     // "route_respected"
  std::string promise;  // what it holds, in one sentence
  bool on = true;
  bool must_trip = false;  // the scenario is a negative: it fails unless this one is violated
  std::uint64_t count = 0;
  std::vector<Violation> first;  // at most Oracle::most_kept

  bool good() const { return must_trip ? count != 0 : !on || count == 0; }
};

class Oracle : public trace::Observer {
 public:
  static constexpr std::size_t most_kept = 5;

  virtual std::string_view name() const = 0;
  virtual std::string_view promise() const = 0;
  virtual trace::Kinds kinds() const = 0;
  // The run is over. `quiet`: everything that clients wanted was done, and time was given to what
  // was under way.
  virtual void finish(Instant /*end*/, bool /*quiet*/) {}

  OracleReport report() const {
    return {.name = std::string(name()),
            .promise = std::string(promise()),
            .count = count_,
            .first = first_};
  }

 protected:
  bool worth_words() const { return first_.size() < most_kept; }
  // With words only while worth_words(): a flood costs no memory.
  void violated(Violation violation) {
    ++count_;
    if (worth_words()) first_.push_back(std::move(violation));
  }

 private:
  std::uint64_t count_ = 0;
  std::vector<Violation> first_;
};

}  // namespace wanlab::analysis
