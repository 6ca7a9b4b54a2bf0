// What each kind of fault is about: which keys of the scenario format it takes and how it may run.
// Reader, checker and documentation follow this table; it must cover every kind.
#pragma once

#include "sim/scenario/enum_names.hpp"
#include "sim/scenario/plan.hpp"

#include <array>
#include <string_view>

namespace wanlab::scenario {

// How a fault can run. moment: something done once, which nothing undoes. lasting: until its end,
// wholly or not at all. graded: there are degrees of it, so that it can grow as a ramp.
enum class FaultCourse : std::uint8_t { moment, lasting, graded };

struct FaultRule {
  FaultKind kind;
  FaultCourse course;
  // Keys that name what it hits: exactly one of them, or all where `all_targets`.
  std::string_view targets;
  bool all_targets = false;
  bool target_optional = false;
  std::string_view required = "";  // further keys, separated by blanks
  std::string_view optional = "";
};

inline constexpr std::string_view host_targets = "host pop zone region";

inline constexpr std::array fault_rules{
    FaultRule{FaultKind::slow, FaultCourse::graded, "from to", true, false, "add_delay", "one_way"},
    FaultRule{FaultKind::lossy, FaultCourse::graded, "from to", true, false, "loss",
              "one_way burst loss_in_burst"},
    FaultRule{FaultKind::partition, FaultCourse::lasting, "from to", true, false, "", "one_way"},
    FaultRule{FaultKind::cut_cable, FaultCourse::lasting, "cable", false, false, "",
              "reroute_after"},
    FaultRule{FaultKind::crash_host, FaultCourse::lasting, host_targets},
    FaultRule{FaultKind::freeze_host, FaultCourse::lasting, host_targets},
    FaultRule{FaultKind::jitter, FaultCourse::graded, "from to", true, false, "add_jitter",
              "one_way"},
    FaultRule{FaultKind::bandwidth, FaultCourse::lasting, "from to", true, false, "limit",
              "one_way"},
    FaultRule{FaultKind::reorder, FaultCourse::graded, "from to", true, false, "share add_delay",
              "one_way"},
    FaultRule{FaultKind::fail, FaultCourse::lasting, "pop zone region", false, false, "", "mode"},
    FaultRule{FaultKind::drain, FaultCourse::lasting, host_targets},
    FaultRule{FaultKind::starve_cpu, FaultCourse::graded, host_targets, false, false, "share"},
    FaultRule{FaultKind::clock_skew, FaultCourse::graded, host_targets, false, false, "",
              "ahead behind"},
    FaultRule{FaultKind::clock_step, FaultCourse::moment, host_targets, false, false, "",
              "ahead behind"},
    FaultRule{FaultKind::store_leader_loss, FaultCourse::lasting, ""},
    FaultRule{FaultKind::store_quorum_loss, FaultCourse::lasting, ""},
    FaultRule{FaultKind::store_slow_watch, FaultCourse::graded, "host", false, true, "add_delay"},
    FaultRule{FaultKind::store_lag, FaultCourse::graded, "host", false, false, "add_delay"},
    FaultRule{FaultKind::store_compaction, FaultCourse::moment, "host", false, true},
    FaultRule{FaultKind::store_watch_cancel, FaultCourse::moment, "host", false, true},
    FaultRule{FaultKind::stale_resolvers, FaultCourse::lasting, "resolver", false, true},
    FaultRule{FaultKind::dns_health_lag, FaultCourse::graded, "endpoint", false, true, "add_delay"},
    FaultRule{FaultKind::add_cluster, FaultCourse::lasting, "user region", true},
    FaultRule{FaultKind::remove_cluster, FaultCourse::lasting, "user region", true},
    FaultRule{FaultKind::rotate_credential, FaultCourse::lasting, "user", false, false, "password"},
    FaultRule{FaultKind::revoke_credential, FaultCourse::lasting, "user"},
    FaultRule{FaultKind::expire_credential, FaultCourse::lasting, "user"},
    FaultRule{FaultKind::replica_lag, FaultCourse::graded, "host", false, false, "add_delay"},
    FaultRule{FaultKind::replace_replica, FaultCourse::lasting, "host"}};

// In the order of the enumeration, so that a kind is its own index.
constexpr bool rules_follow_kinds() {
  for (std::size_t i = 0; i < fault_rules.size(); ++i) {
    if (static_cast<std::size_t>(fault_rules[i].kind) != i) return false;
  }
  return fault_rules.size() == EnumNames<FaultKind>::names.size();
}
static_assert(rules_follow_kinds());

constexpr const FaultRule& rule_of(FaultKind kind) {
  return fault_rules[static_cast<std::size_t>(kind)];
}

// Whether `word` is one of the words of `list`.
constexpr bool has_word(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const std::size_t blank = list.find(' ');
    if (list.substr(0, blank) == word) return true;
    list = blank == std::string_view::npos ? std::string_view() : list.substr(blank + 1);
  }
  return false;
}

}  // namespace wanlab::scenario
