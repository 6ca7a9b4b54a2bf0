#include "sim/world/raft.hpp"

#include <algorithm>

namespace wanlab::world {

Raft::Raft(std::uint32_t self, std::uint32_t members, RaftOptions options, RaftDisk& disk,
           runtime::RandomStream& random, RaftOwner& owner)
    : self_(self),
      options_(options),
      disk_(disk),
      random_(random),
      owner_(owner),
      peers_(members),
      votes_(members) {}

void Raft::start(Instant now) {
  expect_leader(now);
}

bool Raft::has_leader(Instant now) const {
  if (role_ == Role::leader) return true;
  return leader_ && leader_heard_ != Instant::min() && now - leader_heard_ < options_.election;
}

void Raft::expect_leader(Instant now) {
  const auto span = static_cast<std::uint64_t>(options_.election.count());
  election_at_ = now + options_.election + Duration(static_cast<std::int64_t>(random_.below(span)));
}

void Raft::tick(Instant now) {
  if (role_ == Role::leader) {
    const auto in_touch =
        static_cast<std::size_t>(std::count_if(peers_.begin(), peers_.end(), [&](const Peer& peer) {
          return &peer == &peers_[self_] || now - peer.heard < options_.election;
        }));
    if (in_touch < majority()) return follow(disk_.term, now);
    if (now >= heartbeat_at_) broadcast(now);
  } else if (now >= election_at_) {
    campaign(true, now);
  }
}

void Raft::hurry(Instant now) {
  if (role_ == Role::follower && !leader_) campaign(true, now);
}

void Raft::follow(std::uint64_t term, Instant now) {
  if (term > disk_.term) {
    disk_.term = term;
    disk_.vote.reset();
  }
  role_ = Role::follower;
  leader_.reset();
  reads_.clear();
  expect_leader(now);
}

// A pre-vote asks whether an election would be won, so that a member that was cut off does not
// disturb the others with ever higher terms.
void Raft::campaign(bool pre, Instant now) {
  role_ = pre ? Role::pre_candidate : Role::candidate;
  leader_.reset();
  if (!pre) {
    ++disk_.term;
    disk_.vote = self_;
  }
  std::fill(votes_.begin(), votes_.end(), false);
  votes_[self_] = true;
  expect_leader(now);
  RaftMessage message{.kind = RaftMessage::Kind::vote,
                      .pre = pre,
                      .from = self_,
                      .term = disk_.term + (pre ? 1 : 0),
                      .index = last(),
                      .index_term = term_at(last()),
                      .entries = {}};
  for (std::uint32_t member = 0; member < peers_.size(); ++member) {
    if (member != self_) owner_.send_to(member, message);
  }
}

void Raft::lead(Instant now) {
  role_ = Role::leader;
  leader_ = self_;
  for (Peer& peer : peers_) peer = {.next = last() + 1, .match = 0, .round = 0, .heard = now};
  // Entries of earlier terms are decided only together with one of this term.
  disk_.log.push_back({disk_.term, {}});
  first_of_term_ = last();
  peers_[self_].match = last();
  broadcast(now);
}

void Raft::broadcast(Instant now) {
  heartbeat_at_ = now + options_.heartbeat;
  ++round_;
  for (std::uint32_t member = 0; member < peers_.size(); ++member) {
    if (member != self_) send_entries(member);
  }
}

void Raft::send_entries(std::uint32_t member) {
  const Peer& peer = peers_[member];
  RaftMessage message{.kind = RaftMessage::Kind::append,
                      .from = self_,
                      .term = disk_.term,
                      .index = peer.next - 1,
                      .index_term = term_at(peer.next - 1),
                      .commit = commit_,
                      .round = round_,
                      .entries = {}};
  message.entries.assign(disk_.log.begin() + static_cast<std::ptrdiff_t>(peer.next - 1),
                         disk_.log.end());
  owner_.send_to(member, message);
}

std::optional<std::uint64_t> Raft::propose(Bytes payload, Instant now) {
  if (role_ != Role::leader) return std::nullopt;
  disk_.log.push_back({disk_.term, std::move(payload)});
  peers_[self_].match = last();
  broadcast(now);
  return last();
}

void Raft::read(std::uint64_t number, Instant now) {
  if (role_ == Role::leader) {
    if (commit_ < first_of_term_) return;  // it does not know yet what is decided
    reads_.push_back({round_ + 1, commit_, number, self_});
    broadcast(now);
  } else if (leader_) {
    owner_.send_to(*leader_, {.kind = RaftMessage::Kind::read,
                              .from = self_,
                              .term = disk_.term,
                              .round = number,
                              .entries = {}});
  }
}

void Raft::receive(const RaftMessage& message, Instant now) {
  if (message.from >= peers_.size() || message.from == self_) return;
  switch (message.kind) {
    case RaftMessage::Kind::vote:
      return on_vote(message, now);
    case RaftMessage::Kind::vote_reply:
      return on_vote_reply(message, now);
    case RaftMessage::Kind::append:
      return on_append(message, now);
    case RaftMessage::Kind::append_reply:
      return on_append_reply(message, now);
    case RaftMessage::Kind::read:
      if (role_ != Role::leader || commit_ < first_of_term_) return;
      reads_.push_back({round_ + 1, commit_, message.round, message.from});
      return broadcast(now);
    case RaftMessage::Kind::read_reply:
      return owner_.on_read_index(message.round, message.index);
    case RaftMessage::Kind::hello:
      return;
  }
}

void Raft::on_vote(const RaftMessage& message, Instant now) {
  const bool up_to_date = message.index_term != term_at(last())
                              ? message.index_term > term_at(last())
                              : message.index >= last();
  bool good = false;
  if (message.pre) {
    good = up_to_date && message.term > disk_.term && !has_leader(now);
  } else {
    if (message.term > disk_.term) follow(message.term, now);
    good = message.term == disk_.term && up_to_date && (!disk_.vote || *disk_.vote == message.from);
    if (good) {
      disk_.vote = message.from;
      expect_leader(now);
    }
  }
  owner_.send_to(message.from, {.kind = RaftMessage::Kind::vote_reply,
                                .pre = message.pre,
                                .good = good,
                                .from = self_,
                                .term = good ? message.term : disk_.term,
                                .entries = {}});
}

void Raft::on_vote_reply(const RaftMessage& message, Instant now) {
  if (!message.good) {
    if (message.term > disk_.term) follow(message.term, now);
    return;
  }
  const bool wanted = message.pre ? role_ == Role::pre_candidate && message.term == disk_.term + 1
                                  : role_ == Role::candidate && message.term == disk_.term;
  if (!wanted) return;
  votes_[message.from] = true;
  if (static_cast<std::size_t>(std::count(votes_.begin(), votes_.end(), true)) < majority()) return;
  message.pre ? campaign(false, now) : lead(now);
}

void Raft::on_append(const RaftMessage& message, Instant now) {
  RaftMessage reply{.kind = RaftMessage::Kind::append_reply,
                    .from = self_,
                    .term = disk_.term,
                    .index = last(),
                    .round = message.round,
                    .entries = {}};
  if (message.term < disk_.term) return owner_.send_to(message.from, reply);
  if (message.term > disk_.term || role_ != Role::follower) follow(message.term, now);
  leader_ = message.from;
  leader_heard_ = now;
  expect_leader(now);
  reply.term = disk_.term;
  if (message.index > last() || term_at(message.index) != message.index_term) {
    reply.index = std::min(last(), message.index == 0 ? 0 : message.index - 1);
    return owner_.send_to(message.from, reply);
  }
  std::uint64_t index = message.index;
  for (const RaftEntry& entry : message.entries) {
    ++index;
    if (index <= last() && term_at(index) == entry.term) continue;
    disk_.log.resize(index - 1);  // what a leader that is no more wanted and nobody decided
    disk_.log.push_back(entry);
  }
  reply.good = true;
  reply.index = index;
  if (const std::uint64_t decided = std::min(message.commit, index); decided > commit_) {
    commit_ = decided;
    owner_.on_decided(commit_);
  }
  owner_.send_to(message.from, reply);
}

void Raft::on_append_reply(const RaftMessage& message, Instant now) {
  if (message.term > disk_.term) return follow(message.term, now);
  if (role_ != Role::leader || message.term != disk_.term) return;
  Peer& peer = peers_[message.from];
  peer.heard = now;
  peer.round = std::max(peer.round, message.round);
  if (message.good) {
    peer.match = std::max(peer.match, message.index);
    peer.next = std::max(peer.next, peer.match + 1);
    advance();
  } else {
    peer.next = std::max(peer.match + 1, std::min(peer.next, message.index + 1));
    send_entries(message.from);
  }
  confirm_reads();
}

void Raft::advance() {
  std::vector<std::uint64_t> matched;
  for (const Peer& peer : peers_) matched.push_back(peer.match);
  std::sort(matched.rbegin(), matched.rend());
  const std::uint64_t decided = matched[majority() - 1];
  if (decided <= commit_ || term_at(decided) != disk_.term) return;
  commit_ = decided;
  owner_.on_decided(commit_);
}

void Raft::confirm_reads() {
  std::vector<std::uint64_t> rounds;
  for (std::uint32_t member = 0; member < peers_.size(); ++member) {
    rounds.push_back(member == self_ ? round_ : peers_[member].round);
  }
  std::sort(rounds.rbegin(), rounds.rend());
  const std::uint64_t confirmed = rounds[majority() - 1];
  std::size_t done = 0;
  while (done < reads_.size() && reads_[done].round <= confirmed) ++done;
  const std::vector<Read> good(reads_.begin(), reads_.begin() + static_cast<std::ptrdiff_t>(done));
  reads_.erase(reads_.begin(), reads_.begin() + static_cast<std::ptrdiff_t>(done));
  for (const Read& read : good) {
    if (read.member == self_) {
      owner_.on_read_index(read.number, read.index);
    } else {
      owner_.send_to(read.member, {.kind = RaftMessage::Kind::read_reply,
                                   .from = self_,
                                   .term = disk_.term,
                                   .index = read.index,
                                   .round = read.number,
                                   .entries = {}});
    }
  }
}

// --- the wire -----------------------------------------------------------------------------------

namespace {

void put(Bytes& out, std::uint64_t value) {
  for (unsigned shift = 0; shift < 64; shift += 8) {
    out.push_back(static_cast<std::byte>((value >> shift) & 0xff));
  }
}

struct Reader {
  ByteView rest;
  bool good = true;

