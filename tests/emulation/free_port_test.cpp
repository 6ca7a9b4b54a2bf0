// Ports that laboratories take: two that start at once must not choose the same one.
#include "sim/emulation/child_process.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <set>

namespace wanlab::emulation {
namespace {

int server_on(std::uint16_t port, bool with_reuse) {
  const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = with_reuse ? 1 : 0;
  ::setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::listen(server, 1) == 0) {
    return server;
  }
  ::close(server);
  return -1;
}

TEST(FreePort, IsGivenToOnlyOneOfMany) {
  std::set<std::uint16_t> given;
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(given.insert(free_port()).second);
}

// As another laboratory's look for a free port finds it, before anybody listens there.
TEST(FreePort, StaysTakenUntilItsServerComes) {
  const std::uint16_t port = free_port();
  EXPECT_EQ(server_on(port, false), -1);
  EXPECT_TRUE(port_is_free(port)) << "nobody listens yet";
  for (int start = 0; start < 2; ++start) {  // and again after a crash
    const int server = server_on(port, true);
    ASSERT_GE(server, 0);
    EXPECT_FALSE(port_is_free(port));
    EXPECT_EQ(server_on(port, true), -1);
    ::close(server);
  }
}

}  // namespace
}  // namespace wanlab::emulation
