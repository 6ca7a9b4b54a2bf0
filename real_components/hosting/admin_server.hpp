// Answers HTTP GETs about the process, for operators and their monitoring. A component like any
// other; whoever makes it says what there is to tell. Everything a caller can make it hold is
// bounded.
#pragma once

#include "real_components/runtime/runtime.hpp"
#include "real_components/runtime/slab.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace wanlab::hosting {

struct HttpAnswer {
  int status = 200;
  std::string type = "application/json; charset=utf-8";
  std::string body;
};

class AdminServer final : public runtime::Component {
 public:
  // The path without its query. Called between events, so it may take its time.
  using Handler = std::function<HttpAnswer(std::string_view path)>;

  AdminServer(runtime::Runtime& runtime, std::uint16_t port, Handler handler)
      : runtime_(runtime), port_(port), handler_(std::move(handler)) {}

  void start() override { runtime_.listen(port_, {}); }
  void on_timer(runtime::Cookie cookie) override;
  runtime::Cookie on_accept(std::uint16_t port, runtime::ConnectionId connection,
                            const runtime::PeerInfo& peer) override;
  void on_connect(runtime::ConnectionId, runtime::Cookie) override {}
  void on_secure(runtime::ConnectionId, runtime::Cookie) override {}
  void on_data(runtime::ConnectionId connection, runtime::Cookie cookie, ByteView bytes) override;
  void on_writable(runtime::ConnectionId, runtime::Cookie) override {}
  void on_close(runtime::ConnectionId connection, runtime::Cookie cookie,
                runtime::CloseReason reason) override;

 private:
  struct Caller {
    std::uint32_t next = no_index;
    std::uint32_t generation = 0;
    runtime::ConnectionId connection = runtime::no_connection;
    std::string request;
  };

  static constexpr std::uint32_t generation_mask = 0xffffff;
  runtime::Cookie cookie_of(std::uint32_t caller) const;
  std::uint32_t caller_of(runtime::Cookie cookie) const;
  HttpAnswer answer(std::string_view request, bool& with_body) const;
  void release(std::uint32_t caller);

  runtime::Runtime& runtime_;
  std::uint16_t port_;
  Handler handler_;
  Slab<Caller, 4> callers_;
};

}  // namespace wanlab::hosting
