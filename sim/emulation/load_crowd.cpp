#include "sim/emulation/load_crowd.hpp"

#include "real_components/hosting/asio_runtime.hpp"
#include "real_components/mysql/client_handshake.hpp"
#include "real_components/mysql/commands.hpp"
#include "real_components/mysql/packet.hpp"
#include "real_components/mysql/response_reader.hpp"
#include "sim/emulation/child_process.hpp"
#include "sim/emulation/postgres_messages.hpp"

#include <algorithm>
#include <deque>

namespace wanlab::emulation {

using runtime::CloseReason;
using runtime::ConnectionId;
using runtime::Cookie;

struct LoadLoop::Inside {
  boost::asio::io_context context{hosting::AsioRuntime::concurrency};
  // Encrypts without looking at certificates: what that costs is the client's affair.
  std::shared_ptr<const hosting::TlsContexts> tls =
      std::make_shared<const hosting::TlsContexts>(hosting::TlsOptions{});
};

LoadLoop::LoadLoop() : inside_(std::make_unique<Inside>()) {}
LoadLoop::~LoadLoop() = default;

void LoadLoop::run_for(Duration duration) {
  run_until([] { return false; }, duration);
}

bool LoadLoop::run_until(const std::function<bool()>& done, Duration limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  inside_->context.restart();
  while (!done()) {
    if (meanwhile) meanwhile();
    const auto left = end - std::chrono::steady_clock::now();
    if (left <= Duration::zero()) return done();
    const Duration slice = std::min<Duration>(left, std::chrono::milliseconds(5));
    if (inside_->context.run_for(slice) == 0) inside_->context.restart();
  }
  return true;
}

namespace {

hosting::RuntimeOptions on_loopback() {
  hosting::RuntimeOptions options;
  options.bind_address = "127.0.0.1";
  return options;
}

enum class Stage : std::uint8_t { unused, connecting, login, idle, asking, over };

struct Session {
  mysql::ClientHandshake handshake;
  mysql::PacketAssembler packets;
  mysql::ResponseReader answer{0};
  PostgresAnswer postgres;
  ConnectionId id = runtime::no_connection;
  Stage stage = Stage::unused;
  Instant due{};
};

constexpr Cookie pace_timer = 1, trickle_timer = 2;
constexpr Duration pace_interval = std::chrono::microseconds(500);

}  // namespace

// --- clients ------------------------------------------------------------------------------------

class LoadCrowd::Clients final : public runtime::Component {
 public:
  Clients(LoadLoop& loop, LoadTarget target)
      : target_(std::move(target)),
        runtime_(loop.inside().context, on_loopback(), loop.inside().tls),
        secrets_(mysql::derive_secrets(target_.password)) {
    runtime_.host(*this);
  }
  ~Clients() override { runtime_.evict(); }

  void open(std::size_t count, std::size_t at_once) {
    to_open_ += count;
    at_once_ = at_once;
    fill();
  }
  bool settled() const { return to_open_ == 0 && under_way_ == 0; }
  const LoadFigures& figures() const { return figures_; }

  void ask_once(const std::string& statement) {
    ask_in_loop([statement](std::uint64_t) { return statement; });
    looping_ = false;
  }
  void ask_in_loop(Statement statement) {
    statement_ = std::move(statement);
    looping_ = true;
    const Instant now = runtime_.now();
    for (std::size_t i = 0; i < sessions_.size(); ++i) {
      if (sessions_[i].stage == Stage::idle) ask(i, now);
    }
  }
  void ask_paced(Statement statement, double per_second) {
    statement_ = std::move(statement);
    interval_ = Duration(static_cast<Duration::rep>(1e9 / per_second));
    next_due_ = runtime_.now();
    idle_.clear();
    for (std::size_t i = 0; i < sessions_.size(); ++i) {
      if (sessions_[i].stage == Stage::idle) idle_.push_back(i);
    }
    paced_ = true;
    runtime_.wake_after(pace_interval, pace_timer);
  }
  void stop_asking() {
    looping_ = paced_ = false;
    waiting_.clear();
  }
  bool quiet() const { return asking_ == 0; }
  std::vector<std::uint32_t> take_latencies() { return std::exchange(latencies_, {}); }

