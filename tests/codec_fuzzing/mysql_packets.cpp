// MySQL packets, statements and answers: however the bytes are cut into chunks, the same packets
// come out; nothing is read beyond them; and what a writer wrote, a reader takes apart again.
#include "real_components/mysql/commands.hpp"
#include "real_components/mysql/packet.hpp"
#include "real_components/mysql/response_reader.hpp"
#include "real_components/mysql/responses.hpp"
#include "real_components/mysql/statement.hpp"
#include "tests/codec_fuzzing/target.hpp"

#include <vector>

using namespace wanlab;
using namespace wanlab::mysql;
using fuzzing::require;

namespace {

struct Seen {
  std::vector<Bytes> payloads;
  PacketStatus last = PacketStatus::incomplete;
  bool operator==(const Seen&) const = default;
};

Seen assemble(ByteView bytes, std::size_t chunk, const PacketLimits& limits) {
  Seen seen;
  PacketAssembler assembler;
  while (!bytes.empty()) {
    ByteView input = bytes.first(std::min(chunk, bytes.size()));
    bytes = bytes.subspan(input.size());
    while (true) {
      Packet packet;
      seen.last = assembler.next(input, limits, packet);
      if (seen.last == PacketStatus::incomplete) {
        require(input.empty(), "an incomplete packet uses up its chunk");
        break;
      }
      if (seen.last != PacketStatus::complete) return seen;
      require(packet.payload.size() <= limits.max_payload, "a packet keeps to its limit");
      seen.payloads.emplace_back(packet.payload.begin(), packet.payload.end());
    }
  }
  return seen;
}

void read_payload(ByteView payload) {
  PayloadReader reader(payload);
  while (reader.ok() && !reader.empty()) {
    const std::size_t before = reader.remaining();
    switch (before % 5) {
      case 0:
        reader.lenenc_bytes();
        break;
      case 1:
        reader.text_to_nul();
        break;
      case 2:
        reader.u32();
        break;
      case 3:
        reader.lenenc();
        break;
      default:
        reader.u16();
        break;
    }
    require(reader.remaining() < before, "a reader moves on or fails");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzzing::Input input(data, size);
  const std::uint8_t choice = input.byte();
  const std::size_t chunk = 1u + input.byte();
  const PacketLimits limits{.max_payload = (choice & 1) != 0 ? 64u : largest_payload};
  const ByteView bytes = input.rest();

  const Seen whole = assemble(bytes, bytes.size() + 1, limits);
  const Seen cut = assemble(bytes, chunk, limits);
  require(whole.payloads == cut.payloads, "chunks change no packet");

  ResponseReader reader((choice & 2) != 0 ? capability::deprecate_eof : 0);
  reader.start();
  PacketAssembler assembler;
  ByteView answer = bytes;
  reader.consume(assembler, answer);

  for (const Bytes& payload : whole.payloads) {
    read_payload(payload);
    kind_of(as_text(payload));
    Bytes written;
    PacketWriter writer(written, 7, lenenc_most + payload.size());
    writer.lenenc_text(as_text(payload));
    writer.finish();
    ByteView back = written;
    Packet packet;
    require(take_packet(back, {}, packet) == PacketStatus::complete && back.empty() &&
                packet.sequence == 7,
            "what was written is one whole packet");
    PayloadReader again(packet.payload);
    const ByteView text = again.lenenc_bytes();
    require(again.ok() && again.empty() &&
                std::equal(text.begin(), text.end(), payload.begin(), payload.end()),
            "what was written is read back");
  }
  return 0;
}
