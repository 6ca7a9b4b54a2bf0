// Inside of Acceptor: one accepted connection, with the requests that are not whole yet.
// For acceptor.cpp only.
#pragma once

#include "real_components/backhaul/acceptor.hpp"

#include <string>
#include <vector>

namespace wanlab::backhaul {

class Acceptor::Connection final : public MuxObserver {
 public:
  Connection(Acceptor& owner, std::uint32_t slot)
      : acceptor(owner), mux(Role::server, owner.options_.mux, *this), index(slot) {}

  void declare_work(runtime::Runtime& runtime) {
    const std::uint64_t frames = mux.frames_encoded() + mux.frames_decoded();
    if (frames == frames_declared) return;
    runtime.spend(runtime::Work::backhaul_frame,
                  static_cast<std::uint32_t>(frames - frames_declared));
    frames_declared = frames;
  }

  std::uint64_t on_open(StreamId, const StreamHeader&) override { return undelivered | no_place; }

  std::size_t on_data(StreamId stream, std::uint64_t cookie, ByteView bytes, bool end) override {
    if (!(cookie & undelivered)) {
      return acceptor.observer_.on_request_data({index, stream}, cookie, bytes, end);
    }
    auto place = static_cast<std::uint32_t>(cookie & no_place);
    if (place == no_place) {
      if (end || bytes.size() > acceptor.options_.whole_request ||
          mux.header(stream).stream_class == conversation_class) {
        deliver(stream, bytes, end);
        return bytes.size();
      }
      place = take_place();
      mux.set_cookie(stream, undelivered | place);
    }
    // What is kept here is not consumed: the connection's window bounds it.
    Bytes& begun = places[place];
    append(begun, bytes);
    if (!end && begun.size() <= acceptor.options_.whole_request) return 0;
    const Bytes whole = std::move(begun);
    give_back(place);
    deliver(stream, whole, end);
    return whole.size();
  }

  void on_reset(StreamId stream, std::uint64_t cookie, ResetReason, Processed) override {
    if (!(cookie & undelivered)) return acceptor.observer_.on_cancelled({index, stream}, cookie);
    const auto place = static_cast<std::uint32_t>(cookie & no_place);
    if (place != no_place) give_back(place);
    mux.reset(stream, ResetReason::cancelled, Processed::no);  // nobody here works on it
  }
  void on_sent(StreamId stream, std::uint64_t cookie) override {
    acceptor.observer_.on_sent({index, stream}, cookie);
  }
  void on_error(MuxError, bool) override {}  // after_event looks at mux.failed()

  void forget_places() {
    places = std::vector<Bytes>();
    free_places = std::vector<std::uint32_t>();
  }
  bool all_places_free() const { return free_places.size() == places.size(); }

  Acceptor& acceptor;
  Mux mux;
  std::string identity;
  std::vector<Bytes> places;  // beginnings of requests that are not whole yet
  std::vector<std::uint32_t> free_places;
  std::uint64_t frames_declared = 0;
  Instant last_heard{};
  Instant told_to_leave = Instant::max();
  runtime::ConnectionId id = runtime::no_connection;
  std::uint32_t index;
  std::uint32_t epoch = 0;
  bool live = false;
  bool busy = false;  // inside the mux

 private:
  // Top bit of a stream's cookie: the observer does not know the request yet; below, where it is
  // kept.
  static constexpr std::uint64_t undelivered = std::uint64_t{1} << 63;
  static constexpr std::uint32_t no_place = 0xffffffff;

  void deliver(StreamId stream, ByteView payload, bool end) {
    const StreamHeader header = mux.header(stream);
    const std::uint64_t cookie = acceptor.observer_.on_request(
        {index, stream}, {header.tenant, header.stream_class, identity, index}, payload, end);
    mux.set_cookie(stream, cookie & ~undelivered);
  }
  std::uint32_t take_place() {
    if (free_places.empty()) {
      places.emplace_back();
      return static_cast<std::uint32_t>(places.size() - 1);
    }
    const std::uint32_t place = free_places.back();
    free_places.pop_back();
    return place;
  }
  void give_back(std::uint32_t place) {
    places[place] = Bytes();
    free_places.push_back(place);
  }
};

}  // namespace wanlab::backhaul
