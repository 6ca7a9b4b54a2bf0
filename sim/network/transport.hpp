// Byte streams over the simulated WAN that behave like TCP, with TLS on top where asked for.
//
// Small messages on an idle stream cost one event each. A stream whose sender outruns its window,
// or whose path is down, gets a Flow (flow.hpp) with slow start, congestion avoidance and
// retransmission timers. The payload is real bytes; only TLS records and handshake flights are
// represented by their sizes, round trips and CPU time.
#pragma once

#include "sim/base/random.hpp"
#include "sim/kernel/simulation.hpp"
#include "sim/network/endpoint.hpp"
#include "sim/network/flow.hpp"
#include "sim/network/machine.hpp"
#include "sim/network/message_pool.hpp"
#include "sim/network/path.hpp"
#include "sim/network/tap.hpp"
#include "sim/network/wan.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

namespace wanlab::network {

// Bytes of TLS flights on the wire. The client hello is what PyMySQL and mysqlnd send (517 bytes);
// the others are typical for one ECDSA P-256 certificate chain of two and have no published source.
struct TlsSizes {
  std::uint32_t client_hello = 517;
  std::uint32_t server_flight = 2400;
  std::uint32_t server_flight_resumed = 240;
  std::uint32_t client_finish = 80;
  std::uint32_t server_finish = 51;
  std::uint32_t record = 22;  // header, content type and tag of one TLS 1.3 record
};

struct TransportOptions {
  std::uint64_t seed = 1;
  bool jitter = true;
  std::uint64_t default_bits_per_second = 0;  // for paths that state none; 0 = unlimited
  TlsSizes tls;
  // A sender is told to go on (on_writable) when less than this is unsent. Cloudflare runs its
  // edges with tcp_notsent_lowat between 16 and 128 KiB.
  std::uint32_t low_water = 128 * 1024;
};

class Transport {
 public:
  Transport(kernel::Simulation& simulation, Wan& wan, const TransportOptions& options,
            kernel::Kind kind);  // and the kind after it
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // The machine must outlive the transport. `state` is where its object begins, and below where
  // that of what runs on it does; both are only ever prefetched.
  void add(Machine& machine, const void* state = nullptr);
  void set_component(const Machine& machine, const void* state) {
    hot_[machine.index].component = static_cast<const std::byte*>(state);
  }
  // Fetches what every event of that machine touches: the first two lines of each.
  void anticipate_machine(std::uint32_t index) const {
    const Hot& hot = hot_[index];
    __builtin_prefetch(hot.machine, 1);
    __builtin_prefetch(hot.machine + 64, 1);
    __builtin_prefetch(hot.component, 1);
    __builtin_prefetch(hot.component + 64, 1);
  }

  EndpointId connect(Machine& client, Machine& server, std::uint16_t port,
                     const runtime::ConnectOptions& options, std::uint64_t cookie);
  // A connection to nowhere: ends in on_close(unreachable) at once.
  EndpointId connect_nowhere(Machine& client, std::uint64_t cookie);
  void start_tls_server(EndpointId endpoint, ByteView already_read);
  void start_tls_client(EndpointId endpoint, runtime::TlsVersion version);
  void send(EndpointId endpoint, ByteView bytes);
  std::size_t unsent_bytes(EndpointId endpoint) const;
  void pause_reading(EndpointId endpoint);
  void resume_reading(EndpointId endpoint);
  void anticipate(EndpointId endpoint) const { __builtin_prefetch(&(*this)[endpoint], 1); }
  void close(EndpointId endpoint);
  void abort(EndpointId endpoint);

  Endpoint& operator[](EndpointId id) { return slabs_[id >> slab_shift][id & slab_mask]; }
  const Endpoint& operator[](EndpointId id) const {
    return slabs_[id >> slab_shift][id & slab_mask];
  }
  Machine& machine(std::uint32_t index) { return *machines_[index]; }
  Machine& machine_of_peer(EndpointId id) { return machine((*this)[(*this)[id].peer].machine); }

  // Faults.
  PathId path_between(std::uint32_t source_site, std::uint32_t source_zone,
                      std::uint32_t target_site, std::uint32_t target_zone);
  Path& path(PathId id) { return paths_[id]; }
  // What a path is like now, whether or not anything ever took it.
  Path look_at(std::uint32_t source_site, std::uint32_t source_zone, std::uint32_t target_site,
               std::uint32_t target_zone) const;
  std::vector<Path>& paths() { return paths_; }
  std::uint32_t impair(const Impairment& impairment);  // a number for mend()
  void mend(std::uint32_t impairment);
  // Every connection of a crashed host dies; peers hear a reset. Between enter() and leave().
  void reset_all(Machine& machine);
  // A frozen host (Machine::down) hears again, first of all what waited.
  void thaw(Machine& machine);
  // Asks the Wan again for every path (a cable was cut or mended).
  void refresh_paths();
  // Flips bits of the payload of the next data message from `machine` at `offset`.
  void corrupt_next(Machine& machine, std::size_t offset, std::byte flip);

