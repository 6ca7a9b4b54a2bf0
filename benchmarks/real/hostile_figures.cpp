// What clients that misbehave do to those that do not: half-open connections, handshakes that come
// byte by byte, and one that never reads its result.
#include "benchmarks/real/figures.hpp"
#include "benchmarks/real/processes.hpp"

#include <algorithm>
#include <atomic>
#include <thread>

namespace wanlab::bench {
namespace {

using emulation::LoadCrowd;
using emulation::LoadTarget;
using emulation::ProcessError;
using namespace std::chrono_literals;

constexpr std::size_t good_sessions = 16, slow_handshakes = 100;
constexpr double good_rate = 400;  // statements a second, all sessions together
// The edge gives up on a login after ten seconds; these are watched until behind that.
constexpr Duration hostile_time = 14s, slow_interval = 50ms;

std::string point_select(std::uint64_t number) {
  return "SELECT c FROM point WHERE id = " + std::to_string(1 + number * 7919 % 1000);
}

// A request for TLS as MySQL has it, then the beginning of a ClientHello that says it will be long.
Bytes slow_words() {
  Bytes words(36, std::byte{0});
  words[0] = std::byte{32};
  words[3] = std::byte{1};
  words[5] = std::byte{0x8a};  // protocol 4.1, TLS, secure connection
  words[6] = std::byte{0x08};  // plugin authentication
  const unsigned char hello[] = {0x16, 0x03, 0x01, 0x10, 0x00, 0x01, 0x00, 0x0f, 0xfc, 0x03, 0x03};
  for (const unsigned char byte : hello) words.push_back(static_cast<std::byte>(byte));
  words.resize(words.size() + 4000, std::byte{0x55});
  return words;
}

// All that misbehaves, in a thread of its own: what it does must not hold up those who measure.
class Attack {
 public:
  Attack(const Rig& rig, std::size_t half_open)
      : thread_([this, silent = silent_target(rig), deaf = rig.through_edge(true), half_open] {
          emulation::LoadLoop loop;
          LoadCrowd deaf_one(loop, deaf);
          deaf_one.open(1, 1);
          loop.run_until([&] { return deaf_one.settled() || over_; }, 10s);
          deaf_one.ask_and_turn_deaf("SELECT REPEAT('x', 1000000) FROM seq_1_to_1000");
          LoadCrowd slow(loop, silent);
          slow.open(slow_handshakes, slow_handshakes);
          slow.trickle(slow_words(), slow_interval);
          LoadCrowd half(loop, silent);
          half.open(half_open, 256);
          while (!over_) loop.run_for(20ms);
        }) {}
  ~Attack() {
    over_ = true;
    thread_.join();
  }
  Attack(const Attack&) = delete;
  Attack& operator=(const Attack&) = delete;

 private:
  static LoadTarget silent_target(const Rig& rig) {
    LoadTarget target = rig.through_edge(false);
    target.speech = emulation::Speech::nothing;
    return target;
  }
  std::atomic<bool> over_{false};
  std::thread thread_;
};

HostileRow rest_of(const std::string& name, LoadCrowd& good, std::uint64_t before) {
  std::vector<std::uint32_t> latencies = good.take_latencies();
  std::sort(latencies.begin(), latencies.end());
  HostileRow row;
  row.name = name;
  if (latencies.empty()) throw ProcessError("no session is answered: " + name);
  row.p50 = latencies[latencies.size() / 2];
  row.p99 = latencies[latencies.size() * 99 / 100];
  row.most = latencies.back();
  row.answered = good.figures().answered - before;
  row.failed = good.figures().errors + good.figures().lost;
  return row;
}

double megabytes(std::uint64_t most, std::uint64_t before) {
  return most > before ? static_cast<double>(most - before) / 1e6 : 0;
}

}  // namespace

HostileFigures measure_hostile(const RealOptions& options, emulation::LoadLoop& loop,
                               const Rig& rig) {
  HostileFigures figures;
  figures.half_open = options.half_open();
  figures.slow = slow_handshakes;
  LoadCrowd good(loop, rig.through_edge(true));
  good.open(good_sessions, 4);
  loop.run_until([&] { return good.settled(); }, 30s);
  if (good.figures().established != good_sessions) {
    throw ProcessError("cannot log in: " + good.figures().first_failure);
  }
  // What could not be served in one phase must not weigh on the next.
  const auto begin = [&] {
    loop.run_until([&] { return good.quiet(); }, 30s);
    good.ask_paced(point_select, good_rate);
    loop.run_for(500ms);
    good.take_latencies();
    return good.figures().answered;
  };
  Samples times;
  for (int round = 0; round < (options.quick ? 1 : 3); ++round) {
    options.progress("hostile clients, round " + std::to_string(round + 1));
    std::uint64_t answered = begin();
    loop.run_for(options.quick ? 3s : 10s);
    figures.rows.push_back(rest_of("alone", good, answered));
    good.stop_asking();

    const std::uint64_t edge_before = roughly_resident_bytes(rig.edge());
    const std::uint64_t origin_before = roughly_resident_bytes(rig.origin());
    const std::size_t descriptors = open_descriptors(rig.edge());
    answered = begin();
    {
      const Attack attack(rig, figures.half_open);
      const auto end = std::chrono::steady_clock::now() + hostile_time;
      std::uint64_t edge_most = edge_before, origin_most = origin_before;
      std::size_t most_descriptors = 0;
      while (std::chrono::steady_clock::now() < end) {
        loop.run_for(250ms);
        edge_most = std::max(edge_most, roughly_resident_bytes(rig.edge()));
        origin_most = std::max(origin_most, roughly_resident_bytes(rig.origin()));
        most_descriptors = std::max(most_descriptors, open_descriptors(rig.edge()));
      }
      if (most_descriptors < descriptors + figures.half_open / 2) {
        throw ProcessError("the half-open connections never stood at the edge");
      }
      figures.edge_megabytes = std::max(figures.edge_megabytes, megabytes(edge_most, edge_before));
      figures.origin_megabytes =
          std::max(figures.origin_megabytes, megabytes(origin_most, origin_before));
      const std::size_t still = open_descriptors(rig.edge());
      // The deaf one has logged in and may stay.
      figures.left_over = std::max(
          figures.left_over, still > descriptors + 1 ? still - descriptors - 1 : std::size_t{0});
      figures.rows.push_back(rest_of("with hostile clients", good, answered));
    }
    const HostileRow& with = figures.rows.back();
    times.add(with.p99 / figures.rows[figures.rows.size() - 2].p99);
    good.stop_asking();
    loop.run_for(1s);
  }
  figures.times_p99 = times.spread().median;
  return figures;
}

}  // namespace wanlab::bench
