// Who a host is, as reports and traces name it.
#pragma once

#include <cstdint>
#include <string>

namespace wanlab::trace {

enum class HostRole : std::uint8_t { client, edge, origin, store, database, dns, idle, world };

// The host as which a world records what it does itself. No host of a plan can be named so.
inline constexpr const char* world_name = "(world)";

// A host's place in the Recorder, in the order of add_host().
enum class HostIndex : std::uint32_t {};

struct HostLabel {
  std::string name;  // unique in the run
  HostRole role = HostRole::idle;
  std::string place;  // the POP or region it stands in
  std::string group;  // clients: their group; others: empty
  HostIndex index{};  // as the Recorder numbers it; set by add_host()
};

}  // namespace wanlab::trace
