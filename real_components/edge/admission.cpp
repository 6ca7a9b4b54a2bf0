#include "real_components/edge/admission.hpp"

#include "real_components/runtime/runtime.hpp"

#include <cstring>

namespace wanlab::edge {
namespace {

// Two rounds of multiply and fold: every input bit reaches every output bit.
std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  const runtime::Uint128 product = static_cast<runtime::Uint128>(a ^ 0x9e3779b97f4a7c15) * (b | 1);
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

}  // namespace

AddressAdmission::AddressAdmission(RateLimit limit, std::uint64_t secret, std::uint32_t sets)
    : limit_(limit), secret_(secret), sets_(sets) {
  if (limit_.per_second != 0) entries_.resize(std::size_t{sets_} * ways);
}

bool AddressAdmission::admit(const std::array<std::uint8_t, 16>& address, Instant now) {
  if (limit_.per_second == 0) return true;
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  std::memcpy(&high, address.data(), 8);
  std::memcpy(&low, address.data() + 8, 8);
  const std::uint64_t fingerprint = mix(mix(high, secret_), low ^ secret_);
  Entry* const set = &entries_[std::size_t{(fingerprint >> 32) % sets_} * ways];
  Entry* oldest = set;
  for (std::uint32_t way = 0; way < ways; ++way) {
    if (set[way].fingerprint == fingerprint) return take_token(set[way].bucket, limit_, now);
    if (set[way].bucket < oldest->bucket) oldest = &set[way];
  }
  *oldest = Entry{fingerprint, 0};
  return take_token(oldest->bucket, limit_, now);
}

}  // namespace wanlab::edge
