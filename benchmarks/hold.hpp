// The hold model: a constant number of pending events; each, when it happens, schedules one
// successor. One contestant is one kind of queue with its population; run() goes on where the last
// run stopped.
#pragma once

#include "benchmarks/laws.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace wanlab::bench {

class HoldModel {
 public:
  virtual ~HoldModel() = default;
  virtual void run(std::uint64_t events) = 0;
  virtual std::size_t memory_bytes() const = 0;
};

// Through kernel::Simulation as the world uses it: post(), dispatch through a registered handler.
std::unique_ptr<HoldModel> kernel_hold(Law law, std::uint32_t pending);
// Bare queues in a loop.
std::unique_ptr<HoldModel> radix_hold_16(Law law, std::uint32_t pending);
std::unique_ptr<HoldModel> radix_hold_24(Law law, std::uint32_t pending);
std::unique_ptr<HoldModel> priority_queue_hold_24(Law law, std::uint32_t pending);

}  // namespace wanlab::bench
