#include "sim/world/name_service.hpp"

#include "sim/scenario/fault_targets.hpp"
#include "sim/scenario/host_names.hpp"

namespace wanlab::world {

namespace {
constexpr std::uint16_t mysql_port = 3306;
// From a resolver to the nearest authoritative server of an anycast DNS provider. Assumption: it
// stands in the same metropolis.
constexpr Duration authority_round_trip = std::chrono::milliseconds(2);
// The time to live of an answer that is served although it expired: RFC 8767, section 4.
constexpr Duration stale_ttl = std::chrono::seconds(30);
}  // namespace

NameService::NameService(const scenario::Plan& plan, const network::Wan& wan)
    : wan_(wan), stale_(wan.site_count()) {
  for (const scenario::EdgePop& pop : plan.edges) {
    Pop entry{wan.require(pop.site), pop.provider, {}};
    for (std::uint32_t node = 1; node <= pop.nodes; ++node) {
      entry.addresses.push_back({scenario::edge_host_name(pop, node), mysql_port});
    }
    pops_.push_back(std::move(entry));
  }
  for (const scenario::Endpoint& endpoint : plan.endpoints) {
    Record record{.kind = endpoint.kind,
                  .ttl = endpoint.ttl,
                  .health_lag = endpoint.health_lag,
                  .provider = endpoint.provider,
                  .pops = {},
                  .addresses = {}};
    for (std::size_t i = 0; i < plan.edges.size(); ++i) {
      const bool listed = endpoint.kind == scenario::EndpointKind::optimized
                              ? plan.edges[i].provider == endpoint.provider
                              : plan.edges[i].name == endpoint.pop;
      if (listed) record.pops.push_back(i);
    }
    if (endpoint.kind == scenario::EndpointKind::database) {
      record.pops.clear();
      for (const scenario::Database& database : plan.databases) {
        if (database.branch == endpoint.branch) {
          record.addresses.push_back({scenario::primary_host_name(database), mysql_port});
        }
      }
    }
    records_.emplace(endpoint.name, std::move(record));
  }
}

NameAnswer NameService::resolve(std::string_view endpoint, std::uint32_t client_site,
                                std::uint32_t resolver_site, Instant now) {
  const auto found = records_.find(endpoint);
  if (found == records_.end()) return {};
  const network::PathQuality& path = wan_.path(client_site, 0, resolver_site, 0);
  NameAnswer answer;
  answer.takes = path.forward + path.backward;
  auto [cached, fresh] =
      cache_.try_emplace({std::string(endpoint), resolver_site}, Cached{nullptr, now});
  const bool expired = cached->second.expires <= now;
  if (expired && !fresh && stale_[resolver_site] != 0) {
    answer.addresses = cached->second.addresses;
    answer.expires = now + answer.takes + stale_ttl;
    return answer;
  }
  if (fresh || expired) {
    answer.takes += authority_round_trip;
    cached->second = {choose(found->second, resolver_site, now),
                      now + answer.takes + found->second.ttl};
  }
  answer.addresses = cached->second.addresses;
  answer.expires = cached->second.expires;
  return answer;
}

const std::vector<runtime::Address>* NameService::choose(const Record& record,
                                                         std::uint32_t resolver_site,
                                                         Instant now) const {
  if (record.kind == scenario::EndpointKind::database) return &record.addresses;
  Duration lag = record.health_lag;
  for (const auto& [fault, more] : record.more_lag) lag += more;
  const auto nearest = [&](bool only_well) -> const Pop* {
    const Pop* best = nullptr;
    Duration best_round_trip{};
    for (const std::size_t index : record.pops) {
      const Pop& pop = pops_[index];
      if (only_well && !pop.well(now - lag)) continue;
      const network::PathQuality& path = wan_.path(resolver_site, 0, pop.site, 0);
      const Duration round_trip = path.forward + path.backward;
      if (path.reachable && (best == nullptr || round_trip < best_round_trip)) {
        best = &pop;
        best_round_trip = round_trip;
      }
    }
    return best;
  };
  // With all of them failing, Route 53 answers as if none did.
  const Pop* best = nearest(record.kind == scenario::EndpointKind::optimized);
  if (best == nullptr) best = nearest(false);
  return best == nullptr ? nullptr : &best->addresses;
}

bool NameService::Pop::well(Instant at) const {
  bool well = true;
  for (const auto& [since, then] : health) {
    if (since > at) break;
    well = then;
  }
  return well;
}

void NameService::note_health(std::size_t pop, bool well, Instant now) {
  std::vector<std::pair<Instant, bool>>& health = pops_[pop].health;
  const bool before = health.empty() || health.back().second;
  if (well != before) health.emplace_back(now, well);
}

void NameService::add_health_lag(std::string_view pattern, std::uint32_t fault, Duration lag) {
  for (auto& [name, record] : records_) {
    if (scenario::matches(pattern, name)) record.more_lag[fault] = lag;
  }
}

void NameService::serve_stale(std::uint32_t site, bool stale) {
  stale ? ++stale_[site] : --stale_[site];
}

}  // namespace wanlab::world
