// The broken runtimes. Each passes on everything but the one thing that it breaks.
#include "sim/world/sabotage.hpp"

#include "real_components/backhaul/frame.hpp"
#include "sim/scenario/resort_setting.hpp"
#include "sim/scenario/sabotage.hpp"

#include <set>

namespace wanlab::world {

namespace {

using runtime::Address;
using runtime::ConnectionId;
using runtime::Cookie;

class PassThrough : public runtime::Runtime {
 public:
  explicit PassThrough(runtime::Runtime& sound) : sound_(sound) {}

  Instant now() const override { return sound_.now(); }
  WallTime wall_now() const override { return sound_.wall_now(); }
  void wake_after(Duration delay, Cookie cookie) override { sound_.wake_after(delay, cookie); }
  runtime::TimerId start_timer(Duration delay, Cookie cookie) override {
    return sound_.start_timer(delay, cookie);
  }
  void cancel_timer(runtime::TimerId timer) override { sound_.cancel_timer(timer); }
  void listen(std::uint16_t port, const runtime::ListenOptions& options) override {
    sound_.listen(port, options);
  }
  void stop_listening(std::uint16_t port) override { sound_.stop_listening(port); }
  ConnectionId connect(const Address& address, const runtime::ConnectOptions& options,
                       Cookie cookie) override {
    return sound_.connect(address, options, cookie);
  }
  void set_cookie(ConnectionId connection, Cookie cookie) override {
    sound_.set_cookie(connection, cookie);
  }
  void start_tls_server(ConnectionId connection, ByteView already_read) override {
    sound_.start_tls_server(connection, already_read);
  }
  void start_tls_client(ConnectionId connection, runtime::TlsVersion version) override {
    sound_.start_tls_client(connection, version);
  }
  void send(ConnectionId connection, ByteView bytes) override { sound_.send(connection, bytes); }
  std::size_t unsent_bytes(ConnectionId connection) const override {
    return sound_.unsent_bytes(connection);
  }
  void pause_reading(ConnectionId connection) override { sound_.pause_reading(connection); }
  void resume_reading(ConnectionId connection) override { sound_.resume_reading(connection); }
  void close(ConnectionId connection) override { sound_.close(connection); }
  void abort(ConnectionId connection) override { sound_.abort(connection); }
  void spend(runtime::Work work, std::uint32_t times) override { sound_.spend(work, times); }
  std::unique_ptr<runtime::RandomStream> random_stream(std::string_view name) override {
    return sound_.random_stream(name);
  }
  void anticipate(ConnectionId connection) const override { sound_.anticipate(connection); }
  void record(const runtime::TraceEvent& event) override { sound_.record(event); }

 protected:
  runtime::Runtime& sound_;
};

// A database that sends each result once more in the place of the next one.
class StaleResults final : public PassThrough {
 public:
  using PassThrough::PassThrough;
  void send(ConnectionId connection, ByteView bytes) override {
    if (bytes.size() < smallest_result) return sound_.send(connection, bytes);
    const Bytes result(bytes.begin(), bytes.end());
    const bool same_form = last_.size() == result.size();
    sound_.send(connection, same_form ? ByteView(last_) : bytes);
    last_ = result;
  }

 private:
  // Nothing of a login is as long.
  static constexpr std::size_t smallest_result = 110;
  Bytes last_;
};

// A store that says nothing to anybody after its first watches were answered.
class Mute final : public PassThrough {
 public:
  using PassThrough::PassThrough;
  void send(ConnectionId connection, ByteView bytes) override {
    if (sound_.now() < mute_from) sound_.send(connection, bytes);
  }

 private:
  static constexpr Instant mute_from{std::chrono::seconds(8)};
};

// An origin whose greeting allows each peer more than it counts on.
class Generous final : public PassThrough {
 public:
  using PassThrough::PassThrough;
  ConnectionId connect(const Address& address, const runtime::ConnectOptions& options,
                       Cookie cookie) override {
    const ConnectionId connection = sound_.connect(address, options, cookie);
    own_.insert(connection);
    return connection;
  }
  void send(ConnectionId connection, ByteView bytes) override {
    backhaul::Frame frame;
    if (own_.contains(connection) || bytes.empty()) return sound_.send(connection, bytes);
    const backhaul::ParseResult parsed = backhaul::parse_frame(bytes, frame);
    if (parsed.status != backhaul::Parse::whole || frame.type != backhaul::FrameType::hello) {
      return sound_.send(connection, bytes);
    }
    std::array<std::byte, backhaul::max_frame_header> room{};
    const auto& [version, stream_window, connection_window, streams] = frame.fields;
    const std::byte* end = backhaul::write_control_frame(
        room.data(), frame.type, version, stream_window, connection_window + 4096, streams);
    Bytes changed;
    append(changed, ByteView(room.data(), static_cast<std::size_t>(end - room.data())));
    append(changed, bytes.subspan(parsed.size));
    sound_.send(connection, changed);
  }

