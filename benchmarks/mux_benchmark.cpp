// Frames per second through two muxes, encode and decode on both sides, on one core.
#include <benchmark/benchmark.h>

#include "real_components/backhaul/mux.hpp"

#include <vector>

namespace {

using namespace wanlab;
using namespace wanlab::backhaul;

struct Client final : MuxObserver {
  std::size_t on_data(StreamId, std::uint64_t, ByteView bytes, bool) override {
    received += bytes.size();
    return bytes.size();
  }
  void on_reset(StreamId, std::uint64_t, ResetReason, Processed) override {}
  void on_error(MuxError, bool) override {}
  std::uint64_t received = 0;
};

// Answers every piece with as many bytes as the answer has, and ends when the request ends.
struct Server final : MuxObserver {
  std::size_t on_data(StreamId stream, std::uint64_t, ByteView bytes, bool end) override {
    mux->send(stream, answer, end);
    return bytes.size();
  }
  void on_reset(StreamId stream, std::uint64_t, ResetReason, Processed) override {
    mux->reset(stream, ResetReason::cancelled, Processed::no);
  }
  void on_error(MuxError, bool) override {}
  Mux* mux = nullptr;
  Bytes answer;
};

struct Pair {
  explicit Pair(std::size_t answer_size)
      : client(Role::client, options, client_observer),
        server(Role::server, options, server_observer) {
    server_observer.mux = &server;
    server_observer.answer.assign(answer_size, std::byte{'a'});
    exchange();
    exchange();
  }
  void exchange() {
    for (ByteView bytes = client.output(now); !bytes.empty(); bytes = client.output(now)) {
      server.receive(bytes, now);
      client.wrote(bytes.size());
    }
    for (ByteView bytes = server.output(now); !bytes.empty(); bytes = server.output(now)) {
      client.receive(bytes, now);
      server.wrote(bytes.size());
    }
  }
  MuxOptions options;
  Instant now{};
  Client client_observer;
  Server server_observer;
  Mux client;
  Mux server;
};

void report(benchmark::State& state, const Pair& pair) {
  const auto frames =
      static_cast<double>(pair.client.frames_encoded() + pair.server.frames_encoded());
  state.counters["frames/s"] = benchmark::Counter(frames, benchmark::Counter::kIsRate);
}

// Requests and answers of 128 bytes on streams that are open already, `range(0)` per exchange.
void existing_streams(benchmark::State& state) {
  Pair pair(128);
  const Bytes request(128, std::byte{'q'});
  std::vector<StreamId> streams;
  for (int i = 0; i < 64; ++i) {
    streams.push_back(pair.client.open({1, interactive_class, 0}, request, false));
  }
  pair.exchange();
  std::size_t next = 0;
  for (auto unused : state) {
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      pair.client.send(streams[next++ % streams.size()], request, false);
    }
    pair.exchange();
  }
  report(state, pair);
}
BENCHMARK(existing_streams)->Arg(1)->Arg(32);

// The same with a stream of its own for every request: open, data and end; answer and end.
void stream_per_request(benchmark::State& state) {
  Pair pair(128);
  const Bytes request(128, std::byte{'q'});
  for (auto unused : state) {
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      pair.client.open({static_cast<std::uint32_t>(i), interactive_class, 0}, request, true);
    }
    pair.exchange();
  }
  report(state, pair);
}
BENCHMARK(stream_per_request)->Arg(1)->Arg(32);

// Many requests at once, so that they pass through the scheduler's queues.
void queued_requests(benchmark::State& state) {
  Pair pair(128);
  const Bytes request(128, std::byte{'q'});
  for (auto unused : state) {
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      pair.client.open({static_cast<std::uint32_t>(i % 17), interactive_class, 0}, request, true);
    }
    pair.exchange();
  }
  report(state, pair);
}
BENCHMARK(queued_requests)->Arg(1024);

// Bulk: a request of 1 MiB on one stream.
void bulk_request(benchmark::State& state) {
  Pair pair(1);
  const Bytes request(1 << 20, std::byte{'q'});
  for (auto unused : state) {
    pair.client.open({1, bulk_class, 0}, request, true);
    for (int i = 0; i < 8; ++i) pair.exchange();
  }
  state.SetBytesProcessed(state.iterations() * std::int64_t{1 << 20});
}
BENCHMARK(bulk_request);

// Memory of an idle pair and of one more open stream at each end.
void memory(benchmark::State& state) {
  double idle = 0, per_stream = 0;
  for (auto unused : state) {
    Pair pair(128);
    pair.client.trim();
    pair.server.trim();
    idle = static_cast<double>(pair.client.memory_bytes() + pair.server.memory_bytes());
    const Bytes request(128, std::byte{'q'});
    for (int i = 0; i < 2048; ++i) {
      pair.client.open({1, interactive_class, 0}, request, false);
      pair.exchange();
    }
    per_stream = (static_cast<double>(pair.client.memory_bytes()) - idle / 2) / 2048;
  }
  state.counters["idle_pair_bytes"] = idle;
  state.counters["bytes_per_stream"] = per_stream;
}
BENCHMARK(memory)->Iterations(1);

}  // namespace
