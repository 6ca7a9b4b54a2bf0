// The connection to one member of the cluster at a time: connecting, authenticating, losing it,
// waiting, trying the next. Knows nothing of requests and watches, except that it can tell them
// when it is up and when it is gone.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/async_unary_call.h>

#include <chrono>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>

#include "real_components/hosting/etcd/completions.hpp"
#include "real_components/hosting/etcd/etcd.grpc.pb.h"
#include "real_components/hosting/etcd/etcd_options.hpp"
#include "real_components/hosting/etcd/etcd_store.hpp"
#include "real_components/hosting/etcd/messages.hpp"

namespace wanlab::hosting {

using MonotonicTime = std::chrono::steady_clock::time_point;
inline MonotonicTime monotonic_now() {
  return std::chrono::steady_clock::now();
}

// One request and its answer; lives until the answer is there, whoever still wants it.
template <typename Response>
struct Call {
  grpc::ClientContext context;  // outlives the reader
  Response response;
  grpc::Status status;
  std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> reader;
};

// `start` makes the reader of a prepared call; `done` gets the finished one.
template <typename Response, typename Start, typename Done>
std::shared_ptr<grpc::ClientContext> run_call(Completions& completions,
                                              std::shared_ptr<Call<Response>> call, Start start,
                                              Done done) {
  call->reader = start(&call->context, &completions.queue());
  Call<Response>& it = *call;
  it.reader->Finish(&it.response, &it.status,
                    completions.tag([call, done = std::move(done)](bool) { done(*call); }));
  return {call, &it.context};
}

// Never shared, and not tried again by itself. std::runtime_error if a certificate cannot be read.
std::shared_ptr<grpc::Channel> member_channel(const EtcdOptions& options,
                                              const std::string& member);

class EtcdConnection {
 public:
  struct Listener {
    virtual ~Listener() = default;
    // Also after each new token.
    virtual void on_up() = 0;
    virtual void on_down() = 0;
  };
  struct Stubs {
    std::unique_ptr<etcdserverpb::KV::Stub> kv;
    std::unique_ptr<etcdserverpb::Lease::Stub> lease;
    std::unique_ptr<etcdserverpb::Auth::Stub> auth;
    std::unique_ptr<etcdserverpb::Watch::Stub> watch;  // on a connection of its own
  };

  EtcdConnection(Completions& completions, const EtcdOptions& options, Listener& listener);
  ~EtcdConnection();

  // Requests and watches may be sent.
  bool usable() const { return state_ == State::up; }
  bool connected() const { return state_ == State::up || state_ == State::renewing; }
  Stubs& stubs() { return stubs_; }
  // Puts the token and the demand for a leader into a call's metadata.
  void prepare(grpc::ClientContext& context) const;
  // Changes with each token, so that a refusal of an older one is recognised.
  std::uint64_t token_number() const { return counters_.tokens; }
  // Unusable until a new token is there. `known` is the number of the refused one.
  void renew_token(std::uint64_t known);
  // Something was answered: the member works.
  void note_answer();
  MonotonicTime heard() const { return heard_; }
  void lose(const std::string& why);
  // Loses the member soon, if there is another one.
  void leave();

  const std::string& member() const { return options_.members[member_]; }
  const std::string& last_error() const { return last_error_; }
  const EtcdCounters& counters() const { return counters_; }
  EtcdCounters& counters() { return counters_; }

 private:
  enum class State : std::uint8_t { waiting, connecting, up, renewing };

  void connect();
  void authenticate();
  void probe();
  void come_up();
  void fail(const std::string& why);
  void tell(const std::string& text);

  Completions& completions_;
  const EtcdOptions& options_;
  Listener& listener_;
  State state_ = State::waiting;
  Timer timer_;
  Stubs stubs_;
  std::shared_ptr<grpc::ClientContext> handshake_;  // the call under way while coming up
  std::uint64_t attempt_ = 0;                       // answers of earlier attempts are not ours
  std::string token_;
  std::size_t member_ = 0;
  std::uint32_t failures_ = 0;  // in a row
  bool leaving_ = false;
  MonotonicTime heard_{};
  std::string last_error_;
  std::string told_;
  EtcdCounters counters_;
  std::mt19937_64 random_{std::random_device{}()};
};

}  // namespace wanlab::hosting
