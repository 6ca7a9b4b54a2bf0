// A small world for tests of components: hosts with a manual clock, timers, byte streams with one
// fixed delay, partitions and crashes. It models no bandwidth, no loss and no CPU: for those there
// is the simulator.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "real_components/runtime/runtime.hpp"

namespace wanlab::testing {

class FakeRuntime;

// A trace event with its text kept.
struct Traced {
  Instant at;
  std::string host;
  runtime::TraceKind kind{};
  std::uint64_t subject = 0, a = 0, b = 0;
  std::string text;
};

class FakeWorld {
 public:
  explicit FakeWorld(std::uint64_t first_seed = 1) : seed(first_seed) {}
  ~FakeWorld();

  Duration delay = std::chrono::milliseconds{10};  // one way, between any two hosts
  std::size_t window = 64 * 1024;                  // unread bytes a receiver takes
  std::uint64_t seed;
  std::vector<Traced> trace;

  // Creates the host on first use.
  FakeRuntime& host(const std::string& name);
  // What runs on the host from now on; calls start() at the present instant.
  void run(const std::string& name, runtime::Component& component);

  Instant now() const { return now_; }
  // Processes everything due within `time`, in order of time and then of creation.
  void advance(Duration time) {
    const Instant end = now_ + time;
    while (!events_.empty() && events_.begin()->first.first <= end) step();
    now_ = end;
  }
  void after(Duration wait, std::function<void()> action) { at(now_ + wait, std::move(action)); }
  // For what takes a while to get ready: here always the same while.
  void warm_up(const std::function<bool()>&, Duration time) { advance(time); }
  // Steps until `done()` or `limit` has passed; returns done().
  bool advance_until(const std::function<bool()>& done, Duration limit = std::chrono::seconds{60}) {
    const Instant end = now_ + limit;
    while (!done() && !events_.empty() && events_.begin()->first.first <= end) step();
    return done();
  }

  // Silence between two hosts: nothing arrives and no connection opens. heal() delivers what open
  // connections sent meanwhile, as TCP would.
  void partition(const std::string& a, const std::string& b) { cuts_.insert(std::minmax(a, b)); }
  void heal(const std::string& a, const std::string& b) {
    cuts_.erase(std::minmax(a, b));
    auto held = std::exchange(held_, {});
    for (auto& [from, to, action] : held) carry(from, to, std::move(action));
  }
  bool cut(const std::string& a, const std::string& b) const {
    return cuts_.contains(std::minmax(a, b));
  }
  // The process stands still, as when its machine is paused: its timers wait, and what arrives waits
  // to be read. thaw() runs the timers that are overdue before it reads: the unkind order.
  void freeze(const std::string& name);
  void thaw(const std::string& name);
  // The process dies: its connections are reset, its timers and listeners are gone. run() starts
  // another.
  void crash(const std::string& name);

  std::size_t traced(runtime::TraceKind kind) const {
    return static_cast<std::size_t>(std::count_if(
        trace.begin(), trace.end(), [&](const Traced& event) { return event.kind == kind; }));
  }

  // --- for FakeRuntime
  // ----------------------------------------------------------------------------
  using Key = std::pair<Instant, std::uint64_t>;
  Key at(Instant when, std::function<void()> action) {
    const Key key{when, ++sequence_};
    events_.emplace(key, std::move(action));
    return key;
  }
  void forget(const Key& key) { events_.erase(key); }
  // Runs `action` one delay from now, or after the partition between the two.
  void carry(const std::string& from, const std::string& to, std::function<void()> action) {
    if (cut(from, to)) {
      held_.push_back({from, to, std::move(action)});
      return;
    }
    at(now_ + delay, [this, from, to, action = std::move(action)]() mutable {
      if (cut(from, to))
        held_.push_back({from, to, std::move(action)});
      else
        action();
    });
  }
  FakeRuntime* find(const std::string& name) {
    const auto found = hosts_.find(name);
    return found == hosts_.end() ? nullptr : found->second.get();
  }

 private:
  struct Held {
    std::string from, to;
    std::function<void()> action;
  };
  void step() {
    auto first = events_.extract(events_.begin());
    now_ = first.key().first;
    first.mapped()();
  }

