#include "tests/hosting/loopback_world.hpp"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

namespace wanlab::testing {

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "wanlab-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

LoopbackWorld::LoopbackWorld()
    : authority_(std::make_unique<hosting::DevelopmentAuthority>(folder_.path())) {
  options.tls_timeout = 2s;  // the tests wait for it
}

LoopbackWorld::~LoopbackWorld() {
  for (auto& [name, host] : hosts_) host->evict();
  hosts_.clear();
  for (const int socket : sockets_) ::close(socket);
}

// Tests run beside one another, so the process is part of the address: 127.64.0.0/10 has room for
// 2^14 processes with 250 hosts each.
std::string LoopbackWorld::address_of(const std::string& name) {
  auto& alias = (*addresses_)[name];
  if (alias.address.empty()) {
    const auto process = static_cast<unsigned>(::getpid()) & 0x3fff;
    alias.address = "127." + std::to_string(64 + (process >> 8)) + "." +
                    std::to_string(process & 0xff) + "." + std::to_string(addresses_->size());
  }
  return alias.address;
}

hosting::TlsOptions LoopbackWorld::tls_options(const std::string& name) {
  authority_->issue({.name = name});
  hosting::TlsOptions tls;
  tls.service = {authority_->certificate_of(name), authority_->key_of(name)};
  tls.identity = tls.service;
  tls.identity_authority = authority_->certificate();
  return tls;
}

hosting::AsioRuntime& LoopbackWorld::host(const std::string& name) {
  auto& slot = hosts_[name];
  if (slot == nullptr) {
    hosting::RuntimeOptions mine = options;
    mine.bind_address = mine.source_address = address_of(name);
    mine.hosts = addresses_;
    hosting::TlsOptions tls = tls_options(name);
    if (change_tls) tls = change_tls(std::move(tls));
    slot = std::make_unique<hosting::AsioRuntime>(
        context_, std::move(mine), std::make_shared<const hosting::TlsContexts>(tls));
  }
  return *slot;
}

// A listener whose backlog is full answers no SYN.
void LoopbackWorld::silence(const std::string& name, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  ::inet_pton(AF_INET, address_of(name).c_str(), &address.sin_addr);
  const auto* at = reinterpret_cast<const sockaddr*>(&address);
  sockets_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
  if (::bind(sockets_.back(), at, sizeof address) != 0 || ::listen(sockets_.back(), 0) != 0) {
    throw std::runtime_error("cannot keep a port silent");
  }
  for (int i = 0; i < 4; ++i) {
    sockets_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    (void)::connect(sockets_.back(), at, sizeof address);
  }
}

bool LoopbackWorld::run_until(const std::function<bool()>& done, Duration limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  context_.restart();
  while (!done()) {
    const auto left = end - std::chrono::steady_clock::now();
    if (left <= Duration::zero()) return done();
    if (context_.run_one_for(std::min<Duration>(left, 50ms)) == 0) context_.restart();
  }
  return true;
}

}  // namespace wanlab::testing
