// The store's vocabulary as plain values, and its wire form. The model is etcd v3's: one 64-bit
// revision for the whole store, ordered keys, half-open ranges. Keys and values are byte strings.
// encode() appends; decode() returns false on malformed bytes. Neither throws.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "real_components/runtime/bytes.hpp"

namespace wanlab::wire {

using Revision = std::int64_t;  // starts at 1 (an empty store); 0 in a request: "the newest"

struct KeyValue {
  std::string key{};
  std::string value{};
  Revision create_revision = 0;
  Revision mod_revision = 0;
  std::int64_t version = 0;  // writes since creation, from 1; 0 stands for "deleted"
  std::int64_t lease = 0;    // 0: none
  bool operator==(const KeyValue&) const = default;
};

// An empty range_end means the one key; otherwise [key, range_end), where range_end "\0" means "to
// the end".
struct RangeRequest {
  std::string key{};
  std::string range_end{};
  Revision revision = 0;
  std::int64_t limit = 0;  // 0: none
  bool keys_only = false;
  bool count_only = false;
  // What the member asked knows is good enough, even if others know more.
  bool serializable = false;
  bool operator==(const RangeRequest&) const = default;
};
struct RangeResult {
  std::vector<KeyValue> values{};  // ascending by key
  bool more = false;             // the limit cut something off
  std::int64_t count = 0;        // keys in the range, whatever the limit
  bool operator==(const RangeResult&) const = default;
};
struct PutRequest {
  std::string key{};
  std::string value{};
  std::int64_t lease = 0;
  bool operator==(const PutRequest&) const = default;
};
struct PutResult {
  bool operator==(const PutResult&) const = default;
};
struct DeleteRequest {
  std::string key{};
  std::string range_end{};
  bool operator==(const DeleteRequest&) const = default;
};
struct DeleteResult {
  std::int64_t deleted = 0;
  bool operator==(const DeleteResult&) const = default;
};

// An absent key has create revision, mod revision and version 0; its value equals nothing and
// differs from nothing: every comparison with it is false.
struct Compare {
  enum class Target : std::uint8_t { version, create_revision, mod_revision, value };
  enum class Relation : std::uint8_t { equal, greater, less, not_equal };
  Target target = Target::version;
  Relation relation = Relation::equal;
  std::string key{};
  std::int64_t number = 0;  // for all targets but `value`
  std::string value{};
  bool operator==(const Compare&) const = default;
};

using Operation = std::variant<RangeRequest, PutRequest, DeleteRequest>;
using OperationResult = std::variant<RangeResult, PutResult, DeleteResult>;

// If all compares hold then `success`, else `failure`, as one revision.
struct TxnRequest {
  std::vector<Compare> compares{};
  std::vector<Operation> success{};
  std::vector<Operation> failure{};
  bool operator==(const TxnRequest&) const = default;
};
struct TxnResult {
  bool succeeded = false;
  std::vector<OperationResult> results{};
  bool operator==(const TxnResult&) const = default;
};

// Forgets what was overwritten before `revision`.
struct CompactRequest {
  Revision revision = 0;
  bool operator==(const CompactRequest&) const = default;
};
struct CompactResult {
  bool operator==(const CompactResult&) const = default;
};

struct LeaseGrantRequest {
  std::int64_t id = 0;  // 0: the store chooses
  std::int64_t ttl_seconds = 0;
  bool operator==(const LeaseGrantRequest&) const = default;
};
struct LeaseKeepAliveRequest {
  std::int64_t id = 0;
  bool operator==(const LeaseKeepAliveRequest&) const = default;
};
struct LeaseRevokeRequest {
  std::int64_t id = 0;
  bool operator==(const LeaseRevokeRequest&) const = default;
};
struct LeaseResult {
  std::int64_t id = 0;
  std::int64_t ttl_seconds = 0;
  bool operator==(const LeaseResult&) const = default;
};

enum class StoreStatus : std::uint8_t {
  ok,
  compacted,        // the revision asked for was forgotten; the result names compact_revision
  future_revision,  // the revision asked for has not happened
  invalid_request,  // empty key, same key written twice in one transaction, too many operations
  too_large,
  lease_not_found,
  lease_exists,
  unavailable,      // not executed, for certain
  permission_denied,  // whoever asks may read at most
  unknown_outcome,  // the connection broke or time ran out after the request was sent
};
std::string_view to_string(StoreStatus status);

using StoreCall = std::variant<RangeRequest, PutRequest, DeleteRequest, TxnRequest, CompactRequest,
                               LeaseGrantRequest, LeaseKeepAliveRequest, LeaseRevokeRequest>;
struct StoreResult {
  StoreStatus status = StoreStatus::ok;
  std::uint64_t cluster_id = 0;
  Revision revision = 0;          // of the store when it answered
  Revision compact_revision = 0;  // with status compacted
  std::variant<std::monostate, RangeResult, PutResult, DeleteResult, TxnResult, CompactResult,
               LeaseResult>
      body{};
  bool operator==(const StoreResult&) const = default;
};

// start_revision is inclusive; 0: from the first write after the watch was created.
struct WatchRequest {
  std::string key{};
  std::string range_end{};
  Revision start_revision = 0;
  bool progress_notify = false;
  bool operator==(const WatchRequest&) const = default;
};
// Of a deletion only the key and mod_revision are known.
struct Event {
  bool deleted = false;
  KeyValue kv{};
  bool operator==(const Event&) const = default;
};

struct WatchCreate {
  std::uint64_t watch = 0;  // chosen by the client, unique on its connection
  WatchRequest request{};
  bool operator==(const WatchCreate&) const = default;
};
struct WatchCancel {
  std::uint64_t watch = 0;
  bool operator==(const WatchCancel&) const = default;
};
struct Ping {
  bool operator==(const Ping&) const = default;
};

struct StoreRequestMessage {
  std::uint64_t id = 0;  // returned with the result; without meaning for watches and pings
  std::variant<StoreCall, WatchCreate, WatchCancel, Ping> body{};
  bool operator==(const StoreRequestMessage&) const = default;
};

struct WatchNotice {
  enum class Kind : std::uint8_t { created, events, progress, canceled };
  Kind kind = Kind::created;
  std::uint64_t watch = 0;
  std::uint64_t cluster_id = 0;
  Revision revision = 0;                 // of the store when it spoke
  std::vector<Event> events{};             // whole revisions only, ascending
  StoreStatus reason = StoreStatus::ok;  // with `canceled`
  Revision compact_revision = 0;         // with `canceled` because compacted
  bool operator==(const WatchNotice&) const = default;
};
struct Pong {
  bool operator==(const Pong&) const = default;
};

struct StoreResponseMessage {
  std::uint64_t id = 0;
  std::variant<StoreResult, WatchNotice, Pong> body{};
  bool operator==(const StoreResponseMessage&) const = default;
};

void encode(const StoreRequestMessage& message, Bytes& out);
void encode(const StoreResponseMessage& message, Bytes& out);
bool decode(ByteView bytes, StoreRequestMessage& message);
bool decode(ByteView bytes, StoreResponseMessage& message);

}  // namespace wanlab::wire
