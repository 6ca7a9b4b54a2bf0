// Looks for the place where a question turns from yes to no along one whole number, asking as few
// values as it can and several at a time. Takes for granted that it turns only once; where answers
// contradict that, says so. Knows nothing of what is asked.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace wanlab::analysis {

class BracketSearch {
 public:
  // Which good value is looked for: the smallest (of machines) or the largest (of load).
  enum class Wanted : std::uint8_t { smallest, largest };
  struct Bounds {
    std::uint64_t least = 1, most = 1;
    std::uint64_t start = 1;  // asked first
    // How far apart good and bad may stay, as a share of the smaller one; 0: neighbours.
    double tolerance = 0;
  };

  BracketSearch(Wanted wanted, const Bounds& bounds);

  // Values to be asked now, at most `room` of them, none of them asked before.
  std::vector<std::uint64_t> ask(std::size_t room);
  void tell(std::uint64_t value, bool good);

  bool finished() const;
  // The best good value so far, and the bad one next to it. After the end: no good value means that
  // there is none within the bounds, no bad one that the bound itself is good.
  std::optional<std::uint64_t> good() const { return good_; }
  std::optional<std::uint64_t> bad() const { return bad_; }
  // Some value was good although an easier one was bad.
  bool contradicted() const { return contradicted_; }

 private:
  bool easier(std::uint64_t one, std::uint64_t other) const {
    return wanted_ == Wanted::smallest ? one > other : one < other;
  }
  std::uint64_t easiest() const {
    return wanted_ == Wanted::smallest ? bounds_.most : bounds_.least;
  }
  std::uint64_t hardest() const {
    return wanted_ == Wanted::smallest ? bounds_.least : bounds_.most;
  }
  std::uint64_t towards(std::uint64_t from, std::uint64_t bound) const;
  void propose(std::uint64_t value, std::vector<std::uint64_t>& values);

  Wanted wanted_;
  Bounds bounds_;
  std::map<std::uint64_t, std::optional<bool>> asked_;
  std::optional<std::uint64_t> good_, bad_;
  bool contradicted_ = false;
};

}  // namespace wanlab::analysis
