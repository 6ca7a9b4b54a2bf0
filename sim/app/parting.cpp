// Histories are compared instant by instant and host by host, so that hosts which one plan has more
// do not make a difference of the order in which others are heard at the same instant.
#include "sim/app/parting.hpp"

#include "sim/app/interruption.hpp"
#include "sim/app/progress_display.hpp"
#include "sim/base/hash.hpp"
#include "sim/base/json_tree.hpp"
#include "sim/scenario/plan_json.hpp"
#include "sim/scenario/times.hpp"
#include "sim/trace/digest.hpp"
#include "sim/trace/recorder.hpp"
#include "sim/trace/step_printer.hpp"
#include "sim/world/simulated_world.hpp"

#include <algorithm>
#include <deque>
#include <functional>
#include <iostream>
#include <map>

namespace wanlab::app {

namespace {

using runtime::TraceEvent;
using runtime::TraceKind;

// A mark per so many instants at which something happened.
constexpr std::size_t instants_per_mark = 4096;
// What is kept of the time before the parting, to tell what led there, and after it, to tell what
// became of it.
constexpr std::size_t most_before = 50'000, most_after = 50'000;
constexpr Duration soon = std::chrono::seconds(30);

// Where a history had come to: equal marks, equal histories until then.
struct Mark {
  Instant at{};
  std::uint64_t state = 0;
  bool operator==(const Mark&) const = default;
};

class Marks : public trace::Observer {
 public:
  void observe(Instant now, const trace::HostLabel& host, const TraceEvent& event) override {
    if (now != now_) end_instant(now);
    const auto index = static_cast<std::size_t>(host.index);
    if (index >= hosts_.size()) hosts_.resize(index + 1);
    Host& slot = hosts_[index];
    if (slot.name == 0) slot.name = hash_name(host.name);
    slot.digest.fold(now, event);
    const std::uint64_t part = mix(slot.name, slot.digest.value());
    state_ += part - slot.part;
    slot.part = part;
  }
  std::vector<Mark> finish() {
    marks_.push_back({now_, state_});
    return std::move(marks_);
  }

 private:
  struct Host {
    std::uint64_t name = 0, part = 0;
    trace::HostDigest digest;
  };
  void end_instant(Instant now) {
    if (++instants_ % instants_per_mark == 0) marks_.push_back({now_, state_});
    now_ = now;
  }

  std::vector<Host> hosts_;
  std::vector<Mark> marks_;
  Instant now_{};
  std::uint64_t state_ = 0;  // a sum: the order of hosts within an instant does not matter
  std::size_t instants_ = 0;
};

struct Heard {
  Instant at{};
  std::string host;
  bool by_client = false;
  TraceKind kind{};
  std::uint64_t subject = 0, a = 0, b = 0;
  std::string text;

  bool operator==(const Heard&) const = default;
  TraceEvent event() const { return {kind, subject, a, b, text}; }
};

// Everything from shortly before a moment until enough was heard after it.
class Listening : public trace::Observer {
 public:
  explicit Listening(Instant from) : from_(from) {}

  void observe(Instant now, const trace::HostLabel& host, const TraceEvent& event) override {
    if (enough_) return;
    if (now > from_ && heard_.size() - before_ >= most_after) {
      enough_ = true;
      return;
    }
    if (now <= from_) {
      if (before_ == most_before) {
        heard_.pop_front();
      } else {
        ++before_;
      }
    }
    heard_.push_back({now, host.name, host.role == trace::HostRole::client, event.kind,
                      event.subject, event.a, event.b, std::string(event.text)});
  }
  bool enough() const { return enough_; }
  const std::deque<Heard>& heard() const { return heard_; }

 private:
  Instant from_;
  std::deque<Heard> heard_;
  std::size_t before_ = 0;
  bool enough_ = false;
};

// False: interrupted.
bool listen(const scenario::Plan& plan, const std::string& what, trace::Observer& observer,
            const std::function<bool()>& enough, bool quiet) {
  trace::Recorder recorder;
  recorder.add_observer(observer);
  world::SimulatedWorld world(plan, recorder);
  ProgressDisplay display(std::cerr, progress_style(quiet), what);
  const Duration likely = scenario::likely_end(plan);
  world.run([&](const world::Progress& progress) {
    display.show(progress.now.time_since_epoch(), likely, progress.open_connections);
    return !Interruption::requested() && !enough();
  });
  return !Interruption::requested();
}

// The events of one instant, by host.
using InstantEvents = std::map<std::string, std::vector<const Heard*>>;

class Walk {
 public:
  explicit Walk(const std::deque<Heard>& heard) : heard_(heard) {}
  bool at_end() const { return next_ == heard_.size(); }
  Instant now() const { return heard_[next_].at; }
  std::size_t position() const { return next_; }
  InstantEvents take() {
    InstantEvents events;
    const Instant at = now();
    for (; !at_end() && now() == at; ++next_) {
      events[heard_[next_].host].push_back(&heard_[next_]);
    }
    return events;
  }

