#include "real_components/mysql/answer_follower.hpp"

#include "real_components/mysql/packet.hpp"
#include "real_components/mysql/responses.hpp"

#include <algorithm>

namespace wanlab::mysql {
namespace {

// Kinds of session changes within an OK (MySQL 8 internals, "OK_Packet"); MariaDB has the same.
constexpr std::uint8_t tracked_schema = 1;
constexpr std::uint8_t tracked_change = 2;

// An OK with more than this of messages and session changes is not one.
constexpr std::uint32_t longest_whole = 1 << 20;

}  // namespace

AnswerForm form_of(CommandKind command) {
  switch (command) {
    case CommandKind::statement_prepare:
      return AnswerForm::prepared;
    case CommandKind::statement_fetch:
    case CommandKind::field_list:
      return AnswerForm::rows;
    case CommandKind::statistics:
    case CommandKind::set_option:
      return AnswerForm::single;
    case CommandKind::statement_close:
    case CommandKind::statement_send_long_data:
    case CommandKind::quit:
      return AnswerForm::nothing;
    default:
      return AnswerForm::results;
  }
}

void AnswerFollower::start(AnswerForm form, bool deprecate_eof, bool tracking) {
  form_ = form;
  deprecate_eof_ = deprecate_eof;
  tracking_ = tracking;
  phase_ = form == AnswerForm::rows ? Phase::rows : Phase::first;
  if (form == AnswerForm::nothing) phase_ = Phase::complete;
  kind_ = Kind::none;
  held_.clear();
  left_ = rows_ = 0;
  error_code_ = warnings_ = 0;
  affected_rows_ = 0;
  begun_ = inserted_ = session_changed_ = schema_changed_ = continuation_ = false;
}

ResponseProgress AnswerFollower::fail() {
  phase_ = Phase::malformed;
  return ResponseProgress::malformed;
}

ResponseProgress AnswerFollower::finish() {
  phase_ = Phase::complete;
  return ResponseProgress::complete;
}

bool AnswerFollower::wants_whole(std::byte first, std::uint32_t size) const {
  if (continuation_) return false;
  if (first == std::byte{0xff}) return true;
  switch (phase_) {
    case Phase::first:
    case Phase::columns_end:
    case Phase::parameters_end:
    case Phase::prepared_columns_end:
      return true;
    case Phase::rows:
      // A row with 0xfe in front begins with a value of 2^24 bytes or more, so it fills its packet.
      return first == std::byte{0xfe} && (deprecate_eof_ ? size < largest_payload : size < 9);
    default:
      return false;
  }
}

ResponseProgress AnswerFollower::consume(ByteView& input, Bytes& scratch, ByteView& pass) {
  const ByteView all = input;
  std::size_t at = 0;    // how far it is understood
  std::size_t from = 0;  // what lies before is in `scratch`, or held back
  ResponseProgress progress = ResponseProgress::more;
  scratch.clear();
  if (phase_ == Phase::complete || phase_ == Phase::malformed) {
    pass = {};
    return all.empty() ? ResponseProgress::more : fail();
  }
  begun_ = begun_ || !all.empty();
  while (progress == ResponseProgress::more && at < all.size()) {
    if (left_ != 0) {
      const std::size_t taken = std::min<std::size_t>(left_, all.size() - at);
      left_ -= static_cast<std::uint32_t>(taken);
      at += taken;
      if (left_ == 0) progress = on_passing();
      continue;
    }
    // The beginning of a packet, of which some may be held from before.
    const auto hold = [&](std::size_t size) {
      const std::size_t taken = std::min(size - held_.size(), all.size() - at);
      append(held_, all.subspan(at, taken));
      at += taken;
      from = at;
      return held_.size() == size;
    };
    const bool holding = !held_.empty();
    if (holding || all.size() - at < packet_header_size + 1) {
      if (!holding) append(scratch, all.subspan(from, at - from));
      if (held_.size() < packet_header_size && !hold(packet_header_size)) break;
      const std::uint32_t size = load_little_endian<std::uint32_t>(held_.data()) & largest_payload;
      if (size != 0 && held_.size() == packet_header_size && !hold(packet_header_size + 1)) break;
      const std::byte first = size == 0 ? std::byte{0} : held_[packet_header_size];
      if (size != 0 && wants_whole(first, size)) {
        if (size > longest_whole) {
          progress = fail();
          break;
        }
        if (!hold(packet_header_size + size)) break;
        const Bytes packet = std::move(held_);
        held_.clear();
        const std::size_t before = scratch.size();
        progress = on_packet(static_cast<std::uint8_t>(packet[3]),
                             ByteView(packet).subspan(packet_header_size), scratch);
        if (scratch.size() == before) append(scratch, ByteView(packet));
      } else {
        append(scratch, ByteView(held_));
        left_ = size - static_cast<std::uint32_t>(size == 0 ? 0 : 1);
        continuation_ = size == largest_payload;
        held_.clear();
        if (left_ == 0) progress = on_passing();
      }
      continue;
    }
    const std::uint32_t size = load_little_endian<std::uint32_t>(&all[at]) & largest_payload;
    if (size != 0 && wants_whole(all[at + packet_header_size], size)) {
      if (size > longest_whole) {
        progress = fail();
      } else if (all.size() - at - packet_header_size < size) {
        append(scratch, all.subspan(from, at - from));
        hold(packet_header_size + size);
      } else {
        Bytes changed;
        progress = on_packet(static_cast<std::uint8_t>(all[at + 3]),
                             all.subspan(at + packet_header_size, size), changed);
        const std::size_t end = at + packet_header_size + size;
        if (!changed.empty()) {
          append(scratch, all.subspan(from, at - from));
          append(scratch, ByteView(changed));
          from = end;
        }
        at = end;
      }
      continue;
    }
    continuation_ = size == largest_payload;
    at += packet_header_size;
    left_ = size;
    if (left_ == 0) progress = on_passing();
  }
  if (from == 0) {
    pass = all.first(at);
  } else {
    append(scratch, all.subspan(from, at - from));
    pass = scratch;
  }
  input = all.subspan(at);
  return progress;
}

// The end of a packet that nobody had to look at.
ResponseProgress AnswerFollower::on_passing() {
  switch (phase_) {
    case Phase::columns:
      if (--columns_left_ == 0) phase_ = deprecate_eof_ ? Phase::rows : Phase::columns_end;
      return ResponseProgress::more;
    case Phase::parameters:
      if (--parameters_left_ != 0) return ResponseProgress::more;
      if (!deprecate_eof_) {
        phase_ = Phase::parameters_end;
        return ResponseProgress::more;
      }
      after_parameters();
      return phase_ == Phase::complete ? finish() : ResponseProgress::more;
    case Phase::prepared_columns:
      if (--columns_left_ != 0) return ResponseProgress::more;
      if (deprecate_eof_) return finish();
      phase_ = Phase::prepared_columns_end;
      return ResponseProgress::more;
    case Phase::rows:
      if (!continuation_ && rows_ != 0xffffffff) ++rows_;
      return ResponseProgress::more;
    default:
      return fail();
  }
}

ResponseProgress AnswerFollower::on_packet(std::uint8_t sequence, ByteView payload,
                                           Bytes& changed) {
  if (form_ == AnswerForm::single) {
    if (is_err(payload)) return on_error(payload);
    kind_ = Kind::ok;
    return finish();
  }
  if (is_err(payload)) return on_error(payload);
  switch (phase_) {
    case Phase::first:
      return form_ == AnswerForm::prepared ? on_prepared(payload)
                                           : on_first(payload, sequence, changed);
    case Phase::columns_end: {
      const auto eof = take_eof(payload, sequence, changed);
      if (!eof) return fail();
      if ((eof->status & status::cursor_exists) != 0) {
        warnings_ = eof->warnings;
        return on_status(Kind::result_set, eof->status);
      }
      phase_ = Phase::rows;
      return ResponseProgress::more;
    }
    case Phase::parameters_end:
      if (!take_eof(payload, sequence, changed)) return fail();
      after_parameters();
      return phase_ == Phase::complete ? finish() : ResponseProgress::more;
    case Phase::prepared_columns_end:
      return take_eof(payload, sequence, changed) ? finish() : fail();
    case Phase::rows: {
      // Too short for an OK: some commands are answered with an EOF all the same.
      if (deprecate_eof_ && payload.size() > 5) {
        return on_ok(payload, sequence, Kind::result_set, changed);
      }
      const auto eof = take_eof(payload, sequence, changed);
      if (!eof) return fail();
      warnings_ = eof->warnings;
      return on_status(Kind::result_set, eof->status);
    }
    default:
      return fail();
  }
}

// An EOF can tell that something changed, but not what.
std::optional<EofFields> AnswerFollower::take_eof(ByteView payload, std::uint8_t sequence,
                                                  Bytes& changed) {
  auto eof = parse_eof(payload);
  if (eof && (eof->status & status::session_state_changed) != 0) {
    session_changed_ = true;
    eof->status = static_cast<StatusFlags>(eof->status & ~status::session_state_changed);
    write_eof(changed, sequence, *eof);
  }
  return eof;
}

ResponseProgress AnswerFollower::on_first(ByteView payload, std::uint8_t sequence, Bytes& changed) {
  if (payload[0] == std::byte{0}) return on_ok(payload, sequence, Kind::ok, changed);
  // 0xfb is no number: a request for a file of the client's (LOAD DATA LOCAL), never negotiated.
  // 0xfe alone is an EOF, with which some commands answer.
  if (const auto eof = parse_eof(payload)) return on_status(Kind::ok, eof->status);
  PayloadReader reader(payload);
  const std::uint64_t count = reader.lenenc();
  if (!reader.ok() || !reader.empty() || count == 0 || count > 0xffff) return fail();
  columns_left_ = static_cast<std::uint16_t>(count);
  rows_ = 0;
  phase_ = Phase::columns;
  return ResponseProgress::more;
}

ResponseProgress AnswerFollower::on_prepared(ByteView payload) {
  PayloadReader reader(payload);
  if (reader.u8() != 0) return fail();
  prepared_statement_ = reader.u32();
  columns_left_ = reader.u16();
  parameters_left_ = reader.u16();
  if (!reader.empty()) reader.u8();
  if (!reader.empty()) warnings_ = reader.u16();
  if (!reader.ok()) return fail();
  kind_ = Kind::ok;
  if (parameters_left_ != 0) {
    phase_ = Phase::parameters;
    return ResponseProgress::more;
  }
  after_parameters();
  return phase_ == Phase::complete ? finish() : ResponseProgress::more;
}

void AnswerFollower::after_parameters() {
  phase_ = columns_left_ != 0 ? Phase::prepared_columns : Phase::complete;
}

ResponseProgress AnswerFollower::on_ok(ByteView payload, std::uint8_t sequence, Kind kind,
                                       Bytes& changed) {
  auto ok = parse_ok(payload);
  if (!ok) return fail();
  warnings_ = ok->warnings;
  affected_rows_ = ok->affected_rows;
  inserted_ = inserted_ || ok->last_insert_id != 0;
  const StatusFlags said = ok->status;
  if ((said & status::session_state_changed) != 0) {
    Bytes kept;
    PayloadReader reader(ok->session_state);
    while (reader.ok() && !reader.empty()) {
      const std::uint8_t type = reader.u8();
      const ByteView data = reader.lenenc_bytes();
      if (type == tracked_change) {
        session_changed_ = true;
        continue;
      }
      if (type == tracked_schema) {
        PayloadReader name(data);
        schema_ = as_text(name.lenenc_bytes());
        schema_changed_ = true;
      }
      kept.push_back(static_cast<std::byte>(type));
      // Its length in the form it came in.
      const std::size_t size = data.size();
      if (size < 0xfb) {
        kept.push_back(static_cast<std::byte>(size));
      } else {
        kept.push_back(std::byte{0xfd});
        for (unsigned i = 0; i < 3; ++i) {
          kept.push_back(static_cast<std::byte>((size >> (8 * i)) & 0xff));
        }
      }
      append(kept, data);
    }
    if (!reader.ok()) return fail();
    const bool leave = tracking_ && !kept.empty();
    if (!leave) {
      ok->status = static_cast<StatusFlags>(said & ~status::session_state_changed);
      kept.clear();
    }
    ok->session_state = kept;
    if (payload[0] == std::byte{0xfe}) {
      write_ok_as_eof(changed, sequence, *ok);
    } else {
      write_ok(changed, sequence, *ok);
    }
  }
  return on_status(kind, said);
}

ResponseProgress AnswerFollower::on_status(Kind kind, StatusFlags status) {
  kind_ = kind;
  status_ = status;
  if ((status & status::more_results) != 0) {
    phase_ = Phase::first;
    return ResponseProgress::more;
  }
  return finish();
}

ResponseProgress AnswerFollower::on_error(ByteView payload) {
  const auto error = parse_err(payload);
  if (!error) return fail();
  kind_ = Kind::error;
  error_code_ = error->code;
  return finish();
}

}  // namespace wanlab::mysql
