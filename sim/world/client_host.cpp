// When connections are opened, repeated and closed. What they say is in client_session.cpp.
#include "sim/world/client_host.hpp"

#include "sim/world/statement_tag.hpp"

#include <algorithm>

namespace wanlab::world {

using runtime::Cookie;
using runtime::TraceKind;
using trace::ConnectFailure;

namespace {
constexpr unsigned tag_shift = 48;
constexpr unsigned generation_shift = 32;
constexpr std::uint32_t generation_mask = 0xffff;
}  // namespace

void prepare(ClientProgram& program, const scenario::ClientGroup& group,
             const std::string& password, std::uint64_t seed, bool tagged) {
  program.group = &group;
  program.seed = seed;
  program.password = password;
  program.secrets = mysql::derive_secrets(password);
  program.handshake.user = group.user;
  program.handshake.secrets = &program.secrets;
  program.handshake.password = program.password;
  program.handshake.use_tls = group.tls != runtime::TlsVersion::none;
  program.handshake.request_server_key = true;
  if (group.authentication_plugin == "mysql_native_password") {
    program.handshake.first_method = mysql::AuthMethod::native;
  }
  std::string statement = group.statement;
  if (tagged) {
    statement += tag_opens;
    statement.append(tag_digits, '0');
    statement += tag_closes;
  }
  mysql::write_query(program.statement, statement);
  if (tagged) program.tag_at = program.statement.size() - tag_closes.size() - tag_digits;
}

ClientHost::ClientHost(runtime::Runtime& runtime, const ClientProgram& program, ClientShare share,
                       NameService& names, std::uint32_t site, std::uint32_t resolver_site,
                       std::string name)
    : runtime_(runtime),
      program_(program),
      draws_(program.seed, name + "/clients"),
      share_(std::move(share)),
      names_(names),
      site_(site),
      resolver_site_(resolver_site),
      name_(std::move(name)),
      name_hash_(hash_name(name_)) {
  if (program_.group->kind != scenario::ClientKind::arrivals) {
    wanted_ = program_.group->connections_per_host;
    return;
  }
  for (const auto& arrival : share_.arrivals) arrivals_through_.push_back(wanted_ += arrival.count);
}

void ClientHost::start() {
  schedule_next_open();
}

// The attempts of the whole group are spread evenly: host h opens its k-th at (k * hosts + h) of
// all.
Instant ClientHost::due(std::uint64_t number) const {
  const scenario::ClientGroup& group = *program_.group;
  if (group.kind == scenario::ClientKind::arrivals) {
    const auto row = std::upper_bound(arrivals_through_.begin(), arrivals_through_.end(), number);
    const auto index = static_cast<std::size_t>(row - arrivals_through_.begin());
    const auto& arrival = share_.arrivals[index];
    const std::uint64_t within = number - (arrivals_through_[index] - arrival.count);
    return program_.begin + arrival.at +
           group.arrivals_spread * static_cast<std::int64_t>(within) / arrival.count;
  }
  const std::uint64_t all = std::uint64_t{group.hosts} * group.connections_per_host;
  const std::uint64_t place = number * group.hosts + share_.host_number;
  const auto offset = static_cast<Duration::rep>(
      static_cast<runtime::Uint128>(static_cast<std::uint64_t>(group.ramp.count())) * place / all);
  return std::max(program_.begin + Duration(offset), share_.ready);
}

Instant ClientHost::closes_at(std::uint64_t number) const {
  const scenario::ClientGroup& group = *program_.group;
  if (group.kind == scenario::ClientKind::arrivals) return due(number) + group.hold;
  const std::uint64_t all = std::uint64_t{group.hosts} * group.connections_per_host;
  const std::uint64_t place = number * group.hosts + share_.host_number;
  const auto offset = static_cast<Duration::rep>(
      static_cast<runtime::Uint128>(static_cast<std::uint64_t>(group.drain.count())) * place / all);
  return program_.ramp_ends + group.hold + Duration(offset);
}

Cookie ClientHost::timer_cookie(Tag tag, std::uint32_t index) const {
  const std::uint32_t generation =
      index < clients_.extent() ? clients_[index].generation & generation_mask : 0;
  return (Cookie{static_cast<std::uint8_t>(tag)} << tag_shift) |
         (Cookie{generation} << generation_shift) | index;
}

Cookie ClientHost::connection_cookie(std::uint32_t index) const {
  return (Cookie{clients_[index].generation & generation_mask} << generation_shift) | index;
}

ClientHost::Client* ClientHost::find(Cookie cookie, std::uint32_t& index) {
  index = static_cast<std::uint32_t>(cookie);
  const auto generation = static_cast<std::uint32_t>(cookie >> generation_shift) & generation_mask;
  return clients_.holds(index, generation, generation_mask) ? &clients_[index] : nullptr;
}

// Repeated attempts count among those in flight like first ones, and go before them.
void ClientHost::begin_due_retries() {
  while (!retries_due_.empty() && in_flight_ < program_.group->connects_in_flight) {
    const std::uint32_t index = retries_due_.front();
    retries_due_.pop_front();
    begin_attempt(index);
  }
}

void ClientHost::schedule_next_open() {
  begin_due_retries();
  if (open_scheduled_ || opened_ == wanted_) return;
  if (in_flight_ >= program_.group->connects_in_flight) return;  // an ending attempt calls again
  open_scheduled_ = true;
  runtime_.wake_after(std::max(due(opened_) - runtime_.now(), Duration::zero()),
                      timer_cookie(Tag::open_next));
}

void ClientHost::open_next() {
  open_scheduled_ = false;
  while (opened_ < wanted_ && in_flight_ < program_.group->connects_in_flight &&
         due(opened_) <= runtime_.now()) {
    const std::uint32_t index = clients_.take();
    Client& client = clients_[index];
    client.number = static_cast<std::uint32_t>(opened_++);
    client.since = nanoseconds(runtime_.now());
    client.tries = 0;
    client.statements = 0;
    client.closing = false;
    client.connection = runtime::no_connection;
    client.attempt = no_index;
    if (by_number_.empty()) {
      // Closing goes by number; the first one sets it going.
      by_number_.reserve(wanted_);
      runtime_.wake_after(closes_at(0) - runtime_.now(), timer_cookie(Tag::close_next));
    }
    by_number_.push_back(index);
    begin_attempt(index);
  }
  schedule_next_open();
}

void ClientHost::begin_attempt(std::uint32_t index, bool resolved) {
  Client& client = clients_[index];
  client.state = State::connecting;
  const scenario::ClientGroup& group = *program_.group;
  if (clients_.live() > group.descriptors) {
    ++client.tries;
    ++in_flight_;
    runtime_.record(
        {.kind = TraceKind::client_connecting, .subject = client.number, .a = client.tries});
    fail_attempt(index, ConnectFailure::out_of_descriptors, 0, "out of descriptors", false);
    return;
  }
  ++in_flight_;
  if (resolving_ ||
      (!resolved && (answer_.addresses == nullptr || answer_.expires < runtime_.now()))) {
    if (!resolving_) {
      answer_ = names_.resolve(group.endpoint, site_, resolver_site_, runtime_.now());
      answer_arrives_ = runtime_.now() + answer_.takes;
      resolving_ = answer_.takes > Duration::zero();
    }
    if (resolving_) {
      // The answer to the first question serves all who wait for it.
      client.state = State::backing_off;
      runtime_.wake_after(answer_arrives_ - runtime_.now(), timer_cookie(Tag::resolved, index));
      return;
    }
  }
  ++client.tries;
  if (answer_.addresses == nullptr || answer_.addresses->empty()) {
    runtime_.record(
        {.kind = TraceKind::client_connecting, .subject = client.number, .a = client.tries});
    fail_attempt(index, ConnectFailure::unresolved, 0, "no address for " + group.endpoint, true);
    return;
  }
  // Which node of the POP: what an ECMP router would hash.
  const std::uint64_t hash = mix(name_hash_, (std::uint64_t{client.number} << 16) | client.tries);
  const auto& address = (*answer_.addresses)[scale_to(hash, answer_.addresses->size())];
  client.attempt = attempts_.take();
  Attempt& attempt = attempts_[client.attempt];
  attempt.started = nanoseconds(runtime_.now());
  attempt.connected = attempt.greeted = attempt.secured = 0;
  attempt.handshake = mysql::ClientHandshake();
  connecting_.push_back(index);
  arm_deadlines();
  runtime_.record({.kind = TraceKind::client_connecting,
                   .subject = client.number,
                   .a = client.tries,
                   .text = address.host});
  client.connection = runtime_.connect(address, {}, connection_cookie(index));
}

void ClientHost::end_attempt(std::uint32_t index) {
  Client& client = clients_[index];
  note_steps(client);
  if (client.attempt != no_index) {
    attempts_[client.attempt].assembler.clear();
    attempts_.release(client.attempt);
    client.attempt = no_index;
    connecting_.remove(index);
  }
  --in_flight_;
}

void ClientHost::note_steps(const Client& client) const {
  if (program_.recorder == nullptr) return;
  const auto moment = [](std::int64_t at) { return Instant(Duration(at)); };
  trace::ConnectSteps steps;
  steps.wanted = moment(client.since);
  steps.tries = client.tries;
  if (client.attempt != no_index) {
    const Attempt& attempt = attempts_[client.attempt];
    steps.attempted = moment(attempt.started);
    steps.connected = moment(attempt.connected);
    steps.greeted = moment(attempt.greeted);
    steps.secured = moment(attempt.secured);
    steps.session = attempt.handshake.connection_id();
  }
  program_.recorder->note(steps);
}

void ClientHost::fail_attempt(std::uint32_t index, ConnectFailure cause, std::uint16_t error,
                              std::string_view words, bool worth_repeating) {
  end_attempt(index);
  Client& client = clients_[index];
  client.connection = runtime::no_connection;
  const scenario::RetryPolicy& retry = program_.group->retry;
  const bool again = worth_repeating && client.tries < retry.attempts && !client.closing;
  runtime_.record({.kind = again ? TraceKind::client_attempt_failed : TraceKind::client_failed,
                   .subject = client.number,
                   .a = static_cast<std::uint64_t>(cause),
                   .b = error,
                   .text = words});
  if (again) {
    client.state = State::backing_off;
    const unsigned doublings = std::min<unsigned>(client.tries - 1u, 20);
    const Duration most = std::min(retry.base * (std::int64_t{1} << doublings), retry.cap);
    const Duration wait =
        retry.jitter
            ? uniform_between(Duration::zero(), most,
                              draws_.block(client.number, 0x100000000u + client.tries).low())
            : most;
    runtime_.wake_after(wait, timer_cookie(Tag::retry, index));
  } else {
    forget(index);
  }
  schedule_next_open();
}

void ClientHost::drop_partial_answer(std::uint32_t number) {
  if (partial_answers_ == nullptr) return;
  partial_answers_->erase(number);
  if (partial_answers_->empty()) partial_answers_.reset();
}

void ClientHost::forget(std::uint32_t index) {
  drop_partial_answer(clients_[index].number);
  first_attempts_.erase(clients_[index].number);
  by_number_[clients_[index].number] = no_index;
  clients_.release(index);
}

void ClientHost::close_next() {
  const Instant now = runtime_.now();
  while (closed_through_ < by_number_.size() && closes_at(closed_through_) <= now) {
    const std::uint32_t index = by_number_[closed_through_++];
    if (index != no_index) close_client(index);
  }
  if (closed_through_ < wanted_) {
    // A number not yet opened (late environments, slow connects) is looked for again a little
    // later.
    const Instant next = closed_through_ < by_number_.size()
                             ? closes_at(closed_through_)
                             : std::max(closes_at(closed_through_), now + 1s);
    runtime_.wake_after(next - now, timer_cookie(Tag::close_next));
  }
}

void ClientHost::close_client(std::uint32_t index) {
  Client& client = clients_[index];
  if (client.state != State::idle) {
    client.closing = true;  // when the answer, or the connection, is there
    return;
  }
  scratch_.clear();
  mysql::write_quit(scratch_);
  send_scratch(client.connection);
  runtime_.close(client.connection);
  runtime_.record({.kind = TraceKind::client_closed, .subject = client.number});
  forget(index);
}

void ClientHost::anticipate(Cookie cookie, bool soon) const {
  const auto index = static_cast<std::uint32_t>(cookie);
  if (index >= clients_.extent()) return;
  const Client& client = clients_[index];
  if (!soon) {
    __builtin_prefetch(&client, 1);
  } else if (client.connection != runtime::no_connection) {
    runtime_.anticipate(client.connection);
  }
}

void ClientHost::on_timer(Cookie cookie) {
  const auto tag = static_cast<Tag>(cookie >> tag_shift);
  std::uint32_t index = 0;
  switch (tag) {
    case Tag::open_next:
      open_next();
      return;
    case Tag::close_next:
      close_next();
      return;
    case Tag::deadline:
      check_deadlines();
      return;
    case Tag::resolved:
      resolving_ = false;
      if (find(cookie, index) != nullptr) {
        --in_flight_;  // it has waited in its place
        begin_attempt(index, true);
      }
      schedule_next_open();
      return;
    case Tag::retry:
      if (find(cookie, index) != nullptr) {
        retries_due_.push_back(index);
        begin_due_retries();
      }
      return;
    case Tag::query:
      if (const Client* client = find(cookie, index);
          client != nullptr && client->state == State::idle) {
        send_statement(index);
      }
      return;
  }
}

// One wake-up serves both queues; with constant timeouts their fronts are the next to expire. A
// front that comes due before the wake-up under way gets an earlier one, and the later then finds
// nothing to do.
void ClientHost::arm_deadlines() {
  Instant next = Instant::max();
  if (!connecting_.empty()) {
    const Attempt& attempt = attempts_[clients_[connecting_.front()].attempt];
    next = Instant(Duration(attempt.started)) + program_.group->connect_timeout;
  }
  if (!waiting_.empty()) {
    const Client& client = clients_[waiting_.front()];
    next = std::min(next, Instant(Duration(client.since)) + program_.group->query_timeout);
  }
  if (next >= deadline_at_) return;
  deadline_at_ = next;
  runtime_.wake_after(next - runtime_.now(), timer_cookie(Tag::deadline));
}

void ClientHost::check_deadlines() {
  const Instant now = runtime_.now();
  if (now < deadline_at_) return;
  deadline_at_ = Instant::max();
  while (!connecting_.empty()) {
    const std::uint32_t index = connecting_.front();
    const Client& client = clients_[index];
    const Attempt& attempt = attempts_[client.attempt];
    if (Instant(Duration(attempt.started)) + program_.group->connect_timeout > now) break;
    const bool connected = attempt.connected != 0;
    runtime_.abort(client.connection);
    fail_attempt(index,
                 connected ? ConnectFailure::handshake_timeout : ConnectFailure::connect_timeout, 0,
                 connected ? "handshake timeout" : "connect timeout", true);
  }
  while (!waiting_.empty()) {
    const std::uint32_t index = waiting_.front();
    const Client& client = clients_[index];
    if (Instant(Duration(client.since)) + program_.group->query_timeout > now) break;
    runtime_.record({.kind = TraceKind::client_query_failed,
                     .subject = client.number,
                     .a = client.statements,
                     .b = 2013});
    waiting_.remove(index);
    runtime_.abort(client.connection);
    lost(index, static_cast<std::uint64_t>(runtime::CloseReason::timed_out), "query timeout");
  }
  arm_deadlines();
}

void ClientHost::on_close(runtime::ConnectionId, Cookie cookie, runtime::CloseReason reason) {
  std::uint32_t index = 0;
  const Client* client = find(cookie, index);
  if (client == nullptr) return;
  if (client->state == State::connecting) {
    ConnectFailure cause = ConnectFailure::reset;
    switch (reason) {
      case runtime::CloseReason::refused:
        cause = ConnectFailure::refused;
        break;
      case runtime::CloseReason::timed_out:
        cause = ConnectFailure::connect_timeout;
        break;
      case runtime::CloseReason::unreachable:
        cause = ConnectFailure::unreachable;
        break;
      case runtime::CloseReason::tls_failed:
        cause = ConnectFailure::tls_failed;
        break;
      case runtime::CloseReason::overloaded:
        cause = ConnectFailure::out_of_descriptors;
        break;
      case runtime::CloseReason::finished:
      case runtime::CloseReason::reset:
        break;
    }
    fail_attempt(index, cause, 0, runtime::to_string(reason), true);
    return;
  }
  if (client->state == State::waiting) {
    runtime_.record({.kind = TraceKind::client_query_failed,
                     .subject = client->number,
                     .a = client->statements,
                     .b = 2013});
    waiting_.remove(index);
  }
  lost(index, static_cast<std::uint64_t>(reason), runtime::to_string(reason));
}

// An established connection broke. Pools and metros connect again; a Lambda worker has done its
// part.
void ClientHost::lost(std::uint32_t index, std::uint64_t reason, std::string_view words) {
  Client& client = clients_[index];
  runtime_.record(
      {.kind = TraceKind::client_lost, .subject = client.number, .a = reason, .text = words});
  client.connection = runtime::no_connection;
  if (client.closing || program_.group->kind == scenario::ClientKind::lambda) {
    forget(index);
    return;
  }
  drop_partial_answer(client.number);
  client.tries = 0;
  client.since = nanoseconds(runtime_.now());
  client.state = State::backing_off;
  retries_due_.push_back(index);
  begin_due_retries();
}

}  // namespace wanlab::world
