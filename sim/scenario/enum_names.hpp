// The words of the scenario format behind the plan's enumerations, in the order of their values.
#pragma once

#include "sim/scenario/plan.hpp"

#include <array>
#include <string_view>

namespace wanlab::scenario {

template <typename Enum>
struct EnumNames;

template <>
struct EnumNames<Role> {
  static constexpr std::array<std::string_view, 3> names{"reader", "writer", "admin"};
};
template <>
struct EnumNames<TabletType> {
  static constexpr std::array<std::string_view, 2> names{"primary", "replica"};
};
template <>
struct EnumNames<EndpointKind> {
  static constexpr std::array<std::string_view, 3> names{"direct", "optimized", "database"};
};
template <>
struct EnumNames<ClientKind> {
  static constexpr std::array<std::string_view, 3> names{"lambda", "pool", "arrivals"};
};
template <>
struct EnumNames<ConcurrencyRule> {
  static constexpr std::array<std::string_view, 2> names{"burst-2022", "rate-2023"};
};
template <>
struct EnumNames<ExpectationForm> {
  static constexpr std::array<std::string_view, 3> names{"threshold", "never", "eventually"};
};
template <>
struct EnumNames<FaultKind> {
  static constexpr std::array<std::string_view, 29> names{"slow",
                                                          "lossy",
                                                          "partition",
                                                          "cut-cable",
                                                          "crash",
                                                          "freeze",
                                                          "jitter",
                                                          "bandwidth",
                                                          "reorder",
                                                          "fail",
                                                          "drain",
                                                          "starve-cpu",
                                                          "clock-skew",
                                                          "clock-step",
                                                          "store-leader-loss",
                                                          "store-quorum-loss",
                                                          "store-slow-watch",
                                                          "store-lag",
                                                          "store-compaction",
                                                          "store-watch-cancel",
                                                          "stale-resolvers",
                                                          "dns-health-lag",
                                                          "add-cluster",
                                                          "remove-cluster",
                                                          "rotate-credential",
                                                          "revoke-credential",
                                                          "expire-credential",
                                                          "replica-lag",
                                                          "replace-replica"};
};
template <>
struct EnumNames<FaultScope> {
  static constexpr std::array<std::string_view, 10> names{
      "path", "cable", "host", "pop", "zone", "region", "store", "resolver", "endpoint", "user"};
};
template <>
struct EnumNames<FaultShape> {
  static constexpr std::array<std::string_view, 3> names{"step", "ramp", "flapping"};
};
template <>
struct EnumNames<runtime::TlsVersion> {
  static constexpr std::array<std::string_view, 4> names{"none", "1.2", "1.2-resumed", "1.3"};
};

template <typename Enum>
constexpr std::string_view name_of(Enum value) {
  return EnumNames<Enum>::names[static_cast<std::size_t>(value)];
}

}  // namespace wanlab::scenario
