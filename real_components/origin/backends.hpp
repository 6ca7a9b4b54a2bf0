// The database servers of an origin's region: a bounded pool of logged-in connections to each,
// which server a statement goes to, and the statement's way through it. Knows nothing of edges or
// grants.
//
// Connections are shared: between two statements a connection belongs to nobody, and whoever gets
// it next finds its own schema and settings on it and nothing of anybody else's. A conversation
// keeps its connection for as long as something of its session is on it: an open transaction, user
// variables, prepared statements, locks. What the server's answers say of that is believed; what
// they do not speak of is told with the order.
//
// Every statement ends in exactly one of: on_answer with `end`, on_ended, on_lost, or on_refused.
// After on_ended with `pinned` the conversation stands, and proceed() gives it the next statement.
#pragma once

#include "real_components/mysql/answer_follower.hpp"
#include "real_components/mysql/client_handshake.hpp"
#include "real_components/mysql/packet.hpp"
#include "real_components/origin/config.hpp"
#include "real_components/runtime/runtime.hpp"
#include "real_components/runtime/slab.hpp"
#include "real_components/wire/grant.hpp"
#include "real_components/wire/records.hpp"

#include <array>
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

// Why a conversation was ended between two statements.
enum class HoldEnd : std::uint8_t {
  let_go,  // nothing of the session was on the connection any more
  idle,    // for longer than it may be: what was on it is gone
  lost,    // the connection broke
  killed,  // by another session
};

// A statement, with what has to be in force when it runs. Views are lent for the call.
struct Order {
  std::uint32_t branch = 0;  // counts the databases of the configuration; others are refused
  wire::TabletType kind{};
  std::string_view schema{};
  std::string_view settings{};
  std::string_view settings_after{};  // once it has succeeded, where it changes them
  std::uint64_t last_insert_id = 0;
  std::uint16_t flags = 0;  // of wire::order
  mysql::Dialect dialect = 0;
  std::uint8_t collation = 0;
  bool conversation = false;
  bool in_parts = false;  // the command follows by feed(), as packets
  ByteView command{};     // its payload; of one in parts, enough to tell what it is
};

class BackendObserver {
 public:
  virtual ~BackendObserver() = default;
  // Part of the answer: MySQL packets as the database wrote them. `end`: the last part, and nothing
  // else is to be said. The result is how many bytes are still queued on their way to whoever
  // asked, so that a fast database does not fill the memory of a slow path.
  virtual std::size_t on_answer(std::uint32_t statement, ByteView part, bool end) = 0;
  // The answer is complete, and this is how things stand. `warnings` are the packets that SHOW
  // WARNINGS would answer, where the connection that knows them was let go.
  virtual void on_ended(std::uint32_t statement, const wire::Ending& ending, ByteView warnings) = 0;
  // The connection broke while the statement was under way; what it did is unknown.
  virtual void on_lost(std::uint32_t statement) = 0;
  // Given up before it was sent to a database.
  virtual void on_refused(std::uint32_t statement, RefusalReason reason) = 0;
  // The conversation is over, with no statement under way.
  virtual void on_hold_ended(std::uint32_t statement, HoldEnd how) = 0;
  // feed() may be called again.
  virtual void on_ready(std::uint32_t statement) = 0;
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

  // `statement` is the owner's number, dense and small. The outcome may be told before this
  // returns.
  void submit(std::uint32_t statement, const Order& order);
  // The next statement of a conversation that stands.
  void proceed(std::uint32_t statement, const Order& order);
  // Whether the server takes more of a command in parts now.
  bool ready(std::uint32_t statement) const;
  // Packets of such a command, cut anywhere.
  void feed(std::uint32_t statement, ByteView packets, bool last);
  // The answer is of no use any more. A statement that waits is refused now; one that runs goes on,
  // because its connection is of no use before it has answered; a conversation ends with it.
  void abandon(std::uint32_t statement);
  // Ends a conversation that stands, with what is on its connection. Nothing is told.
  void hang_up(std::uint32_t statement);
  // Asks the server to end what it is doing for the statement; its answer says so, or not.
  void interrupt(std::uint32_t statement);
  // The way back is free again after on_answer returned much.
  void resume(std::uint32_t statement);
  // Which server runs or ran the statement, counted over all servers of the configuration.
  std::uint32_t server_of(std::uint32_t statement) const { return statements_[statement].server; }

