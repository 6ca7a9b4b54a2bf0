// What an AsioRuntime can be told and what it tells. Plain values.
#pragma once

#include "real_components/runtime/runtime.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace wanlab::hosting {

using namespace std::chrono_literals;

// Instead of asking the resolver, like a line of /etc/hosts; port 0 leaves the port as it is.
struct HostAlias {
  std::string address;
  std::uint16_t port = 0;
};
// By "name:port" or "name".
using HostTable = std::map<std::string, HostAlias, std::less<>>;

struct RuntimeOptions {
  // Where to listen: a literal address. Empty: everywhere.
  std::string bind_address;
  // Where a port asked for by the component really is; 0 lets the system choose.
  std::map<std::uint16_t, std::uint16_t> ports;
  // From where to connect: a literal address. Empty: as the system likes.
  std::string source_address;
  // Asked before the resolver; may be null. Certificates are still checked against the name.
  std::shared_ptr<const HostTable> hosts;
  // Several runtimes listen on the same ports, and the system spreads connections over them.
  bool share_ports = false;
  // Linux cuts this to net.core.somaxconn, 4096 by default.
  std::uint32_t backlog = 4096;

  // on_writable comes when less than this is unsent.
  std::size_t low_water = 128 * 1024;
  // What the kernel may hold unsent, so that what comes later and matters more is not behind it
  // (TCP_NOTSENT_LOWAT). Cloudflare runs between 16 and 128 KiB.
  std::uint32_t kernel_unsent = 128 * 1024;
  // More unsent than this on one connection is a component's mistake or a peer's attack: reset.
  std::size_t maximum_unsent = 64 * 1024 * 1024;

  // How long sent data may stay unacknowledged, or unsent because the peer does not read, before
  // the connection is lost (TCP_USER_TIMEOUT). Between our own machines, then towards everybody
  // else, where it is MySQL's net_write_timeout.
  Duration peer_timeout = 5s;
  Duration stranger_timeout = 60s;
  // Probes on idle connections to strangers; without them a vanished client would stay for ever.
  Duration keepalive = 60s;

  // For TLS that is part of accepting; where the component asked for TLS it keeps the time itself.
  Duration tls_timeout = 10s;
  std::uint32_t maximum_handshakes = 1024;  // of that kind at once; more are reset
  // CPU time for handshakes before everything else gets its turn.
  Duration handshake_slice = std::chrono::microseconds(300);
  // After close(): for what is still to be sent, then for the peer to close as well.
  Duration flush_timeout = 30s;
  Duration linger_timeout = 2s;
};

// Since the start, except where told otherwise.
struct RuntimeFigures {
  std::uint64_t accepted = 0, connected = 0, connect_failures = 0;
  std::uint64_t shed = 0;  // connections turned away for want of descriptors
  std::uint64_t handshakes = 0, handshakes_resumed = 0, handshakes_failed = 0;
  std::uint64_t bytes_received = 0, bytes_sent = 0;  // on the wire
  std::uint64_t reads = 0, writes = 0;               // system calls
  std::uint64_t resets_for_unsent = 0;
};

// Hears what a component records. Called on the runtime's thread; must be quick.
class TraceSink {
 public:
  virtual ~TraceSink() = default;
  virtual void observe(Instant now, const runtime::TraceEvent& event) = 0;
};

}  // namespace wanlab::hosting
