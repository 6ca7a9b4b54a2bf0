#include "real_components/hosting/daemon.hpp"

#include "real_components/hosting/socket_options.hpp"
#include "real_components/routing/region_cost.hpp"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <utility>

namespace wanlab::hosting {

using runtime::TraceEvent;
using runtime::TraceKind;

namespace {

// How long the admin port waits for a shard before it calls it stuck.
constexpr Duration shard_patience = std::chrono::seconds(2);
constexpr Duration drain_poll = std::chrono::milliseconds(50);
// After the node has drained: for what it said last to leave.
constexpr Duration farewell = std::chrono::seconds(3);

std::string_view region_state(std::uint64_t state) {
  return routing::to_string(static_cast<routing::RegionState>(state));
}

}  // namespace

// --- what is recorded ---------------------------------------------------------------------------

void DaemonSink::observe(Instant now, const TraceEvent& event) {
  ++counts_[static_cast<std::size_t>(event.kind)];
  switch (event.kind) {
    case TraceKind::region_state: {
      const auto state = static_cast<routing::RegionState>(event.b);
      const bool bad = state == routing::RegionState::down;
      return log(bad ? LogLevel::warning : LogLevel::info,
                 bad ? "no longer reach a region" : "a region changed its state",
                 {{"region", event.text},
                  {"before", region_state(event.a)},
                  {"now", region_state(event.b)}});
    }
    case TraceKind::backhaul_up:
      return log(LogLevel::info, "backhaul connection is up", {{"peer", event.text}});
    case TraceKind::backhaul_down:
      return log(LogLevel::warning, "backhaul connection is down",
                 {{"peer", event.text},
                  {"reason", to_string(static_cast<runtime::CloseReason>(event.a))}});
    case TraceKind::route_visible:
      return log(LogLevel::debug, "route", {{"user", event.text}, {"revision", event.a}});
    case TraceKind::route_removed:
      return log(LogLevel::info, "route removed", {{"user", event.text}, {"revision", event.a}});
    case TraceKind::head_changed:
      return log(LogLevel::debug, "route goes elsewhere first",
                 {{"to", event.text}, {"cost_before_us", event.a}, {"cost_now_us", event.b}});
    case TraceKind::session_refused:
      return log(LogLevel::debug, "session refused", {{"error", event.a}, {"user", event.text}});
    case TraceKind::proof_rejected:
      return log(LogLevel::debug, "proof rejected", {{"user", event.text}});
    case TraceKind::query_failed:
      return log(LogLevel::debug, "statement failed", {{"error", event.b}, {"region", event.text}});
    case TraceKind::watch_compacted:
      return log(LogLevel::info, "watch had to list everything anew");
    case TraceKind::descriptor_limit:
      // Many a second while it lasts.
      if (told_of_limit_ != Instant() && now - told_of_limit_ < std::chrono::seconds(1)) return;
      told_of_limit_ = now;
      return log(LogLevel::error, "out of descriptors: turning connections away",
                 {{"limit", event.a}});
    default:
      return;
  }
}

void DaemonSink::measure(Metrics& metrics) const {
  for (std::size_t kind = 0; kind < counts_.size(); ++kind) {
    if (counts_[kind] == 0) continue;
    metrics.counter("wanlab_events", "What the node recorded, by kind.", counts_[kind], "kind",
                    to_string(static_cast<TraceKind>(kind)));
  }
}

// --- the process --------------------------------------------------------------------------------

struct Daemon::Signals {
  explicit Signals(boost::asio::io_context& context)
      : set(context, SIGTERM, SIGINT, SIGHUP), poll(context) {}
  boost::asio::signal_set set;
  boost::asio::basic_waitable_timer<std::chrono::steady_clock> poll;
};

Daemon::Daemon(const DaemonConfig& config, NodeFunctions node)
    : config_(config),
      node_(std::move(node)),
      tls_(std::make_shared<const TlsContexts>(config.tls)) {}

Daemon::~Daemon() = default;

int Daemon::run() {
  std::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  signals_ = std::make_unique<Signals>(context_);
  const std::function<void()> listen_for_signals = [&] {
    signals_->set.async_wait([&](const boost::system::error_code& error, int signal) {
      if (error) return;
      on_signal(signal);
      listen_for_signals();
    });
  };
  listen_for_signals();
  if (config_.admin_port != 0) {
    RuntimeOptions options;
    options.bind_address = config_.admin_address;
    admin_runtime_ = std::make_unique<AsioRuntime>(context_, options, nullptr);
    admin_ = std::make_unique<AdminServer>(*admin_runtime_, config_.admin_port,
                                           [this](std::string_view path) { return answer(path); });
    admin_runtime_->host(*admin_);
  }
  start_shards();
  log(LogLevel::info, "started",
      {{"threads", config_.threads},
       {"descriptors", descriptor_limit()},
       {"admin_port", config_.admin_port}});
  context_.run();
  for (const auto& shard : shards_) shard->stop();
  if (admin_runtime_) admin_runtime_->evict();
  log(LogLevel::info, "ended", {{"status", status_.load()}});
  return status_;
}

void Daemon::start_shards() {
  for (std::uint32_t number = 0; number < config_.threads; ++number) {
    sinks_.push_back(std::make_unique<DaemonSink>());
    shards_.push_back(std::make_unique<Shard>(
        "shard-" + std::to_string(number), config_.runtime, tls_, sinks_.back().get(),
        [this, number](AsioRuntime& runtime) { return node_.make(runtime, number); },
        [this](const std::string& why) {
          // A node without one of its shards would serve some and not others.
          log(LogLevel::fatal, "a shard has failed", {{"why", why}});
          status_ = 1;
          context_.stop();
        }));
  }
  for (const auto& shard : shards_) shard->start();
}

void Daemon::on_signal(int signal) {
  if (signal == SIGHUP) return reload();
  if (draining_) {
    log(LogLevel::error, "told to end a second time: not waiting for what still runs");
    status_ = 1;
    return context_.stop();
  }
  drain();
}

void Daemon::reload() {
  try {
    tls_ = std::make_shared<const TlsContexts>(config_.tls, tls_.get());
  } catch (const std::exception& error) {
    return log(LogLevel::error, "new certificates cannot be used; the old ones stay",
               {{"why", error.what()}});
  }
  for (const auto& shard : shards_) {
    shard->post([tls = tls_](AsioRuntime& runtime, runtime::Component&) { runtime.use_tls(tls); });
  }
  log(LogLevel::info, "new certificates are in use for new connections");
}

void Daemon::drain() {
  draining_ = true;
  drain_began_ = Instant(std::chrono::steady_clock::now().time_since_epoch());
  log(LogLevel::info, "draining");
  for (const auto& shard : shards_) {
    shard->post([this](AsioRuntime&, runtime::Component& node) { node_.drain(node); });
  }
  watch_drain();
}

void Daemon::watch_drain() {
  bool done = true;
  const Duration since =
      Instant(std::chrono::steady_clock::now().time_since_epoch()) - drain_began_;
  const bool answered =
      ask_all([&](AsioRuntime&, runtime::Component& node) { done = done && node_.drained(node); });
  if (since > node_.drain_limit) {
    log(LogLevel::error, "draining took too long: ending what still runs");
    status_ = 1;
    return context_.stop();
  }
  if (answered && done) {
    // What was said last has to leave, and the node must not be gone before.
    if (drained_at_ == Instant()) drained_at_ = drain_began_ + since;
    bool silent = true;
    ask_all([&](AsioRuntime& runtime, runtime::Component&) {
      silent = silent && runtime.connections_with_unsent() == 0;
    });
    if (silent || drain_began_ + since - drained_at_ > farewell) return context_.stop();
  }
  signals_->poll.expires_after(drain_poll);
  signals_->poll.async_wait([this](const boost::system::error_code& error) {
    if (!error) watch_drain();
  });
}

// --- the admin port -----------------------------------------------------------------------------

bool Daemon::ask_all(const std::function<void(AsioRuntime&, runtime::Component&)>& question) {
  for (const auto& shard : shards_) {
    if (!shard->ask(question, shard_patience)) return false;
  }
  return true;
}

bool Daemon::ready() {
  bool all = true;
  const bool answered =
      ask_all([&](AsioRuntime&, runtime::Component& node) { all = all && node_.ready(node); });
  return answered && all;
}

HttpAnswer Daemon::answer(std::string_view path) {
  if (path == "/healthz") {
    const bool good = !draining_ && ready();
    const std::string_view words = draining_ ? "draining\n" : good ? "ready\n" : "starting\n";
    return {good ? 200 : 503, "text/plain; charset=utf-8", std::string(words)};
  }
  if (path == "/metrics") {
    return {200, "application/openmetrics-text; version=1.0.0; charset=utf-8", metrics()};
  }
  const auto listing = node_.listings.find(path);
  if (listing == node_.listings.end()) {
    JsonText text;
    text.begin_object().key("paths").begin_list();
    for (const std::string_view known : {"/healthz", "/metrics"}) text.value(known);
    for (const auto& [name, function] : node_.listings) text.value(name);
    text.end_list().end_object();
    return {path == "/" ? 200 : 404, "application/json; charset=utf-8", text.take() + "\n"};
  }
  JsonText text;
  text.begin_list();
  if (!ask_all([&](AsioRuntime&, runtime::Component& node) { listing->second(node, text); })) {
    return {503, "text/plain; charset=utf-8", "a shard does not answer\n"};
  }
  text.end_list();
  return {200, "application/json; charset=utf-8", text.take() + "\n"};
}

std::string Daemon::metrics() {
  Metrics metrics;
  std::uint64_t stuck = 0;
  for (std::size_t number = 0; number < shards_.size(); ++number) {
    const bool answered = shards_[number]->ask(
        [&](AsioRuntime& runtime, runtime::Component& node) {
          hosting::measure(metrics, runtime.figures(), runtime.connections());
          sinks_[number]->measure(metrics);
          node_.measure(node, metrics);
        },
        shard_patience);
    if (!answered) ++stuck;
  }
  metrics.gauge("wanlab_shards_stuck", "Shards that did not answer in time.", stuck);
  measure_process(metrics);
  return metrics.text();
}

}  // namespace wanlab::hosting