  void shake_hands(std::size_t at_once) {
    shaking_ = hands_only_ = true;
    open(at_once, at_once);
  }
  void stop_shaking_hands() {
    shaking_ = false;
    to_open_ = 0;
  }

  void ask_and_turn_deaf(const std::string& statement) {
    for (Session& session : sessions_) {
      if (session.stage != Stage::idle) continue;
      send_statement(session, statement);
      runtime_.pause_reading(session.id);
    }
  }
  void trickle(const Bytes& bytes, Duration interval) {
    trickled_ = bytes;
    trickle_interval_ = interval;
    runtime_.wake_after(interval, trickle_timer);
  }

  // runtime::Component
  void start() override {}
  Cookie on_accept(std::uint16_t, ConnectionId, const runtime::PeerInfo&) override { return 0; }
  void on_writable(ConnectionId, Cookie) override {}

  void on_timer(Cookie cookie) override {
    if (cookie == pace_timer) {
      if (!paced_) return;
      for (const Instant now = runtime_.now(); next_due_ <= now; next_due_ += interval_) {
        waiting_.push_back(next_due_);
      }
      serve_waiting();
      runtime_.wake_after(pace_interval, pace_timer);
    } else if (cookie == trickle_timer) {
      const ByteView byte = ByteView(trickled_).subspan(trickle_at_++ % trickled_.size(), 1);
      for (const Session& session : sessions_) {
        if (session.stage == Stage::idle) runtime_.send(session.id, byte);
      }
      runtime_.wake_after(trickle_interval_, trickle_timer);
    }
  }

  void on_connect(ConnectionId id, Cookie cookie) override {
    if (target_.security == Security::at_once) {
      return runtime_.start_tls_client(id, runtime::TlsVersion::tls13);
    }
    begin(cookie);
  }
  void on_secure(ConnectionId id, Cookie cookie) override {
    ++figures_.secured;
    if (hands_only_) {
      // The peer's end is awaited, so that it sees an orderly one.
      runtime_.close(id);
      sessions_[cookie] = Session();
      unused_.push_back(cookie);
      --under_way_;
      if (shaking_) ++to_open_;
      return fill();
    }
    if (target_.security == Security::at_once) return begin(cookie);
    Bytes out;
    sessions_[cookie].handshake.secured(options(), out);
    runtime_.send(id, out);
  }
  void on_data(ConnectionId, Cookie cookie, ByteView bytes) override {
    if (target_.speech == Speech::mysql) take_mysql(cookie, bytes);
    if (target_.speech == Speech::postgres) take_postgres(cookie, bytes);
  }
  void on_close(ConnectionId, Cookie cookie, CloseReason reason) override {
    const std::string& error = sessions_[cookie].postgres.error();
    lose(cookie, !error.empty() ? error : "connection ended: " + std::string(to_string(reason)));
  }

 private:
  mysql::ClientHandshakeOptions options() const {
    mysql::ClientHandshakeOptions options;
    options.user = target_.user;
    options.database = target_.database;
    options.secrets = &secrets_;
    options.use_tls = target_.security == Security::asked_for;
    return options;
  }

  void fill() {
    while (to_open_ != 0 && under_way_ < at_once_) {
      --to_open_;
      ++under_way_;
      std::size_t place = sessions_.size();
      if (unused_.empty()) {
        sessions_.emplace_back();
      } else {
        place = unused_.back();
        unused_.pop_back();
      }
      Session& session = sessions_[place];
      session.stage = Stage::connecting;
      session.id = runtime_.connect({"127.0.0.1", target_.port}, {}, place);
    }
  }

