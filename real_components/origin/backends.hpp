// The database servers of an origin's region: a bounded pool of logged-in connections to each,
// which server a statement goes to, and the statement's way through it. Knows nothing of edges or
// grants.
//
// Every statement ends in exactly one of: on_answer with `end`, on_lost, or on_refused.
#pragma once

#include "real_components/mysql/client_handshake.hpp"
#include "real_components/mysql/packet.hpp"
#include "real_components/mysql/response_reader.hpp"
#include "real_components/origin/config.hpp"
#include "real_components/runtime/runtime.hpp"
#include "real_components/runtime/slab.hpp"
#include "real_components/wire/records.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace wanlab::origin {

enum class RefusalReason : std::uint8_t {
  no_server,  // this region has none of that kind
  down,       // it has, but none can be reached
  too_many,   // as many statements wait as may
  timed_out,  // waited too long for a connection
  abandoned,  // before it was its turn
};

class BackendObserver {
 public:
  virtual ~BackendObserver() = default;
  // Part of the answer: MySQL packets as the database wrote them. The result is how many bytes are
  // still queued on their way to whoever asked, so that a fast database does not fill the memory of
  // a slow path.
  virtual std::size_t on_answer(std::uint32_t statement, ByteView part, bool end) = 0;
  // The connection broke while the statement was under way; what it did is unknown.
  virtual void on_lost(std::uint32_t statement) = 0;
  // Given up before it was sent to a database.
  virtual void on_refused(std::uint32_t statement, RefusalReason reason) = 0;
};

// One database server, for listings.
struct ServerInfo {
  runtime::Address address;
  std::uint32_t open = 0, idle = 0, starting = 0;  // connections
  std::uint32_t waiting = 0;                       // statements
  std::uint32_t failures = 0;                      // in a row
  bool down = false;
};

class Backends {
 public:
  // Values of bits 48..55 of the cookies in use here.
  static constexpr std::uint8_t connection_tag = 0x43;
  static constexpr std::uint8_t redial_tag = 0x44;
  static constexpr std::uint8_t wait_tag = 0x45;

  Backends(runtime::Runtime& runtime, const OriginConfig& config, BackendObserver& observer);
  ~Backends();

  void start();
  // About once a second.
  void tick();

  // `statement` is the owner's number, dense and small. `command` is the payload of a command
  // packet. The outcome may be told before this returns. `branch` counts the databases of the
  // configuration; others are refused.
  void submit(std::uint32_t statement, std::uint32_t branch, wire::TabletType kind,
              std::string_view schema, ByteView command);
  // The answer is of no use any more. A statement that waits is refused now; one that runs goes on,
  // because its connection is of no use before it has answered.
  void abandon(std::uint32_t statement);
  // The way back is free again after on_answer returned much.
  void resume(std::uint32_t statement);
  // Which server runs or ran the statement, counted over all servers of the configuration.
  std::uint32_t server_of(std::uint32_t statement) const { return statements_[statement].server; }

  // In the order of the configuration: each branch's primary, then its replicas.
  std::vector<ServerInfo> servers() const;

  // For load reports and leak checks.
  std::uint32_t busy() const { return busy_; }
  std::uint32_t capacity() const {
    return static_cast<std::uint32_t>(servers_.size()) * options_.connections;
  }
  std::uint32_t waiting() const { return waiting_; }
  std::uint32_t open_connections() const { return connections_.live(); }
  std::uint32_t peak_busy() const { return peak_busy_; }
  std::uint32_t peak_waiting() const { return peak_waiting_; }
  std::uint64_t timeouts() const { return timeouts_; }

  // Events of the runtime.
  static bool owns(runtime::Cookie cookie) {
    const auto tag = static_cast<std::uint8_t>((cookie >> 48) & 0xff);
    return tag >= connection_tag && tag <= wait_tag;
  }
  void on_timer(runtime::Cookie cookie);
  void on_connect(runtime::ConnectionId id, runtime::Cookie cookie);
  void on_secure(runtime::ConnectionId id, runtime::Cookie cookie);
  void on_data(runtime::ConnectionId id, runtime::Cookie cookie, ByteView bytes);
  void on_close(runtime::ConnectionId id, runtime::Cookie cookie, runtime::CloseReason reason);

 private:
  using Index = std::uint32_t;

  enum class Phase : std::uint8_t {
    dialling,
    login,
    idle,
    choosing_schema,  // COM_INIT_DB is on its way, the statement waits here
    running,
  };
  struct Connection {
    Index next = no_index;
    std::uint32_t generation = 0;
    Index server = 0;
    Index statement = no_index;
    runtime::ConnectionId id = runtime::no_connection;
    Phase phase = Phase::dialling;
    bool paused = false;
    Instant since{};  // of the dialling, or of the statement's start
    mysql::ClientHandshake handshake;
    mysql::PacketAssembler input;
    mysql::ResponseReader reader{0};
    std::string schema;  // of the database session; it keeps its memory
  };
  struct Login;
  struct Server {
    runtime::Address address;
    const Login* login = nullptr;
    std::vector<Index> idle;  // the most recently used last
    Index first_waiting = no_index;
    Index last_waiting = no_index;
    std::uint32_t waiting = 0;
    std::uint32_t open = 0;      // connections in whatever phase
    std::uint32_t starting = 0;  // of them, those not logged in
    std::uint32_t failures = 0;  // in a row
    Instant redial_at{};
    bool redial_armed = false;
    bool wait_armed = false;
  };
  struct Branch {
    Index primary = no_index;
    std::vector<Index> replicas;
    std::uint32_t turn = 0;
  };
  // The part of a statement that concerns this class; numbered by the owner.
  struct Statement {
    Index server = 0;
    Index connection = no_index;
    Index next = no_index;  // in the line of its server
    Index previous = no_index;
    Instant deadline{};
    bool waiting = false;
    Bytes command;  // while it waits
    std::string schema;
  };

  Statement& statement_at(Index statement);
  Index choose(Branch& branch, wire::TabletType kind);
  // Takes the idle connection that suits a statement of this schema best; no_index: none does.
  Index take_idle(Server& server, std::string_view schema);
  bool down(const Server& server) const;
  void pump(Index server);
  void serve_waiting(Server& server);
  void dial(Index server);
  void wait(Index statement, std::string_view schema, ByteView command);
  void leave_line(Index statement);
  void run(Index connection, Index statement, std::string_view schema, ByteView command);
  void send_command(Connection& connection, ByteView command);
  void release(Index connection);
  void drop(Index connection);
  void lose(Index connection);
  void failed(Index server);
  void refuse_all(Index server, RefusalReason reason);
  void continue_login(Index connection, ByteView bytes);
  void continue_statement(Index connection, ByteView bytes);
  Index connection_of(runtime::Cookie cookie) const;

  runtime::Runtime& runtime_;
  BackendPoolOptions options_;
  BackendObserver& observer_;
  std::unique_ptr<runtime::RandomStream> random_;
  std::vector<std::unique_ptr<Login>> logins_;
  std::vector<Branch> branches_;
  std::vector<Server> servers_;
  Slab<Connection, 6> connections_;
  std::vector<Statement> statements_;
  Bytes out_;
  std::uint32_t busy_ = 0;
  std::uint32_t waiting_ = 0;
  std::uint32_t peak_busy_ = 0;
  std::uint32_t peak_waiting_ = 0;
  std::uint64_t timeouts_ = 0;  // statements that waited too long for a connection
};

}  // namespace wanlab::origin
