// Hears every segment when it is sent, for captures and traces of a replayed run. Must not drive
// anything: with and without a tap a run is the same.
#pragma once

#include "sim/network/endpoint.hpp"
#include "sim/network/machine.hpp"
#include "sim/network/message_pool.hpp"

namespace wanlab::network {

struct Segment {
  const Machine& from;
  const Machine& to;
  std::uint64_t connection;  // the same in both directions, and of no other connection
  std::uint16_t port;        // the listening one
  bool from_server;
  bool secure;  // TLS stands; the payload is in the clear all the same
  MessageKind kind;
  ByteView payload;      // may be more than one segment's worth
  std::int64_t departs;  // nanoseconds; the last bit leaves
  std::int64_t arrives;  // in order, repetitions included; negative: never
};

class Tap {
 public:
  virtual ~Tap() = default;
  virtual void passes(const Segment& segment) = 0;
};

}  // namespace wanlab::network
