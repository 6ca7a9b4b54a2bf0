// Small helpers for protocol tests: packets out of buffers, a fixed nonce, a client's first packet.
#pragma once

#include "real_components/mysql/handshake_messages.hpp"
#include "real_components/mysql/packet.hpp"
#include "real_components/mysql/proof.hpp"
#include "tests/crypto/hex.hpp"

#include <gtest/gtest.h>
#include <random>
#include <string>
#include <vector>

namespace wanlab::test {

// A packet that owns its bytes.
struct OwnedPacket {
  std::uint8_t sequence = 0;
  Bytes payload;
};

inline std::vector<OwnedPacket> packets_of(ByteView stream) {
  std::vector<OwnedPacket> packets;
  mysql::Packet packet;
  while (mysql::take_packet(stream, {}, packet) == mysql::PacketStatus::complete) {
    packets.push_back({packet.sequence, Bytes(packet.payload.begin(), packet.payload.end())});
  }
  EXPECT_TRUE(stream.empty()) << "half a packet";
  return packets;
}

inline mysql::Nonce test_nonce() {
  mysql::Nonce nonce;
  for (std::size_t i = 0; i < nonce.size(); ++i) nonce[i] = static_cast<std::byte>(i + 1);
  return nonce;
}

inline Bytes concatenated(ByteView first, ByteView second) {
  Bytes all(first.begin(), first.end());
  append(all, second);
  return all;
}

inline constexpr std::string_view test_password = "secret";

}  // namespace wanlab::test
