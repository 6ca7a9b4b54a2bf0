// The production host of one component: sockets, timers and TLS of one thread, on Boost.Asio. The
// component is called by one handler at a time and never from within its own calls.
//
//   boost::asio::io_context context(AsioRuntime::concurrency);
//   AsioRuntime runtime(context, options, contexts, sink);
//   edge::EdgeNode node(runtime, config);
//   runtime.host(node);
//   context.run();        // until runtime.stop()
//   runtime.evict();      // before the component dies
//
// shard.hpp does this in a thread of its own. Everything here belongs to the thread that runs the
// context; only post() and stop() may be called from elsewhere.
//
// No connection owns a buffer while nothing is under way on it: what arrives is read into one
// buffer of the runtime, and what waits to be sent is held by a record that exists only meanwhile.
#pragma once

#include "real_components/hosting/runtime_options.hpp"
#include "real_components/hosting/timer_heap.hpp"
#include "real_components/hosting/tls_contexts.hpp"
#include "real_components/hosting/tls_port.hpp"
#include "real_components/hosting/wiped_bytes.hpp"
#include "real_components/runtime/runtime.hpp"
#include "real_components/runtime/slab.hpp"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/detail/concurrency_hint.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wanlab::hosting {

class AsioRuntime final : public runtime::Runtime {
 public:
  // For a context that one thread runs: no locks around sockets, but post() works from any thread.
  static constexpr int concurrency = BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO;

  // `sink` may be null; it is called on the runtime's thread.
  AsioRuntime(boost::asio::io_context& context, RuntimeOptions options,
              std::shared_ptr<const TlsContexts> tls, TraceSink* sink = nullptr);
  // Nobody may be running the context any more; runs what is left to be called off.
  ~AsioRuntime() override;
  AsioRuntime(const AsioRuntime&) = delete;
  AsioRuntime& operator=(const AsioRuntime&) = delete;

  // Starts the component as soon as the context runs.
  void host(runtime::Component& component);
  // Resets all connections and forgets listeners, timers and the component, as the end of a process
  // would. Not from within a handler of the component.
  void evict();

  // From any thread: runs between two handlers, in order. What it throws ends run().
  void post(std::function<void()> action);
  // From any thread: the context's run() returns.
  void stop();

  // For connections that begin from now on.
  void use_tls(std::shared_ptr<const TlsContexts> tls) { tls_ = std::move(tls); }
  const TlsContexts& tls() const { return *tls_; }
  const RuntimeFigures& figures() const { return figures_; }
  // In words, for the log.
  const std::string& last_handshake_error() const { return last_handshake_error_; }
  std::uint32_t connections() const { return connections_.live(); }
  std::uint32_t connections_with_unsent() const { return pending_.live(); }
  // Where a port that was asked for as 0, or moved by the options, really is.
  std::uint16_t bound_port(std::uint16_t port) const;

  // runtime::Runtime
  Instant now() const override;
  WallTime wall_now() const override;
  void wake_after(Duration delay, runtime::Cookie cookie) override;
  runtime::TimerId start_timer(Duration delay, runtime::Cookie cookie) override;
  void cancel_timer(runtime::TimerId timer) override;
  // Throws std::system_error naming the address if it cannot be had.
  void listen(std::uint16_t port, const runtime::ListenOptions& options) override;
  void stop_listening(std::uint16_t port) override;
  runtime::ConnectionId connect(const runtime::Address& address,
                                const runtime::ConnectOptions& options,
                                runtime::Cookie cookie) override;
  void set_cookie(runtime::ConnectionId connection, runtime::Cookie cookie) override;
  void start_tls_server(runtime::ConnectionId connection, ByteView already_read) override;
  void start_tls_client(runtime::ConnectionId connection, runtime::TlsVersion version) override;
  void send(runtime::ConnectionId connection, ByteView bytes) override;
  std::size_t unsent_bytes(runtime::ConnectionId connection) const override;
  void pause_reading(runtime::ConnectionId connection) override;
  void resume_reading(runtime::ConnectionId connection) override;
  void close(runtime::ConnectionId connection) override;
  void abort(runtime::ConnectionId connection) override;
  void spend(runtime::Work, std::uint32_t) override {}
  std::unique_ptr<runtime::RandomStream> random_stream(std::string_view name) override;
  void record(const runtime::TraceEvent& event) override;

