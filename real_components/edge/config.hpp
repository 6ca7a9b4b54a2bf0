// Everything an EdgeNode can be told. Plain values; the defaults are what a production edge would
// run.
#pragma once

#include "real_components/backhaul/warm_pool.hpp"
#include "real_components/control/store_client.hpp"
#include "real_components/crypto/digest.hpp"
#include "real_components/edge/admission.hpp"
#include "real_components/mesh/prober.hpp"
#include "real_components/routing/routing_table.hpp"
#include "real_components/runtime/runtime.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace wanlab::edge {

struct EdgeConfig {
  // As in the edge's certificate: origins know it by this name. Unique in the fleet.
  std::string name;
  // Where clients connect; 3306 is MySQL's port (IANA).
  std::uint16_t port = 3306;
  std::uint32_t backlog = 0;  // zero: the host's default

  // Several nodes may be one edge, each on its own core; these are then their number and which one
  // it is, so that they never make the same nonce.
  std::uint32_t shards = 1, shard = 0;

  // The members of the global store, which holds Routes and the addresses of origins.
  control::StoreClientOptions store;
  // From wire::edge_nonce_key(fleet key, name).
  crypto::Digest256 nonce_key{};

  std::string server_version = "8.0.36-wanlab";
  // Off only for measurements: a proof seen on the wire identifies its user until the nonce dies.
  bool require_tls = true;
  // Lets clients use mysql_native_password where the Credential allows it too.
  bool allow_native = false;

  // From accept to OK. MySQL's connect_timeout default.
  Duration handshake_timeout = std::chrono::seconds(10);
  std::uint32_t maximum_sessions = 1u << 21;
  // Concurrent sessions of one tenant; 0: unlimited.
  std::uint32_t maximum_sessions_per_tenant = 0;
  RateLimit tenant_rate;   // logins, per branch
  RateLimit address_rate;  // connections, per client address
  // The longest command, as MySQL's max_allowed_packet: its largest value by default, since the
  // database has its own.
  std::uint32_t maximum_statement = 1024 * 1024 * 1024;
  // Longer commands are passed on as they come, and so cannot be repeated elsewhere.
  std::uint32_t streamed_from = 64 * 1024;
  // Bytes of such a command that may wait for the origin before the edge stops reading more.
  std::size_t slow_origin_bytes = 256 * 1024;
  // Answer bytes that may wait for a client that reads slowly before the origin is held back.
  std::size_t slow_client_bytes = 256 * 1024;
  // What a client may send ahead of an answer before the edge stops reading from it.
  std::size_t pipelined_bytes = 64 * 1024;

  // An unknown user is refused after the smoothed time of real logins, varied by this share of it,
  // and never later than the maximum; before the first login the initial value stands in.
  Duration initial_login_time = std::chrono::milliseconds(30);
  std::uint32_t login_jitter_percent = 20;
  Duration maximum_denial_delay = std::chrono::seconds(1);

  // An idle session renews its grant this long after the last one; grants live 300 s, and sessions
  // with traffic get theirs renewed along with an answer from 60 % of that on.
  Duration renew_after = std::chrono::seconds(255);
  Duration renewal_retry = std::chrono::seconds(5);

  // Regions tried for one statement or login, the first included, once a request was really sent.
  std::uint32_t attempts = 3;
  // Repeats of statements with an unknown outcome (reads only), per hundred statements: Finagle's
  // retry budget (twitter.github.io/finagle, "RetryBudget") with its default of 20 %.
  std::uint32_t retry_budget_percent = 20;

  // A draining edge closes its sessions evenly over this time, and at its end what is still busy.
  Duration drain_period = std::chrono::seconds(30);

  // With a backhaul on demand: how long a request waits for the first connection to a region.
  // As long as the pool gives one to come about.
  Duration cold_backhaul_wait = std::chrono::seconds(5);

  backhaul::PoolOptions backhaul;
  mesh::ProberOptions prober;
  routing::ResortOptions resort;
  Duration adoption_spread = std::chrono::seconds(5);
};

}  // namespace wanlab::edge
