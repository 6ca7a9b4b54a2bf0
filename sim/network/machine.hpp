// What the transport needs of a host: where it stands, when its work leaves, whom to tell.
#pragma once

#include "real_components/runtime/runtime.hpp"
#include "sim/kernel/event.hpp"
#include "sim/network/endpoint.hpp"

#include <cstdint>
#include <string_view>

namespace wanlab::network {

enum class SynVerdict : std::uint8_t { take, drop, refuse };

// What every message touches stands first: with the vtable pointers it fills one cache line, and
// what a host adds to it right behind the cold rest begins the next.
class Machine {
 public:
  virtual ~Machine() = default;

  // Brackets around everything that happens on this host at one instant: between them, `leaves()`
  // says when what is sent now departs, given the CPU work queued on the host's cores.
  virtual void enter() = 0;
  virtual void leave() = 0;
  Instant leaves() const { return leaves_; }
  virtual void spend(runtime::Work work, std::uint32_t times) = 0;

  virtual SynVerdict on_syn(std::uint16_t port, bool& mutual_tls) = 0;
  // A half-open connection became an established one, or died.
  virtual void on_syn_completed(bool established) = 0;
  virtual void on_accept(EndpointId endpoint) = 0;
  virtual void on_connect(EndpointId endpoint) = 0;
  virtual void on_secure(EndpointId endpoint) = 0;
  virtual void on_data(EndpointId endpoint, ByteView bytes) = 0;
  virtual void on_writable(EndpointId endpoint) = 0;
  virtual void on_close(EndpointId endpoint, runtime::CloseReason reason) = 0;
  // Hints, as in runtime::Component::anticipate.
  virtual void anticipate(std::uint64_t /*cookie*/, bool /*soon*/) const {}
  // The slot of a connection is given back (for descriptor and memory accounting).
  virtual void on_released() = 0;

  kernel::Origin origin = 0;
  std::uint32_t index = 0;  // in the transport's table
  std::uint32_t site = 0, zone = 0;
  std::uint64_t name_hash = 0;
  std::uint64_t connections_opened = 0;

 protected:
  Instant leaves_{};
  bool worked_ = false;  // the running handler spent CPU

 public:
  bool down = false;  // frozen: hears nothing, answers nothing
  std::uint32_t syn_retransmissions = 0;
  std::uint64_t segments_lost = 0;
  std::string_view name;  // must outlive the machine
};

}  // namespace wanlab::network
