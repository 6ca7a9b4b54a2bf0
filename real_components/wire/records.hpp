// The records kept in the store, as plain values: Route, Credential, OriginRecord.
// encode() appends to `out`; decode() returns false on malformed bytes and then leaves `record`
// unspecified. Neither ever throws.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "real_components/runtime/bytes.hpp"
#include "real_components/runtime/time.hpp"

namespace wanlab::wire {

// Which regions may serve a user (the user's name is the record's key).
struct Route {
  std::string branch;
  std::vector<std::string> clusters;  // region names, in no particular order
  std::uint64_t expiration = 0;       // Unix seconds; 0: never
  bool operator==(const Route&) const = default;
};

enum class TabletType : std::uint8_t { primary, replica, read_only };

// What verifies a login. Never leaves the regions its Route names.
struct Credential {
  std::array<std::byte, 32> password_sha256{};               // SHA256(SHA256(password))
  std::optional<std::array<std::byte, 20>> password_sha1{};  // SHA1(SHA1(password))
  std::string role;
  TabletType tablet_type = TabletType::primary;
  std::uint64_t expiration = 0;  // Unix seconds; 0: never
  std::string branch;
  std::uint64_t id = 0;
  bool allow_native = false;  // mysql_native_password accepted; needs password_sha1
  bool operator==(const Credential&) const = default;
};

// Where one origin of a region listens for backhaul connections.
struct OriginRecord {
  std::string region;
  std::string name;
  std::string host;
  std::uint16_t port = 0;
  bool operator==(const OriginRecord&) const = default;
};

void encode(const Route& record, Bytes& out);
void encode(const Credential& record, Bytes& out);
void encode(const OriginRecord& record, Bytes& out);

bool decode(ByteView bytes, Route& record);
// A hash of another length than named above is malformed, and so is an unknown tablet type.
bool decode(ByteView bytes, Credential& record);
// A port of 0 or above 65535 is malformed.
bool decode(ByteView bytes, OriginRecord& record);

// The one reading of every `expiration` above: the second it names is the first one that is too
// late.
constexpr bool expired(std::uint64_t expiration, WallTime now) {
  const std::int64_t seconds = unix_seconds(now);
  return expiration != 0 && seconds >= 0 && static_cast<std::uint64_t>(seconds) >= expiration;
}

}  // namespace wanlab::wire
