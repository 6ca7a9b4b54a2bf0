// Conversations: statements of one session that follow each other on one database connection, in
// one stream of the backhaul. While the stream stands, the connection is the session's; when either
// is lost, the other goes too, so that nothing has to be remembered of sessions here.
#include "real_components/origin/origin_node.hpp"

#include "real_components/mysql/responses.hpp"

#include <utility>

namespace wanlab::origin {
namespace {

using backhaul::Processed;
using backhaul::RequestId;
using backhaul::ResetReason;
using runtime::TraceKind;
using runtime::Work;

// Longer commands come in parts.
constexpr std::size_t longest_order = 128 * 1024;

}  // namespace

std::uint64_t OriginNode::begin_conversation(RequestId id, std::uint32_t edge, ByteView orders,
                                             bool end) {
  const Index index = begin_request(id, edge);
  Request& request = requests_[index];
  request.conversation = true;
  const std::uint64_t cookie = cookie_of(index);
  const std::uint32_t generation = request.generation;
  append(request.received, orders);
  if (end) {
    end_conversation(index);
  } else {
    take_orders(index);
  }
  return requests_[index].generation == generation ? cookie : 0;
}

void OriginNode::take_orders(Index index) {
  Request& request = requests_[index];
  if (std::exchange(request.taking, true)) return;  // whoever is at work goes on with it
  const std::uint32_t generation = request.generation;
  std::size_t taken = 0;
  bool sane = true;
  while (request.received.size() - taken >= wire::frame_head_size) {
    const ByteView rest = ByteView(request.received).subspan(taken);
    const auto kind = static_cast<wire::OrderKind>(rest[0]);
    const std::size_t size = load_little_endian<std::uint32_t>(rest.data()) >> 8;
    sane =
        size <= longest_order && kind >= wire::OrderKind::command && kind <= wire::OrderKind::last;
    if (!sane || rest.size() - wire::frame_head_size < size) break;
    const bool more = kind == wire::OrderKind::part || kind == wire::OrderKind::last;
    if (more != request.uploading) {
      // Behind a statement that is under way everything waits; parts of none make no sense.
      sane = !more;
      break;
    }
    if (more ? !backends_.ready(index) : request.busy) break;
    taken += wire::frame_head_size + size;
    const ByteView body = rest.subspan(wire::frame_head_size, size);
    if (!take_order(index, kind, body) || request.generation != generation) return;
  }
  request.taking = false;
  if (!sane) {
    const RequestId id = request.id;
    end_conversation(index);
    return acceptor_.reset(id, ResetReason::refused, Processed::unknown);
  }
  request.received.erase(request.received.begin(),
                         request.received.begin() + static_cast<std::ptrdiff_t>(taken));
  const std::size_t due = std::min(request.owed, taken);
  request.owed -= due;
  if (due != 0) acceptor_.consumed(request.id, due);
}

bool OriginNode::take_order(Index index, wire::OrderKind kind, ByteView body) {
  if (kind == wire::OrderKind::command) return take_command(index, body, false);
  if (kind == wire::OrderKind::begin) return take_command(index, body, true);
  const bool last = kind == wire::OrderKind::last;
  if (last) requests_[index].uploading = false;
  backends_.feed(index, body, last);
  return true;
}

bool OriginNode::take_command(Index index, ByteView body, bool in_parts) {
  Request& request = requests_[index];
  const RequestId id = request.id;
  const auto give_up = [&] {
    if (request.standing) backends_.hang_up(index);
    release_request(index);
    return false;
  };
  const auto query = wire::read_query(body);
  if (!query || query->command.empty()) {
    acceptor_.reset(id, ResetReason::refused, Processed::no);
    return give_up();
  }
  if (!ready_ && !(ready_ = synchronised())) {
    refuse(id, mysql::error::server_shutdown, "This origin is starting", true, false);
    return give_up();
  }
  runtime_.spend(Work::route_query);
  const CredentialEntry* entry = nullptr;
  const GrantVerdict verdict =
      gatekeeper_.check(query->header.grant, query->header.session, request.edge, entry);
  if (verdict != GrantVerdict::valid) {
    refuse_grant(id, verdict);
    return give_up();
  }
  if (const Denial* denial = denial_of(query->header, query->command, *entry, true, in_parts)) {
    if (!request.standing || in_parts) {
      refuse(id, denial->code, denial->message, false, in_parts);
      return give_up();
    }
    // An answer like any other: what stands goes on.
    Bytes error;
    mysql::write_err(error, 1, denial->code, denial->message);
    out_.clear();
    wire::append_frame_head(out_, wire::AnswerKind::part, error.size());
    append(out_, error);
    wire::append_ending(out_, request.ending);
    ++counters_.statements_refused;
    return acceptor_.respond(id, out_, false) || give_up();
  }
  note_order(request, query->header, *entry);
  Order order = order_of(query->header, *entry);
  order.command = query->command;
  order.conversation = true;
  order.in_parts = in_parts;
  request.uploading = in_parts;
  const auto command = static_cast<mysql::CommandKind>(query->command[0]);
  const bool answered = mysql::form_of(command) != mysql::AnswerForm::nothing;
  if (!request.standing) {
    if (!answered) return give_up();  // of statements that were never prepared here
    request.busy = true;
    backends_.submit(index, order);
    return true;
  }
  request.busy = answered;
  request.standing = !answered;
  backends_.proceed(index, order);
  return true;
}

// The edge, or what leads to it, is gone, or it wants no more.
void OriginNode::end_conversation(Index index) {
  Request& request = requests_[index];
  request.taking = false;
  if (request.busy) {
    request.cancelled = true;
    return backends_.abandon(index);
  }
  if (request.standing) backends_.hang_up(index);
  const RequestId id = request.id;
  release_request(index);
  acceptor_.reset(id, ResetReason::cancelled, Processed::yes);
}

void OriginNode::on_ready(std::uint32_t index) {
  take_orders(index);
}

void OriginNode::on_ended(std::uint32_t index, const wire::Ending& ending, ByteView warnings) {
  Request& request = requests_[index];
  ++counters_.statements;
  runtime_.record({TraceKind::statement_served, request.session, request.credential,
                   request.answered | std::uint64_t{backends_.server_of(index)} << 40,
                   gatekeeper_.edge_name(request.edge)});
  bool heard = !request.cancelled;
  if (heard) {
    out_.clear();
    if (!warnings.empty()) {
      wire::append_frame_head(out_, wire::AnswerKind::warnings, warnings.size());
      append(out_, warnings);
    }
    wire::append_ending(out_, ending);
    heard = acceptor_.respond(request.id, out_, !ending.pinned);
  }
  if (heard && ending.pinned) {
    request.ending = ending;
    request.ending.schema_changed = false;
    request.ending.schema = {};
    request.busy = false;
    request.standing = true;
    return take_orders(index);
  }
  if (ending.pinned) backends_.hang_up(index);
  if (!heard) acceptor_.reset(request.id, ResetReason::cancelled, Processed::yes);
  release_request(index);
}

void OriginNode::on_hold_ended(std::uint32_t index, HoldEnd how) {
  Request& request = requests_[index];
  const RequestId id = request.id;
  switch (how) {
    case HoldEnd::let_go:
      out_.clear();
      wire::append_ending(out_, {.unprompted = true});
      acceptor_.respond(id, out_, true);
      break;
    case HoldEnd::idle:
      refuse(id, mysql::error::connection_killed,
             "Connection was killed: idle for too long with a transaction or other state open",
             false, true);
      break;
    case HoldEnd::killed:
      refuse(id, mysql::error::connection_killed, "Connection was killed", false, true);
      break;
    case HoldEnd::lost:
      acceptor_.reset(id, ResetReason::internal, Processed::unknown);
      break;
  }
  release_request(index);
}

}  // namespace wanlab::origin
