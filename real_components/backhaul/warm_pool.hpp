// Keeps warm, mutually authenticated, multiplexed connections to the origins of each peer region,
// and sends requests over them. It decides nothing about routing: the caller names the region.
//
// The owning node forwards runtime events whose cookie carries the pool's tag (owns()).
#pragma once

#include "real_components/backhaul/mux.hpp"
#include "real_components/backhaul/types.hpp"
#include "real_components/runtime/runtime.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace wanlab::backhaul {

// The caller's own number for a peer region (dense and small: it indexes a table).
using RegionIndex = std::uint32_t;

struct PoolOptions {
  // Connections per region; from three on, one of them is for bulk_class. Several bound what one
  // lost segment can stall.
  std::uint32_t connections = 4;
  // A region stays undialled until the first request for it, which finds no connection; from then
  // on it is kept warm like any other.
  bool on_demand = false;
  runtime::TlsVersion tls = runtime::TlsVersion::tls13;
  Duration connect_timeout = 5s;
  // Full jitter between zero and an exponentially growing bound
  // (aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter).
  Duration backoff_start = 100ms;
  // An edge may have nobody else to turn to: what the limit is, an outage can outlast its cause by.
  // One attempt every few seconds from each edge costs an origin nothing. Assumption.
  Duration backoff_limit = 5s;
  // A connection that lived this long starts the backoff anew.
  Duration stable_after = 10s;
  std::uint32_t parallel_handshakes = 2;
  Duration ping_interval = 1s;  // each interval is jittered by a tenth either way
  // A ping outstanding for longer: the connection is dead. Not while this process itself stood
  // still: then what has arrived is read first, and the ping has as long again.
  Duration ping_timeout = 3s;
  // Bytes are handed to the runtime only while it holds fewer than this. Not below the host's own
  // low-water mark, or on_writable may not come.
  std::size_t low_water = 128 * 1024;
  MuxOptions mux{};
};

// Names one request of a pool; answers to a stale one are impossible, calls with one do nothing.
struct RequestHandle {
  std::uint32_t connection = 0xffffffff;
  StreamId stream{};
  bool operator==(const RequestHandle&) const = default;
  explicit operator bool() const { return connection != 0xffffffff; }
};
inline constexpr RequestHandle no_request{};

struct RequestHeader {
  std::uint32_t tenant = 0;
  std::uint8_t stream_class = interactive_class;
  std::uint64_t cookie = 0;  // the caller's; comes back with every event of the request
  bool secret = false;       // as in StreamHeader
};

// Every request ends in exactly one of: on_response with end, on_failed, or the caller's own
// cancel().
class PoolObserver {
 public:
  virtual ~PoolObserver() = default;
  // Part of an answer, lent for the call. The result is how many bytes are consumed now; the rest
  // is to be given back by WarmPool::consumed().
  virtual std::size_t on_response(RequestHandle request, std::uint64_t cookie, ByteView part,
                                  bool end) = 0;
  virtual void on_failed(RequestHandle request, std::uint64_t cookie, Processed processed,
                         ResetReason reason) = 0;
  // All bytes queued so far for a streamed request have been encoded: room for more.
  virtual void on_sent(RequestHandle, std::uint64_t /*cookie*/) {}
};

// Hears about the health of connections. They are numbered from 0 within their region; a number is
// used again once its connection is down. Must not call back into the pool.
class PingObserver {
 public:
  virtual ~PingObserver() = default;
  virtual void on_connection_up(RegionIndex region, std::uint32_t connection) = 0;
  virtual void on_connection_down(RegionIndex region, std::uint32_t connection,
                                  runtime::CloseReason reason) = 0;
  virtual void on_ping_sent(RegionIndex region, std::uint32_t connection, Instant now) = 0;
  virtual void on_pong(RegionIndex region, std::uint32_t connection, const PongSample& sample) = 0;
  // The ping stayed unanswered for ping_timeout; on_connection_down(timed_out) follows.
  virtual void on_ping_missed(RegionIndex region, std::uint32_t connection) = 0;
  // An origin asked for no new work on this connection (GOAWAY).
  virtual void on_connection_draining(RegionIndex region, std::uint32_t connection) = 0;
};

// What a pool has exchanged with one region since it was made.
struct RegionTraffic {
  std::uint64_t connections = 0;  // that came up
  std::uint64_t requests = 0;
  std::uint64_t frames = 0;                          // both directions
  std::uint64_t bytes_sent = 0, bytes_received = 0;  // without TLS
};

