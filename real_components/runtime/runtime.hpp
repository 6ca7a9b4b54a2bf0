// The one door between a component and its world.
//
// A component is a state machine: the host calls it with bytes, timers and connection events, and
// it answers through Runtime. It must own no thread, open no socket, read no clock, draw no entropy
// and touch no global: everything comes through this header, so that the same code runs unchanged
// in the simulator and in production.
//
// Calls are run-to-completion: the host never calls into a component while one of its handlers
// runs, and nothing a handler asks for happens before the handler returns (no callback re-enters).
#pragma once

#include "real_components/runtime/bytes.hpp"
#include "real_components/runtime/time.hpp"
#include "real_components/runtime/trace.hpp"
#include "real_components/runtime/work.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace wanlab::runtime {

__extension__ typedef unsigned __int128
    Uint128;  // ISO C++ has no such type; every 64-bit target has

// A word of the component's own choosing that comes back with every event of a connection or timer.
// Only the low 56 bits survive: a host may keep the rest for itself.
using Cookie = std::uint64_t;
inline constexpr Cookie cookie_mask = (Cookie{1} << 56) - 1;

// Names one open connection of this host. A value is used again only after on_close was delivered,
// or the component itself called close() or abort().
enum class ConnectionId : std::uint32_t {};
inline constexpr ConnectionId no_connection{0xffffffff};

enum class TimerId : std::uint64_t {};
inline constexpr TimerId no_timer{0};

// Where to connect to: a host's name (or literal address) and a TCP port.
struct Address {
  std::string host;
  std::uint16_t port = 0;
  auto operator<=>(const Address&) const = default;
};

// An address as sixteen bytes (IPv4 in its mapped form), for limits per address and for logs.
struct PeerAddress {
  std::array<std::uint8_t, 16> ip{};
  std::uint16_t port = 0;
  auto operator<=>(const PeerAddress&) const = default;
};

enum class CloseReason : std::uint8_t {
  finished,     // the peer closed in an orderly way (FIN)
  reset,        // the peer, or its host, tore the connection down (RST)
  refused,      // nothing listens there
  timed_out,    // no answer to the connection attempt within the limit
  unreachable,  // the name or the address leads nowhere
  tls_failed,   // the TLS handshake was refused or malformed
  overloaded,   // this host is out of descriptors or memory
};
std::string_view to_string(CloseReason reason);

enum class TlsVersion : std::uint8_t { none, tls12, tls12_resumed, tls13 };
std::string_view to_string(TlsVersion version);

struct ConnectOptions {
  // With anything but `none`, TLS starts at once and on_connect means: TLS is up too.
  TlsVersion tls = TlsVersion::none;
  // How long until on_close(timed_out); zero leaves it to the host's TCP (127 s of SYN retries).
  Duration timeout = Duration::zero();
};

struct ListenOptions {
  // With true, TLS (with a client certificate) comes first and on_accept means: TLS is up too.
  bool mutual_tls = false;
  // Connections waiting to be accepted; zero takes the host's default.
  std::uint32_t backlog = 0;
};

// What is known of whoever connected.
struct PeerInfo {
  PeerAddress address;
  // The name in the verified client certificate; empty without mutual TLS.
  std::string_view identity;
};

// A named stream of random bits. The same name and seed give the same bits whatever else runs; in
// production a stream is a cryptographic generator and its name is ignored.
class RandomStream {
 public:
  virtual ~RandomStream() = default;
  virtual std::uint64_t next() = 0;

  // Uniform in [0, bound), without bias worth mentioning below 2^32. bound must not be 0.
  std::uint64_t below(std::uint64_t bound) {
    return static_cast<std::uint64_t>((static_cast<Uint128>(next()) * bound) >> 64);
  }
};

class Runtime {
 public:
  virtual ~Runtime() = default;

  virtual Instant now() const = 0;
  virtual WallTime wall_now() const = 0;