  // The connection stands, and so does TLS where it comes first.
  void begin(std::size_t place) {
    Session& session = sessions_[place];
    session.stage = Stage::login;
    if (target_.speech == Speech::nothing) return established(place);
    if (target_.speech == Speech::postgres) {
      Bytes out;
      write_postgres_startup(out, target_.user, target_.database);
      runtime_.send(session.id, out);
    }
  }
  void established(std::size_t place) {
    sessions_[place].stage = Stage::idle;
    --under_way_;
    ++figures_.established;
    if (looping_) ask(place, runtime_.now());
    fill();
  }
  void lose(std::size_t place, const std::string& why) {
    Session& session = sessions_[place];
    if (session.stage == Stage::over || session.stage == Stage::unused) return;
    if (session.stage == Stage::asking) --asking_;
    const bool before = session.stage == Stage::connecting || session.stage == Stage::login;
    session.stage = Stage::over;
    if (!before) {
      ++figures_.lost;
      return;
    }
    ++figures_.failed;
    if (figures_.first_failure.empty()) figures_.first_failure = why;
    --under_way_;
    fill();
  }

  void ask(std::size_t place, Instant due) {
    Session& session = sessions_[place];
    session.due = due;
    send_statement(session, statement_(asked_++));
    session.stage = Stage::asking;
    ++asking_;
  }
  void send_statement(Session& session, const std::string& text) {
    out_.clear();
    if (target_.speech == Speech::postgres) {
      write_postgres_query(out_, text);
    } else {
      mysql::write_query(out_, text);
      session.answer.start();
    }
    runtime_.send(session.id, out_);
  }
  void answered(std::size_t place, bool good) {
    Session& session = sessions_[place];
    const Instant now = runtime_.now();
    session.stage = Stage::idle;
    --asking_;
    ++figures_.answered;
    if (!good) ++figures_.errors;
    latencies_.push_back(
        static_cast<std::uint32_t>(std::max<Duration::rep>(0, (now - session.due).count()) / 1000));
    if (looping_) return ask(place, now);
    idle_.push_back(place);
    if (paced_) serve_waiting();
  }
  void serve_waiting() {
    while (!waiting_.empty() && !idle_.empty()) {
      const std::size_t place = idle_.front();
      idle_.pop_front();
      if (sessions_[place].stage != Stage::idle) continue;
      const Instant due = waiting_.front();
      waiting_.pop_front();
      ask(place, due);
    }
  }

  void take_mysql(std::size_t place, ByteView bytes) {
    while (!bytes.empty()) {
      Session& session = sessions_[place];
      if (session.stage == Stage::asking) {
        const auto progress = session.answer.consume(session.packets, bytes);
        if (progress == mysql::ResponseProgress::more) return;
        answered(place, progress == mysql::ResponseProgress::complete &&
                            session.answer.kind() != mysql::ResponseReader::Kind::error);
        continue;
      }
      mysql::Packet packet;
      if (session.packets.next(bytes, {}, packet) != mysql::PacketStatus::complete) return;
      if (session.stage != Stage::login) continue;  // said unasked
      Bytes out;
      const mysql::ClientStep step =
          session.handshake.on_packet(options(), packet.sequence, packet.payload, out);
      if (!out.empty()) runtime_.send(session.id, out);
      if (step.kind == mysql::ClientStep::Kind::start_tls) {
        runtime_.start_tls_client(session.id, runtime::TlsVersion::tls13);
        return;
      }
      if (step.kind == mysql::ClientStep::Kind::done) {
        session.answer = mysql::ResponseReader(session.handshake.capabilities());
        established(place);
      } else if (step.kind == mysql::ClientStep::Kind::failed) {
        const std::string why = std::to_string(step.error) + " " + std::string(step.message);
        runtime_.abort(session.id);
        return lose(place, why);
      }
    }
  }
  void take_postgres(std::size_t place, ByteView bytes) {
    Session& session = sessions_[place];
    session.postgres.take(bytes);
    if (!session.postgres.ready()) return;
    const std::string error = session.postgres.error();
    session.postgres = PostgresAnswer();
    if (session.stage == Stage::asking) return answered(place, error.empty());
    if (session.stage != Stage::login) return;
    if (error.empty()) return established(place);
    runtime_.abort(session.id);
    lose(place, error);
  }

