// One origin: takes logins and statements of the edges from the backhaul, judges them, and has its
// region's databases answer. It keeps no state of any session: whoever shows a grant is judged by
// it.
//
// Outcomes told to an edge: a Refusal means that nothing was executed; a reset stream that nobody
// knows.
#pragma once

#include "real_components/backhaul/acceptor.hpp"
#include "real_components/control/node_store.hpp"
#include "real_components/origin/backends.hpp"
#include "real_components/origin/config.hpp"
#include "real_components/origin/gatekeeper.hpp"
#include "real_components/runtime/runtime.hpp"
#include "real_components/runtime/slab.hpp"

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace wanlab::origin {

// What is held right now, for leak checks and reports.
struct OriginCensus {
  std::uint32_t requests = 0;  // being received, waiting or running
  std::uint32_t waiting = 0;   // of them, waiting for a database connection
  std::uint32_t edge_connections = 0;
  std::uint32_t database_connections = 0;
  std::size_t credentials = 0;
};

// Since the start.
struct OriginCounters {
  std::uint64_t logins_granted = 0;
  std::uint64_t logins_refused = 0;
  std::uint64_t renewals = 0;
  std::uint64_t statements = 0;  // answered by a database
  std::uint64_t statements_refused = 0;
  std::uint64_t statements_lost = 0;  // with the connection to the database
  std::uint64_t cancelled = 0;
};

class OriginNode final : public runtime::Component,
                         private backhaul::RequestObserver,
                         private BackendObserver {
 public:
  static constexpr std::uint8_t acceptor_tag = 0x40;
  static constexpr std::uint8_t store_tag = 0x41;
  static constexpr std::uint8_t tick_tag = 0x42;

  // With a store from outside, which must outlive the node, config.store is not looked at.
  OriginNode(runtime::Runtime& runtime, OriginConfig config, control::Store* store = nullptr);
  ~OriginNode() override;

  // Edges are told to take new work elsewhere; what runs is finished.
  void drain() { acceptor_.drain(); }
  void undrain() { acceptor_.undrain(); }
  bool drained() const { return acceptor_.drained(); }

  OriginCensus census() const;
  const OriginCounters& counters() const { return counters_; }
  const Backends& backends() const { return backends_; }
  const backhaul::Acceptor& acceptor() const { return acceptor_; }
  // Both watches have their first listing. Until then all requests are sent elsewhere.
  bool synchronised() const;
  const OriginConfig& config() const { return config_; }

  void start() override;
  void on_timer(runtime::Cookie cookie) override;
  runtime::Cookie on_accept(std::uint16_t port, runtime::ConnectionId connection,
                            const runtime::PeerInfo& peer) override;
  void on_connect(runtime::ConnectionId connection, runtime::Cookie cookie) override;
  void on_secure(runtime::ConnectionId connection, runtime::Cookie cookie) override;
  void on_data(runtime::ConnectionId connection, runtime::Cookie cookie, ByteView bytes) override;
  void on_writable(runtime::ConnectionId connection, runtime::Cookie cookie) override;
  void on_close(runtime::ConnectionId connection, runtime::Cookie cookie,
                runtime::CloseReason reason) override;

 private:
  using Index = std::uint32_t;

  enum class Phase : std::uint8_t { receiving, submitted };
  struct Denial {
    mysql::ErrorCode code;
    std::string_view message;
  };
  // One request that was not answered at once.
  struct Request {
    Index next = no_index;
    std::uint32_t generation = 0;
    backhaul::RequestId id;
    std::uint32_t edge = 0;
    std::uint32_t number = 0;  // of all requests of this origin; for the trace
    Phase phase = Phase::receiving;
    bool cancelled = false;
    bool head_sent = false;
    bool conversation = false;
    bool standing = false;   // of a conversation: a database connection waits for its next order
    bool busy = false;       // of a conversation: a statement is under way
    bool uploading = false;  // and more of its command is to come
    bool taking = false;     // take_orders() is at work on it
    bool has_grant = false;
    wire::Grant grant;  // a fresh one, to go ahead of the answer
    std::uint64_t answered = 0;
    std::uint64_t session = 0, credential = 0;  // for the trace
    wire::Ending ending;                        // of a conversation's last statement
    std::size_t owed = 0;  // bytes in `received` that the edge has no credit for yet
    Bytes received;        // of a long request, or orders that are not complete or not due
  };

  std::uint64_t on_request(backhaul::RequestId id, const backhaul::RequestInfo& info,
                           ByteView payload, bool end) override;
  std::size_t on_request_data(backhaul::RequestId id, std::uint64_t cookie, ByteView payload,
                              bool end) override;
  void on_cancelled(backhaul::RequestId id, std::uint64_t cookie) override;
  void on_sent(backhaul::RequestId id, std::uint64_t cookie) override;
  std::size_t on_answer(std::uint32_t statement, ByteView part, bool end) override;
  void on_lost(std::uint32_t statement) override;
  void on_refused(std::uint32_t statement, RefusalReason reason) override;
  void on_ended(std::uint32_t statement, const wire::Ending& ending, ByteView warnings) override;
  void on_hold_ended(std::uint32_t statement, HoldEnd how) override;
  void on_ready(std::uint32_t statement) override;

  std::uint32_t edge_of(const backhaul::RequestInfo& info);
  // Both give the request's cookie, 0 if it is over already.
  std::uint64_t serve(backhaul::RequestId id, std::uint32_t edge, ByteView payload, Index known);
  std::uint64_t serve_statement(backhaul::RequestId id, std::uint32_t edge,
                                const wire::QueryRequest& query, const CredentialEntry& entry,
                                Index known);
  void serve_login(backhaul::RequestId id, std::uint32_t edge, ByteView message);
  void serve_kill(backhaul::RequestId id, std::uint32_t edge, const wire::QueryRequest& query);
  // Null, or what is answered instead.
  static const Denial* denial_of(const wire::QueryHeader& header, ByteView command,
                                 const CredentialEntry& entry, bool conversation, bool in_parts);
  static Order order_of(const wire::QueryHeader& header, const CredentialEntry& entry);
  void note_order(Request& request, const wire::QueryHeader& header, const CredentialEntry& entry);

  // conversations.cpp
  std::uint64_t begin_conversation(backhaul::RequestId id, std::uint32_t edge, ByteView orders,
                                   bool end);
  // As many as are complete and due.
  void take_orders(Index request);
  // False: the conversation is over.
  bool take_order(Index request, wire::OrderKind kind, ByteView body);
  bool take_command(Index request, ByteView body, bool in_parts);
  void end_conversation(Index request);
  void refuse(backhaul::RequestId id, const mysql::ErrorCode& code, std::string_view message,
              bool try_elsewhere, bool close);
  void refuse_grant(backhaul::RequestId id, GrantVerdict verdict);
  Index begin_request(backhaul::RequestId id, std::uint32_t edge);
  void release_request(Index request);
  std::uint64_t cookie_of(Index request) const;
  Index request_of(std::uint64_t cookie) const;
  void tick();

  runtime::Runtime& runtime_;
  OriginConfig config_;
  Gatekeeper gatekeeper_;
  backhaul::Acceptor acceptor_;
  Backends backends_;
  control::NodeStore store_;
  control::CredentialWatcher credential_watcher_;
  control::PrefixWatcher grant_key_watcher_;
  wire::AuthCodec codec_;

  Slab<Request, 8> requests_;
  std::vector<std::uint32_t> edge_of_connection_;  // no_index where not yet known
  Bytes out_;
  OriginCounters counters_;
  bool ready_ = false;  // was synchronised once
  std::uint32_t next_number_ = 0;
  std::uint32_t load_ = 0;  // smoothed, in thousandths of the database connections
};

}  // namespace wanlab::origin
