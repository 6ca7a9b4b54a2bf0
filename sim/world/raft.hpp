// What the members of a replicated store agree by: Raft (Ongaro, Ousterhout, "In Search of an
// Understandable Consensus Algorithm", 2014) with pre-votes, a leader that steps down when it loses
// touch with the majority, and reads confirmed by a round of heartbeats, as etcd runs it. No
// snapshots and no changes of membership.
//
// A state machine: it is told of messages and of time, and asks its owner to send. It knows nothing
// of what entries mean.
#pragma once

#include "real_components/runtime/bytes.hpp"
#include "real_components/runtime/runtime.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace wanlab::world {

struct RaftOptions {
  // etcd's defaults (op-guide/configuration: heartbeat-interval, election-timeout). The timeout of
  // each wait is drawn between one and two of these.
  Duration heartbeat = std::chrono::milliseconds(100);
  Duration election = std::chrono::milliseconds(1000);
};

struct RaftEntry {
  std::uint64_t term = 0;
  Bytes payload;  // empty: a leader's first entry, which means nothing
};

// What survives the process.
struct RaftDisk {
  std::uint64_t term = 0;
  std::optional<std::uint32_t> vote;
  std::vector<RaftEntry> log;  // index 1 is the first
};

struct RaftMessage {
  enum class Kind : std::uint8_t {
    vote,
    vote_reply,
    append,
    append_reply,
    read,
    read_reply,
    hello
  };
  Kind kind = Kind::hello;
  bool pre = false, good = false;
  std::uint32_t from = 0;
  std::uint64_t term = 0;
  std::uint64_t index = 0;       // vote: last; append: before the entries; replies: matched; reads
  std::uint64_t index_term = 0;  // of that entry
  std::uint64_t commit = 0;
  std::uint64_t round = 0;  // of heartbeats, or the reader's own number
  std::vector<RaftEntry> entries;
};
void encode(const RaftMessage& message, Bytes& out);
bool decode(ByteView bytes, RaftMessage& message);

class RaftOwner {
 public:
  virtual ~RaftOwner() = default;
  virtual void send_to(std::uint32_t member, const RaftMessage& message) = 0;
  // Everything up to `index` is decided.
  virtual void on_decided(std::uint64_t index) = 0;
  // The read with this number is confirmed: whoever has applied `index` may answer it.
  virtual void on_read_index(std::uint64_t read, std::uint64_t index) = 0;
};

class Raft {
 public:
  enum class Role : std::uint8_t { follower, pre_candidate, candidate, leader };

  Raft(std::uint32_t self, std::uint32_t members, RaftOptions options, RaftDisk& disk,
       runtime::RandomStream& random, RaftOwner& owner);

  void start(Instant now);
  // At least as often as heartbeats are due.
  void tick(Instant now);
  void receive(const RaftMessage& message, Instant now);
  // Stands for election without waiting, if there is no leader: the member a new cluster starts
  // with.
  void hurry(Instant now);

  // Only a leader takes it; the result is its index.
  std::optional<std::uint64_t> propose(Bytes payload, Instant now);
  // Asks for on_read_index; without a leader nothing happens, and it is to be asked again.
  void read(std::uint64_t number, Instant now);

  Role role() const { return role_; }
  std::uint64_t term() const { return disk_.term; }
  std::uint64_t decided() const { return commit_; }
  const RaftEntry& entry(std::uint64_t index) const { return disk_.log[index - 1]; }
  std::uint64_t last() const { return disk_.log.size(); }
  bool has_leader(Instant now) const;

 private:
  struct Peer {
    std::uint64_t next = 1, match = 0, round = 0;
    Instant heard{};
  };
  struct Read {
    std::uint64_t round, index, number;
    std::uint32_t member;
  };

  std::uint64_t term_at(std::uint64_t index) const {
    return index == 0 || index > last() ? 0 : disk_.log[index - 1].term;
  }
  std::size_t majority() const { return peers_.size() / 2 + 1; }
  void expect_leader(Instant now);
  void follow(std::uint64_t term, Instant now);
  void campaign(bool pre, Instant now);
  void lead(Instant now);
  void broadcast(Instant now);
  void send_entries(std::uint32_t member);
  void on_vote(const RaftMessage& message, Instant now);
  void on_vote_reply(const RaftMessage& message, Instant now);
  void on_append(const RaftMessage& message, Instant now);
  void on_append_reply(const RaftMessage& message, Instant now);
  void advance();
  void confirm_reads();

  std::uint32_t self_;
  RaftOptions options_;
  RaftDisk& disk_;
  runtime::RandomStream& random_;
  RaftOwner& owner_;
  Role role_ = Role::follower;
  std::vector<Peer> peers_;  // one of them is this member itself
  std::vector<bool> votes_;
  std::optional<std::uint32_t> leader_;
  Instant leader_heard_ = Instant::min();
  Instant election_at_{};
  Instant heartbeat_at_{};
  std::uint64_t commit_ = 0;
  std::uint64_t round_ = 0;
  std::uint64_t first_of_term_ = 0;  // a leader's own first entry
  std::vector<Read> reads_;          // of a leader, not yet confirmed
};

}  // namespace wanlab::world
