#include "real_components/origin/failure_counters.hpp"

#include "real_components/runtime/runtime.hpp"

namespace wanlab::origin {
namespace {

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  const runtime::Uint128 product = static_cast<runtime::Uint128>(a ^ 0x9e3779b97f4a7c15) * (b | 1);
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

}  // namespace

FailureCounters::FailureCounters(GuessingLimit limit, std::uint64_t secret)
    : limit_(limit), secret_(secret) {}

std::uint64_t FailureCounters::fingerprint(std::string_view user,
                                           const std::array<std::uint8_t, 16>& ip) const {
  std::uint64_t state = secret_;
  for (const char c : user) state = mix(state, static_cast<unsigned char>(c));
  state = mix(state, user.size() + 256);
  for (const std::uint8_t octet : ip) state = mix(state, octet);
  return mix(state, secret_) | 1;  // never the zero of an unused entry
}

bool FailureCounters::blocked(std::string_view user, const std::array<std::uint8_t, 16>& ip,
                              Instant now) const {
  if (entries_.empty()) return false;
  const std::uint64_t wanted = fingerprint(user, ip);
  const Entry* const set = &entries_[set_of(wanted)];
  for (std::uint32_t way = 0; way < ways; ++way) {
    if (set[way].fingerprint == wanted) return now < set[way].blocked_until;
  }
  return false;
}

void FailureCounters::failed(std::string_view user, const std::array<std::uint8_t, 16>& ip,
                             Instant now) {
  if (entries_.empty()) entries_.resize(std::size_t{limit_.sets} * ways);
  const std::uint64_t wanted = fingerprint(user, ip);
  Entry* const set = &entries_[set_of(wanted)];
  Entry* entry = nullptr;
  Entry* oldest = set;
  for (std::uint32_t way = 0; way < ways; ++way) {
    if (set[way].fingerprint == wanted) entry = &set[way];
    if (set[way].window_start < oldest->window_start) oldest = &set[way];
  }
  if (entry == nullptr) {
    entry = oldest;
    *entry = Entry{wanted, now, Instant{}, 0};
  } else if (now - entry->window_start > limit_.window) {
    entry->window_start = now;
    entry->failures = 0;
  }
  if (++entry->failures >= limit_.failures) {
    entry->blocked_until = now + limit_.block;
    entry->window_start = now;
    entry->failures = 0;
  }
}

}  // namespace wanlab::origin
