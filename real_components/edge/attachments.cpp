// What few sessions have: settings, insert ids, warnings, and a conversation, which is a database
// connection of their own at one origin for as long as they need it.
#include "real_components/edge/edge_node.hpp"

#include "real_components/mysql/responses.hpp"
#include "real_components/mysql/settings.hpp"
#include "real_components/mysql/statement.hpp"

#include <utility>

namespace wanlab::edge {
namespace {

constexpr std::string_view transaction_rolled_back =
    "The transaction was rolled back because its connection was lost; try restarting transaction";
constexpr std::string_view commit_unknown =
    "[wanlab:COMMIT_OUTCOME_UNKNOWN] The connection was lost while the transaction may have been "
    "committed";
constexpr std::string_view state_lost =
    "Connection was killed: the database connection with this session's state was lost";

}  // namespace

EdgeNode::Index EdgeNode::attachment_of(Index index) const {
  const Session& session = sessions_[index];
  switch (session.phase) {
    case Phase::established:
      return session.transient;
    case Phase::executing:
      return exchanges_[session.transient].attachment;
    default:
      return no_index;
  }
}

Attachment* EdgeNode::attached(Index session) {
  const Index own = attachment_of(session);
  return own == no_index ? nullptr : &attachments_[own];
}

bool EdgeNode::conversing(Index session) const {
  const Index own = attachment_of(session);
  return own != no_index && attachments_[own].stream;
}

Attachment& EdgeNode::attach(Index index) {
  if (Attachment* attachment = attached(index)) return *attachment;
  const Index own = attachments_.take();
  Session& session = sessions_[index];
  (session.phase == Phase::executing ? exchanges_[session.transient].attachment
                                     : session.transient) = own;
  Attachment& attachment = attachments_[own];
  attachment.session = index;
  return attachment;
}

void EdgeNode::tidy(Index index) {
  const Index own = attachment_of(index);
  if (own == no_index || sessions_[index].phase != Phase::established) return;
  const Attachment& attachment = attachments_[own];
  if (attachment.stream || attachment.settings != 0 || attachment.last_insert_id != 0 ||
      attachment.row_count != 0 || !attachment.warnings.empty() || attachment.transaction_lost) {
    return;
  }
  sessions_[index].transient = no_index;
  release_attachment(own);
}

void EdgeNode::release_attachment(Index own) {
  Attachment& attachment = attachments_[own];
  if (attachment.stream) {
    --conversations_;
    upstream_.pool().cancel(attachment.stream);
  }
  settings_.release(attachment.settings);
  attachment.settings = 0;
  attachment.last_insert_id = 0;
  attachment.row_count = 0;
  attachment.stream = {};
  attachment.status = 0;
  attachment.pinned = attachment.has_state = attachment.autocommit_off = false;
  attachment.transaction_lost = false;
  attachment.collected = Bytes();
  attachment.warnings = Bytes();
  attachments_.release(own);
}

// As after the login, but for the default database.
void EdgeNode::reset_session(Index index) {
  const Index own = attachment_of(index);
  if (own == no_index) return;
  sessions_[index].transient = no_index;
  release_attachment(own);
}

void EdgeNode::give_settings(Attachment& attachment, std::uint32_t settings) {
  settings_.release(std::exchange(attachment.settings, settings));
  attachment.autocommit_off = mysql::autocommit_off(settings_.name(settings));
}

// --- conversations ------------------------------------------------------------------------------

std::uint64_t EdgeNode::cookie_of_conversation(Index own) const {
  return std::uint64_t{1} << 63 | std::uint64_t{attachments_[own].generation & 0x7fffffff} << 32 |
         own;
}

// A stream that was left may have a last word to say that concerns nobody.
EdgeNode::Index EdgeNode::conversation_of(backhaul::RequestHandle request,
                                          std::uint64_t word) const {
  const auto own = static_cast<Index>(word);
  const auto generation = static_cast<std::uint32_t>(word >> 32) & 0x7fffffff;
  const bool holds = attachments_.holds(own, generation, 0x7fffffff);
  return holds && attachments_[own].stream == request ? own : no_index;
}

std::size_t EdgeNode::hear(backhaul::RequestHandle request, std::uint64_t word, ByteView part,
                           bool end) {
  const std::size_t received = part.size();
  std::size_t held_back = 0;
  while (!part.empty()) {
    const Index own = conversation_of(request, word);
    if (own == no_index) return received;
    Attachment& attachment = attachments_[own];
    const Index index = attachment.session;
    const Session& session = sessions_[index];
    if (session.phase == Phase::executing && exchanges_[session.transient].conversation) {
      const Index exchange_index = session.transient;
      Exchange& exchange = exchanges_[exchange_index];
      const std::uint32_t generation = exchange.generation;
      held_back += take_frames(exchange_index, attachment.scanner, attachment.collected, part);
      if (exchange.generation != generation) return received;
      if (exchange.complete) {
        // An answer that ends without a word on how things stand ends the conversation.
        if (!attachment.pinned) leave_conversation(attachment);
        held_back = 0;
        finish_answer(exchange_index);
      } else if (!(attachment.stream == request)) {
        if (attachment.stream) return received;  // refused, and asked of another region
        // The origin had let go before it saw this: nothing was done of it.
        exchange.request = {};
        exchange.attempts = 0;
        lose_exchange(exchange_index, backhaul::Processed::no);
        return received;
      }
      continue;
    }
    // Nothing is under way: the origin ends the conversation.
    attachment.collected.insert(attachment.collected.end(), part.begin(), part.end());
    part = {};
    const ByteView frame = attachment.collected;
    if (frame.size() < wire::frame_head_size) break;
    const std::size_t size = load_little_endian<std::uint32_t>(frame.data()) >> 8;
    if (frame.size() < wire::frame_head_size + size && size < 4096) break;
    const Bytes said = std::move(attachment.collected);
    leave_conversation(attachment);
    if (const auto refusal = wire::read_refusal(said)) {
      ++counters_.revoked;
      mysql::ErrorCode code{refusal->code, {}};
      for (std::size_t i = 0; i < code.sqlstate.size(); ++i) {
        code.sqlstate[i] = refusal->sqlstate[i];
      }
      close_with(index, code, refusal->message);
      return received;
    }
    tidy(index);
  }
  if (end) {
    // Without a last word: as if the stream had been lost.
    const Index own = conversation_of(request, word);
    if (own != no_index) lose_conversation(own, backhaul::Processed::unknown);
    return received;
  }
  if (held_back != 0) {
    const Index own = conversation_of(request, word);
    const Session& session = sessions_[attachments_[own].session];
    exchanges_[session.transient].unconsumed += static_cast<std::uint32_t>(held_back);
  }
  return received - held_back;
}

void EdgeNode::leave_conversation(Attachment& attachment) {
  if (!attachment.stream) return;
  --conversations_;
  upstream_.pool().send(attachment.stream, {}, true);
  attachment.stream = {};
  attachment.pinned = attachment.has_state = false;
  attachment.status = 0;
}

void EdgeNode::end_conversation(Index own, const wire::Ending& ending) {
  Attachment& attachment = attachments_[own];
  if (!ending.pinned) return leave_conversation(attachment);
  attachment.pinned = true;
  attachment.has_state = ending.has_state;
  attachment.status = ending.status;
}

// The stream is gone, and with it the connection and what was on it.
void EdgeNode::lose_conversation(Index own, backhaul::Processed processed) {
  Attachment& attachment = attachments_[own];
  const Index index = attachment.session;
  const bool pinned = attachment.pinned;
  const bool has_state = pinned && attachment.has_state;
  const bool in_transaction = attachment.in_transaction();
  if (attachment.stream) {
    --conversations_;
    upstream_.pool().cancel(attachment.stream);
  }
  attachment.stream = {};
  attachment.pinned = attachment.has_state = false;
  attachment.status = 0;
  attachment.collected.clear();
  Session& session = sessions_[index];
  if (session.phase != Phase::executing || !exchanges_[session.transient].conversation) {
    if (has_state) return close_with(index, mysql::error::connection_killed, state_lost);
    attachment.transaction_lost = in_transaction;
    return tidy(index);
  }
  const Index exchange_index = session.transient;
  Exchange& exchange = exchanges_[exchange_index];
  exchange.request = {};
  if (!pinned) return lose_exchange(exchange_index, processed);
  const bool unprocessed = processed == backhaul::Processed::no;
  if (in_transaction && !exchange.keeps_transaction && !unprocessed) {
    ++counters_.outcomes_unknown;
    return fail_statement(exchange_index, mysql::error::server_shutdown.number,
                          mysql::error::server_shutdown.state(), commit_unknown, true);
  }
  if (has_state) {
    return fail_statement(exchange_index, mysql::error::connection_killed.number,
                          mysql::error::connection_killed.state(), state_lost, true);
  }
  if (in_transaction) {
    return fail_statement(exchange_index, mysql::error::deadlock.number,
                          mysql::error::deadlock.state(), transaction_rolled_back,
                          exchange.uploading);
  }
  lose_exchange(exchange_index, processed);
}

// --- warnings -----------------------------------------------------------------------------------

// From the copy of what the connection would have said, for the two questions that are asked by
// everybody. Any other question about warnings that exist cannot be answered once the connection
// is somebody else's.
bool EdgeNode::serve_warnings(Index index, std::string_view text) {
  const Attachment* attachment = attached(index);
  if (attachment == nullptr || attachment->warnings.empty()) return false;
  mysql::detail::take_word(text);
  const std::string_view what = mysql::detail::take_word(text);
  const bool errors = mysql::detail::equals(what, "ERRORS");
  if ((!errors && !mysql::detail::equals(what, "WARNINGS")) ||
      !mysql::detail::nothing_follows(text)) {
    refuse_command(index, mysql::error::not_supported_yet,
                   "This server doesn't yet support this question about warnings outside of a "
                   "transaction; SHOW WARNINGS answers it");
    return true;
  }
  if (!errors) {
    runtime_.send(sessions_[index].connection, attachment->warnings);
    return true;
  }
  out_.clear();
  ByteView rest = attachment->warnings;
  mysql::Packet packet;
  std::uint8_t sequence = 1;
  const bool deprecated = (sessions_[index].dialect & mysql::dialect::deprecate_eof) != 0;
  const int rows_from = deprecated ? 4 : 5;
  for (int at = 0; mysql::take_packet(rest, {}, packet) == mysql::PacketStatus::complete; ++at) {
    const bool row = at >= rows_from && !rest.empty();
    mysql::PayloadReader reader(packet.payload);
    if (row && as_text(reader.lenenc_bytes()) != "Error") continue;
    mysql::PacketWriter copy(out_, sequence, packet.payload.size());
    copy.bytes(packet.payload);
    sequence = copy.finish();
  }
  runtime_.send(sessions_[index].connection, out_);
  return true;
}

}  // namespace wanlab::edge