 private:
  std::set<ConnectionId> own_;  // to databases and stores, which speak other languages
};

// A client's machine that goes without a word: neither what it says last nor its FIN leaves it.
class Wordless final : public PassThrough {
 public:
  using PassThrough::PassThrough;
  void send(ConnectionId connection, ByteView bytes) override {
    constexpr std::size_t quit_size = 5;
    constexpr std::byte quit{0x01};  // COM_QUIT
    if (bytes.size() == quit_size && bytes.back() == quit) return;
    sound_.send(connection, bytes);
  }
  void close(ConnectionId) override {}
};

// An edge whose timers fire even when they are called off.
class TimersKept final : public PassThrough {
 public:
  using PassThrough::PassThrough;
  void cancel_timer(runtime::TimerId) override {}
};

// An edge that gives up all its clients when one of its own connections breaks.
class Tied final : public PassThrough {
 public:
  using PassThrough::PassThrough;
  void start_tls_server(ConnectionId connection, ByteView already_read) override {
    clients_.insert(connection);
    sound_.start_tls_server(connection, already_read);
  }
  void close(ConnectionId connection) override {
    clients_.erase(connection);
    sound_.close(connection);
  }
  void abort(ConnectionId connection) override {
    clients_.erase(connection);
    sound_.abort(connection);
  }
  void record(const runtime::TraceEvent& event) override {
    sound_.record(event);
    if (event.kind != runtime::TraceKind::backhaul_down) return;
    for (const ConnectionId client : clients_) sound_.abort(client);
    clients_.clear();
  }

 private:
  std::set<ConnectionId> clients_;
};

}  // namespace

std::unique_ptr<runtime::Runtime> broken_runtime(const std::vector<std::string>& sabotage,
                                                 const trace::HostLabel& host,
                                                 runtime::Runtime& sound) {
  if (sabotage.empty()) return nullptr;
  const auto asked = [&](std::string_view name) { return scenario::sabotaged(sabotage, name); };
  switch (host.role) {
    case trace::HostRole::database:
      if (asked("stale-results")) return std::make_unique<StaleResults>(sound);
      break;
    case trace::HostRole::store:
      if (asked("mute-store") && host.name.starts_with("store.")) {
        return std::make_unique<Mute>(sound);
      }
      break;
    case trace::HostRole::origin:
      if (asked("credit-from-nowhere")) return std::make_unique<Generous>(sound);
      break;
    case trace::HostRole::client:
      if (asked("wordless-clients")) return std::make_unique<Wordless>(sound);
      break;
    case trace::HostRole::edge:
      if (asked("timers-kept")) return std::make_unique<TimersKept>(sound);
      if (asked("tied-sessions")) return std::make_unique<Tied>(sound);
      break;
    case trace::HostRole::dns:
    case trace::HostRole::idle:
    case trace::HostRole::world:
      break;
  }
  return nullptr;
}

void sabotage_edge(const std::vector<std::string>& sabotage, edge::EdgeConfig& config) {
  if (scenario::sabotaged(sabotage, "endless-doubt")) {
    config.prober.self.panic_window = std::chrono::minutes(10);
    config.prober.self.panic_patience = 1;
    config.backhaul.ping_timeout = std::chrono::minutes(10);
  }
  if (scenario::sabotaged(sabotage, "no-hysteresis")) {
    config.resort.minimum_gain = Duration::zero();
    config.resort.minimum_gain_percent = 0;
    config.resort.sustained_ticks = 1;
    config.resort.dwell = Duration::zero();
    config.resort.penalty_per_change = 0;
    config.adoption_spread = Duration::zero();
  }
  for (const std::string& each : sabotage) {
    const auto setting = scenario::read_resort_setting(each);
    if (!setting) continue;
    using Key = scenario::ResortSetting::Key;
    switch (setting->key) {
      case Key::gain:
        config.resort.minimum_gain = setting->time;
        break;
      case Key::percent:
        config.resort.minimum_gain_percent = setting->number;
        break;
      case Key::ticks:
        config.resort.sustained_ticks = setting->number;
        break;
      case Key::dwell:
        config.resort.dwell = setting->time;
        break;
      case Key::penalty:
        config.resort.penalty_per_change = setting->number;
        break;
    }
  }
}

}  // namespace wanlab::world
