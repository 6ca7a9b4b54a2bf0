// A store server: an EmbeddedStore behind a listening port. Everything a peer can make it hold is
// bounded; a peer that breaks the protocol is reset. A peer that reads slowly gets no further
// events until it caught up, and is told `compacted` if it never does.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "real_components/control/embedded_store.hpp"
#include "real_components/runtime/runtime.hpp"
#include "real_components/wire/frame.hpp"

namespace wanlab::control {

struct StoreNodeConfig {
  std::uint16_t port = 2379;  // etcd's client port (IANA)
  bool mutual_tls = true;
  EmbeddedStoreOptions store;
  // Certificate names that may connect, and those of them that may change anything; an empty list
  // means everybody whom mutual TLS lets in. A region's credentials are for its own origins' eyes
  // only.
  std::vector<std::string> readers;
  std::vector<std::string> writers;
  std::size_t max_connections = 10'000;
  std::size_t max_watches_per_connection = 1'000;
  // No events go to a connection that holds more unsent bytes than this, and no requests are read
  // from it.
  std::size_t max_unsent_bytes = 4 * 1024 * 1024;
  // Events per watch message, rounded up to a whole revision (etcd: 1,000 revisions per batch).
  std::size_t events_per_message = 1'000;
  // Progress to watches that asked for it. etcd's default is 10 minutes of silence; 10 s lets an
  // edge notice a silent member soon and costs one small message.
  Duration progress_interval = std::chrono::seconds{10};
  // A connection from which nothing was heard for so long is reset. Clients ping every 5 s.
  Duration idle_timeout = std::chrono::seconds{60};
};

// Who is to be answered, once a call can be.
struct StoreTicket {
  std::uint64_t peer = 0, request = 0;
};

// Decides about calls that one member of a replicated store must not answer by itself.
class StoreGate {
 public:
  virtual ~StoreGate() = default;
  // True: it will call answer() or refuse() with the ticket, now or later.
  virtual bool takes(const StoreCall& call, StoreTicket ticket) = 0;
};

class StoreNode final : public runtime::Component {
 public:
  StoreNode(runtime::Runtime& runtime, StoreNodeConfig config);
  // With what an earlier process left behind.
  StoreNode(runtime::Runtime& runtime, StoreNodeConfig config, EmbeddedStore engine);
  ~StoreNode() override;

  // Direct access, for filling the store before the run and for operators. Follow changes with
  // flush().
  EmbeddedStore& engine() { return engine_; }
  // Sends watch events of changes made directly on the engine.
  void flush();
  std::size_t connections() const { return peers_.size(); }
  // Watches hear of every change that much later than it was made, and of progress accordingly: a
  // server that does not keep up with its watchers. Zero: at once again.
  void hold_back_watches(Duration delay);
  // Ends all watches as `unavailable`; their owners may open them again.
  void cancel_watches();
  // False: watches end and new ones are refused as `unavailable`, until true.
  void serve_watches(bool serve);

  // The gate must outlive the node.
  void set_gate(StoreGate* gate) { gate_ = gate; }
  void answer(StoreTicket ticket, const StoreCall& call);
  void refuse(StoreTicket ticket);

  void start() override;
  void on_timer(runtime::Cookie cookie) override;
  runtime::Cookie on_accept(std::uint16_t port, runtime::ConnectionId connection,
                            const runtime::PeerInfo& peer) override;
  void on_connect(runtime::ConnectionId, runtime::Cookie) override {}
  void on_secure(runtime::ConnectionId, runtime::Cookie) override {}
  void on_data(runtime::ConnectionId connection, runtime::Cookie cookie, ByteView bytes) override;
  void on_writable(runtime::ConnectionId connection, runtime::Cookie cookie) override;
  void on_close(runtime::ConnectionId connection, runtime::Cookie cookie,
                runtime::CloseReason reason) override;

 private:
  struct Watch {
    WatchCursor cursor;
    Instant spoken{};
    bool progress = false;
  };
  struct Peer;

  // These return false if they dropped the peer.
  bool serve_frames(Peer& peer, ByteView bytes);
  bool serve(Peer& peer, ByteView message);
  bool create_watch(Peer& peer, wire::WatchCreate create);
  void push_events(Peer& peer);
  void send(Peer& peer, const wire::StoreResponseMessage& message);
  void tell(Peer& peer, std::uint64_t watch, WatchNotice::Kind kind,
            StoreStatus reason = StoreStatus::ok);
  void withhold();
  Revision newest_told() const { return withheld_.empty() ? engine_.revision() : told_; }
  void trace_commits();
  void arm_lease_timer();
  void tick();
  void drop(Peer& peer);
  Duration tick_interval() const;

  runtime::Runtime& runtime_;
  StoreNodeConfig config_;
  EmbeddedStore engine_;
  std::map<std::uint64_t, std::unique_ptr<Peer>> peers_;  // by accept number, for a stable order
  std::uint64_t last_peer_ = 0;
  runtime::TimerId lease_timer_ = runtime::no_timer;
  Instant lease_timer_at_ = Instant::max();
  Revision traced_ = 0;
  bool ticking_ = false;
  bool serves_watches_ = true;
  StoreGate* gate_ = nullptr;
  Duration held_back_{};
  std::deque<std::pair<Instant, Revision>> withheld_;  // when it may be told, and up to where
  Revision told_ = 0;                                  // what watches may hear of while held back
  Bytes out_;
};

}  // namespace wanlab::control