 private:
  const std::deque<Heard>& heard_;
  std::size_t next_ = 0;
};

bool equal(const std::vector<const Heard*>& a, const std::vector<const Heard*>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Heard* one, const Heard* other) { return *one == *other; });
}

class Teller {
 public:
  Teller(Duration origin_a, Duration origin_b) : origin_a_(origin_a), origin_b_(origin_b) {}
  analysis::ToldEvent tell(const Heard& heard, bool is_a = true) const {
    return {heard.at.time_since_epoch() - (is_a ? origin_a_ : origin_b_), heard.host,
            trace::in_words(heard.event())};
  }

 private:
  Duration origin_a_, origin_b_;
};

// Facts that stand behind what a host does later: faults, and what the host knows and holds.
bool is_ground(TraceKind kind) {
  switch (kind) {
    case TraceKind::region_state:
    case TraceKind::head_changed:
    case TraceKind::regions_sorted:
    case TraceKind::route_visible:
    case TraceKind::route_removed:
    case TraceKind::backhaul_up:
    case TraceKind::backhaul_down:
    case TraceKind::host_fault:
    case TraceKind::watch_resumed:
      return true;
    default:
      return false;
  }
}

// What led to `event`, told from what both sides share before `end`: the last fault, the last facts
// of each kind that the host holds, and the steps of the same session or connection.
std::vector<analysis::ToldEvent> behind(const Heard& event, const std::deque<Heard>& heard,
                                        std::size_t end, const Teller& teller) {
  constexpr std::size_t most_steps = 5;
  std::vector<const Heard*> chain;
  std::map<TraceKind, bool> grounds;
  std::size_t steps = 0;
  bool fault = false;
  for (std::size_t i = end; i-- > 0;) {
    const Heard& before = heard[i];
    const bool of_world = before.kind == TraceKind::fault_started ||
                          before.kind == TraceKind::fault_healed ||
                          before.kind == TraceKind::credential_ended;
    if (of_world && !fault) {
      fault = true;
      chain.push_back(&before);
    } else if (before.host == event.host && is_ground(before.kind)) {
      if (!grounds.emplace(before.kind, true).second) continue;
      chain.push_back(&before);
    } else if (before.host == event.host && before.subject == event.subject && steps < most_steps) {
      ++steps;
      chain.push_back(&before);
    }
  }
  std::vector<analysis::ToldEvent> told;
  for (auto each = chain.rbegin(); each != chain.rend(); ++each)
    told.push_back(teller.tell(**each));
  return told;
}

// From here on, the first event of a client that the other side does not have at that moment.
const Heard* first_noticed(const std::deque<Heard>& heard, std::size_t from,
                           const std::deque<Heard>& other, std::size_t other_from) {
  std::map<std::pair<Instant, std::string>, std::vector<const Heard*>> known;
  for (std::size_t i = other_from; i < other.size(); ++i) {
    if (other[i].by_client) known[{other[i].at, other[i].host}].push_back(&other[i]);
  }
  const Instant last = other.empty() ? Instant{} : other.back().at;
  for (std::size_t i = from; i < heard.size() && heard[i].at <= last; ++i) {
    if (!heard[i].by_client) continue;
    const auto found = known.find({heard[i].at, heard[i].host});
    const bool there =
        found != known.end() && std::any_of(found->second.begin(), found->second.end(),
                                            [&](const Heard* each) { return *each == heard[i]; });
    if (!there) return &heard[i];
  }
  return nullptr;
}

