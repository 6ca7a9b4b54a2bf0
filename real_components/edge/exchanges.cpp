// Requests to origins and what becomes of them.
#include "real_components/edge/edge_node.hpp"

#include <algorithm>
#include <string>

namespace wanlab::edge {
namespace {

using runtime::TraceKind;

// Replies to logins, grants and refusals are a few hundred bytes; nobody may have the edge keep
// more.
constexpr std::size_t longest_reply = 4096;

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

bool EdgeNode::dispatch(Index index, ByteView payload, bool tried_ones_too) {
  Exchange& exchange = exchanges_[index];
  const Session& session = sessions_[exchange.session];
  request_.clear();
  if (exchange.kind != ExchangeKind::login) {
    wire::append_query_header(
        request_,
        exchange.kind == ExchangeKind::renewal ? wire::RequestKind::renew
                                               : wire::RequestKind::query,
        {wire_session(exchange.session), session.grant, schemas_.name(session.schema)});
  }
  const backhaul::RequestHeader header{
      session.tenant, backhaul::interactive_class,
      (std::uint64_t{exchange.generation & 0x7fffffff} << 32) | index};
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
      exchange.request =
          upstream_.pool().request(static_cast<std::uint32_t>(region), header, request_, payload);
      if (!exchange.request) continue;
      exchange.tried[exchange.attempts++] = region;
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

void EdgeNode::no_region_left(Index index) {
  const Exchange& exchange = exchanges_[index];
  switch (exchange.kind) {
    case ExchangeKind::login:
      return refuse_login(exchange.session, mysql::error::server_shutdown,
                          "No region of this database can be reached");
    case ExchangeKind::statement:
      return fail_statement(index, mysql::error::server_shutdown.number,
                            mysql::error::server_shutdown.state(),
                            "No region of this database can be reached", false);
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
  if (!upstream_.opening(sessions_[exchange.session].route)) return false;
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
  const bool present = sessions_[session_index].generation == exchanges_[index].session_generation;
  if (!present) return release_exchange(index);
  const bool granted = answer.size() == 1 + wire::grant_size &&
                       answer[0] == static_cast<std::byte>(wire::AnswerKind::grant);
  if (granted) {
    store_grant(session_index, wire::load_grant(&answer[1]));
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

std::size_t EdgeNode::on_response(backhaul::RequestHandle, std::uint64_t word, ByteView part,
                                  bool end) {
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
    } else {
      finish_renewal(index, answer);
    }
    return received;
  }
  if (!exchange.head_read && !read_head(index, part, end)) return received;

  const bool whole = end && exchange.answered == 0;
  if (!whole) follow_packets(exchange, part);
  exchange.answered += part.size();
  const runtime::ConnectionId client = exchange.client;
  runtime_.send(client, part);
  if (end) {
    // The stream ends only with its last credit: what the client has not read yet is bounded
    // anyway.
    const std::uint32_t held_back = std::exchange(exchange.unconsumed, 0);
    if (held_back != 0) upstream_.pool().consumed(exchange.request, held_back);
    if (exchange.header_bytes != 0 || exchange.packet_left != 0) {
      lose_outcome(index);  // an origin that ends within a packet is out of order
      return received;
    }
    ++counters_.statements;
    runtime_.record({TraceKind::query_answered, number(exchange.session),
                     sessions_[exchange.session].statements, exchange.answered});
    finish_statement(index);
    return received;
  }
  if (runtime_.unsent_bytes(client) <= config_.slow_client_bytes) return received;
  exchange.unconsumed += static_cast<std::uint32_t>(part.size());
  return received - part.size();
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

bool EdgeNode::read_head(Index index, ByteView& part, bool end) {
  Exchange& exchange = exchanges_[index];
  const bool collecting = !exchange.answer.empty();
  if (collecting && !collect(index, part)) {
    lose_outcome(index);
    return false;
  }
  const ByteView head = collecting ? ByteView(exchange.answer) : part;
  const auto kind = head.empty() ? wire::AnswerKind{} : static_cast<wire::AnswerKind>(head[0]);
  const std::size_t size = kind == wire::AnswerKind::grant_and_packets ? 1 + wire::grant_size : 1;
  const bool complete = kind == wire::AnswerKind::refusal ? end : head.size() >= size;
  if (!complete) {
    if (end) {
      lose_outcome(index);
    } else if (!collecting && !collect(index, part)) {
      lose_outcome(index);
    }
    return false;
  }
  if (kind == wire::AnswerKind::refusal) {
    if (const auto refusal = wire::read_refusal(head)) {
      refuse_statement(index, *refusal);
    } else {
      lose_outcome(index);
    }
    return false;
  }
  if (kind == wire::AnswerKind::grant_and_packets) {
    store_grant(exchange.session, wire::load_grant(&head[1]));
  } else if (kind != wire::AnswerKind::packets) {
    lose_outcome(index);
    return false;
  }
  exchange.head_read = true;
  part = head.subspan(size);
  return true;
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

void EdgeNode::on_failed(backhaul::RequestHandle, std::uint64_t word, backhaul::Processed processed,
                         backhaul::ResetReason) {
  const auto index = static_cast<Index>(word);
  if (!exchanges_.holds(index, static_cast<std::uint32_t>(word >> 32), 0x7fffffff)) return;
  Exchange& exchange = exchanges_[index];
  exchange.request = {};
  if (exchange.kind == ExchangeKind::renewal) {
    const bool present = sessions_[exchange.session].generation == exchange.session_generation;
    if (!present) return release_exchange(index);
  }
  const bool unprocessed = processed == backhaul::Processed::no;
  bool repeat = exchange.attempts < config_.attempts && exchange.answered == 0;
  // The origin may have used the nonce up already: asked again there it would take the rightful
  // user's proof for a replayed one.
  const bool same_again = exchange.kind != ExchangeKind::login || unprocessed;
  if (exchange.kind == ExchangeKind::statement && !unprocessed) {
    repeat = repeat && exchange.repeatable && retry_budget_ >= 100;
    if (repeat) retry_budget_ -= 100;
  }
  if (repeat) {
    exchange.head_read = false;
    exchange.answer.clear();
    ++counters_.retries;
    if (dispatch(index, exchange.sent, same_again)) return;
    --counters_.retries;
  }
  if (exchange.kind != ExchangeKind::statement || unprocessed) return no_region_left(index);
  lose_outcome(index);
}

// Nobody can say whether the statement took effect, or its answer broke off.
void EdgeNode::lose_outcome(Index index) {
  const Exchange& exchange = exchanges_[index];
  if (exchange.answered != 0) {
    return fail_statement(
        index, mysql::error::server_shutdown.number, mysql::error::server_shutdown.state(),
        "The connection to the database's region was lost within the answer", false);
  }
  ++counters_.outcomes_unknown;
  fail_statement(
      index, mysql::error::unknown_error.number, mysql::error::unknown_error.state(),
      "[wanlab:OUTCOME_UNKNOWN] The connection to the database's region was lost after the "
      "statement was sent",
      false);
}

}  // namespace wanlab::edge
