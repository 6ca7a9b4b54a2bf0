// A machine full of database clients: a Lambda execution environment, a pool member, or one metro's
// share of recorded arrivals. Speaks the real client protocol and behaves like drivers do: bounded
// connects in flight, connect timeout, retries with backoff, statements at drawn intervals.
#pragma once

#include "real_components/mysql/client_handshake.hpp"
#include "real_components/mysql/commands.hpp"
#include "real_components/mysql/packet.hpp"
#include "real_components/mysql/response_reader.hpp"
#include "real_components/runtime/runtime.hpp"
#include "real_components/runtime/slab.hpp"
#include "sim/base/random.hpp"
#include "sim/scenario/plan.hpp"
#include "sim/trace/recorder.hpp"
#include "sim/world/name_service.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace wanlab::world {

// What all hosts of one client group share.
struct ClientProgram {
  const scenario::ClientGroup* group = nullptr;
  mysql::ClientSecrets secrets;
  std::string password;
  mysql::ClientHandshakeOptions handshake;  // points at secrets and password above
  Bytes statement;                          // the COM_QUERY packet, ready to send
  // Where each statement's own mark goes (statement_tag.hpp); 0: nowhere.
  std::size_t tag_at = 0;
  Instant begin{};                          // when the group starts
  Instant ramp_ends{};
  bool record_steps = false;            // hello: tell every step
  trace::Recorder* recorder = nullptr;  // hears what came when while connecting; may be null
  std::uint64_t seed = 0;
};
// Derives everything that depends only on the group.
void prepare(ClientProgram& program, const scenario::ClientGroup& group,
             const std::string& password, std::uint64_t seed, bool tagged = false);

// When each connection of a host is wanted: either evenly over the group's ramp, or in recorded
// bursts.
struct ClientShare {
  std::uint32_t host_number = 0;  // within the group, from 0
  Instant ready{};                // the environment has started (cold start over)
  std::vector<scenario::ClientGroup::Arrival>
      arrivals;  // of this host's site, for ClientKind::arrivals
};

class alignas(64) ClientHost final : public runtime::Component {
 public:
  ClientHost(runtime::Runtime& runtime, const ClientProgram& program, ClientShare share,
             NameService& names, std::uint32_t site, std::uint32_t resolver_site, std::string name);

  void start() override;
  void on_timer(runtime::Cookie cookie) override;
  runtime::Cookie on_accept(std::uint16_t, runtime::ConnectionId,
                            const runtime::PeerInfo&) override {
    return 0;
  }
  void on_connect(runtime::ConnectionId connection, runtime::Cookie cookie) override;
  void on_secure(runtime::ConnectionId connection, runtime::Cookie cookie) override;
  void on_data(runtime::ConnectionId connection, runtime::Cookie cookie, ByteView bytes) override;
  void on_writable(runtime::ConnectionId, runtime::Cookie) override {}
  void anticipate(runtime::Cookie cookie, bool soon) const override;
  void on_close(runtime::ConnectionId connection, runtime::Cookie cookie,
                runtime::CloseReason reason) override;

  std::uint32_t live() const { return clients_.live(); }
  // Everything wanted was opened, and nothing of it is left.
  bool finished() const { return clients_.live() == 0 && opened_ == wanted_; }
  std::size_t memory_bytes() const { return clients_.memory_bytes() + attempts_.memory_bytes(); }

 private:
  enum class State : std::uint8_t { connecting, idle, waiting, backing_off };
  enum class Tag : std::uint8_t { open_next, close_next, resolved, deadline, query, retry };