std::optional<analysis::Parting> part(const std::deque<Heard>& a, const std::deque<Heard>& b,
                                      const Teller& teller) {
  Walk left(a), right(b);
  // Each side may have kept more of the time before.
  const Instant both = a.empty() || b.empty() ? Instant{} : std::max(a.front().at, b.front().at);
  while (!left.at_end() && left.now() < both) left.take();
  while (!right.at_end() && right.now() < both) right.take();
  while (!left.at_end() || !right.at_end()) {
    const Instant now = left.at_end()    ? right.now()
                        : right.at_end() ? left.now()
                                         : std::min(left.now(), right.now());
    const std::size_t from_a = left.position(), from_b = right.position();
    InstantEvents of_a, of_b;
    if (!left.at_end() && left.now() == now) of_a = left.take();
    if (!right.at_end() && right.now() == now) of_b = right.take();
    for (const auto& [host, events] : of_b) of_a.try_emplace(host);
    for (const auto& [host, events] : of_a) {
      const auto found = of_b.find(host);
      const std::vector<const Heard*> others =
          found == of_b.end() ? std::vector<const Heard*>() : found->second;
      if (equal(events, others)) continue;
      analysis::Parting parting;
      parting.host = host;
      std::size_t same = 0;
      while (same < events.size() && same < others.size() && *events[same] == *others[same]) {
        ++same;
      }
      constexpr std::size_t most_told = 3;
      for (std::size_t i = same; i < std::min(events.size(), same + most_told); ++i) {
        parting.a.push_back(teller.tell(*events[i]));
      }
      for (std::size_t i = same; i < std::min(others.size(), same + most_told); ++i) {
        parting.b.push_back(teller.tell(*others[i], false));
      }
      const Heard& first = same < events.size() ? *events[same] : *others[same];
      parting.at = teller.tell(first, same < events.size()).at;
      parting.behind = behind(first, a, from_a, teller);
      const Heard* noticed = first_noticed(a, from_a, b, from_b);
      if (noticed != nullptr && noticed->at < now + soon) {
        parting.noticed_a = teller.tell(*noticed);
      }
      noticed = first_noticed(b, from_b, a, from_a);
      if (noticed != nullptr && noticed->at < now + soon) {
        parting.noticed_b = teller.tell(*noticed, false);
      }
      return parting;
    }
  }
  return std::nullopt;
}

void flatten(const base::Json& json, const std::string& path,
             std::map<std::string, std::string>& into) {
  if (json.kind == base::Json::Kind::object) {
    for (const auto& [key, value] : json.members) {
      flatten(value, path.empty() ? key : path + "." + key, into);
    }
  } else if (json.kind == base::Json::Kind::array) {
    for (std::size_t i = 0; i < json.elements.size(); ++i) {
      flatten(json.elements[i], path + "." + std::to_string(i), into);
    }
  } else {
    into[path] = base::describe(json);
  }
}

}  // namespace

PartingSearch find_parting(const scenario::Plan& a, const scenario::Plan& b, bool quiet) {
  PartingSearch search;
  const Interruption interruption;
  Marks of_a, of_b;
  const auto never = [] { return false; };
  if (!listen(a, "A, once more", of_a, never, quiet) ||
      !listen(b, "B, once more", of_b, never, quiet)) {
    search.interrupted = true;
    return search;
  }
  const std::vector<Mark> marks_a = of_a.finish(), marks_b = of_b.finish();
  const auto first = std::mismatch(marks_a.begin(), marks_a.end(), marks_b.begin(), marks_b.end());
  if (first.first == marks_a.end() && first.second == marks_b.end()) {
    search.note = "no event differs: only the bytes that hosts exchanged do";
    return search;
  }
  // Up to the mark before, both are the same.
  const Instant same_until =
      first.first == marks_a.begin() ? Instant{} : std::prev(first.first)->at;
  Listening hear_a(same_until), hear_b(same_until);
  if (!listen(
          a, "A, listening", hear_a, [&] { return hear_a.enough(); }, quiet) ||
      !listen(
          b, "B, listening", hear_b, [&] { return hear_b.enough(); }, quiet)) {
    search.interrupted = true;
    return search;
  }
  search.parting = part(hear_a.heard(), hear_b.heard(), Teller(a.warm_up, b.warm_up));
  if (search.parting) {
    search.parting->seed = a.seed;
  } else {
    search.note = "the histories part where more happens at once than is listened to";
  }
  return search;
}

std::vector<std::string> differences_of(const scenario::Plan& a, const scenario::Plan& b) {
  std::map<std::string, std::string> of_a, of_b;
  flatten(scenario::to_json(a), "", of_a);
  flatten(scenario::to_json(b), "", of_b);
  for (const auto& [path, value] : of_b) of_a.try_emplace(path, "");
  std::vector<std::string> differences;
  for (const auto& [path, value] : of_a) {
    const auto found = of_b.find(path);
    const std::string other = found == of_b.end() ? "" : found->second;
    if (value == other) continue;
    differences.push_back(path + ": " + (value.empty() ? "not there" : value) + " -> " +
                          (other.empty() ? "not there" : other));
  }
  return differences;
}

}  // namespace wanlab::app
