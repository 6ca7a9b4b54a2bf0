// Every key of the scenario format. The reader refuses others, scenario.schema.json must list the
// same.
#pragma once

#include "real_components/runtime/work.hpp"

#include <array>
#include <span>
#include <string_view>

namespace wanlab::scenario::keys {

using Key = std::string_view;

inline constexpr std::array scenario{
    Key("name"),          Key("why"),        Key("extends"),          Key("set"),
    Key("seed"),          Key("topology"),   Key("jitter"),           Key("bandwidth"),
    Key("duration"),      Key("warm_up"),    Key("settled_after"),    Key("store_site"),
    Key("store_members"), Key("edges"),      Key("origins"),          Key("databases"),
    Key("credentials"),   Key("endpoints"),  Key("clients"),          Key("faults"),
    Key("expect"),        Key("idle_hosts"), Key("print_every_step"), Key("sabotage"),
    Key("large")};

inline constexpr std::array edge{Key("name"),       Key("site"),
                                 Key("sites"),      Key("provider"),
                                 Key("nodes"),      Key("host"),
                                 Key("backhaul"),   Key("backhaul_connections"),
                                 Key("admission"),  Key("handshake_timeout"),
                                 Key("require_tls")};
inline constexpr std::array admission{Key("tenant_rate"), Key("tenant_burst"), Key("address_rate"),
                                      Key("address_burst")};
inline constexpr std::array host{Key("cores"),
                                 Key("memory"),
                                 Key("descriptors"),
                                 Key("accept_backlog"),
                                 Key("memory_per_connection"),
                                 Key("costs")};
inline constexpr std::array<Key, runtime::work_kinds> costs{
    "accept_connection", "tls_handshake_server", "tls_handshake_client", "mysql_packet",
    "verify_proof",      "route_query",          "backhaul_frame",       "serve_statement"};
inline constexpr std::array origin{Key("region"), Key("nodes"), Key("host"), Key("pool")};
inline constexpr std::array pool{Key("size"), Key("waiters"), Key("wait")};
inline constexpr std::array database{
    Key("branch"), Key("region"),        Key("replicas"),     Key("read_only_regions"),
    Key("host"),   Key("result_size"),   Key("service_time"), Key("maximum_connections"),
    Key("plugin"), Key("password_cache")};
inline constexpr std::array credential{
    Key("user"),          Key("password"),    Key("branch"),        Key("role"),
    Key("tablet_type"),   Key("regions"),     Key("route_expires"), Key("expires"),
    Key("revoked_after"), Key("allow_native")};
inline constexpr std::array endpoint{Key("name"),   Key("kind"), Key("pop"),       Key("provider"),
                                     Key("branch"), Key("ttl"),  Key("health_lag")};
inline constexpr std::array client{Key("name"),
                                   Key("kind"),
                                   Key("site"),
                                   Key("endpoint"),
                                   Key("user"),
                                   Key("unknown_user"),
                                   Key("password"),
                                   Key("resolver_site"),
                                   Key("tls"),
                                   Key("plugin"),
                                   Key("hosts"),
                                   Key("connections_per_host"),
                                   Key("connects_in_flight"),
                                   Key("descriptors"),
                                   Key("start"),
                                   Key("ramp"),
                                   Key("hold"),
                                   Key("drain"),
                                   Key("concurrency"),
                                   Key("burst"),
                                   Key("cold_start"),
                                   Key("connect_timeout"),
                                   Key("retry"),
                                   Key("query"),
                                   Key("stalls_in_handshake"),
                                   Key("arrivals"),
                                   Key("arrivals_spread"),
                                   Key("metros")};
inline constexpr std::array retry{Key("attempts"), Key("base"), Key("cap"), Key("jitter")};
inline constexpr std::array query{Key("every"), Key("intervals"), Key("on_connect"),
                                  Key("statement"), Key("timeout")};
inline constexpr std::array metros{Key("connections"), Key("day"),   Key("steps"),
                                   Key("utc_hour"),    Key("count"), Key("load_by_local_hour")};
inline constexpr std::array fault{
    Key("kind"),       Key("name"),     Key("from"),          Key("to"),
    Key("cable"),      Key("host"),     Key("pop"),           Key("zone"),
    Key("region"),     Key("resolver"), Key("endpoint"),      Key("user"),
    Key("one_way"),    Key("at"),       Key("for"),           Key("shape"),
    Key("ramp"),       Key("period"),   Key("duty"),          Key("add_delay"),
    Key("add_jitter"), Key("loss"),     Key("burst"),         Key("loss_in_burst"),
    Key("share"),      Key("limit"),    Key("reroute_after"), Key("mode"),
    Key("ahead"),      Key("behind"),   Key("password")};
inline constexpr std::array expectation{
    Key("metric"), Key("at_least"), Key("at_most"), Key("equals"), Key("never"), Key("eventually"),
    Key("always"), Key("from"),     Key("until"),   Key("within"), Key("every"), Key("pop"),
    Key("group"),  Key("cluster"),  Key("text"),    Key("oracles")};
inline constexpr std::array oracles{Key("off"), Key("must_trip")};

struct Kind {
  Key name;
  std::span<const Key> keys;
};
inline constexpr std::array all{
    Kind{"scenario", scenario},

    Kind{"edge", edge},         Kind{"admission", admission},   Kind{"host", host},
    Kind{"costs", costs},       Kind{"origin", origin},         Kind{"pool", pool},
    Kind{"database", database}, Kind{"credential", credential}, Kind{"endpoint", endpoint},
    Kind{"client", client},     Kind{"retry", retry},           Kind{"query", query},
    Kind{"metros", metros},     Kind{"fault", fault},           Kind{"expectation", expectation},
    Kind{"oracles", oracles}};

}  // namespace wanlab::scenario::keys
