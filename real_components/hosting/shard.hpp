// One thread with its context, its runtime and its component: a share of a daemon's work that
// depends on no other. Several shards listen on the same ports (RuntimeOptions::share_ports).
#pragma once

#include "real_components/hosting/asio_runtime.hpp"

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace wanlab::hosting {

class Shard {
 public:
  struct Hosted {
    std::unique_ptr<runtime::Component> component;
    std::shared_ptr<void> belongings;  // what it uses; goes after it, and before the runtime
  };
  // Called in the shard's own thread, before anything else there.
  using Maker = std::function<Hosted(AsioRuntime&)>;

  // `failed` is told, in the shard's thread, of what ended it against its will. May be empty.
  Shard(std::string name, RuntimeOptions options, std::shared_ptr<const TlsContexts> tls,
        TraceSink* sink, Maker make, std::function<void(const std::string&)> failed = {});
  // Stops and joins.
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  void start();
  // Ends the loop after the present handler; connections are reset. Returns when the thread is
  // gone.
  void stop();

  // From any thread: runs in the shard's, between two handlers. Nothing happens once it has
  // stopped.
  void post(std::function<void(AsioRuntime&, runtime::Component&)> action);
  // The same, and waits for the result; false if it did not come in time (or the shard is gone).
  bool ask(const std::function<void(AsioRuntime&, runtime::Component&)>& question, Duration limit);

 private:
  void run();

  std::string name_;
  Maker make_;
  std::function<void(const std::string&)> failed_;
  boost::asio::io_context context_{AsioRuntime::concurrency};
  AsioRuntime runtime_;
  Hosted hosted_;
  std::thread thread_;
};

}  // namespace wanlab::hosting