 private:
  using Tcp = boost::asio::ip::tcp;
  using Executor = boost::asio::io_context::executor_type;
  using Socket = boost::asio::basic_stream_socket<Tcp, Executor>;
  using ListeningSocket = boost::asio::basic_socket_acceptor<Tcp, Executor>;
  using Clock = std::chrono::steady_clock;
  using Alarm = boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, Executor>;
  using Resolver = boost::asio::ip::basic_resolver<Tcp, Executor>;
  using Error = boost::system::error_code;
  using Index = std::uint32_t;

  enum class State : std::uint8_t {
    free,
    resolving,
    connecting,
    handshaking,  // TLS
    open,
    ended,      // the component is hearing of the end, or will
    flushing,   // closed by the component, data still leaving
    lingering,  // everything is sent; the peer's end is awaited, so that no RST overtakes the data
  };
  enum class Deadline : std::uint32_t { none, connect, handshake, flush, linger, accept };

  // What a connection has only while something is under way on it.
  struct Pending {
    Index next = no_index;
    std::uint32_t generation = 0;
    WipedBytes plain;  // from send(), for the network or the TLS engine
    std::size_t plain_from = 0;
    WipedBytes raw;  // for the network as it is; before `plain`
    std::size_t raw_from = 0;
    Bytes held;        // received before TLS began, for the TLS engine
    std::string host;  // where to connect to
    std::vector<Tcp::endpoint> addresses;
    std::size_t address = 0;

    std::size_t size() const { return plain.size() - plain_from + raw.size() - raw_from; }
  };

  struct Connection {
    Index next = no_index;
    std::uint32_t generation = 0;
    std::optional<Socket> socket;
    SslPointer tls;
    runtime::Cookie cookie = 0;
    Index pending = no_index;
    std::uint32_t burst = 0;  // bytes written since the socket was last known to have room
    std::uint16_t port = 0;   // the listener's, of an accepted connection
    State state = State::free;
    runtime::TlsVersion version = runtime::TlsVersion::none;
    runtime::CloseReason broke_by = runtime::CloseReason::reset;  // once `broken`
    bool accepted : 1 = false;
    bool tls_first : 1 = false;  // TLS is part of connecting, or of being accepted
    bool announced : 1 = false;  // the component knows it
    bool secure : 1 = false;
    bool paused : 1 = false;
    bool waits_to_read : 1 = false;
    bool waits_to_write : 1 = false;
    bool waits_for_error : 1 = false;
    bool dirty : 1 = false;  // in the list of those that have something to send
    bool above_low_water : 1 = false;
    bool broken : 1 = false;     // sending failed: what is still to be read comes before the end
    bool peer_done : 1 = false;  // the peer's FIN was read
    bool in_handshake_queue : 1 = false;
    bool timed : 1 = false;  // its flushing has a deadline
  };

  struct Listener {
    Listener(Executor executor, std::uint16_t wanted, const runtime::ListenOptions& how)
        : socket(executor), port(wanted), options(how) {}
    ListeningSocket socket;
    std::uint16_t port;
    runtime::ListenOptions options;
    std::uint64_t serial = 0;
    bool throttled = false;
  };

  struct Named {
    Index index;
    std::uint32_t generation;
  };
  struct Ending {
    Named who;
    runtime::CloseReason reason;
  };

