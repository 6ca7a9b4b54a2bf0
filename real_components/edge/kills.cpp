// KILL and COM_PROCESS_KILL. Connection ids are those that clients were told: the edge in their
// upper bits, the session's place there below. A session of this edge is found here; what one of
// another edge has under way is found where it is under way, at the origins of the Route.
#include "real_components/edge/edge_node.hpp"

#include "real_components/mysql/responses.hpp"
#include "real_components/mysql/statement.hpp"

#include <charconv>
#include <string>

namespace wanlab::edge {
namespace {

constexpr mysql::ErrorCode unknown_thread = mysql::make_error(1094, "HY000");
constexpr mysql::ErrorCode not_owner = mysql::make_error(1095, "HY000");
constexpr std::string_view killed = "Connection was killed";

}  // namespace

void EdgeNode::run_kill_statement(Index index, std::string_view text) {
  using mysql::detail::equals;
  using mysql::detail::take_word;
  take_word(text);
  wire::KillRequest kill{0, true};
  for (;;) {
    std::string_view behind = text;
    const std::string_view word = take_word(behind);
    if (equals(word, "HARD") || equals(word, "SOFT") || equals(word, "CONNECTION")) {
      text = behind;
    } else if (equals(word, "QUERY")) {
      kill.connection = false;
      text = behind;
    } else {
      break;
    }
  }
  mysql::detail::skip_blank(text);
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), kill.connection_id);
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (error != std::errc() || !mysql::detail::nothing_follows(text)) {
    return refuse_command(index, mysql::error::not_supported_yet,
                          "This server doesn't yet support KILL of anything but connection ids");
  }
  run_kill(index, kill);
}

void EdgeNode::run_kill(Index index, const wire::KillRequest& kill) {
  const Session& own = sessions_[index];
  const auto unknown = [&] {
    refuse_command(index, unknown_thread,
                   "Unknown thread id: " + std::to_string(kill.connection_id));
  };
  backhaul::RequestHandle beside;
  if (wire::connection_id_of(fingerprint_, wire_session(index)) >> wire::place_bits ==
      kill.connection_id >> wire::place_bits) {
    const Index target = (kill.connection_id & ((1u << wire::place_bits) - 1)) - 1;
    if (target >= sessions_.extent() || sessions_[target].connection == runtime::no_connection) {
      return unknown();
    }
    const Session& other = sessions_[target];
    if (other.phase != Phase::established && other.phase != Phase::executing) return unknown();
    if (!(other.route == own.route)) {
      return refuse_command(index, not_owner, "You are not owner of that thread");
    }
    if (target == index) {
      send_error(
          index, 1,
          kill.connection ? mysql::error::connection_killed : mysql::error::query_interrupted,
          kill.connection ? killed : "Query execution was interrupted");
      if (kill.connection) close_session(index, mysql::error::connection_killed.number);
      return;
    }
    if (other.phase == Phase::established) {
      if (kill.connection) close_with(target, mysql::error::connection_killed, killed);
      return send_ok(index);
    }
    beside = exchanges_[other.transient].request;
    if (!beside) return send_ok(index);  // it waits for a region, and may go on doing so
  }
  const Index own_attachment = attachment_of(index);
  const Index exchange_index = begin_exchange(index, ExchangeKind::kill);
  Exchange& exchange = exchanges_[exchange_index];
  exchange.attachment = own_attachment;
  wire::append_kill(exchange.sent, kill);
  sessions_[index].transient = exchange_index;
  sessions_[index].phase = Phase::executing;
  if (beside) {
    request_.clear();
    write_header(exchange, exchange.sent.size());
    exchange.request = upstream_.pool().request_beside(
        beside,
        {own.tenant, backhaul::interactive_class,
         (std::uint64_t{exchange.generation & 0x7fffffff} << 32) | exchange_index},
        request_, exchange.sent);
    if (exchange.request) return;
  }
  if (!dispatch(exchange_index, exchange.sent)) no_region_left(exchange_index);
}

void EdgeNode::finish_kill(Index exchange_index, ByteView answer) {
  const Index index = exchanges_[exchange_index].session;
  if (!answer.empty() && answer[0] == static_cast<std::byte>(wire::AnswerKind::done)) {
    send_ok(index);
    return finish_statement(exchange_index);
  }
  const auto refusal = wire::read_refusal(answer);
  if (!refusal) return lose_outcome(exchange_index);
  if (refusal->try_elsewhere && ask_elsewhere(exchange_index)) return;
  fail_statement(exchange_index, refusal->code, refusal->sqlstate, refusal->message,
                 refusal->close);
}

}  // namespace wanlab::edge
