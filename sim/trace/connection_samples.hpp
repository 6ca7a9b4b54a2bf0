// Keeps the story of some connections out of millions: the slowest to connect, a fair choice of the
// ordinary ones and of each way to fail, and the slowest statements. Which ones depends on the run
// alone. Must stay cheap for the millions that are not kept: a hash and a comparison or two.
#pragma once

#include "real_components/runtime/time.hpp"
#include "sim/trace/host_label.hpp"
#include "sim/trace/tally.hpp"

#include <array>
#include <bitset>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wanlab::trace {

// What a client notes while it connects. A moment of zero: it did not come to that.
struct ConnectSteps {
  Instant wanted{};           // the first attempt began
  Instant attempted{};        // the last attempt: the name is resolved, the SYN leaves
  Instant connected{};        // TCP stands
  Instant greeted{};          // the server's greeting is read
  Instant secured{};          // TLS stands and the proof leaves; zero without TLS
  std::uint32_t session = 0;  // what the greeting calls the connection; 0: not greeted
  std::uint16_t tries = 0;
};

struct ConnectionSample {
  enum class Why : std::uint8_t { slow, ordinary, failed, lost };
  Why why = Why::ordinary;
  std::string client;        // host name
  std::uint32_t number = 0;  // of that host's connections
  std::string group, site;
  std::string server;       // host it connected to last; empty: none
  ConnectSteps steps;       // of a lost connection: nothing
  Instant granted{};        // the edge had the origin's grant; zero: not known
  Instant ended{};          // established, given up or lost
  ConnectFailure cause{};   // failed
  std::uint64_t error = 0;  // failed: MySQL error code
  std::string words;        // failed, lost
  // Of an established connection; zero: none, or not before it made room for another sample.
  Instant query_sent{}, query_ended{};  // the first statement
  bool query_failed = false;
  Instant closed{};  // closed or lost
};
std::string_view to_string(ConnectionSample::Why why);

struct SlowStatement {
  std::string client;
  std::uint32_t connection = 0,
                statement = 0;  // number of the connection; of its statements, from 1
  std::string server;
  Instant sent{};
  Duration took{};
};

class ConnectionSamples {
 public:
  static constexpr std::size_t slowest = 40, ordinary = 40, per_failure = 12, lost = 24,
                               slowest_statements = 40;

  // A client host as the Recorder knows it.
  struct Client {
    std::uint32_t host = 0;
    std::uint32_t server = no_server;
    std::uint64_t name_hash = 0;  // so that the choice depends on names, not on numbering
  };
  static constexpr std::uint32_t no_server = 0xffffffff;

  // What the client has noted about the connection whose outcome is recorded next.
  void note(const ConnectSteps& steps) { noted_ = steps; }

  // An edge has the origin's grant for a session; clients know the low bits of its number.
  void granted(std::uint32_t edge, std::uint64_t session, Instant now) {
    const auto slot = static_cast<std::uint32_t>(session & session_mask);
    grants_[place_of(edge, slot)] = {edge, slot, now};
  }
  void established(Instant now, const Client& client, std::uint32_t number, Duration took);
  void failed(Instant now, const Client& client, std::uint32_t number, ConnectFailure cause,
              std::uint64_t error, std::string_view words);
  void broken(Instant now, const Client& client, std::uint32_t number, std::string_view words);
  void closed(Instant now, const Client& client, std::uint32_t number) {
    if (may_follow(client.host, number)) [[unlikely]] {
      follow(client.host, number, [&](ConnectionSample& sample) { sample.closed = now; });
    }
  }
  void query_sent(Instant now, const Client& client, std::uint32_t number) {
    if (may_follow(client.host, number)) [[unlikely]] {
      follow(client.host, number, [&](ConnectionSample& sample) {
        if (sample.query_sent == Instant()) sample.query_sent = now;
      });
    }
  }
  void query_ended(Instant now, const Client& client, std::uint32_t number, std::uint64_t statement,
                   std::optional<Duration> took) {
    if (took && *took > slow_enough_) [[unlikely]] {
      keep_statement(now, client, number, static_cast<std::uint32_t>(statement), *took);
    }
    if (may_follow(client.host, number)) [[unlikely]] {
      follow(client.host, number, [&](ConnectionSample& sample) {
        if (sample.query_ended != Instant() || sample.query_sent == Instant()) return;
        sample.query_ended = now;
        sample.query_failed = !took;
      });
    }
  }

  // Moves everything out; `label_of` gives the label of a host's number.
  void take(const std::function<const HostLabel&(std::uint32_t)>& label_of,
            std::vector<ConnectionSample>& samples, std::vector<SlowStatement>& statements);

 private:
  struct Kept {
    ConnectionSample sample;  // without names
    std::uint32_t host = 0, server = no_server;
  };
  // The `most` of highest rank.
  struct Shelf {
    std::size_t most = 0;
    std::vector<Kept> kept;
    std::vector<std::uint64_t> ranks;
    std::size_t weakest = 0;

    // A place for a sample of this rank, or null.
    Kept* place_for(std::uint64_t rank);
    void find_weakest();
  };
  struct Grant {
    std::uint32_t edge = no_server, slot = 0;
    Instant at{};
  };
  struct KeptStatement {
    SlowStatement statement;
    std::uint32_t host = 0, server = no_server;
  };
  static constexpr std::uint64_t session_mask = 0x3fffff;  // the bits of wire::connection_id_of
  static constexpr unsigned grant_bits = 15, follow_bits = 16;

  static std::size_t place_of(std::uint32_t edge, std::uint32_t slot) {
    return (edge * 0x9e3779b1u + slot * 0x85ebca6bu) >> (32 - grant_bits);
  }
  static std::size_t mark_of(std::uint32_t host, std::uint32_t number) {
    return (host * 0x9e3779b1u + number * 0x85ebca6bu) >> (32 - follow_bits);
  }
  // False: certainly not followed.
  bool may_follow(std::uint32_t host, std::uint32_t number) const {
    return marks_[mark_of(host, number)];
  }
  template <typename Change>
  void follow(std::uint32_t host, std::uint32_t number, const Change& change) {
    for (Shelf* shelf : {&slow_, &ordinary_}) {
      for (Kept& kept : shelf->kept) {
        if (kept.host == host && kept.sample.number == number) change(kept.sample);
      }
    }
  }
  void mark(std::uint32_t host, std::uint32_t number);
  Kept sample_of(Instant now, const Client& client, std::uint32_t number) const;
  void keep_statement(Instant now, const Client& client, std::uint32_t number,
                      std::uint32_t statement, Duration took);

  ConnectSteps noted_;
  std::vector<Grant> grants_ = std::vector<Grant>(std::size_t{1} << grant_bits);
  Shelf slow_{slowest, {}, {}, 0}, ordinary_{ordinary, {}, {}, 0}, lost_{lost, {}, {}, 0};
  std::array<Shelf, connect_failures> failed_;
  std::vector<KeptStatement> statements_;
  Duration slow_enough_ = Duration::zero();
  std::bitset<(std::size_t{1} << follow_bits)> marks_;
  std::uint32_t marked_ = 0;
};

}  // namespace wanlab::trace
