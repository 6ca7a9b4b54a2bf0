// A Store at the other end of a connection. A sub-machine: the node that owns it forwards
// connection and timer events whose cookie owns() recognises. It reconnects by itself, to another
// member if it has one.
//
// Requests made while the connection is down wait for the next one, until their time runs out
// (unavailable). A request whose connection breaks after it was sent ends as unknown_outcome.
// Watches made while down are sent on the next connection; watches of a connection that breaks are
// reported broken.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "real_components/control/store.hpp"
#include "real_components/runtime/runtime.hpp"
#include "real_components/wire/frame.hpp"

namespace wanlab::control {

struct StoreClientOptions {
  std::vector<runtime::Address> members;  // at least one
  runtime::TlsVersion tls = runtime::TlsVersion::tls13;
  Duration connect_timeout = std::chrono::seconds{5};
  Duration request_timeout = std::chrono::seconds{5};
  // Full jitter: the wait is uniform between 0 and the bound, which doubles from the first to the
  // second figure (AWS Architecture Blog, "Exponential Backoff And Jitter"; etcd's own 1 ms to 100
  // ms is too hot for a fleet).
  Duration backoff_first = std::chrono::milliseconds{50};
  Duration backoff_limit = std::chrono::seconds{10};
  // A ping after this much silence, a break after so much more of it without any answer.
  Duration ping_after = std::chrono::seconds{5};
  Duration silence_limit = std::chrono::seconds{15};
  std::size_t max_waiting = 1'000;  // requests unanswered or unsent; more end as unavailable
  std::size_t max_message_bytes = 64 * 1024 * 1024;
  std::string random_name = "store_client";  // of the stream that jitters the backoff
};

class StoreClient final : public Store {
 public:
  // `tag` stands in bits 48 to 55 of every cookie this machine uses.
  StoreClient(runtime::Runtime& runtime, StoreClientOptions options, std::uint8_t tag);
  ~StoreClient() override;

  void start();
  bool connected() const { return connected_; }
  bool owns(runtime::Cookie cookie) const { return ((cookie >> 48) & 0xff) == tag_; }

  void on_timer(runtime::Cookie cookie);
  void on_connect(runtime::ConnectionId connection, runtime::Cookie cookie);
  void on_data(runtime::ConnectionId connection, runtime::Cookie cookie, ByteView bytes);
  void on_close(runtime::ConnectionId connection, runtime::Cookie cookie,
                runtime::CloseReason reason);

  void submit(StoreCall call, StoreObserver& observer, std::uint64_t token) override;
  WatchId watch(WatchRequest request, StoreObserver& observer) override;
  void cancel_watch(WatchId watch) override;
  void forget(StoreObserver& observer) override;
  void leave_member() override;

 private:
  struct Request {
    StoreCall call;  // emptied once sent
    StoreObserver* observer;
    std::uint64_t token;
    Instant deadline;
    bool sent = false;
  };
  struct Watch {
    WatchRequest request;
    StoreObserver* observer;
    bool sent = false;
  };
  enum class Timer : std::uint8_t { none, reconnect, health, deadline, refuse, leave };

  runtime::Cookie cookie(Timer timer) const;
  void connect();
  void lose_connection();
  void send_request(std::uint64_t id, Request& request);
  void send_watch(WatchId id, Watch& watch);
  void send(const wire::StoreRequestMessage& message);
  bool receive(ByteView message);
  void finish(std::uint64_t id, StoreStatus status);
  void arm_deadline();
  void expire_requests();
  void check_health();

  runtime::Runtime& runtime_;
  StoreClientOptions options_;
  std::uint8_t tag_;
  std::unique_ptr<runtime::RandomStream> random_;
  runtime::ConnectionId connection_ = runtime::no_connection;
  std::uint32_t connection_number_ =
      0;  // in the cookie: events of an older connection are not ours
  bool connected_ = false;
  bool leaving_ = false;
  std::size_t member_ = 0;
  std::uint32_t failures_ = 0;
  Instant heard_{};
  runtime::TimerId health_timer_ = runtime::no_timer;
  bool deadline_armed_ = false;
  wire::FrameReader reader_;
  std::map<std::uint64_t, Request> requests_;  // by id, so by age
  std::map<WatchId, Watch> watches_;
  std::uint64_t last_request_ = 0;
  WatchId last_watch_ = no_watch;
  Bytes out_;
};

}  // namespace wanlab::control
