// Hosts with real sockets: each an address of its own in 127.0.0.0/8 and a certificate of its own,
// all on one thread, which runs while the test waits for something.
#pragma once

#include "real_components/hosting/asio_runtime.hpp"
#include "real_components/hosting/certificates.hpp"
#include "tests/hosting/two_worlds.hpp"

#include <filesystem>
#include <map>
#include <vector>

namespace wanlab::testing {

// A folder that goes with the test.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class LoopbackWorld final : public World {
 public:
  LoopbackWorld();
  ~LoopbackWorld() override;

  hosting::AsioRuntime& host(const std::string& name) override;
  void run(const std::string& name, runtime::Component& component) override {
    host(name).host(component);
  }
  void crash(const std::string& name) override { host(name).evict(); }
  void act(const std::string&, const std::function<void()>& action) override { action(); }
  void silence(const std::string& name, std::uint16_t port) override;
  using World::run_until;
  bool run_until(const std::function<bool()>& done, Duration limit) override;

  // For hosts made from now on.
  hosting::RuntimeOptions options;
  std::function<hosting::TlsOptions(hosting::TlsOptions)> change_tls;
  hosting::TlsOptions tls_options(const std::string& name);
  hosting::DevelopmentAuthority& authority() { return *authority_; }
  const std::filesystem::path& folder() const { return folder_.path(); }
  // Another name for the same address.
  void alias(const std::string& name, const std::string& of) {
    (*addresses_)[name].address = address_of(of);
  }
  // Literal, of a host by that name.
  std::string address_of(const std::string& name);

 private:
  TemporaryFolder folder_;
  std::unique_ptr<hosting::DevelopmentAuthority> authority_;
  std::shared_ptr<hosting::HostTable> addresses_ = std::make_shared<hosting::HostTable>();
  boost::asio::io_context context_{1};
  std::map<std::string, std::unique_ptr<hosting::AsioRuntime>, std::less<>> hosts_;
  std::vector<int> sockets_;  // that keep a port silent
};

}  // namespace wanlab::testing