  std::uint64_t number() {
    if (rest.size() < 8) {
      good = false;
      return 0;
    }
    std::uint64_t value = 0;
    for (unsigned i = 0; i < 8; ++i) value |= std::to_integer<std::uint64_t>(rest[i]) << (8 * i);
    rest = rest.subspan(8);
    return value;
  }
  Bytes bytes() {
    const std::uint64_t size = number();
    if (!good || size > rest.size()) {
      good = false;
      return {};
    }
    Bytes taken(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(size));
    rest = rest.subspan(size);
    return taken;
  }
};

}  // namespace

void encode(const RaftMessage& message, Bytes& out) {
  out.push_back(static_cast<std::byte>(message.kind));
  out.push_back(static_cast<std::byte>((message.pre ? 1 : 0) | (message.good ? 2 : 0)));
  for (const std::uint64_t value :
       {std::uint64_t{message.from}, message.term, message.index, message.index_term,
        message.commit, message.round, std::uint64_t{message.entries.size()}}) {
    put(out, value);
  }
  for (const RaftEntry& entry : message.entries) {
    put(out, entry.term);
    put(out, entry.payload.size());
    append(out, entry.payload);
  }
}

bool decode(ByteView bytes, RaftMessage& message) {
  if (bytes.size() < 2 ||
      std::to_integer<unsigned>(bytes[0]) > static_cast<unsigned>(RaftMessage::Kind::hello)) {
    return false;
  }
  message.kind = static_cast<RaftMessage::Kind>(bytes[0]);
  message.pre = (std::to_integer<unsigned>(bytes[1]) & 1) != 0;
  message.good = (std::to_integer<unsigned>(bytes[1]) & 2) != 0;
  Reader reader{bytes.subspan(2)};
  message.from = static_cast<std::uint32_t>(reader.number());
  for (std::uint64_t* value :
       {&message.term, &message.index, &message.index_term, &message.commit, &message.round}) {
    *value = reader.number();
  }
  const std::uint64_t entries = reader.number();
  message.entries.clear();
  for (std::uint64_t i = 0; i < entries && reader.good; ++i) {
    RaftEntry& entry = message.entries.emplace_back();
    entry.term = reader.number();
    entry.payload = reader.bytes();
  }
  return reader.good && reader.rest.empty();
}

}  // namespace wanlab::world
