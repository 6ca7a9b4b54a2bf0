#include "sim/trace/happenings.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace wanlab::trace {

using runtime::TraceKind;

bool is_happening(TraceKind kind) {
  switch (kind) {
    case TraceKind::route_visible:
    case TraceKind::route_removed:
    case TraceKind::head_changed:
    case TraceKind::region_state:
    case TraceKind::backhaul_up:
    case TraceKind::backhaul_down:
    case TraceKind::store_committed:
    case TraceKind::watch_resumed:
    case TraceKind::watch_compacted:
    case TraceKind::host_fault:
    case TraceKind::fault_started:
    case TraceKind::fault_healed:
      return true;
    default:
      return false;
  }
}

void Happenings::add(Instant now, std::uint32_t host, const runtime::TraceEvent& event) {
  OfKind& kind = kinds_[static_cast<std::size_t>(event.kind)];
  Entry entry{order_++,
              host,
              {now, {}, event.kind, event.subject, event.a, event.b, std::string(event.text)}};
  if (kind.first.size() < most_first) {
    kind.first.push_back(std::move(entry));
    return;
  }
  if (kind.last.size() == most_last) kind.last.pop_front();
  kind.last.push_back(std::move(entry));
}

std::vector<Happenings::Entry> Happenings::take_entries() {
  std::vector<Entry> all;
  for (OfKind& kind : kinds_) {
    std::move(kind.first.begin(), kind.first.end(), std::back_inserter(all));
    std::move(kind.last.begin(), kind.last.end(), std::back_inserter(all));
    kind = {};
  }
  std::sort(all.begin(), all.end(),
            [](const Entry& left, const Entry& right) { return left.order < right.order; });
  return all;
}

}  // namespace wanlab::trace
