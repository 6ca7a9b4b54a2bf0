// Two machines and a wire between them, to see how streams behave. Everything the machines hear is
// noted.
#pragma once

#include "sim/network/transport.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace wanlab::network {

class Listener final : public Machine {
 public:
  Listener(std::string machine_name, std::uint32_t of_site, kernel::Simulation& simulation)
      : simulation_(simulation), name_(std::move(machine_name)) {
    name = name_;
    name_hash = hash_name(name);
    site = of_site;
    origin = simulation.add_origin();
  }

  void enter() override { leaves_ = simulation_.now() + work; }
  void leave() override {}
  void spend(runtime::Work, std::uint32_t) override {}
  SynVerdict on_syn(std::uint16_t, bool& mutual_tls) override {
    ++syns;
    syn_times.push_back(simulation_.now());
    mutual_tls = wants_mutual_tls;
    return syns <= drops ? SynVerdict::drop : (refuses ? SynVerdict::refuse : SynVerdict::take);
  }
  void on_syn_completed(bool) override {}
  void on_accept(EndpointId endpoint) override { note("accept", endpoint); }
  void on_connect(EndpointId endpoint) override { note("connect", endpoint); }
  void on_secure(EndpointId endpoint) override { note("secure", endpoint); }
  void on_data(EndpointId endpoint, ByteView bytes) override {
    note("data", endpoint);
    append(received, bytes);
    arrivals.push_back({simulation_.now(), bytes.size()});
    if (on_bytes) on_bytes(endpoint, bytes);
  }
  void on_writable(EndpointId endpoint) override {
    note("writable", endpoint);
    if (on_room) on_room(endpoint);
  }
  void on_close(EndpointId endpoint, runtime::CloseReason reason) override {
    note(std::string(runtime::to_string(reason)), endpoint);
  }
  void on_released() override { ++released; }

  void note(std::string what, EndpointId endpoint) {
    log.push_back({simulation_.now(), std::move(what)});
    last = endpoint;
  }
  // When `what` happened first; a negative instant when it did not.
  Duration when(const std::string& what) const {
    for (const auto& [at, event] : log) {
      if (event == what) return at.time_since_epoch();
    }
    return Duration(-1);
  }

  Duration work{};
  bool wants_mutual_tls = false, refuses = false;
  int drops = 0, syns = 0, released = 0;
  EndpointId last = no_endpoint;
  Bytes received;
  std::vector<Instant> syn_times;
  std::vector<std::pair<Instant, std::size_t>> arrivals;
  std::vector<std::pair<Instant, std::string>> log;
  std::function<void(EndpointId, ByteView)> on_bytes;
  std::function<void(EndpointId)> on_room;

 private:
  kernel::Simulation& simulation_;
  std::string name_;
};

struct WireShape {
  Duration round_trip = 20ms;
  Duration jitter_p90{};
  double loss = 0;
  std::uint64_t bits_per_second = 0;
  std::uint64_t seed = 1;
};

struct Wire {
  explicit Wire(const WireShape& shape = {})
      : topology(make_topology(shape)),
        wan(topology),
        transport(simulation, wan,
                  {.seed = shape.seed,
                   .jitter = true,
                   .default_bits_per_second = 0,
                   .tls = {},
                   .low_water = 128 * 1024},
                  0) {
    transport.add(client);
    transport.add(server);
  }
  static Topology make_topology(const WireShape& shape) {
    Topology topology;
    topology.name = "wire";
    topology.sites.resize(2);
    topology.sites[0].name = "here";
    topology.sites[1].name = "there";
    topology.paths = {{.source = "here",
                       .target = "there",
                       .round_trip = shape.round_trip,
                       .jitter_p90 = shape.jitter_p90,
                       .loss = shape.loss,
                       .bits_per_second = shape.bits_per_second}};
    return topology;
  }
  EndpointId connect(runtime::ConnectOptions options = {}) {
    client.enter();
    return transport.connect(client, server, 3306, options, 0);
  }
  // The client's side of an established stream; the server's is server.last.
  EndpointId established() {
    const EndpointId id = connect();
    simulation.run_until([&] { return server.when("accept") >= Duration::zero(); },
                         Instant() + 300s);
    return id;
  }

  kernel::Simulation simulation;
  Topology topology;
  Wan wan;
  Transport transport;
  Listener client{"client", 0, simulation};
  Listener server{"server", 1, simulation};
};

inline Bytes pattern(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 131 + (i >> 8));
  return bytes;
}

}  // namespace wanlab::network
