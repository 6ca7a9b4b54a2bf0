// Who connects, from where, and what they do: some throughout, some only once all has healed.
#include "sim/fuzz/dice.hpp"
#include "sim/fuzz/timing.hpp"
#include "sim/fuzz/world_maker.hpp"

#include <algorithm>
#include <array>

namespace wanlab::fuzz {

using namespace scenario;

namespace {

// So long that many of them would be about bandwidth and nothing else.
bool answers_are_long(const Plan& plan) {
  return std::any_of(plan.databases.begin(), plan.databases.end(),
                     [](const Database& database) { return database.result_bytes > 100'000; });
}

ClientGroup client(Plan& plan, Dice& dice) {
  ClientGroup group;
  group.site = dice.one_of(plan.topology.sites).name;
  group.endpoint = dice.one_of(plan.endpoints).name;
  const Credential& credential = dice.one_of(plan.credentials);
  group.user = credential.user;
  group.hosts = dice.between(1u, 2u);
  group.connections_per_host = dice.between(1u, 3u);
  group.query_on_connect = dice.chance(50);
  group.query_interval_minimum = dice.between(100ms, 1s);
  if (answers_are_long(plan)) group.query_interval_minimum += 2s;
  group.query_interval_maximum = group.query_interval_minimum + dice.between(0ms, 2s);
  if (credential.allow_native && dice.chance(50)) {
    group.authentication_plugin = "mysql_native_password";
  }
  constexpr std::array tls = {runtime::TlsVersion::tls13, runtime::TlsVersion::tls12,
                              runtime::TlsVersion::tls12_resumed};
  group.tls = tls[dice.index(tls.size())];
  return group;
}

// Whether many statements a second find their way without waiting: a region that is full is passed
// over for farther ones, which is no fault of anybody.
bool has_room(const Plan& plan) {
  return std::all_of(plan.origins.begin(), plan.origins.end(),
                     [](const OriginRegion& origin) { return origin.pool_size >= 8; }) &&
         std::all_of(plan.databases.begin(), plan.databases.end(),
                     [](const Database& database) { return database.result_bytes <= 10'000; });
}

bool may_write(const Plan& plan, const std::string& user) {
  for (const Credential& credential : plan.credentials) {
    if (credential.user == user) return credential.role != Role::reader;
  }
  return false;
}

}  // namespace

void make_workload(Plan& plan, Dice dice) {
  const bool writers = dice.chance(40), hostile = dice.chance(20), lambdas = dice.chance(30);
  const bool idlers = dice.chance(25), busy = dice.chance(15);
  const std::uint32_t groups = dice.between(1u, 3u);
  for (std::uint32_t i = 1; i <= groups; ++i) {
    ClientGroup group = client(plan, dice);
    group.name = "during-" + std::to_string(i);
    group.start = dice.between(0ms, 3s);
    group.ramp = dice.skewed(100ms, 20s);
    group.drain = dice.between(0ms, 2s);
    if (lambdas && dice.chance(50)) {
      group.kind = ClientKind::lambda;
    }
    group.retry.attempts = 1000;  // for as long as it takes
    group.retry.cap = dice.between(1s, 5s);
    group.retry.jitter = dice.chance(80);
    group.connect_timeout = dice.between(3s, 10s);
    if (writers && may_write(plan, group.user)) {
      group.statement = "UPDATE account SET n = n + 1 WHERE id = 42";
    }
    if (busy && has_room(plan) && dice.chance(50)) {
      group.query_interval_minimum = dice.between(5ms, 50ms);
      group.query_interval_maximum = group.query_interval_minimum * 2;
    }
    // Longer than a grant lives.
    if (idlers && dice.chance(60)) {
      group.query_interval_minimum = dice.between(250s, 320s);
      group.query_interval_maximum = group.query_interval_minimum + dice.between(0s, 60s);
    }
    plan.clients.push_back(group);
  }
  if (hostile) {
    ClientGroup group = client(plan, dice);
    group.name = "hostile";
    group.retry.attempts = 2;
    switch (dice.between(0u, 2u)) {
      case 0:
        group.password = "wrong";
        break;
      case 1:
        group.user = "nobody";
        break;
      default:
        group.stalls_in_handshake = true;
        break;
    }
    plan.clients.push_back(group);
  }
  // One per user, and one per way in.
  std::uint32_t number = 0;
  const auto prove = [&](const std::string& endpoint, const std::string& user) {
    ClientGroup group = client(plan, dice);
    group.name = proof_prefix + std::to_string(++number);
    group.endpoint = endpoint;
    group.user = user;
    group.authentication_plugin = ClientGroup{}.authentication_plugin;
    group.retry.attempts = 1;
    group.ramp = 1s;
    group.drain = 1s;
    group.query_interval_minimum = 300ms;
    group.query_interval_maximum = 700ms;
    plan.clients.push_back(group);
  };
  for (const Credential& credential : plan.credentials) {
    prove(dice.one_of(plan.endpoints).name, credential.user);
  }
  for (const Endpoint& endpoint : plan.endpoints) {
    prove(endpoint.name, dice.one_of(plan.credentials).user);
  }
}

}  // namespace wanlab::fuzz
