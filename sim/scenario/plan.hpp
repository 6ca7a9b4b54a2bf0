// The resolved plan of one run: every value decided, nothing left to defaults, clocks or environment.
// Running the same plan again gives the same digest, so whatever influences a run must be in here.
#pragma once

#include "real_components/runtime/runtime.hpp"
#include "real_components/runtime/time.hpp"
#include "real_components/runtime/work.hpp"
#include "sim/network/topology.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace wanlab::scenario {

// What a simulated machine can do. Sizes in bytes, costs in CPU time per unit of work.
struct HostShape {
  std::uint32_t cores = 16;
  std::uint64_t memory_bytes = std::uint64_t{64} << 30;
  std::uint32_t descriptors = 1'048'576;
  std::uint32_t accept_backlog = 4096;
  // Memory one open client connection takes on this machine: session state and TLS buffers.
  std::uint32_t memory_per_connection_bytes = 16'384;
  std::array<Duration, runtime::work_kinds> cost{};
};

struct EdgePop {
  std::string name;  // e.g. "iad"; its nodes are "edge-1.iad", "edge-2.iad", ...
  std::string site;  // a site of the topology
  std::string provider;  // which Optimized endpoint lists it ("aws"); may be empty
  std::uint32_t nodes = 1;
  HostShape host;
  std::uint32_t backhaul_connections = 4;  // per peer region and node
  // Admission, in connections per second and burst, per tenant and per client address; 0 = unlimited.
  std::uint32_t tenant_rate = 0, tenant_burst = 0;
  std::uint32_t address_rate = 0, address_burst = 0;
  Duration handshake_timeout = std::chrono::seconds(10);
};

// The origin machines of one region, and the pool each keeps to every database replica there.
struct OriginRegion {
  std::string region;
  std::uint32_t nodes = 1;
  HostShape host;
  std::uint32_t pool_size = 64;
  std::uint32_t pool_waiters = 100'000;
  Duration pool_wait = std::chrono::seconds(10);
};

// One database branch: a primary and replicas spread over the zones of its home region, and one replica
// in each read-only region.
struct Database {
  std::string branch;
  std::string primary_region;
  std::uint32_t replicas = 2;
  std::vector<std::string> read_only_regions;
  HostShape host;
  std::uint32_t result_bytes = 64;       // size of the one value a point query returns
  std::uint32_t maximum_connections = 1000;
};

enum class Role : std::uint8_t { reader, writer, admin };
enum class TabletType : std::uint8_t { primary, replica };

struct Credential {
  std::string user;
  std::string password;  // empty: generated from the seed
  std::string branch;
  Role role = Role::writer;
  TabletType tablet_type = TabletType::primary;
  std::vector<std::string> regions;  // the clusters of its Route
  std::optional<Duration> route_expires_after;       // from the start of the run
  std::optional<Duration> credential_expires_after;  // from the start of the run
  std::optional<Duration> revoked_after;             // from the start of the run
  bool allow_native = false;
};

// Where clients connect. Direct: one POP. Optimized: the POP that latency-based DNS picks for the
// client's resolver. Database: straight to the primary, without the network (for comparison).
enum class EndpointKind : std::uint8_t { direct, optimized, database };
struct Endpoint {
  std::string name;
  EndpointKind kind = EndpointKind::direct;
  std::string pop;       // direct: the POP's name
  std::string provider;  // optimized
  std::string branch;    // database
  Duration ttl = std::chrono::seconds(60);
};

enum class ClientKind : std::uint8_t { lambda, pool, arrivals };
enum class ConcurrencyRule : std::uint8_t { burst_2022, rate_2023 };

struct RetryPolicy {
  std::uint32_t attempts = 3;  // in all, the first included
  Duration base = std::chrono::milliseconds(100);
  Duration cap = std::chrono::seconds(10);
  bool jitter = true;  // full jitter: uniform in [0, backoff]
};

