// A real etcd under the tests of all stores: started on free ports of loopback with a data folder
// of its own, which goes with the test.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "real_components/hosting/etcd/etcd_store.hpp"
#include "real_components/hosting/etcd/task_queue.hpp"
#include "sim/emulation/etcd_server.hpp"
#include "tests/control/store_driver.hpp"

namespace wanlab::testing {

// A folder under the system's temporary one, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "wanlab-store-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Somebody may take a port between its choice and its use: then others are chosen.
inline std::unique_ptr<emulation::EtcdServer> started(emulation::EtcdServerOptions options) {
  for (int attempt = 1;; ++attempt) {
    auto server = std::make_unique<emulation::EtcdServer>(options);
    try {
      server->start();
      return server;
    } catch (const emulation::ProcessError& error) {
      const bool taken =
          std::string(error.what()).find("address already in use") != std::string::npos;
      if (!taken || attempt == 5) throw;
    }
  }
}

// Limits as short as a busy machine allows, so that tests of silence take seconds.
inline hosting::EtcdOptions impatient(hosting::EtcdOptions options) {
  options.connect_timeout = std::chrono::seconds(5);
  options.request_timeout = std::chrono::seconds(5);
  options.backoff_limit = std::chrono::milliseconds(500);
  options.ping_after = std::chrono::seconds(1);
  options.silence_limit = std::chrono::seconds(4);
  return options;
}

class EtcdDriver final : public control::StoreDriver {
 public:
  EtcdDriver() {
    emulation::EtcdServerOptions options;
    options.folder = folder_.path() / "etcd";
    server = started(options);
    home_port_ = server->client_port();
    store_ = connect(server->url());
    operator_ = connect(server->url());
    if (!until([&] { return store_->connected() && operator_->connected(); },
               std::chrono::seconds(60))) {
      throw std::runtime_error("etcd does not answer: " + store_->last_error());
    }
  }

  control::Store& store() override { return *store_; }
  control::Store& operator_store() override { return *operator_; }
  // Its clock is the machine's.
  runtime::Runtime& runtime() override { return clock_.host("client"); }
  control::Tolerance tolerance() const override {
    return {.tells_where_it_was_compacted = false,
            .watches_from_the_compacted_revision = false,
            .lease_slack = std::chrono::milliseconds(2'500)};
  }

  // Requests have their answers by now (see call()); what watches are to hear is under way. On a
  // busy machine it takes longer, and so do the watches that are created here and heard of.
  void settle() override {
    for (int i = 0; i < 3; ++i) {
      control::Recorder created;
      store_->watch({"nobody writes this"}, created);
      until([&] { return !created.notices.empty(); }, std::chrono::seconds(10));
      store_->forget(created);
    }
    pump(std::chrono::milliseconds(100));
  }
  void pass(Duration time) override { pump(time); }
  bool until(const std::function<bool()>& done, Duration limit) override {
    return tasks_.run_until(
        [&] {
          follow_clock();
          return done();
        },
        limit);
  }

  void kill() override { server->kill(); }
  void restart() override { server->start(); }
  void pause() override { server->pause(); }
  void resume() override { server->resume(); }
  // It moves to another port, of which only the operator hears.
  void cut_off() override { move(emulation::free_port()); }
  void reconnect() override { move(home_port_); }
  Duration long_absence() const override { return std::chrono::seconds(1); }

  std::unique_ptr<hosting::EtcdStore> connect(const std::string& url) {
    return connect(hosting::etcd_options({url}));
  }
  std::unique_ptr<hosting::EtcdStore> connect(hosting::EtcdOptions options) {
    return std::make_unique<hosting::EtcdStore>(
        impatient(std::move(options)),
        [this](std::function<void()> task) { tasks_.post(std::move(task)); });
  }

 private:
  void pump(Duration time) {
    until([] { return false; }, time);
  }
  void follow_clock() {
    const auto now = std::chrono::steady_clock::now();
    clock_.advance(now - clock_read_);
    clock_read_ = now;
  }
  void move(std::uint16_t port) {
    server->kill();
    server->move_to_port(port);
    server->start();
    operator_ = connect(server->url());
  }

  TemporaryFolder folder_;
  hosting::TaskQueue tasks_;
  FakeWorld clock_;
  std::chrono::steady_clock::time_point clock_read_ = std::chrono::steady_clock::now();
  std::uint16_t home_port_ = 0;

 public:
  std::unique_ptr<emulation::EtcdServer> server;

 private:
  std::unique_ptr<hosting::EtcdStore> store_;
  std::unique_ptr<hosting::EtcdStore> operator_;
};

}  // namespace wanlab::testing
