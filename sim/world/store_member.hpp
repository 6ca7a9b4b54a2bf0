// One member of a replicated store: a StoreNode whose changes go through Raft, on a port of its own
// between the members. Serves watches and serializable reads from what it has applied itself, and
// other reads only when the leader has confirmed that this is all there is (etcd's ReadIndex).
// Without a leader it ends its watches, as etcd does for clients that require one.
#pragma once

#include "real_components/control/store_node.hpp"
#include "sim/world/raft.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace wanlab::world {

// What survives a member's process. The engine is empty while the process has it.
struct StoreDisk {
  RaftDisk raft;
  std::uint64_t applied = 0;
  std::optional<control::EmbeddedStore> engine;
};

struct StoreMemberConfig {
  std::vector<std::string> members;  // host names, the same order for all
  std::uint32_t self = 0;
  std::uint16_t peer_port = 2380;  // etcd's (IANA)
  control::StoreNodeConfig node;
  RaftOptions raft;
};

class StoreMember final : public runtime::Component, private RaftOwner, private control::StoreGate {
 public:
  // The disk, with an engine in it, must outlive the member.
  StoreMember(runtime::Runtime& runtime, StoreMemberConfig config, StoreDisk& disk);
  ~StoreMember() override;

  std::uint64_t term() const { return raft_.term(); }
  bool leads() const { return raft_.role() == Raft::Role::leader; }
  // What an operator asks of the leader: the place of the change in the log, or nothing if this is
  // not the leader. It is decided once decided() says so.
  struct Place {
    std::uint64_t index, term;
  };
  std::optional<Place> propose(const wire::StoreCall& call);
  bool decided(const Place& place) const;
  // What is decided is applied so much later.
  void lag(Duration lag) { lag_ = lag; }
  control::StoreNode& node() { return node_; }

  void start() override;
  void on_timer(runtime::Cookie cookie) override;
  runtime::Cookie on_accept(std::uint16_t port, runtime::ConnectionId connection,
                            const runtime::PeerInfo& peer) override;
  void on_connect(runtime::ConnectionId connection, runtime::Cookie cookie) override;
  void on_secure(runtime::ConnectionId, runtime::Cookie) override {}
  void on_data(runtime::ConnectionId connection, runtime::Cookie cookie, ByteView bytes) override;
  void on_writable(runtime::ConnectionId connection, runtime::Cookie cookie) override;
  void on_close(runtime::ConnectionId connection, runtime::Cookie cookie,
                runtime::CloseReason reason) override;

 private:
  enum class Tag : std::uint8_t { none, tick = 1, dial, dialled, accepted, apply };
  struct Peer {
    runtime::ConnectionId connection = runtime::no_connection;
    bool up = false;
    Instant since{};  // of this connection
    Instant heard{};
  };
  struct Read {
    control::StoreTicket ticket;
    wire::StoreCall call;
    Instant until{};
    std::uint64_t index = 0;  // 0: not yet confirmed
  };

  static runtime::Cookie cookie(Tag tag, std::uint64_t word = 0);
  void dial(std::uint32_t member);
  void hang_up(std::uint32_t member);
  void tick();
  void hear(ByteView message);
  void apply_due();
  void answer_reads();

  void send_to(std::uint32_t member, const RaftMessage& message) override;
  void on_decided(std::uint64_t index) override;
  void on_read_index(std::uint64_t read, std::uint64_t index) override;
  bool takes(const wire::StoreCall& call, control::StoreTicket ticket) override;

  runtime::Runtime& runtime_;
  StoreMemberConfig config_;
  StoreDisk& disk_;
  std::unique_ptr<runtime::RandomStream> random_;
  control::StoreNode node_;
  Raft raft_;
  std::vector<Peer> peers_;
  std::map<std::uint64_t, std::unique_ptr<wire::FrameReader>> inbound_;  // by accept number
  std::uint64_t last_inbound_ = 0;
  std::deque<std::pair<Instant, std::uint64_t>> due_;  // decided, and to be applied then
  std::map<std::uint64_t, Read> reads_;
  std::uint64_t last_read_ = 0;
  Duration lag_{};
  Instant hello_at_{};
  bool serving_ = true;
  Bytes out_;
};

}  // namespace wanlab::world