  // In the order of the configuration: each branch's primary, then its replicas.
  std::vector<ServerInfo> servers() const;

  // For load reports and leak checks.
  std::uint32_t busy() const { return busy_; }
  std::uint32_t held() const { return held_; }  // by conversations, with nothing under way
  std::uint32_t capacity() const {
    return static_cast<std::uint32_t>(servers_.size()) * options_.connections;
  }
  std::uint32_t waiting() const { return waiting_; }
  std::uint32_t open_connections() const { return connections_.live(); }
  std::uint32_t peak_busy() const { return peak_busy_; }
  std::uint32_t peak_waiting() const { return peak_waiting_; }
  std::uint64_t timeouts() const { return timeouts_; }
  // Of all statements so far, for comparison with what queueing theory expects: how many found a
  // connection at once or in the end, how many had to wait for one and how long in all, and how
  // long connections were busy in all.
  std::uint64_t served() const { return served_; }
  std::uint64_t waited() const { return waited_; }
  Duration wait_time() const { return wait_time_; }
  Duration busy_time() const {
    return Duration(static_cast<std::int64_t>(busy_until_ - busy_from_ + busy_ * moment()));
  }

  // Events of the runtime.
  static bool owns(runtime::Cookie cookie) {
    const auto tag = static_cast<std::uint8_t>((cookie >> 48) & 0xff);
    return tag >= connection_tag && tag <= wait_tag;
  }
  void on_timer(runtime::Cookie cookie);
  void on_connect(runtime::ConnectionId id, runtime::Cookie cookie);
  void on_secure(runtime::ConnectionId id, runtime::Cookie cookie);
  void on_data(runtime::ConnectionId id, runtime::Cookie cookie, ByteView bytes);
  void on_writable(runtime::ConnectionId id, runtime::Cookie cookie);
  void on_close(runtime::ConnectionId id, runtime::Cookie cookie, runtime::CloseReason reason);

 private:
  using Index = std::uint32_t;

  enum class Phase : std::uint8_t {
    dialling,
    login,
    settling,  // being made ready for whoever comes: after the login, or after a session
    idle,
    preparing,  // what the statement needs is put in force; the statement waits here
    running,
    following,  // has answered; what its session may ask of it later is fetched
    held,       // a conversation's, with nothing under way
    killing,    // ends the work of another connection
  };
  // Why a conversation keeps its connection, besides its transaction and prepared statements.
  struct Holds {
    bool state : 1 = false;
    bool tables : 1 = false;
    bool next_transaction : 1 = false;
    bool follow_up : 1 = false;
    bool any() const { return state || tables || next_transaction || follow_up; }
  };
  // Commands sent ahead of a statement, or behind it.
  enum class Step : std::uint8_t {
    reset,           // of what a session left
    track,           // tell of changes
    set,             // the session's settings
    give_insert_id,  // the session's LAST_INSERT_ID()
    clear,           // the warnings of whoever was here before
    schema,
    warnings,   // SHOW WARNINGS
    insert_id,  // LAST_INSERT_ID()
    forget_insert_id,
    ping,  // for the status flags, which an ERR does not tell
  };
  struct Connection {
    Index next = no_index;
    std::uint32_t generation = 0;
    Index server = 0;
    Index statement = no_index;
    runtime::ConnectionId id = runtime::no_connection;
    std::uint32_t thread = 0;  // what the server calls it
    Phase phase = Phase::dialling;
    mysql::Dialect dialect = 0;
    std::uint8_t collation = 0;
    Holds holds;
    bool paused = false;
    bool unclean = false;         // must be reset before anybody else gets it
    bool in_transaction = false;  // as far as the server has said
    bool inserted = false;        // the conversation may have changed LAST_INSERT_ID()
    bool killed = false;          // somebody asked the server to interrupt it
    bool uploading = false;       // the command is not complete yet
    bool abandoned = false;       // nobody wants the answer
    bool deprecate_eof = false;   // negotiated
    bool starting = false;        // was never ready for anybody
    bool conversing = false;      // held at least once by the present conversation
    bool has_insert_id = false;   // LAST_INSERT_ID() may be other than 0
    bool other_schema = false;    // than its statement's order said
    bool failing = false;         // a step of the preparation failed
    std::uint8_t step = 0, steps = 0;
    std::array<Step, 8> plan{};
    Instant since{};  // of the dialling, of the statement's start, or of the hold's
    mysql::ClientHandshake handshake;
    mysql::PacketAssembler input;  // of the login
    mysql::AnswerFollower follower;
    std::string schema;                   // of the database session; it keeps its memory
    std::string settings;                 // likewise
    std::vector<std::uint32_t> prepared;  // statements of the conversation
    Bytes collected;                      // of steps whose answer matters
    std::uint32_t mark = 0;               // where the present step's begins
    wire::Ending ending;
  };
  struct Login;
  struct Server {
    runtime::Address address;
    const Login* login = nullptr;
    std::vector<Index> idle;             // the most recently used last
    std::vector<std::uint32_t> to_kill;  // threads whose work somebody wants to end
    Index first_waiting = no_index;
    Index last_waiting = no_index;
    std::uint32_t waiting = 0;
    std::uint32_t open = 0;      // connections in whatever phase
    std::uint32_t starting = 0;  // of them, those not ready yet
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
    std::uint64_t last_insert_id = 0;
    std::uint16_t flags = 0;
    mysql::Dialect dialect = 0;
    std::uint8_t collation = 0;
    mysql::CommandKind command_kind{};
    bool conversation : 1 = false;
    bool in_parts : 1 = false;
    bool waiting : 1 = false;
    Bytes command;  // while it waits
    std::string schema;
    std::string settings;
    std::string settings_after;
  };

