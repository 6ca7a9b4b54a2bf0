// The resolved plan of one run: every value decided, nothing left to defaults, clocks or
// environment. Running the same plan again gives the same digest, so whatever influences a run must
// be in here. A field added here must be added to plan_fields.hpp too (the compiler insists).
//
// Moments (start, at, ..._after) count from the end of the warm-up, the instant at which everything
// is in place and the first client may start. Durations are nanoseconds, sizes bytes, rates bits
// per second. Defaults without a named source are assumptions.
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

// What a simulated machine can do. `cost` is CPU time per unit of work; default_costs() in
// costs.hpp names where its figures come from.
struct HostShape {
  std::uint32_t cores = 16;
  std::uint64_t memory_bytes = std::uint64_t{64} << 30;
  std::uint32_t descriptors = 1'048'576;  // fs.nr_open of Linux
  std::uint32_t accept_backlog = 4096;    // net.core.somaxconn of Linux since 5.4
  // Memory one open client connection takes on this machine: session state and TLS buffers. An idle
  // OpenSSL 3.0 server session that releases its buffers holds 14.3 KB of heap (measured).
  std::uint32_t memory_per_connection_bytes = 16'384;
  std::array<Duration, runtime::work_kinds> cost{};
};

struct EdgePop {
  std::string name;      // e.g. "iad"; its nodes are "edge-1.iad", "edge-2.iad", ...
  std::string site;      // a site of the topology
  std::string provider;  // which Optimized endpoint lists it ("aws"); may be empty
  std::uint32_t nodes = 1;
  HostShape host;
  std::uint32_t backhaul_connections = 4;  // per peer region and node
  // Cold edge: the backhaul to a region is opened by the first request that needs it, not at start.
  bool backhaul_on_demand = false;
  // Admission, in connections per second and burst, per tenant and per client address; 0 =
  // unlimited.
  std::uint32_t tenant_rate = 0, tenant_burst = 0;
  std::uint32_t address_rate = 0, address_burst = 0;
  Duration handshake_timeout = std::chrono::seconds(10);
  bool require_tls = true;  // off only to measure what TLS costs
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

// One database branch: a primary and replicas spread over the zones of its home region, and one
// replica in each read-only region.
struct Database {
  std::string branch;
  std::string primary_region;
  std::uint32_t replicas = 2;
  std::vector<std::string> read_only_regions;
  HostShape host;
  std::uint32_t result_bytes = 64;  // size of the one value a point query returns
  std::uint32_t maximum_connections = 1000;
  // The CPU time of a statement is drawn from the exponential distribution whose mean is the host's
  // cost of serve_statement, instead of being that cost: for comparison with queueing theory.
  bool exponential_service = false;
  // How clients that connect to it directly log in: what its greeting offers first, and whether
  // MySQL's in-memory cache of caching_sha2 passwords is warm (fast authentication) or not (full).
  std::string authentication_plugin = "caching_sha2_password";
  bool password_cache_warm = true;
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
  std::optional<Duration> route_expires_after;
  std::optional<Duration> credential_expires_after;
  std::optional<Duration> revoked_after;
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
  // optimized: a POP is left out of answers from this long after its health checks begin to fail,
  // and comes back as late. Three checks, one each 10 s, decide (Route 53's fast interval and
  // default threshold:
  // docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html)
  Duration health_lag = std::chrono::seconds(30);
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
  std::string site;  // empty for arrivals: each row names its own
  std::string endpoint;
  std::string user;           // may be one that has no credential: such clients are refused
  std::string password;       // empty: the credential's own
  std::string resolver_site;  // where its DNS resolver stands; empty: the client's own site
  runtime::TlsVersion tls = runtime::TlsVersion::tls13;
  std::string authentication_plugin = "caching_sha2_password";

  std::uint32_t hosts = 1;  // functions (execution environments) or pool machines
  std::uint32_t connections_per_host = 1;
  std::uint32_t connects_in_flight = 10;  // per host
  std::uint32_t descriptors = 1024;       // per host
  Duration start = Duration::zero();
  // Attempts of the whole group are due evenly over `ramp`, from `start` on; a host that is not up
  // yet, or has too many under way, makes up for it as soon as it can. Closes are due evenly over
  // `drain`, from start + ramp + hold on, however far the attempts have come by then.
  Duration ramp = Duration::zero();
  Duration hold = std::chrono::seconds(60);
  Duration drain = Duration::zero();

