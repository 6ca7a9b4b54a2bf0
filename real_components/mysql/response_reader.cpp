// Where the answer to a command ends.
#include "real_components/mysql/response_reader.hpp"

#include "real_components/mysql/responses.hpp"

#include <limits>

namespace wanlab::mysql {

void ResponseReader::start() {
  const bool deprecate_eof = deprecate_eof_;
  *this = ResponseReader(0);
  deprecate_eof_ = deprecate_eof;
}

ResponseProgress ResponseReader::on_packet(std::uint8_t sequence, ByteView payload) {
  if (phase_ == Phase::complete || sequence != next_sequence_) return fail();
  ++next_sequence_;
  // Only rows can be that long; what continues a row is told by its place alone.
  const bool continues_row = continuation_;
  continuation_ = payload.size() == largest_payload;
  if (continues_row) return ResponseProgress::more;
  if (payload.empty()) return fail();

  switch (phase_) {
    case Phase::first:
      return on_first(payload);
    case Phase::columns:
      if (is_err(payload)) return on_error(payload);
      if (--columns_left_ == 0) phase_ = deprecate_eof_ ? Phase::rows : Phase::columns_end;
      return ResponseProgress::more;
    case Phase::columns_end:
      if (is_err(payload)) return on_error(payload);
      if (!parse_eof(payload)) return fail();
      phase_ = Phase::rows;
      return ResponseProgress::more;
    case Phase::rows:
      if (is_err(payload)) return on_error(payload);
      if (deprecate_eof_) {
        // A row with 0xfe in front begins with a value of 2^24 bytes or more, so it fills its
        // packet.
        if (payload[0] == std::byte{0xfe} && payload.size() < largest_payload) {
          const auto ok = parse_ok(payload);
          return ok ? on_end(Kind::result_set, ok->status) : fail();
        }
      } else if (is_eof(payload)) {
        const auto eof = parse_eof(payload);
        return eof ? on_end(Kind::result_set, eof->status) : fail();
      }
      if (rows_ != std::numeric_limits<std::uint32_t>::max()) ++rows_;
      return ResponseProgress::more;
    case Phase::complete:
    case Phase::malformed:
      break;
  }
  return fail();
}

ResponseProgress ResponseReader::consume(PacketAssembler& assembler, ByteView& input,
                                         std::uint32_t max_payload) {
  const PacketLimits limits{.max_payload = max_payload};
  Packet packet;
  for (;;) {
    const PacketStatus status = assembler.next(input, limits, packet);
    if (status == PacketStatus::incomplete) return ResponseProgress::more;
    if (status != PacketStatus::complete) return fail();
    const ResponseProgress progress = on_packet(packet.sequence, packet.payload);
    if (progress != ResponseProgress::more) return progress;
  }
}

ResponseProgress ResponseReader::fail() {
  phase_ = Phase::malformed;
  return ResponseProgress::malformed;
}

ResponseProgress ResponseReader::on_first(ByteView payload) {
  if (is_err(payload)) return on_error(payload);
  if (payload[0] == std::byte{0}) {
    const auto ok = parse_ok(payload);
    return ok ? on_end(Kind::ok, ok->status) : fail();
  }
  // 0xfb is no number: a request for a file of the client's (LOAD DATA LOCAL), never negotiated.
  PayloadReader reader(payload);
  const std::uint64_t count = reader.lenenc();
  if (!reader.ok() || !reader.empty() || count == 0 ||
      count > std::numeric_limits<std::uint16_t>::max()) {
    return fail();
  }
  columns_ = static_cast<std::uint16_t>(count);
  columns_left_ = columns_;
  phase_ = Phase::columns;
  return ResponseProgress::more;
}

ResponseProgress ResponseReader::on_end(Kind kind, StatusFlags status) {
  kind_ = kind;
  status_ = status;
  if ((status & status::more_results) != 0) {
    phase_ = Phase::first;
    return ResponseProgress::more;
  }
  phase_ = Phase::complete;
  return ResponseProgress::complete;
}

ResponseProgress ResponseReader::on_error(ByteView payload) {
  const auto error = parse_err(payload);
  if (!error) return fail();
  kind_ = Kind::error;
  error_code_ = error->code;
  phase_ = Phase::complete;
  return ResponseProgress::complete;
}

}  // namespace wanlab::mysql
