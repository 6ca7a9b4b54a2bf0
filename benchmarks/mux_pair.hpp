// A client's and a server's multiplexer that hand each other their bytes, as fast as they can.
#pragma once

#include "real_components/backhaul/mux.hpp"

#include <cstddef>
#include <cstdint>

namespace wanlab::bench {

class MuxPair {
 public:
  explicit MuxPair(std::size_t answer_size)
      : client_(backhaul::Role::client, options_, asker_),
        server_(backhaul::Role::server, options_, answerer_) {
    answerer_.mux = &server_;
    answerer_.answer.assign(answer_size, std::byte{'a'});
    exchange();
    exchange();
  }

  // Until neither side has anything to say.
  void exchange() {
    for (ByteView bytes = client_.output(now_); !bytes.empty(); bytes = client_.output(now_)) {
      server_.receive(bytes, now_);
      client_.wrote(bytes.size());
    }
    for (ByteView bytes = server_.output(now_); !bytes.empty(); bytes = server_.output(now_)) {
      client_.receive(bytes, now_);
      server_.wrote(bytes.size());
    }
  }
  backhaul::Mux& client() { return client_; }
  std::uint64_t frames() const { return client_.frames_encoded() + server_.frames_encoded(); }
  std::uint64_t answered_bytes() const { return asker_.received; }

 private:
  struct Asker final : backhaul::MuxObserver {
    std::size_t on_data(backhaul::StreamId, std::uint64_t, ByteView bytes, bool) override {
      received += bytes.size();
      return bytes.size();
    }
    void on_reset(backhaul::StreamId, std::uint64_t, backhaul::ResetReason,
                  backhaul::Processed) override {}
    void on_error(backhaul::MuxError, bool) override {}
    std::uint64_t received = 0;
  };
  // Answers every piece, and ends when the request ends.
  struct Answerer final : backhaul::MuxObserver {
    std::size_t on_data(backhaul::StreamId stream, std::uint64_t, ByteView bytes,
                        bool end) override {
      mux->send(stream, answer, end);
      return bytes.size();
    }
    void on_reset(backhaul::StreamId, std::uint64_t, backhaul::ResetReason,
                  backhaul::Processed) override {}
    void on_error(backhaul::MuxError, bool) override {}
    backhaul::Mux* mux = nullptr;
    Bytes answer;
  };

  backhaul::MuxOptions options_;
  Instant now_{};
  Asker asker_;
  Answerer answerer_;
  backhaul::Mux client_;
  backhaul::Mux server_;
};

}  // namespace wanlab::bench
