// One edge: accepts MySQL clients, completes their handshake here, has their proof judged by an
// origin, and sends every statement to the best region of the moment. It holds nothing that could
// log in.
//
// What a client may see of faults behind the edge:
//   - a request that was not processed goes to the next region, unseen;
//   - a read with an unknown outcome is repeated where the credential reads replicas, within a
//     budget;
//   - any other unknown outcome is ERR 1105 tagged [wanlab:OUTCOME_UNKNOWN], and nothing is
//     repeated;
//   - an answer that breaks off between packets ends in ERR 1053, within a packet in a closed
//     connection;
//   - without any live region: ERR 1053 at once, and the session stays for the next statement;
//   - with a transaction lost: ERR 1213, and the session goes on without it; but if that might have
//     been committed: ERR 1053 tagged [wanlab:COMMIT_OUTCOME_UNKNOWN] and the end of the session;
//   - with temporary tables, locks, variables or prepared statements lost: ERR 1927 and the end of
//     the session.
#pragma once

#include "real_components/edge/admission.hpp"
#include "real_components/edge/config.hpp"
#include "real_components/edge/name_pool.hpp"
#include "real_components/edge/session.hpp"
#include "real_components/edge/upstream.hpp"
#include "real_components/mysql/errors.hpp"
#include "real_components/wire/auth.hpp"
#include "real_components/wire/nonce.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace wanlab::edge {

// What is held right now, for leak checks and reports.
struct EdgeCensus {
  std::uint32_t sessions = 0;    // connections, in whatever phase
  std::uint32_t handshakes = 0;  // of them, those not logged in
  std::uint32_t exchanges = 0;   // requests on their way
  std::size_t schemas = 0;
  std::size_t memory_bytes = 0;     // of sessions and transient records, without buffers
  std::uint32_t attachments = 0;    // sessions with settings, insert ids, warnings or conversations
  std::uint32_t conversations = 0;  // sessions with a database connection of their own
  std::size_t settings = 0;         // different ones
};

// Since the start.
struct EdgeCounters {
  std::uint64_t accepted = 0;
  std::uint64_t authenticated = 0;
  std::uint64_t refused = 0;  // sent an ERR instead of the OK of a login
  std::uint64_t handshake_timeouts = 0;
  std::uint64_t statements = 0;         // answered
  std::uint64_t statements_failed = 0;  // answered with an error of the edge's own
  std::uint64_t retries = 0;
  std::uint64_t outcomes_unknown = 0;
  std::uint64_t renewals = 0;  // asked for on behalf of idle sessions
  std::uint64_t revoked = 0;   // sessions ended because Route, Credential or grant did
};

// One session, for listings.
struct SessionInfo {
  std::uint64_t number = 0;
  std::string_view user, schema;
  Phase phase{};
  bool secure = false;
  std::uint32_t statements = 0;
  bool pinned = false;          // to a database connection of its own, ...
  bool in_transaction = false;  // ...by a transaction at least
};