  // Null: nobody listens. `tap` must outlive the transport's use.
  void set_tap(Tap* tap) { tap_ = tap; }

  std::size_t open_endpoints() const { return open_; }
  std::size_t messages_in_flight() const { return messages_.in_use(); }
  std::size_t memory_bytes() const;

 private:
  static constexpr unsigned slab_shift = 12;
  static constexpr std::uint32_t slab_mask = (1u << slab_shift) - 1;

  static void handle(void* self, const kernel::Event& event);
  static void prefetch(void* self, const kernel::Event& event,
                       kernel::Simulation::Nearness nearness);
  void deliver(EndpointId id, MessageId message_id);
  void deliver_control(EndpointId id, Endpoint& endpoint, const Message& message);
  void deliver_tls(EndpointId id, Endpoint& endpoint, const Message& message);
  void deliver_data(EndpointId id, Endpoint& endpoint, const Message& message);
  void deliver_held_back(EndpointId id);
  void answer_with_reset(const Message& message);
  void hold_for_thaw(Machine& machine, EndpointId id, MessageId message_id);
  void on_syn(EndpointId id, const Message& message);
  void repeat_syn(const Endpoint& server, std::uint16_t attempt);
  void on_deadline(EndpointId id, Endpoint& endpoint, Deadline deadline);
  void accept(EndpointId id, Endpoint& endpoint);
  void on_established(EndpointId id, Endpoint& endpoint);
  void secured(EndpointId id, Endpoint& endpoint);

  EndpointId allocate();
  void release(EndpointId id);
  bool has_peer(const Endpoint& endpoint) const;
  void release_unborn_peer(EndpointId id);
  void set_up(EndpointId id, Machine& machine, PathId path, std::uint64_t identity);

  // Puts a message on its way; `payload` wire bytes are charged to the path.
  void transmit(EndpointId from, MessageId message, std::uint32_t wire_payload,
                bool reliable = true);
  void tell_tap(const Endpoint& from, const Message& message, std::int64_t departs,
                std::int64_t arrives) const;
  void send_control(EndpointId from, MessageKind kind, std::uint32_t wire_payload);
  void send_syn(EndpointId from);
  void send_reset(EndpointId from);
  void post_deadline(EndpointId id, Instant at, Deadline deadline);
  void post_to_self(EndpointId id, Instant at, MessageKind kind, std::uint16_t attempt);
  MessageId make(const Endpoint& from, MessageKind kind, std::size_t payload);
  struct Crossing;
  Crossing cross(Endpoint& from, Path& path, std::int64_t departs, std::uint32_t wire_payload,
                 std::uint32_t segments);
  std::int64_t repeat_until_through(Endpoint& from, Path& path, std::int64_t would_arrive,
                                    std::int64_t timeout);
  static void retransmit(void* self, const kernel::Event& event);
  void send_light(EndpointId id, Endpoint& endpoint, ByteView bytes);
  bool queue_full(const Path& path) const;
  void send_piece(EndpointId id, Endpoint& endpoint, Flow& flow, std::uint32_t bytes);
  void pump(EndpointId id, bool from_event);
  void corrupt(const Endpoint& from, Message& message);
  void flush_finish(EndpointId id, Endpoint& endpoint);
  void lose_connection(EndpointId id, runtime::CloseReason reason);
  void load_path(Path& path) const;
  void afflict(Path& path) const;

  kernel::Simulation& simulation_;
  Wan& wan_;
  Tap* tap_ = nullptr;
  TransportOptions options_;
  kernel::Kind kind_;
  RandomKey draws_;
  struct Hot {
    const std::byte* machine;
    const std::byte* component;
  };
  std::vector<Machine*> machines_;
  std::vector<Hot> hot_;  // one for each machine
  std::vector<Path> paths_;
  std::map<std::uint32_t, Impairment> impairments_;
  std::uint32_t last_impairment_ = 0;
  std::unordered_map<std::uint64_t, PathId> path_ids_;  // looked up by key, never iterated
  MessagePool messages_;
  std::vector<std::unique_ptr<Endpoint[]>> slabs_;
  std::vector<EndpointId> free_;
  std::size_t open_ = 0;
  FlowTable flows_;
  std::unordered_map<EndpointId, Bytes> held_back_;  // data for connections that paused reading
  // By machine that is down: the messages that wait for its thaw.
  std::unordered_map<std::uint32_t, std::vector<std::pair<EndpointId, MessageId>>> frozen_;
  struct Corruption {
    Machine* machine = nullptr;
    std::size_t offset = 0;
    std::byte flip{};
  } corruption_;
};

}  // namespace wanlab::network
