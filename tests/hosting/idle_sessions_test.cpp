// What a session costs that does nothing.
#include "tests/hosting/daemons.hpp"

#include <algorithm>
#include <cstdio>

namespace wanlab::testing {
namespace {

// Aims: 1 KB of user space for an idle session, 16 KB with TLS. Measured as resident
// memory of the edge, so that everything counts: sessions, sockets in Asio, OpenSSL, fragments.
class IdleSessions : public Daemons {
 protected:
  std::uint64_t resident() {
    const std::string metrics = ask("edge", "/metrics");
    const std::string_view name = "\nprocess_resident_memory_bytes ";
    const std::size_t at = metrics.find(name);
    EXPECT_NE(at, std::string::npos);
    return at == std::string::npos ? 0 : std::stoull(metrics.substr(at + name.size()));
  }
  void open(bool tls, std::size_t count) {
    std::vector<TestClient*> sessions;
    for (std::size_t opened = 0; opened < count; ++opened) {
      sessions.push_back(&clients.connect({.tls = tls}));
      if (opened % 50 != 49 && opened + 1 != count) continue;
      ASSERT_TRUE(world.run_until([&] {
        return std::all_of(sessions.begin(), sessions.end(),
                           [](TestClient* one) { return one->established; });
      }));
      sessions.clear();
    }
  }
  std::uint64_t bytes_each(bool tls) {
    open(tls, 300);  // what the first of them bring about once
    const std::uint64_t before = resident();
    open(tls, 3000);
    const std::uint64_t each = (resident() - before) / 3000;
    std::printf("resident memory per idle session %s TLS: %llu bytes\n", tls ? "with" : "without",
                static_cast<unsigned long long>(each));
    return each;
  }
};

TEST_F(IdleSessions, WithoutTlsTakeAKilobyte) {
  start("\"require_tls\": false,\n");
  EXPECT_LE(bytes_each(false), 1024u);
}

TEST_F(IdleSessions, WithTlsTakeSixteenKilobytes) {
  start();
  EXPECT_LE(bytes_each(true), 16u * 1024);
}

}  // namespace
}  // namespace wanlab::testing
