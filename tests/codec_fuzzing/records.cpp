// Records and messages of the control plane: what decodes also encodes, and decodes to the same
// again.
#include "real_components/wire/records.hpp"
#include "real_components/wire/auth.hpp"
#include "real_components/wire/frame.hpp"
#include "real_components/wire/grant.hpp"
#include "real_components/wire/store.hpp"
#include "tests/codec_fuzzing/target.hpp"

using namespace wanlab;
using namespace wanlab::wire;
using fuzzing::require;

namespace {

template <typename Record>
void round_trip(ByteView bytes) {
  Record record;
  if (!decode(bytes, record)) return;
  Bytes encoded;
  encode(record, encoded);
  Record again;
  require(decode(encoded, again), "what was encoded decodes");
  require(record == again, "and to the same");
}

void round_trip_auth(ByteView bytes) {
  AuthCodec codec, other;
  AuthRequest request;
  if (codec.decode(bytes, request)) {
    Bytes encoded;
    other.encode(request, encoded);
    AuthRequest again;
    AuthCodec third;
    require(third.decode(encoded, again), "an encoded request decodes");
    require(again.user == request.user && again.session == request.session, "and to the same");
  }
  AuthReply reply;
  if (codec.decode(bytes, reply)) {
    Bytes encoded;
    other.encode(reply, encoded);
    AuthReply again;
    require(codec.decode(encoded, again), "an encoded reply decodes");
  }
}

void frames(ByteView bytes, std::size_t chunk) {
  FrameReader reader(1024);
  while (!bytes.empty()) {
    const ByteView part = bytes.first(std::min(chunk, bytes.size()));
    bytes = bytes.subspan(part.size());
    reader.feed(part);
    while (const auto message = reader.next()) {
      require(message->size() <= 1024, "a message keeps to its limit");
    }
    if (reader.too_large()) return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzzing::Input input(data, size);
  const std::uint8_t choice = input.byte();
  const ByteView bytes = input.rest();
  switch (choice % 8) {
    case 0:
      round_trip<Route>(bytes);
      break;
    case 1:
      round_trip<Credential>(bytes);
      break;
    case 2:
      round_trip<OriginRecord>(bytes);
      break;
    case 3:
      round_trip<StoreRequestMessage>(bytes);
      break;
    case 4:
      round_trip<StoreResponseMessage>(bytes);
      break;
    case 5:
      round_trip_auth(bytes);
      break;
    case 6:
      read_query(bytes);
      read_refusal(bytes);
      break;
    default:
      frames(bytes, 1u + choice / 8);
      break;
  }
  return 0;
}