  // Lambda: how fast environments may appear, and how long one takes to start. Both rules are a
  // bucket that starts full with `burst` environments and refills evenly with `refill` per
  // `refill_period`, never above `burst`; the loader fills them in from the rule:
  //   burst_2022: 3,000 (us-east-1) at once, then 500 per minute, shared by the account's functions
  //   rate_2023:  1,000 at once, refilled with 1,000 per 10 s, each function on its own
  // https://aws.amazon.com/blogs/aws/aws-lambda-functions-now-scale-12-times-faster-when-handling-high-volume-requests/
  // https://docs.aws.amazon.com/lambda/latest/dg/scaling-behavior.html
  ConcurrencyRule concurrency = ConcurrencyRule::rate_2023;
  std::uint32_t burst = 1000;
  std::uint32_t refill = 1000;
  Duration refill_period = std::chrono::seconds(10);
  // "From under 100 ms to over 1 second":
  // docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
  Duration cold_start_minimum = std::chrono::milliseconds(100);
  Duration cold_start_maximum = std::chrono::milliseconds(1000);

  Duration connect_timeout = std::chrono::seconds(10);
  RetryPolicy retry;
  // Each open connection sends a statement, then another after an interval drawn uniformly.
  // A maximum of zero: one statement right after connecting if query_on_connect, and none later.
  // With both, the first statement goes out at once and the intervals follow.
  Duration query_interval_minimum = Duration::zero();
  Duration query_interval_maximum = Duration::zero();
  // The intervals are exponential instead, with the maximum as their mean: many connections
  // together then ask like a Poisson process.
  bool query_interval_exponential = false;
  bool query_on_connect = false;
  std::string statement = "SELECT name FROM account WHERE id = 42";
  Duration query_timeout = std::chrono::seconds(30);
  // A client that stops in the middle of its handshake (a slow or hostile peer).
  bool stalls_in_handshake = false;

  // arrivals: (time, place, count) rows in order of time. Each opens `count` connections from
  // `site` at start + at; each of them closes `hold` after it opened. `hosts`,
  // `connections_per_host`, `ramp` and `drain` mean nothing for this kind. Metros following the sun
  // become such rows when a plan is made.
  struct Arrival {
    Duration at{};
    std::string site;
    std::uint32_t count = 0;
  };
  std::vector<Arrival> arrivals;
  // The connections of a row start evenly over this time: number k of n at k / n of it. Zero:
  // together.
  Duration arrivals_spread = Duration::zero();
};

// What can go wrong. Paths between places, cables, machines, the store, DNS, and what operators do
// to records. Which keys each takes: fault_rules.hpp.
enum class FaultKind : std::uint8_t {
  slow,
  lossy,
  partition,
  cut_cable,
  crash_host,   // the process ends: resets, and refusals until it is back
  freeze_host,  // silence; what was under way goes on afterwards
  jitter,
  bandwidth,
  reorder,
  fail,  // everything that stands in a zone, POP or region at once
  drain,
  starve_cpu,
  clock_skew,  // the wall clock is wrong, until the fault heals
  clock_step,  // the wall clock jumps and stays so
  store_leader_loss,
  store_quorum_loss,
  store_slow_watch,
  store_lag,  // a member applies what was decided late
  store_compaction,
  store_watch_cancel,
  stale_resolvers,  // answers are served however old they are
  dns_health_lag,
  add_cluster,
  remove_cluster,
  rotate_credential,
  revoke_credential,
  expire_credential,
  replica_lag,
  replace_replica,
};

// What `source` (and `target`) of a fault name. For paths: one or two places, see
// fault_targets.hpp.
enum class FaultScope : std::uint8_t {
  path,
  cable,  // a corridor or "city-city" of the topology's backbone
  host,   // pattern over host_names()
  pop,
  zone,  // "us-east-1/2", counted from 1
  region,
  store,     // as the store itself decides
  resolver,  // pattern over sites
  endpoint,  // pattern over endpoints
  user,      // a credential's; `target`: a region
};

// How a fault runs from its start to its end. step: there at once, and gone at once. ramp: grows
// evenly over `ramp`, then stays. flapping: there for `duty` of every `period`, beginning there.
enum class FaultShape : std::uint8_t { step, ramp, flapping };

struct Fault {
  FaultKind kind = FaultKind::slow;
  std::string name;  // for expectations to refer to; may be empty
  FaultScope scope = FaultScope::path;
  std::string source, target;  // patterns ("*", "eu-*", "a|b"); `target` for paths and Routes
  bool one_way = false;        // paths: only from source to target
  FaultShape shape = FaultShape::step;
  Duration at{}, duration{};  // zero duration: until the end
  Duration ramp{};            // shape ramp
  Duration period{};          // shape flapping
  double duty = 0.5;
  // One way for slow; mean of an exponential addition for jitter; how late a segment comes for
  // reorder; how far behind for the store's, replica_lag and dns_health_lag; how wrong a clock.
  Duration extra_delay{};
  bool behind = false;  // clocks: back instead of ahead
  double loss = 0;      // lossy: probability per segment, on average
  // lossy: mean length of a bad spell (Gilbert-Elliott); zero: every segment for itself. Within one
  // `loss_in_burst` of the segments are lost, and bad spells are as frequent as `loss` demands.
  Duration burst{};
  double loss_in_burst = 1;
  double share = 0;                   // reorder: of the segments; starve_cpu: of the CPU taken away
  std::uint64_t bits_per_second = 0;  // bandwidth
  Duration reroute_after{};           // cut_cable; zero: the topology's reroute_delay
  bool refuses = false;               // fail: resets and refusals instead of silence
  std::string password;               // rotate_credential: the new one
};

// threshold: bounds on a figure. never, eventually: about events of one kind.
enum class ExpectationForm : std::uint8_t { threshold, never, eventually };

// A threshold on a value of the summary, or on the difference or ratio of two ("a - b", "a / b"),
// e.g. {"connections.failed", at_most 0}. With a window or a filter: on a figure of what happened
// there (the list is analysis/windows.cpp's).
struct Expectation {
  std::string metric;  // never, eventually: the kind of event
  std::optional<double> at_least, at_most, equals;
  ExpectationForm form = ExpectationForm::threshold;
  // Only what happened in [from, until); a statement belongs to the moment it was sent at.
  std::optional<Duration> from, until;
  Duration every{};  // the bounds must hold in each interval of this length; zero: in all together
  // Only what happened at this POP, to clients of this group, with this region; events with this
  // text. Empty: whatever it was.
  std::string pop, group, cluster, text;
  std::optional<std::uint32_t> number;  // its place in the scenario's list, if not the plan's
  std::string when;  // the window in the words of the scenario: "from region_down + 3s until end"