struct ClientGroup {
  std::string name;
  ClientKind kind = ClientKind::pool;
  std::string site;
  std::string endpoint;
  std::string user;
  std::string password;  // empty: the credential's own
  std::string resolver_site;  // where its DNS resolver stands; empty: the client's own site
  runtime::TlsVersion tls = runtime::TlsVersion::tls13;
  std::string authentication_plugin = "caching_sha2_password";

  std::uint32_t hosts = 1;  // functions (execution environments) or pool machines
  std::uint32_t connections_per_host = 1;
  std::uint32_t connects_in_flight = 10;  // per host
  std::uint32_t descriptors = 1024;       // per host
  Duration start = Duration::zero();
  Duration ramp = Duration::zero();  // connection attempts spread evenly over this time
  Duration hold = std::chrono::seconds(60);   // from the end of the ramp to the first close
  Duration drain = Duration::zero();          // closing spread evenly over this time

  // Lambda: how fast environments may appear, and how long one takes to start.
  ConcurrencyRule concurrency = ConcurrencyRule::rate_2023;
  std::uint32_t burst = 3000;
  Duration cold_start_minimum = std::chrono::milliseconds(100);
  Duration cold_start_maximum = std::chrono::milliseconds(1000);

  Duration connect_timeout = std::chrono::seconds(10);
  RetryPolicy retry;
  // Each open connection sends a statement, then another after an interval drawn uniformly.
  // A maximum of zero: one statement right after connecting if query_on_connect, and none later.
  Duration query_interval_minimum = Duration::zero();
  Duration query_interval_maximum = Duration::zero();
  bool query_on_connect = false;
  std::string statement = "SELECT name FROM account WHERE id = 42";
  Duration query_timeout = std::chrono::seconds(30);
  // A client that stops in the middle of its handshake (a slow or hostile peer).
  bool stalls_in_handshake = false;

  // arrivals: recorded (time, place, count) rows, resolved from a CSV file into the plan.
  struct Arrival {
    Duration at;
    std::string site;
    std::uint32_t count;
  };
  std::vector<Arrival> arrivals;
  // Sun-following load: when set, `hosts` in this group open their share by local hour of the day.
  double weight = 1.0;
};

enum class FaultKind : std::uint8_t { slow, lossy, partition, cut_cable, crash_host, freeze_host };
struct Fault {
  FaultKind kind = FaultKind::slow;
  std::string source, target;  // sites for paths; `source` alone for hosts; corridor for cables
  bool one_way = false;
  Duration at{}, duration{};   // zero duration: until the end
  Duration extra_delay{};      // slow, one way
  double loss = 0;             // lossy, probability per segment
};

// A threshold on a value of the summary, e.g. {"connections.failed", at_most 0}.
struct Expectation {
  std::string metric;
  std::optional<double> at_least, at_most, equals;
};

struct Plan {
  std::string name, why;
  std::uint64_t seed = 1;
  std::string topology_name;
  network::Topology topology;
  bool jitter = true;
  // Bandwidth of every path that states none, in bits per second; 0 = unlimited.
  std::uint64_t default_bits_per_second = 10'000'000'000;
  Duration duration{};     // the run ends here at the latest
  Duration warm_up = std::chrono::seconds(2);  // routes, backhaul and mesh settle before clients start
  std::string store_site;  // where the global store's leader stands

  std::vector<EdgePop> edges;
  std::vector<OriginRegion> origins;
  std::vector<Database> databases;
  std::vector<Credential> credentials;
  std::vector<Endpoint> endpoints;
  std::vector<ClientGroup> clients;
  std::vector<Fault> faults;
  std::vector<Expectation> expectations;
  // Hosts that do nothing; they prove that an unrelated machine changes nobody else's trace.
  std::vector<std::string> idle_hosts;
  bool print_every_step = false;  // hello: print the trace as it happens
};

}  // namespace wanlab::scenario
