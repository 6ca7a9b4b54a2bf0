// Packets: golden headers, limits judged from the header, streams cut anywhere, long payloads.
#include "real_components/mysql/packet.hpp"
#include "tests/mysql/protocol.hpp"

#include <gtest/gtest.h>

namespace wanlab::mysql {
namespace {

using test::from_hex;
using test::to_hex;

TEST(TakePacket, GivesAViewAndLeavesTheRest) {
  const Bytes stream = from_hex("03 00 00 05 61 62 63 01 00 00 00 0e");
  ByteView input = stream;
  Packet packet;
  ASSERT_EQ(take_packet(input, {}, packet), PacketStatus::complete);
  EXPECT_EQ(packet.sequence, 5);
  EXPECT_EQ(packet.payload.data(), stream.data() + 4);
  EXPECT_EQ(as_text(packet.payload), "abc");
  EXPECT_EQ(input.size(), 5U);
  ASSERT_EQ(take_packet(input, {}, packet), PacketStatus::complete);
  EXPECT_EQ(to_hex(packet.payload), "0e");
  EXPECT_TRUE(input.empty());
}

TEST(TakePacket, WaitsForHeaderAndPayload) {
  const Bytes stream = from_hex("03 00 00 00 61 62 63");
  for (std::size_t size = 0; size < stream.size(); ++size) {
    ByteView input = ByteView(stream).first(size);
    Packet packet;
    EXPECT_EQ(take_packet(input, {}, packet), PacketStatus::incomplete);
    EXPECT_EQ(input.size(), size);
  }
}

TEST(TakePacket, AnEmptyPayloadIsAPacket) {
  const Bytes stream = from_hex("00 00 00 03");
  ByteView input = stream;
  Packet packet;
  ASSERT_EQ(take_packet(input, {}, packet), PacketStatus::complete);
  EXPECT_TRUE(packet.payload.empty());
}

TEST(TakePacket, JudgesTheHeaderBeforeThePayloadIsThere) {
  Packet packet;
  const auto judge = [&](std::string_view hex, const PacketLimits& limits) {
    const Bytes stream = from_hex(hex);
    ByteView input = stream;
    return take_packet(input, limits, packet);
  };
  EXPECT_EQ(judge("01 04 00 00", {.max_payload = 1024}), PacketStatus::too_large);
  EXPECT_EQ(judge("00 04 00 00", {.max_payload = 1024}), PacketStatus::incomplete);
  EXPECT_EQ(judge("00 00 00 00", {.min_payload = 1}), PacketStatus::bad_length);
  EXPECT_EQ(judge("01 00 00 01", {.sequence = 0}), PacketStatus::wrong_sequence);
  EXPECT_EQ(judge("01 00 00 ff", {.sequence = 255}), PacketStatus::incomplete);
  // "GET / HTTP/1.1": not an enormous packet but one out of sequence.
  EXPECT_EQ(judge("47 45 54 20", {.max_payload = 1024, .sequence = 1}),
            PacketStatus::wrong_sequence);
}

TEST(PacketErrors, AreWhatAMySqlServerWouldSay) {
  EXPECT_EQ(error_of(PacketStatus::too_large).number, 1153);
  EXPECT_EQ(error_of(PacketStatus::wrong_sequence).number, 1156);
  EXPECT_EQ(error_of(PacketStatus::bad_length).number, 1835);
}

TEST(PacketAssembler, GivesTheSamePacketsWhereverTheStreamIsCut) {
  const Bytes stream = from_hex("03000000616263 00000001 0100000264 05000003 6566676869");
  for (std::size_t first = 0; first <= stream.size(); ++first) {
    for (std::size_t second = first; second <= stream.size(); ++second) {
      PacketAssembler assembler;
      std::string found;
      const ByteView all = stream;
      for (ByteView chunk :
           {all.first(first), all.subspan(first, second - first), all.subspan(second)}) {
        Packet packet;
        while (assembler.next(chunk, {}, packet) == PacketStatus::complete) {
          found += std::to_string(packet.sequence) + std::string(as_text(packet.payload)) + "|";
        }
        EXPECT_TRUE(chunk.empty());
      }
      EXPECT_EQ(found, "0abc|1|2d|3efghi|") << first << " " << second;
      EXPECT_EQ(assembler.pending(), 0U);
    }
  }
}

TEST(PacketAssembler, LeavesBytesBehindThePacketAlone) {
  // The SSLRequest comes in two pieces and a ClientHello follows in the second.
  Bytes request;
  write_ssl_request(request, 1, {});
  PacketAssembler assembler;
  Packet packet;
  ByteView input = ByteView(request).first(10);
  EXPECT_EQ(assembler.next(input, {}, packet), PacketStatus::incomplete);
  EXPECT_EQ(assembler.pending(), 10U);
  const Bytes rest = test::concatenated(ByteView(request).subspan(10), as_bytes("\x16\x03\x01"));
  input = rest;
  ASSERT_EQ(assembler.next(input, {}, packet), PacketStatus::complete);
  EXPECT_EQ(packet.payload.size(), ssl_request_size);
  EXPECT_EQ(as_text(input), "\x16\x03\x01");
}

TEST(PacketAssembler, RefusesFromTheHeaderEvenWhenItComesByteByByte) {
  PacketAssembler assembler;
  const Bytes header = from_hex("ff ff ff 00");
  Packet packet;
  for (std::size_t i = 0; i < 4; ++i) {
    ByteView input = ByteView(header).subspan(i, 1);
    EXPECT_EQ(assembler.next(input, {.max_payload = 100}, packet),
              i < 3 ? PacketStatus::incomplete : PacketStatus::too_large);
  }
}

TEST(PacketWriter, SplitsAPayloadOfTwoToThe24MinusOneAndMore) {
  for (const std::size_t extra : {0U, 1U, 5U}) {
    const std::string text(largest_payload + extra, 'q');
    Bytes out = from_hex("aa");
    PacketWriter writer(out, 255, text.size());
    writer.text(text);
    EXPECT_EQ(writer.finish(), 1);
    const auto packets = test::packets_of(ByteView(out).subspan(1));
    ASSERT_EQ(packets.size(), 2U);
    EXPECT_EQ(packets[0].sequence, 255);
    EXPECT_EQ(packets[1].sequence, 0);
    EXPECT_EQ(packets[0].payload.size(), largest_payload);
    EXPECT_TRUE(Packet({0, packets[0].payload}).continues());
    EXPECT_EQ(as_text(packets[1].payload), text.substr(0, extra));
  }
}

TEST(LengthEncodedInteger, TakesTheShortestFormAndReadsBack) {
  const auto written = [](std::uint64_t value) {
    Bytes out;
    PacketWriter writer(out, 0, lenenc_most);
    writer.lenenc(value);
    writer.finish();
    out.erase(out.begin(), out.begin() + 4);
    PayloadReader reader(out);
    EXPECT_EQ(reader.lenenc(), value);
    EXPECT_TRUE(reader.ok() && reader.empty());
    return to_hex(out);
  };
  EXPECT_EQ(written(0), "00");
  EXPECT_EQ(written(250), "fa");
  EXPECT_EQ(written(251), "fcfb00");
  EXPECT_EQ(written(65535), "fcffff");
  EXPECT_EQ(written(65536), "fd000001");
  EXPECT_EQ(written(0xffffff), "fdffffff");
  EXPECT_EQ(written(0x1000000), "fe0000000100000000");
}

TEST(PayloadReader, FailsOnceAndForAllBeyondTheEnd) {
  for (const char* bad : {"fb", "ff", "fc01", "fdffff", "fe00000000000000", "05616263"}) {
    const Bytes payload = from_hex(bad);
    PayloadReader reader(payload);
    reader.lenenc_bytes();
    EXPECT_FALSE(reader.ok()) << bad;
    EXPECT_EQ(reader.u8(), 0);
    EXPECT_TRUE(reader.rest().empty());
    EXPECT_FALSE(reader.ok());
  }
  // A length near 2^64 must not wrap around.
  const Bytes huge = from_hex("fe ffffffffffffffff 61");
  PayloadReader reader(huge);
  EXPECT_TRUE(reader.lenenc_bytes().empty());
  EXPECT_FALSE(reader.ok());
  const Bytes unterminated = from_hex("616263");
  PayloadReader text(unterminated);
  text.text_to_nul();
  EXPECT_FALSE(text.ok());
}

}  // namespace
}  // namespace wanlab::mysql