  // Calls on_timer(cookie) once, after `delay`; it cannot be called off. The cheapest way to wait.
  virtual void wake_after(Duration delay, Cookie cookie) = 0;
  // The same, but cancel_timer() prevents it. Cancelling a fired or unknown timer does nothing.
  virtual TimerId start_timer(Duration delay, Cookie cookie) = 0;
  virtual void cancel_timer(TimerId timer) = 0;

  // Connections found on `port` are announced by on_accept(port, ...).
  virtual void listen(std::uint16_t port, const ListenOptions& options) = 0;
  virtual void stop_listening(std::uint16_t port) = 0;

  // Never fails at once: the outcome is exactly one on_connect or on_close.
  virtual ConnectionId connect(const Address& address, const ConnectOptions& options,
                               Cookie cookie) = 0;
  // Replaces the cookie that comes with the connection's events.
  virtual void set_cookie(ConnectionId connection, Cookie cookie) = 0;

  // Upgrades an open connection. Ends in exactly one on_secure or on_close(tls_failed).
  // `already_read` are bytes that arrived behind the message that asked for TLS: they belong to the
  // TLS engine.
  virtual void start_tls_server(ConnectionId connection, ByteView already_read) = 0;
  virtual void start_tls_client(ConnectionId connection, TlsVersion version) = 0;

  // Queues bytes, in order. Sending on a connection that is already gone does nothing.
  virtual void send(ConnectionId connection, ByteView bytes) = 0;
  // Bytes accepted by send() and not yet handed to the network. Once this has been above the host's
  // low-water mark, falling below it again is announced by on_writable.
  virtual std::size_t unsent_bytes(ConnectionId connection) const = 0;
  // Stops and restarts on_data for one connection; what arrives meanwhile waits (and fills
  // windows).
  virtual void pause_reading(ConnectionId connection) = 0;
  virtual void resume_reading(ConnectionId connection) = 0;

  // Orderly end: what was sent still arrives. No further event comes for this connection.
  virtual void close(ConnectionId connection) = 0;
  // Reset: the peer learns at once. No further event comes for this connection.
  virtual void abort(ConnectionId connection) = 0;

  // Declares CPU work that the current handler did. The simulated host queues it and everything
  // asked for afterwards leaves later; the production host does nothing, because the work itself
  // took time.
  virtual void spend(Work work, std::uint32_t times = 1) = 0;

  virtual std::unique_ptr<RandomStream> random_stream(std::string_view name) = 0;

  // A hint that this connection is about to be used: the host may bring its state into the cache.
  virtual void anticipate(ConnectionId /*connection*/) const {}

  // Tells observers what happened. Must not influence anything.
  virtual void record(const TraceEvent& event) = 0;
};

// What a host drives. Every node (EdgeNode, OriginNode, ...) is one.
class Component {
 public:
  virtual ~Component() = default;

  virtual void start() = 0;
  virtual void on_timer(Cookie cookie) = 0;

  // A new connection on a listening port; the result is its cookie.
  virtual Cookie on_accept(std::uint16_t port, ConnectionId connection, const PeerInfo& peer) = 0;
  virtual void on_connect(ConnectionId connection, Cookie cookie) = 0;
  virtual void on_secure(ConnectionId connection, Cookie cookie) = 0;
  // The bytes are the component's for the length of the call only.
  virtual void on_data(ConnectionId connection, Cookie cookie, ByteView bytes) = 0;
  virtual void on_writable(ConnectionId connection, Cookie cookie) = 0;
  // A hint that an event with this cookie comes within the next few: with `soon` false a good while
  // before, with `soon` true when what the first hint fetched should have arrived. A component with
  // many records fetches the one concerned; it must change nothing. The cookie may be out of date.
  virtual void anticipate(Cookie /*cookie*/, bool /*soon*/) const {}
  // The last event of a connection that the component did not close itself.
  virtual void on_close(ConnectionId connection, Cookie cookie, CloseReason reason) = 0;
};

}  // namespace wanlab::runtime