  // asio_runtime.cpp: timers and the life of connections.
  void begin();
  Index take_connection();
  void release(Index index);
  bool holds(Named who) const;
  Named named(Index index) const { return {index, connections_[index].generation}; }
  Connection* known(runtime::ConnectionId connection);
  Pending& pending_of(Connection& connection);
  void release_pending(Connection& connection);
  void adopt(Index index, int descriptor, const Tcp& protocol);
  void set_deadline(Index index, Duration delay, Deadline deadline);
  void bound_flush(Index index);
  void on_deadline(std::uint64_t word, Deadline deadline);
  void arm_alarm();
  void on_alarm();
  // The component hears of it, unless it does not know the connection.
  void end(Index index, runtime::CloseReason reason);
  // The same, once the present handler is done.
  void end_later(Index index, runtime::CloseReason reason);
  void deliver_endings();
  void close_socket(Connection& connection);
  void reset_socket(Connection& connection);
  // Runs `step` after everything that is ready now.
  void later(void (AsioRuntime::*step)());

  // asio_connect.cpp
  const HostAlias* alias_of(const std::string& host, std::uint16_t port) const;
  void resolve(Index index, const std::string& host, std::uint16_t port);
  void connect_to_next(Index index, runtime::CloseReason failure);
  void on_connected(Index index);
  void established(Index index);

  // asio_accept.cpp
  Listener* listener_of(std::uint64_t serial);
  void await_accept(Listener& listener);
  void accept_some(std::uint64_t serial);
  void accepted(Listener& listener, int descriptor, const void* address);
  void announce(Index index, const runtime::PeerAddress& address, std::string_view identity);
  static runtime::PeerAddress address_of_peer(Connection& connection);
  void shed(Listener& listener);

  // asio_io.cpp
  void await_readable(Index index);
  void await_writable(Index index);
  void await_error(Index index);
  void on_readable(Named who);
  void on_writable(Named who);
  void on_error(Named who);
  void read(Index index);
  void read_on(Index index);
  bool holds_back(const Connection& connection) const;
  void deliver(Index index, ByteView bytes);
  void discard(Index index);
  void mark_dirty(Index index);
  void flush_dirty();
  void flush(Index index);
  // False: the socket takes no more for now, or broke.
  bool write_some(Index index, ByteView bytes, std::size_t& written);
  bool write_raw(Index index);
  bool write_pending(Index index);
  void release_pending_if_idle(Connection& connection);
  void lose_output(Index index, runtime::CloseReason reason);
  void announce_room(Index index);
  void flushed(Index index);
  void linger(Index index);

  // asio_tls.cpp
  void begin_tls(Index index, SslPointer tls, ByteView already_read);
  void queue_handshake(Index index);
  void run_handshakes();
  void take_held(Index index);
  void shake_hands(Index index);
  void secured(Index index, ByteView rest);
  void read_tls(Index index, ByteView received);
  bool encrypt(Index index);
  void send_staged(Index index);

  boost::asio::io_context& context_;
  RuntimeOptions options_;
  std::shared_ptr<const TlsContexts> tls_;
  TraceSink* sink_;
  runtime::Component* component_ = nullptr;
  Executor executor_;
  Resolver resolver_;

  Slab<Connection, 8> connections_;
  Slab<Pending, 6> pending_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::uint64_t listener_serial_ = 0;
  std::vector<Named> dirty_, flushing_;
  std::vector<Ending> endings_;
  std::deque<Named> handshakes_;
  std::string last_handshake_error_;
  std::map<Index, std::string>
      names_to_check_;                   // of databases, where there is an authority for them
  std::uint32_t accept_handshakes_ = 0;  // of listeners with mutual TLS
  int spare_descriptor_ = -1;

  TimerHeap timers_;
  Alarm alarm_;
  Instant alarm_at_ = Instant::max();

  Bytes input_, plain_;
  TlsPort port_;  // between OpenSSL and the buffers above

  // Where post() leaves its actions; outlives the runtime for as long as one is under way.
  struct Mailbox;
  std::shared_ptr<Mailbox> mailbox_;

  std::uint64_t operations_ = 0;  // handlers that Asio holds
  bool flush_scheduled_ = false, endings_scheduled_ = false, handshakes_scheduled_ = false;
  RuntimeFigures figures_;
};

}  // namespace wanlab::hosting
