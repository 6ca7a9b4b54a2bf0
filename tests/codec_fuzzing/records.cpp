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

// The fixed layouts that every statement carries.
void round_trip_requests(ByteView bytes) {
  if (const auto request = read_query(bytes)) {
    Bytes encoded;
    append_query_header(encoded, static_cast<RequestKind>(bytes[0]), request->header);
    append(encoded, request->command);
    require(encoded.size() == bytes.size(), "a request is as long as it was");
    const auto again = read_query(encoded);
    require(again && again->header.session == request->header.session &&
                again->header.schema == request->header.schema &&
                again->header.settings == request->header.settings &&
                again->header.settings_after == request->header.settings_after &&
                again->header.flags == request->header.flags &&
                again->header.grant.seal == request->header.grant.seal &&
                as_text(again->command) == as_text(request->command),
            "an encoded request reads as the same");
  }
  if (const auto refusal = read_refusal(bytes)) {
    Bytes encoded;
    append_refusal(encoded, *refusal);
    const auto again = read_refusal(encoded);
    require(again && again->code == refusal->code && again->message == refusal->message &&
                again->sqlstate == refusal->sqlstate && again->close == refusal->close,
            "an encoded refusal reads as the same");
  }
  if (const auto ending = read_ending(bytes)) {
    Bytes encoded;
    append_ending(encoded, *ending);
    const auto again = read_ending(ByteView(encoded).subspan(frame_head_size));
    require(again && again->status == ending->status && again->pinned == ending->pinned &&
                again->last_insert_id == ending->last_insert_id && again->schema == ending->schema,
            "an encoded ending reads as the same");
  }
  if (const auto kill = read_kill(bytes)) {
    Bytes encoded;
    append_kill(encoded, *kill);
    const auto again = read_kill(encoded);
    require(again && again->connection_id == kill->connection_id &&
                again->connection == kill->connection,
            "an encoded kill reads as the same");
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
      round_trip_requests(bytes);
      break;
    default:
      frames(bytes, 1u + choice / 8);
      break;
  }
  return 0;
}