class EdgeNode final : public runtime::Component,
                       private backhaul::PoolObserver,
                       private UpstreamObserver {
 public:
  // With a store from outside, which must outlive the node, config.store is not looked at.
  EdgeNode(runtime::Runtime& runtime, EdgeConfig config, control::Store* store = nullptr);
  ~EdgeNode() override;

  // Stops accepting, closes idle sessions evenly over the drain period and at its end all others.
  void drain();
  // Accepts again; sessions that were not told to end stay.
  void undrain();
  bool drained() const { return draining_ && sessions_.live() == 0; }

  EdgeCensus census() const;
  const EdgeCounters& counters() const { return counters_; }
  // Nothing where a place up to session_places() is free. The texts are lent until the next event.
  std::uint32_t session_places() const { return sessions_.extent(); }
  std::optional<SessionInfo> session_at(std::uint32_t place) const;
  const Upstream& upstream() const { return upstream_; }
  const EdgeConfig& config() const { return config_; }

  void start() override;
  void on_timer(runtime::Cookie cookie) override;
  runtime::Cookie on_accept(std::uint16_t port, runtime::ConnectionId connection,
                            const runtime::PeerInfo& peer) override;
  void on_connect(runtime::ConnectionId connection, runtime::Cookie cookie) override;
  void on_secure(runtime::ConnectionId connection, runtime::Cookie cookie) override;
  void on_data(runtime::ConnectionId connection, runtime::Cookie cookie, ByteView bytes) override;
  void on_writable(runtime::ConnectionId connection, runtime::Cookie cookie) override;
  void anticipate(runtime::Cookie cookie, bool soon) const override;
  void on_close(runtime::ConnectionId connection, runtime::Cookie cookie,
                runtime::CloseReason reason) override;

 private:
  enum class Tag : std::uint8_t {
    session = 1,
    handshake_deadline,
    denial,
    renewal,
    retry_renewal,
    sweep,
    cold_backhaul
  };
  enum class Sweep : std::uint8_t { none, orphans, drain };
  using Index = std::uint32_t;

  // What is to be done with a statement, before it is.
  struct Intent {
    std::uint16_t flags = 0;  // of wire::order
    bool conversation = false;
    bool repeatable = false;            // whatever the outcome of the first attempt
    bool keeps_transaction = false;     // surely does not commit
    bool reads_row_count = false;       // of the statement before
    std::uint32_t schema = no_index;    // held: the session's, once it has succeeded
    std::uint32_t settings = no_index;  // likewise
  };

  // edge_node.cpp: connections, deadlines and the end of sessions.
  static runtime::Cookie cookie(Tag tag, std::uint64_t word = 0);
  std::uint64_t number(Index session) const;  // 48 bits: slot and generation
  std::uint64_t wire_session(Index session) const;
  Index session_of(runtime::Cookie cookie) const;
  wire::NonceContent make_nonce();
  void arm(Tag tag, Duration delay, bool& armed);
  void expire_handshakes();
  void renew_grants();
  void begin_sweep(Sweep kind);
  void sweep();
  void send_error(Index session, std::uint8_t sequence, const mysql::ErrorCode& code,
                  std::string_view message);
  // Ends an established session; the ERR answers no command, so that its sequence is 0.
  void close_with(Index session, const mysql::ErrorCode& code, std::string_view message);
  // `code`: the MySQL error that its client was just sent; 0: none.
  void close_session(Index session, std::uint16_t code = 0);
  void release_session(Index session);
  void release_handshake(Index handshake);
  void release_exchange(Index exchange);
  void on_routes_removed() override;
  void on_synchronised() override;
  void on_region_reachable() override;

  // login.cpp: from the first packet to the OK.
  void receive_handshake(Index session, ByteView bytes);
  void begin_login(Index session, const mysql::Login& login);
  void deny_later(Index session);
  void deny(Index session);
  void refuse_login(Index session, const mysql::ErrorCode& code, std::string_view message);
  void answer_login(Index exchange, ByteView reply);
  void establish(Index session, const wire::Grant& grant, Instant login_started);

  // COM_CHANGE_USER: from one user to another, on the same connection.
  void begin_change(Index session, ByteView payload);

  // statements.cpp: commands of established sessions.
  // Gives back what has to wait for the answer of the statement that is now under way.
  ByteView receive_commands(Index session, ByteView bytes);
  // The same for what the client sent ahead, from `from` on; then reads on if little is left.
  void serve_pipelined(Index session, Bytes&& pipelined, std::size_t from);
  static void speak_ahead(Exchange& exchange, ByteView bytes);
  void run_command(Index session, ByteView payload);
  void run_query(Index session, ByteView payload);
  // False: answered at once, without an origin.
  bool judge(Index session, std::string_view text, Intent& intent);
  bool judge_settings(Index session, std::string_view text, Intent& intent);
  void end_no_transaction(Index session, std::string_view text);
  void use_schema(Index session, ByteView payload, std::string_view name);
  void set_option(Index session, ByteView payload);
  void forward(Index session, ByteView payload);
  void run_prepared(Index session, ByteView payload, mysql::CommandKind kind);
  // `in_parts`: the payload is only the beginning, of which nothing is kept.
  void begin_statement(Index session, ByteView payload, const Intent& intent,
                       bool in_parts = false);
  mysql::StatusFlags status_of(Index session) const;
  void send_ok(Index session);
  void refuse_command(Index session, const mysql::ErrorCode& code, std::string_view message);
  void finish_statement(Index exchange);
  void fail_statement(Index exchange, std::uint16_t code, std::string_view sqlstate,
                      std::string_view message, bool close);
  void refuse_statement(Index exchange, const wire::Refusal& refusal);

  // uploads.cpp: commands too long to be kept, passed on as they come.
  // `bytes` begin with the head of the command's first packet and one byte of it at least. Gives
  // back what is behind the command.
  ByteView begin_upload(Index session, ByteView bytes);
  ByteView continue_upload(Index exchange, ByteView bytes);

  // kills.cpp: KILL and COM_PROCESS_KILL.
  void run_kill_statement(Index session, std::string_view text);
  void run_kill(Index session, const wire::KillRequest& kill);
  void finish_kill(Index exchange, ByteView answer);

  // attachments.cpp: what few sessions have.
  Index attachment_of(Index session) const;
  Attachment* attached(Index session);
  bool conversing(Index session) const;
  Attachment& attach(Index session);
  // Forgets an attachment with nothing in it.
  void tidy(Index session);
  void release_attachment(Index attachment);
  void reset_session(Index session);
  void give_settings(Attachment& attachment, std::uint32_t settings);
  // Says the last word of a conversation's stream, which the origin has ended.
  void leave_conversation(Attachment& attachment);
  std::uint64_t cookie_of_conversation(Index attachment) const;
  Index conversation_of(backhaul::RequestHandle request, std::uint64_t word) const;
  std::size_t hear(backhaul::RequestHandle request, std::uint64_t word, ByteView part, bool end);
  void end_conversation(Index attachment, const wire::Ending& ending);
  void lose_conversation(Index attachment, backhaul::Processed processed);
  bool has_warnings(Index session);
  bool serve_warnings(Index session, std::string_view text);

  // exchanges.cpp: requests and their outcomes.
  static std::uint32_t whole_seconds(Instant now);
  Index begin_exchange(Index session, ExchangeKind kind);
  void write_header(const Exchange& exchange, std::size_t payload);
  // Sends to the best region not yet tried, else (if allowed) to one tried before. False: none took
  // it.
  bool dispatch(Index exchange, ByteView payload, bool tried_ones_too = true);
  // Over the conversation that stands.
  bool send_order(Index exchange, ByteView payload);
  // For a request that no region took. True: it waits for the first connection to one, bounded.
  bool wait_for_backhaul(Index exchange, ByteView payload);
  void give_up_waiting();
  void begin_renewal(Index session);
  void finish_renewal(Index exchange, ByteView answer);
  // Collects an answer that is understood only as a whole. False: longer than any can be, and given
  // up.
  bool collect(Index exchange, ByteView part);
  // After a refusal in exchange.answer or `part`: whether another region has been asked instead.
  bool ask_elsewhere(Index exchange);
  static void follow_packets(Exchange& exchange, ByteView bytes);
  void store_grant(Index session, const wire::Grant& grant);
  std::size_t deliver(Index exchange, ByteView part, bool end);
  // Takes the frames of a statement's answer. The result is how much of it the client is too slow
  // for; `part` keeps what is behind the end of the statement.
  std::size_t take_frames(Index exchange, FrameScanner& scanner, Bytes& collected, ByteView& part);
  std::size_t give_client(Exchange& exchange, ByteView packets, bool whole);
  // A whole frame that is for the edge itself, head included. False: the statement has ended.
  bool take_frame(Index exchange, wire::AnswerKind kind, Bytes& collected);
  void finish_answer(Index exchange);
  void lose_exchange(Index exchange, backhaul::Processed processed);
  void lose_outcome(Index exchange);
  void no_region_left(Index exchange);
  std::size_t on_response(backhaul::RequestHandle request, std::uint64_t cookie, ByteView part,
                          bool end) override;
  void on_failed(backhaul::RequestHandle request, std::uint64_t cookie,
                 backhaul::Processed processed, backhaul::ResetReason reason) override;
  void on_sent(backhaul::RequestHandle request, std::uint64_t cookie) override;

  runtime::Runtime& runtime_;
  EdgeConfig config_;
  std::unique_ptr<runtime::RandomStream> random_;
  crypto::HmacSha256Key nonce_key_;
  std::uint32_t fingerprint_;
  std::uint32_t process_;
  std::uint32_t nonce_second_ = 0;
  std::uint32_t nonce_sequence_ = 0;
  mysql::ServerHandshakeOptions handshake_options_;
  Upstream upstream_;
  TenantAdmission tenant_admission_;
  AddressAdmission address_admission_;
  wire::AuthCodec codec_;

  Sessions sessions_;
  Handshakes handshakes_;
  Exchanges exchanges_;
  Attachments attachments_;
  NamePool schemas_;
  NamePool settings_;
  IndexQueue<Handshakes> handshake_deadlines_{handshakes_};
  IndexQueue<Sessions> grants_to_renew_{sessions_};
  std::vector<std::uint32_t> sessions_of_tenant_;
  std::vector<WaitingExchange> waiting_;  // for a backhaul on demand, oldest first

  Bytes out_;      // reused for everything written to clients
  Bytes request_;  // reused for headers of requests
  Duration login_time_;
  std::uint64_t ending_with_ = 0;  // for the trace: the error of the session that is being closed
  std::uint32_t conversations_ = 0;
  std::uint32_t retry_budget_ = 0;  // in hundredths of a repeat
  EdgeCounters counters_;
  bool deadline_armed_ = false;
  bool renewal_armed_ = false;
  bool sweep_armed_ = false;
  bool waiting_armed_ = false;
  bool sweep_again_ = false;  // another Route went while the sweep was under way
  bool draining_ = false;
  Sweep sweep_kind_ = Sweep::none;
  Index sweep_at_ = 0;
  Instant drain_until_{};
};

}  // namespace wanlab::edge