  LoadTarget target_;
  hosting::AsioRuntime runtime_;
  mysql::ClientSecrets secrets_;
  std::deque<Session> sessions_;
  std::vector<std::size_t> unused_;
  std::size_t to_open_ = 0, at_once_ = 1, under_way_ = 0, asking_ = 0;
  LoadFigures figures_;
  Statement statement_;
  std::uint64_t asked_ = 0;
  std::vector<std::uint32_t> latencies_;
  bool looping_ = false, paced_ = false, shaking_ = false, hands_only_ = false;
  Duration interval_{};
  Instant next_due_{};
  std::deque<Instant> waiting_;   // due, and no session is free
  std::deque<std::size_t> idle_;  // of the paced
  Bytes out_, trickled_;
  Duration trickle_interval_{};
  std::size_t trickle_at_ = 0;
};

LoadCrowd::LoadCrowd(LoadLoop& loop, LoadTarget target)
    : clients_(std::make_unique<Clients>(loop, std::move(target))) {}
LoadCrowd::~LoadCrowd() = default;
void LoadCrowd::open(std::size_t count, std::size_t at_once) {
  clients_->open(count, at_once);
}
bool LoadCrowd::settled() const {
  return clients_->settled();
}
const LoadFigures& LoadCrowd::figures() const {
  return clients_->figures();
}
void LoadCrowd::ask_once(const std::string& statement) {
  clients_->ask_once(statement);
}
void LoadCrowd::ask_in_loop(Statement statement) {
  clients_->ask_in_loop(std::move(statement));
}
void LoadCrowd::ask_paced(Statement statement, double per_second) {
  clients_->ask_paced(std::move(statement), per_second);
}
void LoadCrowd::stop_asking() {
  clients_->stop_asking();
}
bool LoadCrowd::quiet() const {
  return clients_->quiet();
}
std::vector<std::uint32_t> LoadCrowd::take_latencies() {
  return clients_->take_latencies();
}
void LoadCrowd::shake_hands(std::size_t at_once) {
  clients_->shake_hands(at_once);
}
void LoadCrowd::stop_shaking_hands() {
  clients_->stop_shaking_hands();
}
void LoadCrowd::ask_and_turn_deaf(const std::string& statement) {
  clients_->ask_and_turn_deaf(statement);
}
void LoadCrowd::trickle(const Bytes& bytes, Duration interval) {
  clients_->trickle(bytes, interval);
}

// --- the sink -----------------------------------------------------------------------------------

class LoadSink::Listener final : public runtime::Component {
 public:
  Listener(LoadLoop& loop, std::uint16_t port)
      : runtime_(loop.inside().context, on_loopback(), nullptr), port_(port) {
    runtime_.host(*this);
  }
  ~Listener() override { runtime_.evict(); }
  std::size_t open() const { return runtime_.connections(); }

  void start() override { runtime_.listen(port_, {}); }
  void on_timer(Cookie) override {}
  Cookie on_accept(std::uint16_t, ConnectionId, const runtime::PeerInfo&) override { return 0; }
  void on_connect(ConnectionId, Cookie) override {}
  void on_secure(ConnectionId, Cookie) override {}
  void on_data(ConnectionId, Cookie, ByteView) override {}
  void on_writable(ConnectionId, Cookie) override {}
  void on_close(ConnectionId, Cookie, CloseReason) override {}

 private:
  hosting::AsioRuntime runtime_;
  std::uint16_t port_;
};

LoadSink::LoadSink(LoadLoop& loop) : port_(free_port()) {
  listener_ = std::make_unique<Listener>(loop, port_);
}
LoadSink::~LoadSink() = default;
std::size_t LoadSink::open() const {
  return listener_->open();
}

}  // namespace wanlab::emulation