  Instant now_{};
  std::uint64_t sequence_ = 0;
  std::map<Key, std::function<void()>> events_;
  std::map<std::string, std::unique_ptr<FakeRuntime>> hosts_;
  std::set<std::pair<std::string, std::string>> cuts_;
  std::vector<Held> held_;
};

class FakeRuntime final : public runtime::Runtime {
 public:
  FakeRuntime(FakeWorld& world, std::string name) : world_(world), name_(std::move(name)) {}

  Duration wall_skew{0};
  std::map<runtime::Work, std::uint64_t> spent;
  const std::string& name() const { return name_; }
  std::size_t open_connections() const { return ends_.size(); }
  std::size_t pending_timers() const { return timers_.size(); }
  std::size_t connections_made() const { return last_connection_; }  // both ways, ever
  // Bytes that wait to be sent, over all connections.
  std::size_t unsent_bytes_total() const {
    std::size_t total = 0;
    for (const auto& [id, end] : ends_) total += unsent_bytes(id);
    return total;
  }

  Instant now() const override { return world_.now(); }
  WallTime wall_now() const override {
    return WallTime{std::chrono::seconds{1'800'000'000}} + world_.now().time_since_epoch() +
           wall_skew;
  }

  void wake_after(Duration delay, runtime::Cookie cookie) override { start_timer(delay, cookie); }
  runtime::TimerId start_timer(Duration delay, runtime::Cookie cookie) override {
    const std::uint64_t id = ++last_timer_;
    timers_[id] = world_.at(now() + std::max(delay, Duration{0}), [this, id, cookie] {
      if (frozen_) {
        overdue_.push_back({id, cookie});
        return;
      }
      timers_.erase(id);
      component_->on_timer(cookie & runtime::cookie_mask);
    });
    return runtime::TimerId{id};
  }
  void cancel_timer(runtime::TimerId timer) override {
    const auto found = timers_.find(static_cast<std::uint64_t>(timer));
    if (found == timers_.end()) return;
    world_.forget(found->second);
    std::erase_if(overdue_, [&](const auto& late) { return late.first == found->first; });
    timers_.erase(found);
  }

  void listen(std::uint16_t port, const runtime::ListenOptions& options) override {
    ports_[port] = options;
  }
  void stop_listening(std::uint16_t port) override { ports_.erase(port); }

  runtime::ConnectionId connect(const runtime::Address& address,
                                const runtime::ConnectOptions& options,
                                runtime::Cookie cookie) override {
    const runtime::ConnectionId id = make_end(cookie, address.host);
    FakeRuntime* peer = world_.find(address.host);
    const Duration limit =
        options.timeout > Duration{0} ? options.timeout : std::chrono::seconds{127};
    if (peer == nullptr) {
      lose_later(id, runtime::CloseReason::unreachable);
    } else {
      end(id)->limit =
          world_.at(now() + limit, [this, id] { lose(id, runtime::CloseReason::timed_out); });
      end(id)->limited = true;
      world_.carry(name_, peer->name_,
                   [this, peer, id, port = address.port] { peer->meet(*this, id, port); });
    }
    return id;
  }
  void set_cookie(runtime::ConnectionId id, runtime::Cookie cookie) override {
    if (End* mine = end(id)) mine->cookie = cookie & runtime::cookie_mask;
  }

  // TLS costs nothing here: it is up on both sides once both asked for it.
  void start_tls_server(runtime::ConnectionId id, ByteView) override { start_tls(id); }
  void start_tls_client(runtime::ConnectionId id, runtime::TlsVersion) override { start_tls(id); }

  void send(runtime::ConnectionId id, ByteView bytes) override {
    End* mine = end(id);
    if (mine == nullptr || bytes.empty()) return;
    mine->in_flight += bytes.size();
    to_peer(*mine,
            [data = Bytes(bytes.begin(), bytes.end())](
                FakeRuntime& peer, runtime::ConnectionId there) { peer.arrive(there, data); });
  }
  std::size_t unsent_bytes(runtime::ConnectionId id) const override {
    const auto found = ends_.find(id);
    if (found == ends_.end()) return 0;
    return found->second.in_flight > world_.window ? found->second.in_flight - world_.window : 0;
  }
  void pause_reading(runtime::ConnectionId id) override {
    if (End* mine = end(id)) mine->paused = true;
  }
  void resume_reading(runtime::ConnectionId id) override {
    if (End* mine = end(id); mine != nullptr && mine->paused) {
      mine->paused = false;
      world_.at(now(), [this, id] { read(id); });
    }
  }

  void close(runtime::ConnectionId id) override {
    end_and_tell(id, runtime::CloseReason::finished);
  }
  void abort(runtime::ConnectionId id) override { end_and_tell(id, runtime::CloseReason::reset); }

  void spend(runtime::Work work, std::uint32_t times) override { spent[work] += times; }
  std::unique_ptr<runtime::RandomStream> random_stream(std::string_view name) override;
  void record(const runtime::TraceEvent& event) override {
    world_.trace.push_back(
        {now(), name_, event.kind, event.subject, event.a, event.b, std::string(event.text)});
  }

 private:
  friend class FakeWorld;
  struct End {
    runtime::Cookie cookie = 0;
    std::string peer;
    runtime::ConnectionId there = runtime::no_connection;
    bool open = false, paused = false, tls = false, limited = false, finished = false;
    std::size_t in_flight = 0;  // sent and not yet read by the peer's component
    FakeWorld::Key limit{};
    std::deque<Bytes> inbox;
  };

  End* end(runtime::ConnectionId id) {
    const auto found = ends_.find(id);
    return found == ends_.end() ? nullptr : &found->second;
  }
  runtime::ConnectionId make_end(runtime::Cookie cookie, std::string peer) {
    const runtime::ConnectionId id{++last_connection_};  // never used twice
    ends_[id].cookie = cookie & runtime::cookie_mask;
    ends_[id].peer = std::move(peer);
    return id;
  }
  // Runs `action` at the peer one delay from now, if its end is still there.
  void to_peer(const End& mine, std::function<void(FakeRuntime&, runtime::ConnectionId)> action) {
    FakeRuntime* peer = world_.find(mine.peer);
    world_.carry(name_, mine.peer, [peer, there = mine.there, action = std::move(action)] {
      if (peer->end(there) != nullptr) action(*peer, there);
    });
  }
  void meet(FakeRuntime& caller, runtime::ConnectionId theirs, std::uint16_t port) {
    const auto listener = ports_.find(port);
    if (listener == ports_.end()) {
      return world_.carry(name_, caller.name_, [&caller, theirs] {
        caller.lose(theirs, runtime::CloseReason::refused);
      });
    }
    const runtime::ConnectionId id = make_end(0, caller.name_);
    End& mine = *end(id);
    mine.there = theirs;
    mine.open = true;
    const runtime::PeerInfo info{{{}, 40'000},
                                 listener->second.mutual_tls ? std::string_view{caller.name_} : ""};
    // Scheduled first: the caller hears on_connect before anything on_accept sends.
    world_.carry(name_, caller.name_, [this, id, &caller, theirs] {
      End* other = caller.end(theirs);
      if (other == nullptr) return lose_later(id, runtime::CloseReason::reset);
      world_.forget(other->limit);
      other->limited = false;
      other->there = id;
      other->open = true;
      caller.component_->on_connect(theirs, other->cookie);
    });
    const runtime::Cookie cookie = component_->on_accept(port, id, info);
    if (End* kept = end(id)) kept->cookie = cookie & runtime::cookie_mask;
  }
  void start_tls(runtime::ConnectionId id) {
    End* mine = end(id);
    if (mine == nullptr) return;
    mine->tls = true;
    to_peer(*mine, [](FakeRuntime& peer, runtime::ConnectionId there) {
      End& other = *peer.end(there);
      if (!other.tls) return;
      other.tls = false;
      peer.component_->on_secure(there, other.cookie);
      if (End* still = peer.end(there)) {
        peer.to_peer(*still, [](FakeRuntime& back, runtime::ConnectionId first) {
          if (!std::exchange(back.end(first)->tls, false)) return;
          back.component_->on_secure(first, back.end(first)->cookie);
        });
      }
    });
  }
  void arrive(runtime::ConnectionId id, Bytes data) {
    end(id)->inbox.push_back(std::move(data));
    read(id);
  }
  void read(runtime::ConnectionId id) {
    for (End* mine = end(id);
         mine != nullptr && !frozen_ && !mine->paused && !mine->inbox.empty();
         mine = end(id)) {
      const Bytes data = std::move(mine->inbox.front());
      mine->inbox.pop_front();
      to_peer(*mine, [size = data.size()](FakeRuntime& peer, runtime::ConnectionId there) {
        End& other = *peer.end(there);
        const bool was_full = other.in_flight > peer.world_.window;
        other.in_flight -= size;
        if (was_full && other.in_flight <= peer.world_.window) {
          peer.component_->on_writable(there, other.cookie);
        }
      });
      component_->on_data(id, mine->cookie, data);
    }
    if (End* mine = end(id); mine != nullptr && mine->finished && mine->inbox.empty()) {
      lose(id, runtime::CloseReason::finished);
    }
  }
  void end_and_tell(runtime::ConnectionId id, runtime::CloseReason reason) {
    End* mine = end(id);
    if (mine == nullptr) return;
    if (mine->limited) world_.forget(mine->limit);
    if (mine->open) {
      to_peer(*mine, [reason](FakeRuntime& peer, runtime::ConnectionId there) {
        if (reason != runtime::CloseReason::finished) return peer.lose(there, reason);
        peer.end(there)->finished = true;
        peer.read(there);
      });
    }
    ends_.erase(id);
  }
  void lose(runtime::ConnectionId id, runtime::CloseReason reason) {
    const auto mine = ends_.extract(id);
    if (mine.empty()) return;
    if (mine.mapped().limited) world_.forget(mine.mapped().limit);
    component_->on_close(id, mine.mapped().cookie, reason);
  }
  void lose_later(runtime::ConnectionId id, runtime::CloseReason reason) {
    world_.at(now(), [this, id, reason] { lose(id, reason); });
  }

  FakeWorld& world_;
  std::string name_;
  runtime::Component* component_ = nullptr;
  std::map<std::uint16_t, runtime::ListenOptions> ports_;
  std::map<runtime::ConnectionId, End> ends_;
  std::map<std::uint64_t, FakeWorld::Key> timers_;
  std::vector<std::pair<std::uint64_t, runtime::Cookie>> overdue_;
  bool frozen_ = false;
  std::uint64_t last_timer_ = 0;
  std::uint32_t last_connection_ = 0;
};

inline FakeWorld::~FakeWorld() = default;

inline FakeRuntime& FakeWorld::host(const std::string& name) {
  auto& slot = hosts_[name];
  if (slot == nullptr) slot = std::make_unique<FakeRuntime>(*this, name);
  return *slot;
}

inline void FakeWorld::run(const std::string& name, runtime::Component& component) {
  host(name).component_ = &component;
  component.start();
}

inline void FakeWorld::freeze(const std::string& name) {
  host(name).frozen_ = true;
}

inline void FakeWorld::thaw(const std::string& name) {
  FakeRuntime& woken = host(name);
  woken.frozen_ = false;
  while (!woken.overdue_.empty()) {
    const auto [id, cookie] = woken.overdue_.front();
    woken.overdue_.erase(woken.overdue_.begin());
    woken.timers_.erase(id);
    woken.component_->on_timer(cookie & runtime::cookie_mask);
  }
  for (const auto& [id, end] : woken.ends_) at(now_, [&woken, id] { woken.read(id); });
}

inline void FakeWorld::crash(const std::string& name) {
  FakeRuntime& dead = host(name);
  for (const auto& [id, timer] : dead.timers_) forget(timer);
  dead.timers_.clear();
  dead.ports_.clear();
  while (!dead.ends_.empty()) dead.abort(dead.ends_.begin()->first);
}

// splitmix64 (Steele, Lea, Flood 2014), seeded with the FNV-1a hash of host and name.
inline std::unique_ptr<runtime::RandomStream> FakeRuntime::random_stream(std::string_view name) {
  struct Stream final : runtime::RandomStream {
    std::uint64_t state = 0;
    std::uint64_t next() override {
      std::uint64_t z = (state += 0x9e3779b97f4a7c15u);
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
      z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
      return z ^ (z >> 31);
    }
  };
  auto stream = std::make_unique<Stream>();
  stream->state = 0xcbf29ce484222325u ^ world_.seed;
  for (const char c : name_ + "/" + std::string(name)) {
    stream->state = (stream->state ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  }
  return stream;
}

}  // namespace wanlab::testing
