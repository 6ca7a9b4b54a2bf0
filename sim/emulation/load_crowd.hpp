// Clients in numbers, for figures of real servers: sessions of MySQL or PostgreSQL, with TLS or
// without, that load one port of this machine and measure its answers; or connections that only
// hold on. One thread runs them all. Says what happened; judges nothing.
#pragma once

#include "real_components/runtime/bytes.hpp"
#include "real_components/runtime/time.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace wanlab::emulation {

// What all crowds of a process run on.
class LoadLoop {
 public:
  LoadLoop();
  ~LoadLoop();
  LoadLoop(const LoadLoop&) = delete;
  LoadLoop& operator=(const LoadLoop&) = delete;

  // Called every few milliseconds while the loop runs; what it throws ends the run.
  std::function<void()> meanwhile{};

  void run_for(Duration duration);
  // False if it did not come about in time.
  bool run_until(const std::function<bool()>& done, Duration limit);

  struct Inside;
  Inside& inside() { return *inside_; }

 private:
  std::unique_ptr<Inside> inside_;
};

enum class Speech : std::uint8_t { mysql, postgres, nothing };
enum class Security : std::uint8_t {
  none,
  asked_for,  // as MySQL does: in the clear first, then TLS 1.3
  at_once,
};

struct LoadTarget {
  std::uint16_t port = 0;  // on 127.0.0.1
  Speech speech = Speech::mysql;
  Security security = Security::none;
  std::string user{}, password{}, database{};
};

struct LoadFigures {
  std::uint64_t secured = 0;      // TLS handshakes that succeeded; no session is ever resumed
  std::uint64_t established = 0;  // logged in, or connected where nothing is spoken
  std::uint64_t answered = 0, errors = 0;
  std::uint64_t failed = 0;  // ended before they were established
  std::uint64_t lost = 0;    // ended by the server afterwards
  std::string first_failure{};
};

class LoadCrowd {
 public:
  LoadCrowd(LoadLoop& loop, LoadTarget target);
  ~LoadCrowd();  // resets its connections
  LoadCrowd(const LoadCrowd&) = delete;
  LoadCrowd& operator=(const LoadCrowd&) = delete;

  // More sessions; at most `at_once` are on their way at any time.
  void open(std::size_t count, std::size_t at_once);
  // None is on its way any more.
  bool settled() const;
  const LoadFigures& figures() const;

  // `statement` makes the text of the n-th one. In a closed loop every session asks as soon as it
  // has its answer; paced, so many are due per second, however long answers take, and a statement's
  // time counts from when it was due.
  using Statement = std::function<std::string(std::uint64_t)>;
  void ask_once(const std::string& statement);  // every session that is idle
  void ask_in_loop(Statement statement);
  void ask_paced(Statement statement, double per_second);
  void stop_asking();
  bool quiet() const;  // every answer has come
  // Of the answers since the last call, in microseconds, in the order they came.
  std::vector<std::uint32_t> take_latencies();

  // Connections that end as soon as TLS is up, each followed by another, `at_once` at any time.
  void shake_hands(std::size_t at_once);
  void stop_shaking_hands();

  // Every session asks this and reads nothing any more.
  void ask_and_turn_deaf(const std::string& statement);
  // Every connection says these bytes, one of them per `interval`, and begins again at the end.
  void trickle(const Bytes& bytes, Duration interval);

 private:
  class Clients;
  std::unique_ptr<Clients> clients_;
};

// Accepts whatever comes and says nothing.
class LoadSink {
 public:
  explicit LoadSink(LoadLoop& loop);
  ~LoadSink();
  LoadSink(const LoadSink&) = delete;
  LoadSink& operator=(const LoadSink&) = delete;
  std::uint16_t port() const { return port_; }
  std::size_t open() const;

 private:
  class Listener;
  std::unique_ptr<Listener> listener_;
  std::uint16_t port_ = 0;
};

}  // namespace wanlab::emulation
