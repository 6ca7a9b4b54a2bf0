// DNS as clients meet it: answers with a time to live, given by resolvers that stand in some city.
//
// Optimized endpoints answer with the POP of the lowest latency to the *resolver*, as Route 53's
// latency-based records do
// (docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-policy-latency.html); Direct endpoints
// with their POP. The clients of one resolver share its cache. POPs that fail their health checks
// are left out of Optimized answers, if there are others, from the endpoint's health_lag on.
#pragma once

#include "real_components/runtime/runtime.hpp"
#include "sim/network/wan.hpp"
#include "sim/scenario/plan.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wanlab::world {

struct NameAnswer {
  const std::vector<runtime::Address>* addresses = nullptr;  // null: no such name
  Instant expires{};
  Duration takes{};  // until the client has the answer
};

class NameService {
 public:
  NameService(const scenario::Plan& plan, const network::Wan& wan);

  // A client at `client_site` asks the resolver at `resolver_site`.
  NameAnswer resolve(std::string_view endpoint, std::uint32_t client_site,
                     std::uint32_t resolver_site, Instant now);

  // Whether the POP with this index in the plan answers its health checks. What is noted counts
  // after the lag.
  void note_health(std::size_t pop, bool well, Instant now);
  // The health checks of endpoints that match lag by so much more; `fault` tells several apart.
  void add_health_lag(std::string_view pattern, std::uint32_t fault, Duration lag);
  // From now on the resolvers of that site answer from their caches however old the answer is, or
  // no longer do. Counted.
  void serve_stale(std::uint32_t site, bool stale);

 private:
  struct Record {
    scenario::EndpointKind kind;
    Duration ttl;
    Duration health_lag{};
    std::map<std::uint32_t, Duration> more_lag{};  // by fault
    std::string provider;
    std::vector<std::size_t> pops;            // candidates, indices into pops_
    std::vector<runtime::Address> addresses;  // of a database
  };
  struct Pop {
    std::uint32_t site;
    std::string provider;
    std::vector<runtime::Address> addresses;
    std::vector<std::pair<Instant, bool>> health{};  // changes, oldest first; well before the first

    bool well(Instant at) const;
  };
  const std::vector<runtime::Address>* choose(const Record& record, std::uint32_t resolver_site,
                                              Instant now) const;

  const network::Wan& wan_;
  std::vector<Pop> pops_;
  std::map<std::string, Record, std::less<>> records_;
  struct Cached {
    const std::vector<runtime::Address>* addresses;
    Instant expires;
  };
  std::map<std::pair<std::string, std::uint32_t>, Cached> cache_;  // by endpoint and resolver
  std::vector<std::uint32_t> stale_;  // by site: faults that make it so
};

}  // namespace wanlab::world
