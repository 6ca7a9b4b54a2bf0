// The few things Asio has no words for, said to the system directly.
#pragma once

#include "real_components/runtime/runtime.hpp"

#include <cstdint>

namespace wanlab::hosting {

struct SocketTuning {
  Duration user_timeout{};      // of unacknowledged data
  Duration keepalive{};         // idle time before probes; zero: none
  std::uint32_t kernel_unsent;  // TCP_NOTSENT_LOWAT
};

// No delay, and the above. Sockets accepted from a listening one inherit all of it.
void tune(int descriptor, const SocketTuning& tuning);
// Closing will send RST and forget what is unsent.
void reset_on_close(int descriptor);
// The peer, or the system, tore the connection down.
bool torn_down(int descriptor);
int pending_error(int descriptor);  // and clears it
// Whether a connection has come to itself, as connecting to a free local port may.
bool connected_to_itself(int descriptor);

// Held back so that one connection can be taken when all others are used up. -1 without one.
int spare_descriptor();
void close_descriptor(int& descriptor);
inline void close_descriptor(int&& descriptor) {
  close_descriptor(descriptor);
}
// Of this process.
std::uint64_t descriptor_limit();
// Raises the limit as far as the system lets.
void raise_descriptor_limit();

runtime::CloseReason reason_of(int error);

}  // namespace wanlab::hosting
