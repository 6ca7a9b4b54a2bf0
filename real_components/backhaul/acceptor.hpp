// The origin's end of the backhaul: accepts multiplexed connections, hands requests to an observer
// and carries its answers back, whenever they come. It knows nothing about what a request means.
//
// The owning node forwards runtime events whose cookie carries the acceptor's tag (owns()), and
// on_accept of the backhaul port.
#pragma once

#include "real_components/backhaul/mux.hpp"
#include "real_components/backhaul/types.hpp"
#include "real_components/runtime/runtime.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace wanlab::backhaul {

struct AcceptorOptions {
  std::uint16_t port = 7443;
  bool mutual_tls = true;
  std::uint32_t backlog = 0;  // zero: the host's default
  // A request of at most this many bytes is delivered in one piece; a longer one as it arrives.
  std::size_t whole_request = 16 * 1024;
  // Connections at once; more are refused. Bounds the memory strangers can claim.
  std::uint32_t max_connections = 65536;
  // Silence after which a peer is dead (peers ping), and patience with the rest of a begun frame.
  Duration idle_timeout = 30s;
  Duration partial_frame_timeout = 10s;
  // Drain: from the first to the second notice (at least a round trip), and until the rest is
  // reset.
  Duration drain_grace = 1s;
  Duration drain_deadline = 30s;
  std::size_t low_water = 128 * 1024;
  MuxOptions mux{};
};

// Names one request. It stays harmless after its connection has died or its slot was used again.
struct RequestId {
  std::uint32_t connection = 0xffffffff;
  StreamId stream{};
  bool operator==(const RequestId&) const = default;
};

// What is known of a request when it is delivered. Views are lent for the call.
struct RequestInfo {
  std::uint32_t tenant = 0;
  std::uint8_t stream_class = interactive_class;
  std::string_view peer_identity;  // from the verified client certificate
  std::uint32_t connection = 0;
};

class RequestObserver {
 public:
  virtual ~RequestObserver() = default;
  // A new request: all of it when `end`, else its first bytes. Every request has to be finished by
  // respond(..., end) or reset(), also one that was cancelled. The result is a cookie of at most 63
  // bits that comes with later events of the request.
  virtual std::uint64_t on_request(RequestId request, const RequestInfo& info, ByteView payload,
                                   bool end) = 0;
  // More of a long request. The result is how many bytes are consumed now; the rest is to be given
  // back by Acceptor::consumed().
  virtual std::size_t on_request_data(RequestId request, std::uint64_t cookie, ByteView payload,
                                      bool end) = 0;
  // The answer is no longer wanted (cancelled, or the connection is gone). When the connection is
  // gone the request needs no reset(); calling it does no harm.
  virtual void on_cancelled(RequestId request, std::uint64_t cookie) = 0;
  // What was queued of the answer has all been encoded: room for more.
  virtual void on_sent(RequestId, std::uint64_t /*cookie*/) {}
};

class Acceptor {
 public:
  Acceptor(runtime::Runtime& runtime, const AcceptorOptions& options, std::uint8_t tag,
           RequestObserver& observer);
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  void start();

  // Queues part of an answer. False: the request is gone, ended, or too much is queued already.
  bool respond(RequestId request, ByteView part, bool end);
  bool respond(RequestId request, ByteView first, ByteView second, bool end);
  void reset(RequestId request, ResetReason reason, Processed processed);
  // Gives back credit for bytes of a request that were not consumed at once.
  void consumed(RequestId request, std::size_t bytes);
  std::size_t queued_bytes(RequestId request) const;

  // What pongs tell the edges: load in thousandths of capacity.
  void set_load(std::uint32_t load);
  // Stops accepting, tells every peer to open no more streams, then that none will be taken, and at
  // the deadline resets the rest. drained() says when nothing is left.
  void drain();
  // Accepts again. Peers that were told to leave do so; they come back with new connections.
  void undrain();
  bool draining() const { return draining_; }
  bool drained() const { return draining_ && live_ == 0; }

  std::uint32_t connections() const { return live_; }
  std::uint32_t requests_in_flight() const;
  std::size_t memory_bytes() const;
  std::string check_invariants() const;
  // Of all connections that stand, by the identity of the peer.
  void add_flow_totals(std::map<std::string, FlowTotals>& totals) const;

  // Events of the runtime.
  bool owns(runtime::Cookie cookie) const { return ((cookie >> 48) & 0xff) == tag_; }
  void on_timer(runtime::Cookie cookie);
  runtime::Cookie on_accept(runtime::ConnectionId id, const runtime::PeerInfo& peer);
  void on_data(runtime::ConnectionId id, runtime::Cookie cookie, ByteView bytes);
  void on_writable(runtime::ConnectionId id, runtime::Cookie cookie);
  void on_close(runtime::ConnectionId id, runtime::Cookie cookie, runtime::CloseReason reason);

 private:
  class Connection;

  Connection* connection_of(runtime::Cookie cookie) const;
  Connection* connection_of(RequestId request) const;
  void flush(Connection& connection);
  void drop(Connection& connection);
  void tick();

  runtime::Runtime& runtime_;
  AcceptorOptions options_;
  RequestObserver& observer_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::uint32_t> free_connections_;
  std::uint32_t live_ = 0;
  std::uint32_t load_ = 0;
  Instant drain_started_{};
  std::uint8_t tag_;
  bool draining_ = false;
  bool ticking_ = false;
};

}  // namespace wanlab::backhaul