  // backends.cpp: servers, lines and statements.
  Statement& statement_at(Index statement);
  Index choose(Branch& branch, wire::TabletType kind);
  // Takes the idle connection that suits such a statement best; no_index: none does.
  Index take_idle(Server& server, mysql::Dialect dialect, std::uint8_t collation,
                  std::string_view schema, std::string_view settings);
  bool down(const Server& server) const;
  void remember(Statement& statement, const Order& order);
  void keep(Statement& statement, const Order& order);
  Order order_of(const Statement& statement) const;
  void wait(Index statement);
  void leave_line(Index statement);
  void refuse_all(Index server, RefusalReason reason);

  // backend_connections.cpp: from dialling to idle, and the end.
  void pump(Index server);
  void serve_waiting(Server& server);
  void serve_kills(Index server);
  void dial(Index server, mysql::Dialect dialect, std::uint8_t collation);
  void settle(Index connection, bool reset);
  void release(Index connection);
  void drop(Index connection);
  void lose(Index connection);
  void failed(Index server);
  void continue_login(Index connection, ByteView bytes);
  Index connection_of(runtime::Cookie cookie) const;

  // backend_statements.cpp: what happens on a connection that is ready.
  void run(Index connection, Index statement, const Order& order);
  void send_command(Index connection, ByteView command);
  void add_step(Connection& connection, Step step);
  void send_steps(Index connection, Phase phase);
  void continue_steps(Index connection, ByteView bytes);
  void finish_step(Connection& connection, Step step);
  void steps_done(Index connection);
  void continue_statement(Index connection, ByteView bytes);
  void answered(Index connection, ByteView last);
  static void note_answer(Connection& connection, const Statement& statement);
  // Commands that have no answer.
  void note_sent(Index connection, ByteView command);
  void end_statement(Index connection);
  static bool pinned(const Connection& connection);
  wire::Ending ending_of(const Connection& connection) const;
  // Takes the connection out of its statement's hands.
  void detach(Connection& connection);
  // For the next one, cleaned if necessary.
  void let_go(Index connection);
  void end_hold(Index connection, HoldEnd how);
  std::uint64_t moment() const { return static_cast<std::uint64_t>(nanoseconds(runtime_.now())); }
  void not_busy() {
    --busy_;
    busy_until_ += moment();
  }

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
  Bytes scratch_;  // answers that differ from what the server wrote
  std::uint32_t busy_ = 0;
  std::uint32_t held_ = 0;
  std::uint32_t waiting_ = 0;
  std::uint32_t peak_busy_ = 0;
  std::uint32_t peak_waiting_ = 0;
  std::uint64_t timeouts_ = 0;  // statements that waited too long for a connection
  std::uint64_t served_ = 0, waited_ = 0;
  Duration wait_time_{};
  // Sums of the moments at which connections became busy and ceased to be. They wrap around; their
  // difference does not.
  std::uint64_t busy_from_ = 0, busy_until_ = 0;
};

}  // namespace wanlab::origin
