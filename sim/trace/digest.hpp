// The fingerprint of a run: what happened on every host, and nothing else. Hosts are folded
// separately and combined by name, so neither their interleaving nor an idle host can change it.
#pragma once

#include "real_components/runtime/bytes.hpp"
#include "real_components/runtime/time.hpp"
#include "real_components/runtime/trace.hpp"
#include "sim/base/hash.hpp"

#include <bit>
#include <cstdint>
#include <string>
#include <vector>

namespace wanlab::trace {

// One host's history so far. The order of events on this host matters.
class HostDigest {
 public:
  void fold(Instant now, const runtime::TraceEvent& event) {
    // A multilinear hash of the fields (their products are independent, so the processor overlaps
    // them), then one bijective step of the chain: two different histories that reach the same
    // state can do so only by a 64-bit accident.
    std::uint64_t word = static_cast<std::uint64_t>(nanoseconds(now)) * 0x9e3779b97f4a7c15u +
                         (static_cast<std::uint64_t>(event.kind) + 1) * 0xbf58476d1ce4e5b9u +
                         event.subject * 0x94d049bb133111ebu + event.a * 0xd6e8feb86659fd93u +
                         event.b * 0xff51afd7ed558ccdu;
    if (!event.text.empty()) word = fold_bytes(word, as_bytes(event.text));
    word ^= word >> 32;
    state_ = std::rotl(state_ ^ word, 29) * 0xc4ceb9fe1a85ec53u;
    touched_ = true;
  }

  // Payload that reached this host.
  void fold(ByteView bytes) {
    state_ = fold_bytes(state_, bytes);
    touched_ = true;
  }

  // False for a host on which nothing ever happened.
  bool touched() const { return touched_; }
  std::uint64_t value() const { return mix(state_); }

 private:
  std::uint64_t state_ = 0;
  bool touched_ = false;
};

struct NamedDigest {
  std::string host;
  HostDigest digest;
};

// The digest of the whole run, whatever the order of `hosts`. Names must be unique.
std::uint64_t combine(std::vector<NamedDigest> hosts);

// Sixteen hexadecimal digits, as reports print it.
std::string to_hex(std::uint64_t digest);

}  // namespace wanlab::trace