class WarmPool {
 public:
  // `tag` is the value of bits 48..55 of every cookie of this pool. `pings` may be null.
  WarmPool(runtime::Runtime& runtime, const PoolOptions& options, std::uint8_t tag,
           PoolObserver& observer, PingObserver* pings);
  ~WarmPool();
  WarmPool(const WarmPool&) = delete;
  WarmPool& operator=(const WarmPool&) = delete;

  // Adds a region or replaces the addresses of its origins. Connections to addresses no longer
  // named take no new requests and are closed once idle. No addresses: the region is forgotten
  // likewise.
  void set_region(RegionIndex region, std::string_view name,
                  std::span<const runtime::Address> origins);
  // How often to ping a region's connections (slower where nothing changes); from the next ping on.
  void set_ping_interval(RegionIndex region, Duration interval);

  // Sends a request (`prefix` then `payload`, as one sequence of bytes) over the least loaded
  // connection. no_request: no connection can take it; nothing was sent and no event will come.
  RequestHandle request(RegionIndex region, const RequestHeader& header, ByteView prefix,
                        ByteView payload, bool end = true);
  // The same to the very origin that `other` went to, over its connection.
  RequestHandle request_beside(RequestHandle other, const RequestHeader& header, ByteView prefix,
                               ByteView payload);
  // More of a request that was begun with end = false.
  bool send(RequestHandle request, ByteView part, bool end);
  std::size_t queued_bytes(RequestHandle request) const;
  void consumed(RequestHandle request, std::size_t bytes);
  // The answer is no longer wanted: the peer is told, no event follows.
  void cancel(RequestHandle request);

  // Connections of a region that can take a request.
  std::uint32_t ready_connections(RegionIndex region) const;
  std::uint32_t requests_in_flight(RegionIndex region) const;
  // Asked for on demand, and never reached yet.
  bool opening(RegionIndex region) const;
  RegionTraffic traffic(RegionIndex region) const;
  RegionIndex regions() const { return static_cast<RegionIndex>(regions_.size()); }
  // Pings every connection of a region now, in addition to the regular rhythm.
  void ping_now(RegionIndex region);
  std::size_t memory_bytes() const;
  std::string check_invariants() const;
  // Of all connections that stand, by the host they lead to.
  void add_flow_totals(std::map<std::string, FlowTotals>& totals) const;

  // Events of the runtime.
  bool owns(runtime::Cookie cookie) const { return ((cookie >> 48) & 0xff) == tag_; }
  void on_timer(runtime::Cookie cookie);
  void on_connect(runtime::ConnectionId id, runtime::Cookie cookie);
  void on_data(runtime::ConnectionId id, runtime::Cookie cookie, ByteView bytes);
  void on_writable(runtime::ConnectionId id, runtime::Cookie cookie);
  void on_close(runtime::ConnectionId id, runtime::Cookie cookie, runtime::CloseReason reason);

 private:
  class Connection;
  struct Origin;
  struct Region;

  Connection* connection_of(runtime::Cookie cookie) const;
  Connection* connection_of(RequestHandle request) const;
  Region* region_of(RegionIndex region) const;
  Connection* choose(Region& region, std::uint8_t stream_class);
  runtime::Cookie cookie_of(const Connection& connection) const;
  // Dials until the region has its connections, or arms a timer for when an origin may be tried
  // again.
  void maintain(RegionIndex index);
  void dial(RegionIndex index, std::uint32_t origin);
  void back_off(Region& region, std::uint32_t origin);
  void came_up(Connection& connection);
  void retire(Connection& connection);
  void retire_if_idle(Connection& connection);
  void flush(Connection& connection);
  void count_frames(RegionIndex region, std::uint64_t frames);
  void after_event(Connection& connection);
  void ping(Connection& connection);
  // When a ping that stays unanswered costs its connection.
  Instant given_up_at(const Connection& connection, Instant ping) const;
  void arm(Connection& connection, Duration delay);
  Duration jittered(Duration interval);
  void lost(Connection& connection, runtime::CloseReason reason);

  runtime::Runtime& runtime_;
  PoolOptions options_;
  PoolObserver& observer_;
  PingObserver* pings_;
  std::unique_ptr<runtime::RandomStream> ping_jitter_;
  std::unique_ptr<runtime::RandomStream> backoff_jitter_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::uint32_t> free_connections_;
  std::vector<std::unique_ptr<Region>> regions_;  // by RegionIndex; null where unknown
  std::uint64_t dialled_ = 0;
  std::uint8_t tag_;
};

}  // namespace wanlab::backhaul
