#include "real_components/hosting/socket_options.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace wanlab::hosting {
namespace {

template <typename Value>
void set(int descriptor, int level, int option, const Value& value) {
  // What a system does not know it does without.
  (void)::setsockopt(descriptor, level, option, &value, sizeof value);
}

}  // namespace

void tune(int descriptor, const SocketTuning& tuning) {
  set(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
  set(descriptor, IPPROTO_TCP, TCP_NOTSENT_LOWAT, static_cast<int>(tuning.kernel_unsent));
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(tuning.user_timeout).count();
  set(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<unsigned>(milliseconds));
  if (tuning.keepalive == Duration::zero()) return;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(tuning.keepalive).count();
  set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, static_cast<int>(seconds));
  set(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, 10);
  set(descriptor, IPPROTO_TCP, TCP_KEEPCNT, 3);
}

void reset_on_close(int descriptor) {
  set(descriptor, SOL_SOCKET, SO_LINGER, linger{1, 0});
}

bool torn_down(int descriptor) {
  pollfd poll{descriptor, 0, 0};
  return ::poll(&poll, 1, 0) > 0 && (poll.revents & (POLLERR | POLLHUP)) != 0;
}

int pending_error(int descriptor) {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  return error;
}

bool connected_to_itself(int descriptor) {
  sockaddr_storage here{}, there{};
  socklen_t here_size = sizeof here, there_size = sizeof there;
  return ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&here), &here_size) == 0 &&
         ::getpeername(descriptor, reinterpret_cast<sockaddr*>(&there), &there_size) == 0 &&
         here_size == there_size && std::memcmp(&here, &there, here_size) == 0;
}

int spare_descriptor() {
  return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

void close_descriptor(int& descriptor) {
  if (descriptor >= 0) ::close(descriptor);
  descriptor = -1;
}

std::uint64_t descriptor_limit() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

runtime::CloseReason reason_of(int error) {
  using runtime::CloseReason;
  switch (error) {
    case ECONNREFUSED:
      return CloseReason::refused;
    case ETIMEDOUT:
      return CloseReason::timed_out;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
    case EADDRNOTAVAIL:
    case EINVAL:
    case EACCES:
    case EPERM:
      return CloseReason::unreachable;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EAGAIN:  // no local port is left
      return CloseReason::overloaded;
    default:
      return CloseReason::reset;
  }
}

}  // namespace wanlab::hosting