  bool has_window() const {
    return form != ExpectationForm::threshold || from || until || every > Duration::zero() ||
           !pop.empty() || !group.empty() || !cluster.empty() || !text.empty();
  }
};

// Which oracles are not asked, and the one that has to be violated (and no other): a negative
// scenario, whose sabotage shows that the oracle can see.
struct OracleRules {
  std::vector<std::string> off;
  std::string must_trip;
};

struct Plan {
  std::string name, why;
  std::uint64_t seed = 1;
  std::string topology_name;
  network::Topology topology;
  bool jitter = true;
  // Bandwidth of every path that states none, in bits per second; 0 = unlimited.
  std::uint64_t default_bits_per_second = 10'000'000'000;
  Duration duration{};  // the run ends here at the latest
  Duration warm_up =
      std::chrono::seconds(2);  // routes, backhaul and mesh settle before clients start
  // From this moment on everything has to be as if no fault had ever been, although some were:
  // every query answered, at the best region, and every edge on the store's newest Routes. None:
  // that is not demanded.
  std::optional<Duration> settled_after;
  std::string store_site;  // where the global store stands, or its first leader
  // Sites of the global store's members, an odd number with store_site first; empty: one member, at
  // store_site.
  std::vector<std::string> store_members;

  std::vector<EdgePop> edges;
  std::vector<OriginRegion> origins;
  std::vector<Database> databases;
  std::vector<Credential> credentials;
  std::vector<Endpoint> endpoints;
  std::vector<ClientGroup> clients;
  std::vector<Fault> faults;
  std::vector<Expectation> expectations;
  OracleRules oracles;
  // Components broken on purpose, each in one named way (sabotage_names in sabotage.hpp).
  std::vector<std::string> sabotage;
  // Hosts that do nothing; they prove that an unrelated machine changes nobody else's trace.
  std::vector<std::string> idle_hosts;
  bool print_every_step = false;  // hello: print the trace as it happens
};

}  // namespace wanlab::scenario
