// A path of the simulated WAN on loopback: a TCP relay that delivers what it reads after the path's
// delay, and that can be slowed, cut and healed while it runs. It never looks into the bytes.
//
// It works on streams, not packets: the kernels on both sides acknowledge at once, so that a cut is
// silent to TCP itself (no user timeout fires) and only who waits for answers can notice it.
#pragma once

#include "real_components/runtime/time.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <set>
#include <string>

namespace wanlab::emulation {

// How one direction of a path behaves.
struct Shaping {
  Duration delay{};                   // one way
  std::uint64_t bits_per_second = 0;  // 0: unlimited
  // Of segments of 1448 bytes, independently. A lost one and all behind it arrive one round trip,
  // or at least 200 ms (TCP's minimum timeout in Linux) later.
  double loss = 0;
};

enum class Cut : std::uint8_t {
  none,
  silent,  // nothing arrives any more; what was sent arrives after the path has healed
  reset,   // connections break, and new ones are reset
};

struct RelayOptions {
  std::string name;  // of the path, for listings: "edge-1.iad > us-east-1"
  boost::asio::ip::tcp::endpoint target;
  std::string listen_address = "127.0.0.1";
  std::uint16_t listen_port = 0;  // 0: the system chooses
  Shaping forward, backward;      // towards the target, and back
  std::uint64_t seed = 1;         // of the losses
  // What one direction of a connection holds before it stops reading; a path of 1 Gbit/s and 100 ms
  // holds 12.5 MB, more than that only fills this process.
  std::size_t most_in_flight = std::size_t{16} << 20;
};

struct RelayFigures {
  std::uint64_t connections = 0;  // since the start
  std::uint64_t open = 0;
  std::array<std::uint64_t, 2> bytes{};  // delivered: forward, backward
};

// Lives in one thread: that which runs the context. Throws boost::system::system_error when it
// cannot listen.
class Relay {
 public:
  enum Direction : std::uint8_t { forward = 0, backward = 1 };

  Relay(boost::asio::io_context& context, RelayOptions options);
  // Resets every connection.
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  const std::string& name() const { return options_.name; }
  std::uint16_t port() const { return port_; }
  const Shaping& shaping(Direction direction) const { return shaping_[direction]; }
  Cut cut(Direction direction) const { return cut_[direction]; }
  RelayFigures figures() const;

  // From now on; what is under way keeps the time it was given, and order is kept.
  void shape(Direction direction, const Shaping& shaping);
  // One direction can only be silent; a reset concerns both.
  void cut_silently(Direction direction) { cut_[direction] = Cut::silent; }
  void cut_with_reset();
  void heal();

 private:
  class Link;
  friend class Link;

  void accept();

  boost::asio::io_context& context_;
  RelayOptions options_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>();  // expires with this object
  boost::asio::ip::tcp::acceptor acceptor_;
  std::uint16_t port_ = 0;
  std::array<Shaping, 2> shaping_;
  std::array<Cut, 2> cut_{};
  std::set<std::shared_ptr<Link>> links_;
  std::uint64_t connections_ = 0;
  std::array<std::uint64_t, 2> bytes_{};
  std::uint64_t draws_ = 0;
};

}  // namespace wanlab::emulation
