#include "benchmarks/hold.hpp"

#include "benchmarks/measure.hpp"
#include "benchmarks/radix_heap.hpp"
#include "sim/kernel/simulation.hpp"

#include <queue>

namespace wanlab::bench {

namespace {

constexpr std::uint64_t seed = 1;

class KernelHold final : public HoldModel {
 public:
  KernelHold(Law law, std::uint32_t pending) : law_(law) {
    origin_ = simulation_.add_origin();
    simulation_.set_handler(kind, this, &KernelHold::handle);
    for (std::uint32_t i = 0; i < pending; ++i) {
      simulation_.post(origin_, Instant() + span(draw_residual(law_, chance_)), kind, i, 0);
    }
  }
  void run(std::uint64_t events) override { simulation_.run_some(events, Instant::max()); }
  std::size_t memory_bytes() const override { return simulation_.memory_bytes(); }

 private:
  static constexpr kernel::Kind kind = 1;

  static Duration span(std::uint64_t nanoseconds) {
    return Duration(static_cast<Duration::rep>(nanoseconds));
  }
  static void handle(void* self, const kernel::Event& event) {
    auto& hold = *static_cast<KernelHold*>(self);
    hold.simulation_.post(hold.origin_,
                          hold.simulation_.now() + span(draw_increment(hold.law_, hold.chance_)),
                          kind, event.target, 0);
  }

  kernel::Simulation simulation_;
  kernel::Origin origin_ = 0;
  Chance chance_{seed};
  Law law_;
};

template <typename Queue>
class BareHold final : public HoldModel {
 public:
  BareHold(Law law, std::uint32_t pending) : law_(law) {
    for (std::uint32_t i = 0; i < pending; ++i) push(draw_residual(law_, chance_));
  }
  void run(std::uint64_t events) override {
    std::uint64_t sum = 0;
    for (; events != 0; --events) {
      const auto event = queue_.pop();
      sum += event.order;
      push(event.time + draw_increment(law_, chance_));
    }
    keep(sum);
  }
  std::size_t memory_bytes() const override { return queue_.memory_bytes(); }

 private:
  void push(std::uint64_t time) {
    typename Queue::Event event{};
    event.time = time;
    event.order = ++order_;
    queue_.push(event);
  }

  Queue queue_;
  std::uint64_t order_ = 0;
  Chance chance_{seed};
  Law law_;
};

template <typename E>
struct Radix : RadixHeap<E> {
  using Event = E;
};

template <typename E>
class Binary {
 public:
  using Event = E;
  void push(const E& event) { queue_.push(event); }
  E pop() {
    const E event = queue_.top();
    queue_.pop();
    return event;
  }
  std::size_t memory_bytes() const { return queue_.bytes(); }

 private:
  struct Later {
    bool operator()(const E& left, const E& right) const { return before(right, left); }
  };
  struct Queue : std::priority_queue<E, std::vector<E>, Later> {
    std::size_t bytes() const { return this->c.capacity() * sizeof(E); }
  };
  Queue queue_;
};

}  // namespace

std::unique_ptr<HoldModel> kernel_hold(Law law, std::uint32_t pending) {
  return std::make_unique<KernelHold>(law, pending);
}
std::unique_ptr<HoldModel> radix_hold_16(Law law, std::uint32_t pending) {
  return std::make_unique<BareHold<Radix<SmallEvent>>>(law, pending);
}
std::unique_ptr<HoldModel> radix_hold_24(Law law, std::uint32_t pending) {
  return std::make_unique<BareHold<Radix<FullEvent>>>(law, pending);
}
std::unique_ptr<HoldModel> priority_queue_hold_24(Law law, std::uint32_t pending) {
  return std::make_unique<BareHold<Binary<FullEvent>>>(law, pending);
}

}  // namespace wanlab::bench
