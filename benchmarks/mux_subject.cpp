// Subject: frames through the real multiplexer, from the request's bytes to the answer's, both
// sides' encoding and decoding included.
#include "benchmarks/mux_pair.hpp"
#include "benchmarks/suite.hpp"

#include <memory>

namespace wanlab::bench {

namespace {

constexpr std::size_t message_bytes = 128;
constexpr std::size_t stream_count = 64;

class Requests {
 public:
  explicit Requests(bool stream_each) : stream_each_(stream_each) {
    while (!stream_each_ && streams_.size() < stream_count) {
      streams_.push_back(pair_.client().open({1, backhaul::interactive_class, 0}, request_, false));
    }
    pair_.exchange();
  }
  // Returns nanoseconds per frame.
  double run(std::uint64_t requests, std::uint32_t per_exchange) {
    const std::uint64_t frames = pair_.frames();
    const std::uint64_t answered = pair_.answered_bytes();
    const double before = cpu_seconds();
    std::uint64_t sent = 0;
    while (sent < requests) {
      for (std::uint32_t i = 0; i < per_exchange; ++i, ++sent) ask(sent);
      pair_.exchange();
    }
    const double spent = cpu_seconds() - before;
    if (pair_.answered_bytes() - answered != sent * message_bytes) {
      throw std::logic_error("the mux lost requests");
    }
    return spent * 1e9 / static_cast<double>(pair_.frames() - frames);
  }

 private:
  void ask(std::uint64_t number) {
    if (stream_each_) {
      pair_.client().open({static_cast<std::uint32_t>(number % 17), backhaul::interactive_class, 0},
                          request_, true);
    } else {
      pair_.client().send(streams_[number % stream_count], request_, false);
    }
  }

  bool stream_each_;
  MuxPair pair_{message_bytes};
  Bytes request_ = Bytes(message_bytes, std::byte{'q'});
  std::vector<backhaul::StreamId> streams_;
};

}  // namespace

Subject measure_mux(const SuiteOptions& options) {
  Subject subject;
  subject.title =
      "Backhaul multiplexer: requests of 128 bytes with answers of 128 bytes, encoded and decoded "
      "on "
      "both sides";
  subject.operation = "frame";
  subject.unit = "per exchange";
  subject.notes.emplace_back(
      "a request and its answer are two frames; per exchange: requests before the bytes cross "
      "over");
  for (const std::uint32_t per_exchange : {1u, 32u}) {
    const std::uint64_t requests = options.operations(2'000'000);
    std::vector<Contestant> contestants;
    for (const bool stream_each : {false, true}) {
      const auto pair = std::make_shared<Requests>(stream_each);
      pair->run(requests / 10, per_exchange);
      contestants.push_back(
          {stream_each ? "wanlab mux, a stream per request" : "wanlab mux, existing streams",
           [=] { return pair->run(requests, per_exchange); },
           {}});
    }
    compete(subject, per_exchange, contestants, options.rounds());
  }
  return subject;
}

}  // namespace wanlab::bench