  // One client connection. While it connects, the rest is in an Attempt.
  struct Client {
    std::uint32_t next = no_index, previous = no_index;  // in one of the deadline queues
    std::uint32_t generation = 0;
    runtime::ConnectionId connection = runtime::no_connection;
    std::int64_t since = 0;  // connecting: the first attempt; waiting: when the statement was sent
    std::uint32_t number = 0;      // of this host's connections, from 0
    std::uint32_t statements = 0;  // sent
    std::uint32_t attempt = no_index;
    std::uint16_t tries = 0;
    State state = State::connecting;
    bool closing = false;  // to be closed when the answer is there
    mysql::ResponseReader reader{0};
  };
  struct Attempt {
    std::uint32_t next = no_index;
    std::uint32_t generation = 0;
    // When it began, TCP stood, the greeting was there and TLS stood; zero: not yet.
    std::int64_t started = 0, connected = 0, greeted = 0, secured = 0;
    mysql::ClientHandshake handshake;
    mysql::PacketAssembler assembler;
  };
  using Clients = Slab<Client, 8>;

  runtime::Cookie timer_cookie(Tag tag, std::uint32_t index = 0) const;
  runtime::Cookie connection_cookie(std::uint32_t index) const;
  Client* find(runtime::Cookie cookie, std::uint32_t& index);

  Instant due(std::uint64_t number) const;
  Instant closes_at(std::uint64_t number) const;
  void open_next();
  void begin_due_retries();
  void schedule_next_open();
  void close_next();
  // `resolved`: the answer of the resolver has just arrived, however short it holds.
  void begin_attempt(std::uint32_t index, bool resolved = false);
  void close_client(std::uint32_t index);
  void fail_attempt(std::uint32_t index, trace::ConnectFailure cause, std::uint16_t error,
                    std::string_view words, bool worth_repeating);
  void end_attempt(std::uint32_t index);
  void note_steps(const Client& client) const;
  void established(std::uint32_t index);
  void send_statement(std::uint32_t index);
  std::uint64_t tag_of(const Client& client) const;
  void schedule_statement(std::uint32_t index);
  void answered(std::uint32_t index);
  void lost(std::uint32_t index, std::uint64_t reason, std::string_view words);
  void on_handshake_data(std::uint32_t index, ByteView bytes);
  void on_answer_data(std::uint32_t index, ByteView bytes);
  void arm_deadlines();
  void check_deadlines();
  void drop_partial_answer(std::uint32_t number);
  void forget(std::uint32_t index);
  void step(const Client& client, std::uint64_t number, std::string_view text);
  void send_scratch(runtime::ConnectionId connection);

  // What every event touches: two cache lines.
  runtime::Runtime& runtime_;
  const ClientProgram& program_;
  Clients clients_;
  IndexQueue<Clients> waiting_{clients_};
  IndexQueue<Clients> connecting_{clients_};
  Instant deadline_at_ = Instant::max();  // the earliest wake-up for deadlines that is under way
  RandomKey draws_;
  // By client number, for the few that need it; looked up, never iterated. Null without any.
  using PartialAnswers = std::unordered_map<std::uint32_t, mysql::PacketAssembler>;
  std::unique_ptr<PartialAnswers> partial_answers_;
  std::uint32_t in_flight_ = 0;
  bool open_scheduled_ = false;
  bool resolving_ = false;

  Slab<Attempt, 5> attempts_;
  ClientShare share_;
  NameService& names_;
  std::uint32_t site_, resolver_site_;
  std::string name_;
  std::uint64_t name_hash_;
  std::vector<std::uint32_t> by_number_;  // client number -> slab index, for closing in order
  std::uint64_t wanted_ = 0;              // connections in all
  std::vector<std::uint64_t> arrivals_through_;  // running totals of the share's arrivals
  std::uint64_t opened_ = 0;                     // connections begun (numbers below are taken)
  std::uint64_t closed_through_ = 0;             // numbers below were told to close
  std::deque<std::uint32_t> retries_due_;        // backed off long enough, waiting for a free place
  NameAnswer answer_;
  Instant answer_arrives_{};                                        // while resolving_
  std::unordered_map<std::uint32_t, std::int64_t> first_attempts_;  // by client number, looked up
  Bytes scratch_;
};

}  // namespace wanlab::world
