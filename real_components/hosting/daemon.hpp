// What every daemon does around its node: shards, signals, the admin port, draining. The node
// itself is told apart only by the functions given here.
#pragma once

#include "real_components/hosting/admin_server.hpp"
#include "real_components/hosting/daemon_config.hpp"
#include "real_components/hosting/json_text.hpp"
#include "real_components/hosting/metrics.hpp"
#include "real_components/hosting/shard.hpp"

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace wanlab::hosting {

// All but `make` are called in the shard's thread, between two events.
struct NodeFunctions {
  std::function<Shard::Hosted(AsioRuntime& runtime, std::uint32_t shard)> make;
  std::function<void(runtime::Component&)> drain;
  std::function<bool(runtime::Component&)> drained;
  std::function<bool(runtime::Component&)> ready;
  std::function<void(const runtime::Component&, Metrics&)> measure;
  // By path: adds the shard's elements to a list.
  using Listing = std::function<void(const runtime::Component&, JsonText&)>;
  std::map<std::string, Listing, std::less<>> listings;
  // How long draining may take before the rest is given up.
  Duration drain_limit = std::chrono::seconds(60);
};

// Counts what is recorded and writes the parts that an operator should know to the log.
class DaemonSink final : public TraceSink {
 public:
  void observe(Instant now, const runtime::TraceEvent& event) override;
  void measure(Metrics& metrics) const;

 private:
  std::array<std::uint64_t, runtime::trace_kinds> counts_{};
  Instant told_of_limit_{};
};

class Daemon {
 public:
  Daemon(const DaemonConfig& config, NodeFunctions node);
  ~Daemon();
  // Serves until it is told to end; gives the exit status. Throws what keeps it from beginning.
  int run();

 private:
  void start_shards();
  void on_signal(int signal);
  void reload();
  void drain();
  void watch_drain();
  HttpAnswer answer(std::string_view path);
  std::string metrics();
  bool ready();
  // In every shard, one after the other; false if one did not answer.
  bool ask_all(const std::function<void(AsioRuntime&, runtime::Component&)>& question);

  const DaemonConfig& config_;
  NodeFunctions node_;
  std::shared_ptr<const TlsContexts> tls_;
  boost::asio::io_context context_{1};
  std::vector<std::unique_ptr<DaemonSink>> sinks_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::unique_ptr<AsioRuntime> admin_runtime_;
  std::unique_ptr<AdminServer> admin_;
  struct Signals;
  std::unique_ptr<Signals> signals_;
  bool draining_ = false;
  Instant drain_began_{}, drained_at_{};
  std::atomic<int> status_{0};
};

}  // namespace wanlab::hosting
