// Subject: messages through the simulated WAN's streams, and through the peers' networks.
#include "benchmarks/suite.hpp"
#include "sim/kernel/simulation.hpp"
#include "sim/network/transport.hpp"

#include <memory>
#include <string>

namespace wanlab::bench {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t message_bytes = 128;
constexpr kernel::Kind transport_kind = 0;  // and 1
constexpr kernel::Kind sender_kind = 2;

// A host without cores: takes every connection and counts what arrives.
class Counter final : public network::Machine {
 public:
  Counter(std::string with_name, std::uint32_t at_site, kernel::Simulation& simulation,
          std::uint64_t& received)
      : simulation_(simulation), received_(received), name_(std::move(with_name)) {
    name = name_;
    name_hash = hash_name(name);
    site = at_site;
    origin = simulation.add_origin();
  }
  void enter() override { leaves_ = simulation_.now(); }
  void leave() override {}
  void spend(runtime::Work, std::uint32_t) override {}
  network::SynVerdict on_syn(std::uint16_t, bool&) override { return network::SynVerdict::take; }
  void on_syn_completed(bool) override {}
  void on_accept(network::EndpointId) override {}
  void on_connect(network::EndpointId) override { ++connected; }
  void on_secure(network::EndpointId) override {}
  void on_data(network::EndpointId, ByteView bytes) override {
    received_ += bytes.size() / message_bytes;
  }
  void on_writable(network::EndpointId) override {}
  void on_close(network::EndpointId, runtime::CloseReason) override {}
  void anticipate(std::uint64_t, bool) const override {}
  void on_released() override {}

  std::uint32_t connected = 0;

 private:
  kernel::Simulation& simulation_;
  std::uint64_t& received_;
  std::string name_;
};

network::Topology separate_links(std::uint32_t pairs) {
  network::Topology topology;
  topology.name = "links";
  for (std::uint32_t i = 0; i < pairs; ++i) {
    network::Site here, there;
    here.name = "here-" + std::to_string(i);
    there.name = "there-" + std::to_string(i);
    topology.sites.push_back(here);
    topology.sites.push_back(there);
    network::MeasuredPath path;
    path.source = here.name;
    path.target = there.name;
    path.round_trip = 80ms;
    path.bits_per_second = 10'000'000'000;
    topology.paths.push_back(path);
  }
  return topology;
}

class Links {
 public:
  explicit Links(std::uint32_t pairs)
      : topology_(separate_links(pairs)),
        wan_(topology_),
        transport_(simulation_, wan_, network::TransportOptions{}, transport_kind) {
    simulation_.set_handler(sender_kind, this, &Links::handle);
    for (std::uint32_t i = 0; i < 2 * pairs; ++i) {
      machines_.push_back(
          std::make_unique<Counter>(topology_.sites[i].name, i, simulation_, received_));
      transport_.add(*machines_.back());
    }
    for (std::uint32_t i = 0; i < pairs; ++i) {
      network::Machine& client = *machines_[2 * i];
      client.enter();
      streams_.push_back(transport_.connect(client, *machines_[2 * i + 1], 3306, {}, i));
      client.leave();
    }
    simulation_.run_for(1s);
    for (std::uint32_t i = 0; i < pairs; ++i) {
      simulation_.post(machines_[2 * i]->origin, simulation_.now() + i * period / pairs,
                       sender_kind, i, 0);
    }
  }
  // Until so many more messages have arrived.
  void run(std::uint64_t messages) {
    const std::uint64_t enough = received_ + messages;
    while (received_ < enough) simulation_.run_some(1000, Instant::max());
  }

 private:
  static constexpr Duration period = 1ms;

  static void handle(void* self, const kernel::Event& event) {
    auto& links = *static_cast<Links*>(self);
    Counter& client = *links.machines_[2 * event.target];
    client.enter();
    links.transport_.send(links.streams_[event.target], links.message_);
    client.leave();
    links.simulation_.post(client.origin, links.simulation_.now() + period, sender_kind,
                           event.target, 0);
  }

  kernel::Simulation simulation_;
  network::Topology topology_;
  network::Wan wan_;
  network::Transport transport_;
  std::vector<std::unique_ptr<Counter>> machines_;
  std::vector<network::EndpointId> streams_;
  std::uint64_t received_ = 0;
  Bytes message_ = Bytes(message_bytes, std::byte{'m'});
};

Contestant peer(const Peers& peers, const char* name, const char* program,
                std::vector<std::string> arguments) {
  auto process = peers.program(program, std::move(arguments));
  return {name, [process] { return process->round(); }, {}};
}

}  // namespace

Subject measure_streams(const SuiteOptions& options) {
  Subject subject;
  subject.title =
      "Simulated network: messages of 128 bytes, one way over links of 40 ms and 10 Gbit/s, one "
      "per "
      "millisecond and link";
  subject.operation = "message";
  subject.unit = "links";
  subject.notes.emplace_back(
      "wanlab: real bytes on established streams that behave like TCP; ns-3: UDP over IPv4 on "
      "point-to-point devices; SimGrid: mailboxes with permanent receivers, model CM02");
  for (const std::uint32_t pairs : {1u, 100u}) {
    const std::uint64_t messages = options.operations(2'000'000);
    const auto links = std::make_shared<Links>(pairs);
    links->run(100 * pairs);
    std::vector<Contestant> contestants{
        {"wanlab streams",
         [=] { return nanoseconds_each(messages, [&] { links->run(messages); }); },
         {}}};
    if (options.peers != nullptr) {
      const Peers& peers = *options.peers;
      const std::string count = std::to_string(pairs);
      const std::string few = std::to_string(options.operations(100'000));
      const std::string fewer = std::to_string(options.operations(50'000));
      contestants.push_back(
          peer(peers, "ns-3 MapScheduler (default)", "ns3_messages", {"MapScheduler", count, few}));
      contestants.push_back(peer(peers, "ns-3 PriorityQueueScheduler", "ns3_messages",
                                 {"PriorityQueueScheduler", count, few}));
      contestants.push_back(peer(peers, "SimGrid mailboxes", "simgrid_messages", {count, fewer}));
    }
    compete(subject, pairs, contestants, options.rounds());
  }
  return subject;
}

}  // namespace wanlab::bench
