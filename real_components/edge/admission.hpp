// How many connections per second a tenant or a client address may open: token buckets of one
// instant each. Decides nothing but yes or no; keeps no session and sends no error.
#pragma once

#include "real_components/runtime/time.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace wanlab::edge {

struct RateLimit {
  std::uint32_t per_second = 0;  // 0: unlimited
  std::uint32_t burst = 1;       // admitted at once after a pause; at least 1
};

// A bucket is the instant at which it will be full again; the start of time for one never used.
using Bucket = std::int64_t;  // nanoseconds

// Whether one more is admitted now; if so, takes its token. (The virtual-scheduling form of the
// generic cell rate algorithm, ITU-T I.371 annex A.)
inline bool take_token(Bucket& bucket, const RateLimit& limit, Instant now) {
  const std::int64_t interval = 1'000'000'000 / limit.per_second;
  const std::int64_t at = nanoseconds(now);
  const std::int64_t start = bucket > at ? bucket : at;
  const std::int64_t burst = limit.burst == 0 ? 1 : limit.burst;
  if (start - at > interval * (burst - 1)) return false;
  bucket = start + interval;
  return true;
}

// One bucket per tenant number; numbers are small and dense.
class TenantAdmission {
 public:
  explicit TenantAdmission(RateLimit limit) : limit_(limit) {}

  bool admit(std::uint32_t tenant, Instant now) {
    if (limit_.per_second == 0) return true;
    if (tenant >= buckets_.size()) buckets_.resize(tenant + 1, 0);
    return take_token(buckets_[tenant], limit_, now);
  }

 private:
  RateLimit limit_;
  std::vector<Bucket> buckets_;
};

// Buckets per client address in a table of fixed size. An address it has no room to remember is
// admitted: being forgotten equals a full bucket, so nobody is refused for someone else's load.
class AddressAdmission {
 public:
  // `secret` keeps clients from choosing addresses that collide.
  AddressAdmission(RateLimit limit, std::uint64_t secret, std::uint32_t sets = 4096);

  bool admit(const std::array<std::uint8_t, 16>& address, Instant now);

 private:
  struct Entry {
    std::uint64_t fingerprint = 0;
    Bucket bucket = 0;
  };
  static constexpr std::uint32_t ways = 4;

  RateLimit limit_;
  std::uint64_t secret_;
  std::uint32_t sets_;
  std::vector<Entry> entries_;
};

}  // namespace wanlab::edge
