// Commands too long to be kept: their packets are passed on as they come, over a conversation, and
// the client is held back while the origin is. What was passed on cannot be repeated elsewhere.
#include "real_components/edge/edge_node.hpp"

#include <algorithm>

namespace wanlab::edge {
namespace {

using mysql::CommandKind;

// Of the command, for the origin to see what it is.
constexpr std::size_t shown = 4096;
// Of packets, per frame.
constexpr std::size_t longest_part = 32 * 1024;

}  // namespace

ByteView EdgeNode::begin_upload(Index index, ByteView bytes) {
  const ByteView payload = bytes.subspan(mysql::packet_header_size);
  const auto kind = static_cast<CommandKind>(payload[0]);
  Intent intent;
  switch (kind) {
    case CommandKind::query:
    case CommandKind::statement_prepare: {
      // The whole beginning that is there, and no more.
      const std::uint32_t generation = sessions_[index].generation;
      if (!judge(index, as_text(payload.subspan(1)), intent)) {
        // Answered by its first words, although there is more of it: it cannot be what it seems.
        if (sessions_[index].generation == generation) {
          close_session(index, mysql::error::packet_too_large.number);
        }
        return {};
      }
      break;
    }
    case CommandKind::statement_execute:
    case CommandKind::statement_send_long_data:
      if (conversing(index)) break;
      [[fallthrough]];
    default:
      send_error(index, 1, mysql::error::packet_too_large,
                 "Got a packet bigger than 'max_allowed_packet' bytes");
      close_session(index, mysql::error::packet_too_large.number);
      return {};
  }
  intent.conversation = true;
  intent.repeatable = false;
  // The order announces it, then come its packets.
  begin_statement(index, payload.first(std::min(payload.size(), shown)), intent, true);
  Session& session = sessions_[index];
  if (session.phase != Phase::executing) return bytes;
  return continue_upload(session.transient, bytes);
}

ByteView EdgeNode::continue_upload(Index exchange_index, ByteView bytes) {
  Exchange& exchange = exchanges_[exchange_index];
  const Index index = exchange.session;
  // How much of it is the command's.
  std::size_t own = 0;
  bool last = false;
  while (own < bytes.size() && !last) {
    if (exchange.upload_left == 0) {
      exchange.upload_head[exchange.upload_have++] = bytes[own++];
      if (exchange.upload_have < exchange.upload_head.size()) continue;
      exchange.upload_have = 0;
      const std::uint32_t size =
          load_little_endian<std::uint32_t>(exchange.upload_head.data()) & mysql::largest_payload;
      exchange.upload_left = size;
      exchange.uploaded += size;
      exchange.upload_last = size < mysql::largest_payload;
      last = size == 0;
      continue;
    }
    const std::size_t taken = std::min<std::size_t>(exchange.upload_left, bytes.size() - own);
    own += taken;
    exchange.upload_left -= static_cast<std::uint32_t>(taken);
    last = exchange.upload_left == 0 && exchange.upload_last;
  }
  if (exchange.uploaded > config_.maximum_statement) {
    upstream_.pool().cancel(exchange.request);
    fail_statement(exchange_index, mysql::error::packet_too_large.number,
                   mysql::error::packet_too_large.state(),
                   "Got a packet bigger than 'max_allowed_packet' bytes", true);
    return {};
  }
  for (std::size_t at = 0; at < own;) {
    const std::size_t size = std::min(longest_part, own - at);
    const bool final_part = last && at + size == own;
    request_.clear();
    wire::append_frame_head(
        request_,
        static_cast<wire::AnswerKind>(final_part ? wire::OrderKind::last : wire::OrderKind::part),
        size);
    append(request_, bytes.subspan(at, size));
    if (!upstream_.pool().send(exchange.request, request_, false)) {
      upstream_.pool().cancel(exchange.request);
      fail_statement(
          exchange_index, mysql::error::unknown_error.number, mysql::error::unknown_error.state(),
          "[wanlab:OUTCOME_UNKNOWN] The connection to the database's region took no more", true);
      return {};
    }
    at += size;
  }
  Session& session = sessions_[index];
  if (last) {
    exchange.uploading = false;
    if (exchange.unanswered) {
      exchange.complete = true;
      finish_statement(exchange_index);
    }
  } else if (!session.reading_paused &&
             upstream_.pool().queued_bytes(exchange.request) > config_.slow_origin_bytes) {
    session.reading_paused = true;
    runtime_.pause_reading(session.connection);
  }
  return bytes.subspan(own);
}

void EdgeNode::on_sent(backhaul::RequestHandle request, std::uint64_t word) {
  if ((word >> 63) == 0) return;
  const Index own = conversation_of(request, word);
  if (own == no_index) return;
  Session& session = sessions_[attachments_[own].session];
  if (session.phase != Phase::executing || !session.reading_paused) return;
  if (exchanges_[session.transient].unread() > config_.pipelined_bytes) return;
  session.reading_paused = false;
  runtime_.resume_reading(session.connection);
}

}  // namespace wanlab::edge
