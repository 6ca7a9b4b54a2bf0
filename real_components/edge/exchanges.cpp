// Requests to origins and what becomes of them.
#include "real_components/edge/edge_node.hpp"

#include <algorithm>
#include <string>

namespace wanlab::edge {
namespace {

using runtime::TraceKind;

// Replies to logins, grants and refusals are a few hundred bytes, warnings some thousands; nobody
// may have the edge keep more.
constexpr std::size_t longest_reply = 4096;
constexpr std::size_t longest_kept = 96 * 1024;

}  // namespace

std::uint32_t EdgeNode::whole_seconds(Instant now) {
  return static_cast<std::uint32_t>(nanoseconds(now) / 1'000'000'000);
}

EdgeNode::Index EdgeNode::begin_exchange(Index session, ExchangeKind kind) {
  const Index index = exchanges_.take();
  Exchange& exchange = exchanges_[index];
  exchange.session = session;
  exchange.session_generation = sessions_[session].generation;
  exchange.client = sessions_[session].connection;
  exchange.kind = kind;
  exchange.started = runtime_.now();
  return index;
}

// Into request_: what goes ahead of a payload of that size.
void EdgeNode::write_header(const Exchange& exchange, std::size_t payload) {
  const Session& session = sessions_[exchange.session];
  const Attachment* attachment =
      exchange.attachment == no_index ? nullptr : &attachments_[exchange.attachment];
  wire::QueryHeader header;
  header.session = wire_session(exchange.session);
  header.grant = session.grant;
  wire::RequestKind kind = wire::RequestKind::query;
  if (exchange.kind == ExchangeKind::renewal) {
    kind = wire::RequestKind::renew;
  } else if (exchange.kind == ExchangeKind::kill) {
    kind = wire::RequestKind::kill;
  } else {
    header.schema = schemas_.name(exchange.schema != no_index ? exchange.schema : session.schema);
    header.dialect = session.dialect;
    header.collation = session.collation;
    header.flags = exchange.flags;
    if (attachment != nullptr) {
      header.settings = settings_.name(attachment->settings);
      header.last_insert_id = attachment->last_insert_id;
    }
    if (exchange.settings != no_index) header.settings_after = settings_.name(exchange.settings);
  }
  if (exchange.conversation) {
    const std::size_t size = wire::query_header_size + header.schema.size() +
                             header.settings.size() + header.settings_after.size() + payload;
    const wire::OrderKind order =
        exchange.uploading ? wire::OrderKind::begin : wire::OrderKind::command;
    wire::append_frame_head(request_, static_cast<wire::AnswerKind>(order), size);
  }
  wire::append_query_header(request_, kind, header);
}

bool EdgeNode::dispatch(Index index, ByteView payload, bool tried_ones_too) {
  Exchange& exchange = exchanges_[index];
  const Session& session = sessions_[exchange.session];
  request_.clear();
  backhaul::RequestHeader header{session.tenant, backhaul::interactive_class,
                                 (std::uint64_t{exchange.generation & 0x7fffffff} << 32) | index};
  if (exchange.conversation) {
    request_.push_back(static_cast<std::byte>(wire::RequestKind::converse));
    header.stream_class = backhaul::conversation_class;
    header.cookie = cookie_of_conversation(exchange.attachment);
  }
  header.secret = exchange.kind == ExchangeKind::login;
  if (!header.secret) write_header(exchange, payload.size());
  const auto clusters = upstream_.routes().view(session.route).clusters;
  const auto tried = std::span(exchange.tried).first(exchange.attempts);
  const bool room = exchange.attempts < exchange.tried.size();
  // What failed once goes first to a region that answers: while this edge doubts itself, the order
  // still begins with those that do not.
  enum class Choice : std::uint8_t { answering, untried, again };
  for (const Choice choice : {Choice::answering, Choice::untried, Choice::again}) {
    if (!room || (choice == Choice::answering && tried.empty())) continue;
    if (choice == Choice::again && (tried.empty() || !tried_ones_too)) break;
    for (const routing::RegionId region : clusters) {
      const bool was_tried = std::find(tried.begin(), tried.end(), region) != tried.end();
      if (was_tried != (choice == Choice::again)) continue;
      if (choice == Choice::answering && !upstream_.answers(region)) continue;
      exchange.request = upstream_.pool().request(static_cast<std::uint32_t>(region), header,
                                                  request_, payload, !exchange.conversation);
      if (!exchange.request) continue;
      exchange.tried[exchange.attempts++] = region;
      if (exchange.conversation) {
        Attachment& attachment = attachments_[exchange.attachment];
        if (!attachment.stream) ++conversations_;
        attachment.stream = exchange.request;
        attachment.region = region;
        attachment.scanner = {};
        attachment.collected.clear();
      }
      upstream_.note_use(region);
      if (exchange.kind == ExchangeKind::statement) {
        runtime_.record({TraceKind::query_routed, number(exchange.session), session.statements,
                         runtime::attempt_and_route(exchange.attempts, session.route.index),
                         upstream_.region_name(region)});
      }
      return true;
    }
  }
  return false;
}

bool EdgeNode::send_order(Index index, ByteView payload) {
  Exchange& exchange = exchanges_[index];
  const Attachment& attachment = attachments_[exchange.attachment];
  exchange.request = attachment.stream;
  exchange.tried[0] = attachment.region;
  exchange.attempts = 1;
  request_.clear();
  write_header(exchange, payload.size());
  append(request_, payload);
  if (!upstream_.pool().send(attachment.stream, request_, false)) return false;
  upstream_.note_use(attachment.region);
  if (!exchange.unanswered) {
    const Session& session = sessions_[exchange.session];
    runtime_.record({TraceKind::query_routed, number(exchange.session), session.statements,
                     runtime::attempt_and_route(1, session.route.index),
                     upstream_.region_name(attachment.region)});
  }
  return true;
}

void EdgeNode::no_region_left(Index index) {
  const Exchange& exchange = exchanges_[index];
  switch (exchange.kind) {
    case ExchangeKind::login:
      return refuse_login(exchange.session, mysql::error::server_shutdown,
                          "No region of this database can be reached");
    case ExchangeKind::kill:
    case ExchangeKind::statement:
      return fail_statement(index, mysql::error::server_shutdown.number,
                            mysql::error::server_shutdown.state(),
                            "No region of this database can be reached", exchange.uploading);
    case ExchangeKind::renewal:
      // Until the grant expires there is time to try again; afterwards the origins say no.
      runtime_.wake_after(config_.renewal_retry,
                          cookie(Tag::retry_renewal, number(exchange.session)));
      return release_exchange(index);
  }
}

// --- cold backhaul ------------------------------------------------------------------------------

bool EdgeNode::wait_for_backhaul(Index index, ByteView payload) {
  Exchange& exchange = exchanges_[index];
  // A command that is passed on as it comes is not kept, and so cannot wait.
  if (exchange.uploading || !upstream_.opening(sessions_[exchange.session].route)) return false;
  if (exchange.sent.empty()) append(exchange.sent, payload);
  waiting_.push_back({index, exchange.generation, runtime_.now() + config_.cold_backhaul_wait});
  arm(Tag::cold_backhaul, config_.cold_backhaul_wait, waiting_armed_);
  return true;
}

void EdgeNode::on_region_reachable() {
  if (waiting_.empty()) return;
  for (const WaitingExchange& waiting : std::exchange(waiting_, {})) {
    if (!exchanges_.holds(waiting.exchange, waiting.generation, 0xffffffff)) continue;
    if (!dispatch(waiting.exchange, exchanges_[waiting.exchange].sent)) waiting_.push_back(waiting);
  }
}

void EdgeNode::give_up_waiting() {
  waiting_armed_ = false;
  const Instant now = runtime_.now();
  const auto due = std::find_if(waiting_.begin(), waiting_.end(),
                                [now](const auto& waiting) { return waiting.deadline > now; });
  // Whoever is told may have its next request waiting at once, behind these.
  const std::vector<WaitingExchange> late(waiting_.begin(), due);
  waiting_.erase(waiting_.begin(), due);
  for (const WaitingExchange& waiting : late) {
    if (exchanges_.holds(waiting.exchange, waiting.generation, 0xffffffff)) {
      no_region_left(waiting.exchange);
    }
  }
  if (!waiting_.empty()) {
    arm(Tag::cold_backhaul, waiting_.front().deadline - now, waiting_armed_);
  }
}

// --- grants -------------------------------------------------------------------------------------

void EdgeNode::begin_renewal(Index session) {
  if (!sessions_[session].renewing) return;
  const Index exchange = begin_exchange(session, ExchangeKind::renewal);
  if (!dispatch(exchange, {}) && !wait_for_backhaul(exchange, {})) no_region_left(exchange);
}

void EdgeNode::finish_renewal(Index index, ByteView answer) {
  const Index session_index = exchanges_[index].session;
  // It may have become another user's meanwhile.
  const bool present =
      sessions_[session_index].generation == exchanges_[index].session_generation &&
      sessions_[session_index].renewing;
  if (!present) return release_exchange(index);
  const bool granted = answer.size() == wire::frame_head_size + wire::grant_size &&
                       answer[0] == static_cast<std::byte>(wire::AnswerKind::grant);
  if (granted) {
    store_grant(session_index, wire::load_grant(&answer[wire::frame_head_size]));
    return release_exchange(index);
  }
  const auto refusal = wire::read_refusal(answer);
  if (refusal && refusal->try_elsewhere && ask_elsewhere(index)) return;
  const bool final = !refusal || refusal->close;
  // With a statement under way its own answer says the same; if not, the next attempt does.
  if (!final || sessions_[session_index].phase != Phase::established) return no_region_left(index);
  ++counters_.revoked;
  const std::string message(refusal ? refusal->message : "Connection was killed: grant lost");
  close_with(session_index, mysql::error::connection_killed, message);
  release_exchange(index);
}

bool EdgeNode::ask_elsewhere(Index index) {
  Exchange& exchange = exchanges_[index];
  if (exchange.attempts >= config_.attempts) return false;
  // The caller's refusal views the collected answer: it stays where it is meanwhile.
  Bytes answer = std::move(exchange.answer);
  exchange.answer.clear();
  if (dispatch(index, exchange.sent, false)) {
    ++counters_.retries;
    return true;
  }
  exchange.answer = std::move(answer);
  return false;
}

void EdgeNode::store_grant(Index index, const wire::Grant& grant) {
  Session& session = sessions_[index];
  session.grant = grant;
  session.granted_at = whole_seconds(runtime_.now());
  if (!session.renewing) grants_to_renew_.remove(index);
  session.renewing = false;
  grants_to_renew_.push_back(index);
  arm(Tag::renewal, config_.renew_after, renewal_armed_);
}

// --- answers ------------------------------------------------------------------------------------

std::size_t EdgeNode::on_response(backhaul::RequestHandle request, std::uint64_t word,
                                  ByteView part, bool end) {
  if ((word >> 63) != 0) return hear(request, word, part, end);
  const auto index = static_cast<Index>(word);
  if (!exchanges_.holds(index, static_cast<std::uint32_t>(word >> 32), 0x7fffffff))
    return part.size();
  // Session and connection were last used a round trip ago: let both arrive while the answer is
  // read.
  runtime_.anticipate(exchanges_[index].client);
  __builtin_prefetch(&sessions_[exchanges_[index].session], 1);
  return deliver(index, part, end);
}

std::size_t EdgeNode::deliver(Index index, ByteView part, bool end) {
  Exchange& exchange = exchanges_[index];
  const std::size_t received = part.size();
  if (exchange.kind != ExchangeKind::statement) {
    ByteView answer = part;
    if (!end || !exchange.answer.empty()) {
      const bool sane = collect(index, part);
      if (sane && !end) return received;
      answer = sane ? ByteView(exchange.answer) : ByteView();
    }
    if (exchange.kind == ExchangeKind::login) {
      answer_login(index, answer);
    } else if (exchange.kind == ExchangeKind::kill) {
      finish_kill(index, answer);
    } else {
      finish_renewal(index, answer);
    }
    return received;
  }
  const std::uint32_t generation = exchange.generation;
  const backhaul::RequestHandle request = exchange.request;
  const std::size_t held_back = take_frames(index, exchange.scanner, exchange.answer, part);
  // It may have been refused, and asked of another region.
  if (exchange.generation != generation || !(exchange.request == request)) return received;
  if (end) {
    if (exchange.complete) {
      finish_answer(index);
    } else {
      lose_outcome(index);  // an origin that ends within an answer is out of order
    }
    return received;
  }
  exchange.unconsumed += static_cast<std::uint32_t>(held_back);
  return received - held_back;
}

std::size_t EdgeNode::take_frames(Index index, FrameScanner& scanner, Bytes& collected,
                                  ByteView& part) {
  Exchange& exchange = exchanges_[index];
  const std::uint32_t generation = exchange.generation;
  std::size_t held_back = 0;
  while (!part.empty() && !(exchange.complete && exchange.conversation)) {
    if (scanner.have < scanner.head.size()) {
      scanner.head[scanner.have++] = part[0];
      part = part.subspan(1);
      if (scanner.have < scanner.head.size()) continue;
      scanner.left = load_little_endian<std::uint32_t>(scanner.head.data()) >> 8;
    }
    const auto kind = static_cast<wire::AnswerKind>(scanner.head[0]);
    const std::size_t size = std::min<std::size_t>(scanner.left, part.size());
    const ByteView slice = part.first(size);
    part = part.subspan(size);
    scanner.left -= static_cast<std::uint32_t>(size);
    const bool over = scanner.left == 0;
    if (kind == wire::AnswerKind::packets || kind == wire::AnswerKind::part) {
      held_back += give_client(exchange, slice, over && kind == wire::AnswerKind::packets);
      if (!over) continue;
      scanner.have = 0;
      if (kind == wire::AnswerKind::packets) exchange.complete = true;
      continue;
    }
    if (collected.empty()) append(collected, ByteView(scanner.head));
    append(collected, slice);
    if (collected.size() > longest_kept) {
      upstream_.pool().cancel(exchange.request);
      lose_outcome(index);
      return held_back;
    }
    if (!over) continue;
    scanner.have = 0;
    if (!take_frame(index, kind, collected) || exchange.generation != generation) return held_back;
    collected.clear();
  }
  return held_back;
}

// The result is how much of it the client is too slow for.
std::size_t EdgeNode::give_client(Exchange& exchange, ByteView packets, bool whole) {
  if (exchange.answered <= 4 && exchange.answered + packets.size() > 4) {
    exchange.failed_there = packets[4 - exchange.answered] == std::byte{0xff};
  }
  if (exchange.answered == 0 && packets.size() > 5 && packets[4] == std::byte{0}) {
    mysql::PayloadReader ok(packets.subspan(5));
    exchange.row_count = static_cast<std::int64_t>(ok.lenenc());
  }
  if (!whole || exchange.answered != 0) follow_packets(exchange, packets);
  exchange.answered += packets.size();
  runtime_.send(exchange.client, packets);
  return runtime_.unsent_bytes(exchange.client) > config_.slow_client_bytes ? packets.size() : 0;
}

bool EdgeNode::take_frame(Index index, wire::AnswerKind kind, Bytes& collected) {
  Exchange& exchange = exchanges_[index];
  const ByteView body = ByteView(collected).subspan(wire::frame_head_size);
  switch (kind) {
    case wire::AnswerKind::grant:
      if (body.size() != wire::grant_size) break;
      store_grant(exchange.session, wire::load_grant(body.data()));
      return true;
    case wire::AnswerKind::warnings:
      attach(exchange.session).warnings.assign(body.begin(), body.end());
      return true;
    case wire::AnswerKind::done: {
      const auto ending = wire::read_ending(body);
      if (!ending) break;
      if (ending->last_insert_id != 0) {
        attach(exchange.session).last_insert_id = ending->last_insert_id;
      }
      if (ending->schema_changed) {
        Session& session = sessions_[exchange.session];
        schemas_.release(std::exchange(session.schema, schemas_.hold(ending->schema)));
      }
      if (exchange.conversation) {
        end_conversation(exchange.attachment, *ending);
        // What was sent behind the origin's back was not looked at.
        if (ending->unprompted) return false;
      }
      exchange.complete = true;
      return true;
    }
    case wire::AnswerKind::refusal: {
      const Bytes refused = std::move(collected);
      collected.clear();
      const auto refusal = wire::read_refusal(refused);
      if (!refusal) break;
      if (exchange.conversation) leave_conversation(attachments_[exchange.attachment]);
      refuse_statement(index, *refusal);
      return false;
    }
    case wire::AnswerKind::packets:
    case wire::AnswerKind::part:
    case wire::AnswerKind::login:
      break;
  }
  upstream_.pool().cancel(exchange.request);
  if (exchange.conversation) {
    lose_conversation(exchange.attachment, backhaul::Processed::unknown);
  } else {
    lose_outcome(index);
  }
  return false;
}

void EdgeNode::finish_answer(Index index) {
  Exchange& exchange = exchanges_[index];
  // The stream ends only with its last credit: what the client has not read yet is bounded anyway.
  const std::uint32_t held_back = std::exchange(exchange.unconsumed, 0);
  if (held_back != 0) upstream_.pool().consumed(exchange.request, held_back);
  if (exchange.header_bytes != 0 || exchange.packet_left != 0) return lose_outcome(index);
  ++counters_.statements;
  runtime_.record({TraceKind::query_answered, number(exchange.session),
                   sessions_[exchange.session].statements, exchange.answered});
  finish_statement(index);
}

bool EdgeNode::collect(Index index, ByteView part) {
  Exchange& exchange = exchanges_[index];
  if (exchange.answer.size() + part.size() <= longest_reply) {
    append(exchange.answer, part);
    return true;
  }
  upstream_.pool().cancel(std::exchange(exchange.request, {}));
  return false;
}

void EdgeNode::follow_packets(Exchange& exchange, ByteView bytes) {
  while (!bytes.empty()) {
    if (exchange.packet_left != 0) {
      const std::size_t taken = std::min<std::size_t>(exchange.packet_left, bytes.size());
      exchange.packet_left -= static_cast<std::uint32_t>(taken);
      bytes = bytes.subspan(taken);
    } else if (exchange.header_bytes < 3) {
      exchange.length[exchange.header_bytes++] = bytes[0];
      bytes = bytes.subspan(1);
    } else {
      exchange.sequence = static_cast<std::uint8_t>(bytes[0]);
      bytes = bytes.subspan(1);
      exchange.header_bytes = 0;
      exchange.packet_left = static_cast<std::uint32_t>(exchange.length[0]) |
                             static_cast<std::uint32_t>(exchange.length[1]) << 8 |
                             static_cast<std::uint32_t>(exchange.length[2]) << 16;
    }
  }
}

// --- losses -------------------------------------------------------------------------------------

void EdgeNode::on_failed(backhaul::RequestHandle request, std::uint64_t word,
                         backhaul::Processed processed, backhaul::ResetReason) {
  if ((word >> 63) != 0) {
    const Index attachment = conversation_of(request, word);
    if (attachment != no_index) lose_conversation(attachment, processed);
    return;
  }
  const auto index = static_cast<Index>(word);
  if (!exchanges_.holds(index, static_cast<std::uint32_t>(word >> 32), 0x7fffffff)) return;
  Exchange& exchange = exchanges_[index];
  exchange.request = {};
  if (exchange.kind == ExchangeKind::renewal) {
    const bool present = sessions_[exchange.session].generation == exchange.session_generation;
    if (!present) return release_exchange(index);
  }
  lose_exchange(index, processed);
}

// A request whose stream is gone without an answer, or within it.
void EdgeNode::lose_exchange(Index index, backhaul::Processed processed) {
  Exchange& exchange = exchanges_[index];
  const bool unprocessed = processed == backhaul::Processed::no;
  bool repeat = exchange.attempts < config_.attempts && exchange.answered == 0 &&
                !exchange.uploading && exchange.kind != ExchangeKind::kill;
  // The origin may have used the nonce up already: asked again there it would take the rightful
  // user's proof for a replayed one.
  const bool same_again = exchange.kind != ExchangeKind::login || unprocessed;
  if (exchange.kind == ExchangeKind::statement && !unprocessed) {
    repeat = repeat && exchange.repeatable && retry_budget_ >= 100;
    if (repeat) retry_budget_ -= 100;
  }
  if (repeat) {
    exchange.answer.clear();
    exchange.scanner = {};
    ++counters_.retries;
    if (dispatch(index, exchange.sent, same_again)) return;
    --counters_.retries;
  }
  if (exchange.kind == ExchangeKind::login || exchange.kind == ExchangeKind::renewal ||
      unprocessed) {
    return no_region_left(index);
  }
  lose_outcome(index);
}

// Nobody can say whether the statement took effect, or its answer broke off.
void EdgeNode::lose_outcome(Index index) {
  const Exchange& exchange = exchanges_[index];
  if (exchange.answered != 0) {
    return fail_statement(
        index, mysql::error::server_shutdown.number, mysql::error::server_shutdown.state(),
        "The connection to the database's region was lost within the answer", exchange.uploading);
  }
  ++counters_.outcomes_unknown;
  fail_statement(
      index, mysql::error::unknown_error.number, mysql::error::unknown_error.state(),
      "[wanlab:OUTCOME_UNKNOWN] The connection to the database's region was lost after the "
      "statement was sent",
      exchange.uploading);
}

}  // namespace wanlab::edge
