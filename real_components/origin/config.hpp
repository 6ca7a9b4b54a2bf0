// Everything an OriginNode can be told. Plain values; the defaults are what a production origin
// would run.
#pragma once

#include "real_components/backhaul/acceptor.hpp"
#include "real_components/control/store_client.hpp"
#include "real_components/crypto/digest.hpp"
#include "real_components/mysql/capabilities.hpp"
#include "real_components/origin/failure_counters.hpp"
#include "real_components/runtime/runtime.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace wanlab::origin {

// The databases of one branch that stand in this origin's region.
struct DatabaseConfig {
  std::string branch;
  std::optional<runtime::Address> primary;  // none in a read-only region
  std::vector<runtime::Address> replicas;
  // How the origin itself logs in there.
  std::string user = "wanlab";
  std::string password{};
  runtime::TlsVersion tls = runtime::TlsVersion::none;
};

// Connections to each database server.
struct BackendPoolOptions {
  std::uint32_t connections = 64;   // at most
  std::uint32_t warm = 4;           // opened at the start and kept
  std::uint32_t starting = 8;       // of them, being opened at once
  std::uint32_t waiters = 100'000;  // statements that may wait for a connection
  Duration wait = std::chrono::seconds(10);
  Duration connect_timeout = std::chrono::seconds(5);
  Duration login_timeout = std::chrono::seconds(5);
  // A statement that runs longer is given up with its connection: PlanetScale's limit for a SELECT
  // (planetscale.com/docs, "System limits").
  Duration statement_timeout = std::chrono::seconds(900);
  // A session that has a connection to itself and asks for nothing loses it: with a transaction
  // open (an assumption, generous to people at a prompt), with other state on it (MySQL's default
  // of wait_timeout), and where only its next statement might refer to the last one (assumption).
  Duration idle_transaction = std::chrono::seconds(300);
  Duration idle_state = std::chrono::seconds(28800);
  Duration idle_follow_up = std::chrono::seconds(10);
  // What connections that nobody waits for are opened for.
  mysql::Dialect warm_dialect = mysql::dialect_of(mysql::client_capabilities);
  std::uint8_t warm_collation = mysql::utf8mb4_general_ci;
  // Bytes of a long command queued towards a database before the origin stops taking more.
  std::size_t slow_database_bytes = 256 * 1024;
  // Full jitter between zero and a bound that doubles from the first to the second figure
  // (aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter).
  Duration backoff_first = std::chrono::milliseconds(50);
  Duration backoff_limit = std::chrono::seconds(5);
  // Failed attempts in a row, none succeeding, from which a server counts as down.
  std::uint32_t failures_until_down = 2;
  // Answer bytes queued towards an edge before the origin stops reading from the database.
  std::size_t slow_edge_bytes = 256 * 1024;
};

struct OriginConfig {
  std::string name;
  std::string region;
  backhaul::AcceptorOptions backhaul;

  // The members of the region's own store, which holds Credentials and grant keys.
  control::StoreClientOptions store;
  // From this and an edge's certified name follows the key of that edge's nonces.
  crypto::Digest256 fleet_nonce_key{};

  // Bounds how long a session outlives its edge's or its credential's ejection; PlanetScale
  // promises to disconnect within five minutes (planetscale.com/docs, "Connection strings").
  Duration grant_lifetime = std::chrono::seconds(300);
  // A statement shown with less than this share of its grant's life left gets a fresh one.
  std::uint32_t renew_below_percent = 40;
  GuessingLimit guessing;

  std::vector<DatabaseConfig> databases;
  BackendPoolOptions pool;
  std::size_t maximum_request = 17 * 1024 * 1024;
};

}  // namespace wanlab::origin
