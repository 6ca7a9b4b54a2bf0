// What a client says: the login conversation, then statement and answer.
#include "sim/world/client_host.hpp"
#include "sim/world/statement_tag.hpp"

#include <cstring>

namespace wanlab::world {

using runtime::Cookie;
using runtime::TraceKind;
using trace::ConnectFailure;

void ClientHost::step(const Client& client, std::uint64_t number, std::string_view text) {
  if (!program_.record_steps) return;
  runtime_.record(
      {.kind = TraceKind::client_step, .subject = client.number, .a = number, .text = text});
}

void ClientHost::send_scratch(runtime::ConnectionId connection) {
  if (!scratch_.empty()) runtime_.send(connection, scratch_);
}

void ClientHost::on_connect(runtime::ConnectionId, Cookie cookie) {
  std::uint32_t index = 0;
  const Client* client = find(cookie, index);
  if (client == nullptr) return;
  attempts_[client->attempt].connected = nanoseconds(runtime_.now());
  step(*client, 1, "TCP connected");
}

void ClientHost::on_secure(runtime::ConnectionId connection, Cookie cookie) {
  std::uint32_t index = 0;
  const Client* client = find(cookie, index);
  if (client == nullptr || client->state != State::connecting) return;
  step(*client, 3, "TLS established, sending the password proof");
  scratch_.clear();
  attempts_[client->attempt].secured = nanoseconds(runtime_.now());
  attempts_[client->attempt].handshake.secured(program_.handshake, scratch_);
  send_scratch(connection);
}

void ClientHost::on_data(runtime::ConnectionId, Cookie cookie, ByteView bytes) {
  std::uint32_t index = 0;
  const Client* client = find(cookie, index);
  if (client == nullptr) return;
  if (client->state == State::connecting) {
    on_handshake_data(index, bytes);
  } else {
    on_answer_data(index, bytes);
  }
}

void ClientHost::on_handshake_data(std::uint32_t index, ByteView bytes) {
  Client& client = clients_[index];
  Attempt& attempt = attempts_[client.attempt];
  const scenario::ClientGroup& group = *program_.group;
  while (!bytes.empty()) {
    mysql::Packet packet;
    const auto status =
        attempt.assembler.next(bytes, {.max_payload = mysql::handshake_payload_limit}, packet);
    if (status == mysql::PacketStatus::incomplete) return;
    if (status != mysql::PacketStatus::complete) {
      runtime_.abort(client.connection);
      fail_attempt(index, ConnectFailure::protocol_error, 2027, "malformed packet", true);
      return;
    }
    if (group.stalls_in_handshake) {
      step(client, 2, "greeting received, saying nothing");
      return;
    }
    scratch_.clear();
    if (attempt.greeted == 0) attempt.greeted = nanoseconds(runtime_.now());
    const mysql::ClientStep said =
        attempt.handshake.on_packet(program_.handshake, packet.sequence, packet.payload, scratch_);
    switch (said.kind) {
      case mysql::ClientStep::Kind::need_more:
        break;
      case mysql::ClientStep::Kind::send:
        step(client, 2, "answering the server's handshake packet");
        send_scratch(client.connection);
        break;
      case mysql::ClientStep::Kind::start_tls:
        step(client, 2, "greeting received, asking for TLS");
        send_scratch(client.connection);
        runtime_.start_tls_client(client.connection, group.tls);
        break;
      case mysql::ClientStep::Kind::done:
        client.reader = mysql::ResponseReader(attempt.handshake.capabilities());
        established(index);
        return;
      case mysql::ClientStep::Kind::failed: {
        ConnectFailure cause = ConnectFailure::server_error;
        bool again = true;
        if (said.error == 1045 || said.error == 1251 || said.error == 3159 || said.error == 1044) {
          cause = ConnectFailure::auth_rejected;
          again = false;  // the same password would fail again
        } else if (said.error == 1040 || said.error == 1203 || said.error == 1226) {
          cause = ConnectFailure::admission_refused;
        } else if (said.error >= 2000 && said.error < 3000) {
          cause = ConnectFailure::protocol_error;
        }
        runtime_.close(client.connection);
        fail_attempt(index, cause, said.error, said.message, again);
        return;
      }
    }
  }
}

void ClientHost::established(std::uint32_t index) {
  end_attempt(index);
  Client& client = clients_[index];
  const scenario::ClientGroup& group = *program_.group;
  client.state = State::idle;
  runtime_.record({.kind = TraceKind::client_established,
                   .subject = client.number,
                   .a = static_cast<std::uint64_t>(nanoseconds(runtime_.now()) - client.since)});
  schedule_next_open();
  if (client.closing) {
    close_client(index);
  } else if (group.query_on_connect) {
    send_statement(index);
  } else {
    schedule_statement(index);
  }
}

void ClientHost::schedule_statement(std::uint32_t index) {
  const scenario::ClientGroup& group = *program_.group;
  if (group.query_interval_maximum == Duration::zero()) return;
  const Client& client = clients_[index];
  const std::uint64_t bits = draws_.block(client.number, client.statements).low();
  const Duration wait =
      group.query_interval_exponential
          ? exponential(group.query_interval_maximum, bits)
          : uniform_between(group.query_interval_minimum, group.query_interval_maximum, bits);
  runtime_.wake_after(wait, timer_cookie(Tag::query, index));
}

void ClientHost::send_statement(std::uint32_t index) {
  Client& client = clients_[index];
  ++client.statements;
  client.state = State::waiting;
  if (client.statements == 1 && program_.group->query_on_connect) {
    // `since` still holds the first attempt: the first answer is measured from there as well.
    first_attempts_.emplace(client.number, client.since);
  }
  client.since = nanoseconds(runtime_.now());
  client.reader.start();
  waiting_.push_back(index);
  arm_deadlines();
  runtime_.record(
      {.kind = TraceKind::client_query_sent, .subject = client.number, .a = client.statements});
  if (program_.tag_at == 0) return runtime_.send(client.connection, program_.statement);
  scratch_ = program_.statement;
  const auto text = tag_text(tag_of(client));
  std::memcpy(scratch_.data() + program_.tag_at, text.data(), text.size());
  runtime_.send(client.connection, scratch_);
}

std::uint64_t ClientHost::tag_of(const Client& client) const {
  return mix(name_hash_, (std::uint64_t{client.number} << 32) | client.statements);
}

void ClientHost::on_answer_data(std::uint32_t index, ByteView bytes) {
  Client& client = clients_[index];
  if (client.state != State::waiting) {
    // An unasked-for packet: the server says why it is about to close. The close itself follows.
    return;
  }
  if (program_.tag_at != 0) {
    const std::string_view found = tag_in_answer(bytes);
    const auto own = tag_text(tag_of(client));
    if (!found.empty() && found != std::string_view(own.data(), own.size())) {
      runtime_.record({.kind = TraceKind::answer_mistaken,
                       .subject = client.number,
                       .a = client.statements,
                       .text = found});
    }
  }
  // Nearly every answer arrives in one piece: only a packet cut in two needs a place to wait.
  mysql::PacketAssembler fresh;
  mysql::PacketAssembler* assembler = &fresh;
  if (partial_answers_ != nullptr) {
    const auto kept = partial_answers_->find(client.number);
    if (kept != partial_answers_->end()) assembler = &kept->second;
  }
  const mysql::ResponseProgress progress = client.reader.consume(*assembler, bytes);
  if (progress == mysql::ResponseProgress::more) {
    if (assembler == &fresh && fresh.pending() != 0) {
      if (partial_answers_ == nullptr) partial_answers_ = std::make_unique<PartialAnswers>();
      partial_answers_->emplace(client.number, std::move(fresh));
    }
    return;
  }
  drop_partial_answer(client.number);
  waiting_.remove(index);
  if (progress == mysql::ResponseProgress::malformed) {
    runtime_.record({.kind = TraceKind::client_query_failed,
                     .subject = client.number,
                     .a = client.statements,
                     .b = 2027});
    runtime_.abort(client.connection);
    lost(index, static_cast<std::uint64_t>(runtime::CloseReason::reset), "malformed answer");
    return;
  }
  answered(index);
}

void ClientHost::answered(std::uint32_t index) {
  Client& client = clients_[index];
  client.state = State::idle;
  if (client.reader.kind() == mysql::ResponseReader::Kind::error) {
    runtime_.record({.kind = TraceKind::client_query_failed,
                     .subject = client.number,
                     .a = client.statements,
                     .b = client.reader.error_code()});
  } else {
    runtime_.record({.kind = TraceKind::client_query_answered,
                     .subject = client.number,
                     .a = client.statements,
                     .b = static_cast<std::uint64_t>(nanoseconds(runtime_.now()) - client.since)});
    if (client.statements == 1 && program_.group->query_on_connect) {
      const auto first = first_attempts_.extract(client.number);
      runtime_.record(
          {.kind = TraceKind::client_first_answer,
           .subject = client.number,
           .a = static_cast<std::uint64_t>(nanoseconds(runtime_.now()) - first.mapped())});
    }
  }
  if (client.closing) {
    close_client(index);
  } else {
    schedule_statement(index);
  }
}

}  // namespace wanlab::world
