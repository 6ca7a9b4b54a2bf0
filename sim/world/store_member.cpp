#include "sim/world/store_member.hpp"

#include <algorithm>
#include <utility>

namespace wanlab::world {

using runtime::ConnectionId;
using runtime::Cookie;

namespace {

constexpr unsigned tag_shift = 48;
constexpr Cookie own = Cookie{0x50} << tag_shift;  // above what a StoreNode uses
constexpr std::size_t largest_message = 64 * 1024 * 1024;
constexpr Duration tick_interval = std::chrono::milliseconds(50);
constexpr Duration hello_interval = std::chrono::seconds(1);
// etcd gives a peer's stream up after 5 s of silence (rafthttp, ConnReadTimeout).
constexpr Duration silence_limit = std::chrono::seconds(5);
constexpr Duration dial_timeout = std::chrono::seconds(5);
constexpr Duration dial_pause = std::chrono::milliseconds(200);
// What waits for a peer that does not read is stale by then.
constexpr std::size_t most_unsent = 256 * 1024;
// Shorter than a StoreClient waits, so that it hears which member cannot answer.
constexpr Duration read_patience = std::chrono::seconds(3);

}  // namespace

StoreMember::StoreMember(runtime::Runtime& runtime, StoreMemberConfig config, StoreDisk& disk)
    : runtime_(runtime),
      config_(std::move(config)),
      disk_(disk),
      random_(runtime.random_stream("raft")),
      node_(runtime, config_.node, std::move(*disk.engine)),
      raft_(config_.self, static_cast<std::uint32_t>(config_.members.size()), config_.raft,
            disk.raft, *random_, *this),
      peers_(config_.members.size()) {
  disk_.engine.reset();
  node_.set_gate(this);
}

StoreMember::~StoreMember() {
  disk_.engine.emplace(std::move(node_.engine()));
}

Cookie StoreMember::cookie(Tag tag, std::uint64_t word) {
  return own | (Cookie{static_cast<std::uint8_t>(tag)} << 40) | word;
}

void StoreMember::start() {
  node_.start();
  runtime_.listen(config_.peer_port, {.mutual_tls = true, .backlog = 0});
  raft_.start(runtime_.now());
  for (std::uint32_t member = 0; member < peers_.size(); ++member) {
    if (member != config_.self) dial(member);
  }
  tick();
}

void StoreMember::on_timer(Cookie fired) {
  if ((fired & own) != own) return node_.on_timer(fired);
  switch (static_cast<Tag>((fired >> 40) & 0xff)) {
    case Tag::tick:
      return tick();
    case Tag::dial:
      return dial(static_cast<std::uint32_t>(fired & 0xff));
    case Tag::apply:
      return apply_due();
    default:
      return;
  }
}

void StoreMember::tick() {
  const Instant now = runtime_.now();
  raft_.tick(now);
  if (std::exchange(serving_, raft_.has_leader(now)) != raft_.has_leader(now)) {
    node_.serve_watches(serving_);
  }
  if (now >= hello_at_) {
    hello_at_ = now + hello_interval;
    for (std::uint32_t member = 0; member < peers_.size(); ++member) {
      if (member == config_.self) continue;
      Peer& peer = peers_[member];
      if (peer.up && now - std::max(peer.heard, peer.since) >= silence_limit) {
        runtime_.abort(peer.connection);
        hang_up(member);
      } else {
        send_to(member, {.kind = RaftMessage::Kind::hello, .from = config_.self, .entries = {}});
      }
    }
  }
  for (auto entry = reads_.begin(); entry != reads_.end();) {
    auto& [number, read] = *entry;
    if (now >= read.until) {
      node_.refuse(read.ticket);
      entry = reads_.erase(entry);
      continue;
    }
    if (read.index == 0) raft_.read(number, now);
    // A confirmation may have come at once, and only marks reads.
    ++entry;
  }
  answer_reads();
  runtime_.wake_after(tick_interval, cookie(Tag::tick));
}

// --- connections ---------------------------------------------------------------------------------

void StoreMember::dial(std::uint32_t member) {
  Peer& peer = peers_[member];
  if (peer.connection != runtime::no_connection) return;
  peer.connection =
      runtime_.connect({config_.members[member], config_.peer_port},
                       {runtime::TlsVersion::tls13, dial_timeout}, cookie(Tag::dialled, member));
}

void StoreMember::hang_up(std::uint32_t member) {
  Peer& peer = peers_[member];
  peer.up = false;
  peer.connection = runtime::no_connection;
  runtime_.wake_after(dial_pause, cookie(Tag::dial, member));
}

Cookie StoreMember::on_accept(std::uint16_t port, ConnectionId connection,
                              const runtime::PeerInfo& info) {
  if (port != config_.peer_port) return node_.on_accept(port, connection, info);
  const auto& members = config_.members;
  if (std::find(members.begin(), members.end(), info.identity) == members.end()) {
    runtime_.abort(connection);
    return 0;
  }
  inbound_.emplace(++last_inbound_, std::make_unique<wire::FrameReader>(largest_message));
  return cookie(Tag::accepted, last_inbound_);
}

void StoreMember::on_connect(ConnectionId connection, Cookie its) {
  const auto member = static_cast<std::uint32_t>(its & 0xff);
  if (peers_[member].connection != connection) return;
  peers_[member].up = true;
  peers_[member].since = runtime_.now();
  // A cluster that begins gets its leader without waiting for a timeout: the first member.
  const auto up = static_cast<std::size_t>(
      std::count_if(peers_.begin(), peers_.end(), [](const Peer& peer) { return peer.up; }));
  if (config_.self == 0 && raft_.term() == 0 && up + 1 > peers_.size() / 2) {
    raft_.hurry(runtime_.now());
  }
}

void StoreMember::on_data(ConnectionId connection, Cookie its, ByteView bytes) {
  if ((its & own) != own) return node_.on_data(connection, its, bytes);
  const auto found = inbound_.find(its & 0xffffffffff);
  if (found == inbound_.end()) return;
  found->second->feed(bytes);
  while (const auto message = found->second->next()) hear(*message);
  if (found->second->too_large()) {
    inbound_.erase(found);
    runtime_.abort(connection);
  }
}

void StoreMember::on_writable(ConnectionId connection, Cookie its) {
  if ((its & own) != own) node_.on_writable(connection, its);
}

void StoreMember::on_close(ConnectionId connection, Cookie its, runtime::CloseReason reason) {
  if ((its & own) != own) return node_.on_close(connection, its, reason);
  if (static_cast<Tag>((its >> 40) & 0xff) == Tag::accepted) {
    inbound_.erase(its & 0xffffffffff);
    return;
  }
  const auto member = static_cast<std::uint32_t>(its & 0xff);
  if (peers_[member].connection == connection) hang_up(member);
}

void StoreMember::hear(ByteView bytes) {
  RaftMessage message;
  if (!decode(bytes, message) || message.from >= peers_.size()) return;
  peers_[message.from].heard = runtime_.now();
  raft_.receive(message, runtime_.now());
  answer_reads();
}

void StoreMember::send_to(std::uint32_t member, const RaftMessage& message) {
  Peer& peer = peers_[member];
  if (!peer.up || runtime_.unsent_bytes(peer.connection) > most_unsent) return;
  out_.clear();
  const std::size_t begin = wire::begin_frame(out_);
  encode(message, out_);
  wire::finish_frame(out_, begin);
  runtime_.send(peer.connection, out_);
}

// --- changes and reads ---------------------------------------------------------------------------

std::optional<StoreMember::Place> StoreMember::propose(const wire::StoreCall& call) {
  Bytes payload;
  wire::encode(wire::StoreRequestMessage{0, call}, payload);
  const auto index = raft_.propose(std::move(payload), runtime_.now());
  if (!index) return std::nullopt;
  return Place{*index, raft_.term()};
}

bool StoreMember::decided(const Place& place) const {
  return raft_.decided() >= place.index && raft_.entry(place.index).term == place.term;
}

void StoreMember::on_decided(std::uint64_t index) {
  const Instant due = std::max(runtime_.now() + lag_, due_.empty() ? Instant() : due_.back().first);
  due_.emplace_back(due, index);
  // Never within a Raft handler's own turn: what follows from applying may call it again.
  runtime_.wake_after(due - runtime_.now(), cookie(Tag::apply));
}

void StoreMember::apply_due() {
  const std::uint64_t before = disk_.applied;
  while (!due_.empty() && due_.front().first <= runtime_.now()) {
    for (; disk_.applied < due_.front().second; ++disk_.applied) {
      const Bytes& payload = raft_.entry(disk_.applied + 1).payload;
      wire::StoreRequestMessage message;
      if (payload.empty() || !wire::decode(payload, message)) continue;
      if (const auto* call = std::get_if<wire::StoreCall>(&message.body)) {
        node_.engine().apply(*call);
      }
    }
    due_.pop_front();
  }
  if (disk_.applied == before) return;
  node_.flush();
  answer_reads();
}

// Everything but a serializable read waits for the others. Changes are proposed only by operators,
// who speak to the leader.
bool StoreMember::takes(const wire::StoreCall& call, control::StoreTicket ticket) {
  const auto* range = std::get_if<wire::RangeRequest>(&call);
  if (range == nullptr) {
    node_.refuse(ticket);
    return true;
  }
  if (range->serializable) return false;
  const std::uint64_t number = ++last_read_;
  reads_[number] = {ticket, call, runtime_.now() + read_patience, 0};
  raft_.read(number, runtime_.now());
  return true;
}

void StoreMember::on_read_index(std::uint64_t number, std::uint64_t index) {
  // One more than the index, so that an empty log is confirmed too.
  if (const auto read = reads_.find(number); read != reads_.end()) read->second.index = index + 1;
}

void StoreMember::answer_reads() {
  for (auto entry = reads_.begin(); entry != reads_.end();) {
    const Read& read = entry->second;
    if (read.index == 0 || read.index - 1 > disk_.applied) {
      ++entry;
      continue;
    }
    node_.answer(read.ticket, read.call);
    entry = reads_.erase(entry);
  }
}

}  // namespace wanlab::world
