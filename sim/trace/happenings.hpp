// The rare events of a run in full: faults, changes of state, routes, the control plane. Of each
// kind the first and the last thousand, so that a flood of one hides none of the others.
#pragma once

#include "real_components/runtime/time.hpp"
#include "real_components/runtime/trace.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace wanlab::trace {

struct Happening {
  Instant at{};
  std::string host;
  runtime::TraceKind kind{};
  std::uint64_t subject = 0, a = 0, b = 0;
  std::string text;
};

// Whether events of this kind are few in an ordinary run, and tell how it went.
bool is_happening(runtime::TraceKind kind);

class Happenings {
 public:
  static constexpr std::size_t most_first = 1000, most_last = 1000;

  void add(Instant now, std::uint32_t host, const runtime::TraceEvent& event);
  // In the order of time. `name_of` gives the name of a host's number.
  template <typename NameOf>
  std::vector<Happening> take(const NameOf& name_of) {
    std::vector<Entry> entries = take_entries();
    std::vector<Happening> happenings;
    happenings.reserve(entries.size());
    for (Entry& entry : entries) {
      entry.happening.host = name_of(entry.host);
      happenings.push_back(std::move(entry.happening));
    }
    return happenings;
  }

 private:
  struct Entry {
    std::uint64_t order = 0;
    std::uint32_t host = 0;
    Happening happening;
  };
  struct OfKind {
    std::vector<Entry> first;
    std::deque<Entry> last;
  };
  std::vector<Entry> take_entries();

  std::array<OfKind, runtime::trace_kinds> kinds_;
  std::uint64_t order_ = 0;
};

}  // namespace wanlab::trace
