// A packet capture of a simulated link, as a probe beside one of its ends would make it: TCP over
// IPv6 as pcapng (https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-02.html).
//
// The payload of TLS is represented in the simulation, not encrypted: it is written in the clear
// and the flights of the TLS handshake are left out. A MySQL login is told as if TLS had not been
// asked for (without SSLRequest, the flag and its place in the numbering), or no tool would look
// further.
#pragma once

#include "sim/network/tap.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace wanlab::trace {

class LinkCapture : public network::Tap {
 public:
  using Choice = std::function<bool(std::string_view host)>;

  // The probe stands beside the hosts that `near` chooses; `far` chooses who they talk to.
  LinkCapture(Choice near, Choice far) : near_(std::move(near)), far_(std::move(far)) {}

  void passes(const network::Segment& segment) override;

  std::size_t packets() const { return packets_.size(); }
  // The file. `comment` stands in its head.
  std::string pcapng(std::string_view comment) const;

 private:
  struct Side {
    std::string host;
    std::uint64_t name_hash = 0;
    std::uint16_t port = 0;
  };
  // What is left to do to the packets of a login that asked for TLS.
  enum class Login : std::uint8_t { greeting, request, after_request, done };
  struct Connection {
    Side client, server;
    bool near_client = false;  // the probe's side
    Login login = Login::greeting;
    bool renumber = false;
  };
  struct Packet {
    std::uint64_t connection = 0;
    bool from_server = false;
    network::MessageKind kind{};
    std::string payload;
    std::int64_t departs = 0, arrives = 0;
  };

  Connection* connection_of(const network::Segment& segment);
  static std::string without_tls(Connection& connection, bool from_server, std::string payload);

  Choice near_, far_;
  std::map<std::uint64_t, Connection> connections_;
  std::vector<Packet> packets_;
};

}  // namespace wanlab::trace
