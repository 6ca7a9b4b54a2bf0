// The requests of an EtcdStore.
#include "real_components/hosting/etcd/etcd_store.hpp"

#include <map>

#include "real_components/hosting/etcd/etcd_watches.hpp"

namespace wanlab::hosting {

using control::StoreCall;
using control::StoreObserver;
using control::StoreResult;
using control::StoreStatus;

namespace {
constexpr std::uint32_t most_refusals = 3;  // of a token, for one request
}

class EtcdStore::Inside final : private EtcdConnection::Listener {
 public:
  Inside(EtcdOptions options, Post post)
      : options_(std::move(options)),
        keys_(options_.key_prefix),
        completions_(std::move(post)),
        connection_(completions_, options_, *this),
        watches_(completions_, options_, keys_, connection_),
        expiry_(completions_) {}
  ~Inside() override {
    for (auto& [id, request] : requests_) {
      if (request.call) request.call->TryCancel();
    }
  }

  void submit(StoreCall call, StoreObserver& observer, std::uint64_t token);
  void forget(StoreObserver& observer);
  EtcdConnection& connection() { return connection_; }
  EtcdWatches& watches() { return watches_; }

 private:
  struct Request {
    StoreCall what;
    StoreObserver* observer = nullptr;
    std::uint64_t token = 0;
    MonotonicTime deadline{};
    std::shared_ptr<grpc::ClientContext> call;  // none: not sent
    MonotonicTime sent{};
    std::uint64_t token_number = 0;
    std::uint32_t refusals = 0;
  };
  // Lease keep-alives are a stream at etcd's; here each is one of its own.
  struct KeepAlive {
    Call<etcdserverpb::LeaseKeepAliveResponse> call;
    etcdserverpb::LeaseKeepAliveRequest request;
    std::unique_ptr<grpc::ClientAsyncReaderWriter<etcdserverpb::LeaseKeepAliveRequest,
                                                  etcdserverpb::LeaseKeepAliveResponse>>
        stream;
  };

  void on_up() override;
  void on_down() override;
  void send(std::uint64_t id, Request& request);
  void send(std::uint64_t id, Request& request, const wire::RangeRequest& range);
  void send(std::uint64_t id, Request& request, const wire::PutRequest& put);
  void send(std::uint64_t id, Request& request, const wire::DeleteRequest& remove);
  void send(std::uint64_t id, Request& request, const wire::TxnRequest& txn);
  void send(std::uint64_t id, Request& request, const wire::CompactRequest& compact);
  void send(std::uint64_t id, Request& request, const wire::LeaseGrantRequest& grant);
  void send(std::uint64_t id, Request& request, const wire::LeaseKeepAliveRequest& keep);
  void send(std::uint64_t id, Request& request, const wire::LeaseRevokeRequest& revoke);
  // Sends `message` by `method` of `stub`; `fill` turns the response into the result's body.
  template <typename Response, typename Stub, typename Message, typename Method, typename Fill>
  void run(std::uint64_t id, Request& request, Stub& stub, const Message& message, Method method,
           Fill fill);
  void prepare(grpc::ClientContext& context, Request& request);
  template <typename Response, typename Fill>
  void answered(std::uint64_t id, const Call<Response>& call, Fill fill);
  void finish(std::uint64_t id, StoreResult result);
  void finish(std::uint64_t id, StoreStatus status) {
    finish(id, StoreResult{status, 0, 0, 0, {}});
  }
  void arm_expiry();
  void expire();

  EtcdOptions options_;
  KeySpace keys_;
  Completions completions_;
  EtcdConnection connection_;
  EtcdWatches watches_;
  std::map<std::uint64_t, Request> requests_;  // by id, so by age
  std::uint64_t last_request_ = 0;
  Timer expiry_;
};

void EtcdStore::Inside::submit(StoreCall call, StoreObserver& observer, std::uint64_t token) {
  const bool refused = requests_.size() >= options_.max_waiting;
  const std::uint64_t id = ++last_request_;
  Request& request = requests_[id];
  request.observer = &observer;
  request.token = token;
  request.deadline = monotonic_now() + (refused ? Duration::zero() : options_.request_timeout);
  if (refused) return completions_.soon([this, id] { finish(id, StoreStatus::unavailable); });
  request.what = std::move(call);
  if (connection_.usable()) return send(id, request);
  if (!expiry_.pending()) arm_expiry();
}

void EtcdStore::Inside::forget(StoreObserver& observer) {
  std::erase_if(requests_, [&](const auto& entry) {
    if (entry.second.observer != &observer) return false;
    if (entry.second.call) entry.second.call->TryCancel();
    return true;
  });
  watches_.forget(observer);
}

void EtcdStore::Inside::on_up() {
  const MonotonicTime now = monotonic_now();
  for (auto& [id, request] : requests_) {
    if (!request.call && request.deadline > now) send(id, request);
  }
  watches_.on_up();
}

void EtcdStore::Inside::on_down() {
  // Observers may submit and forget meanwhile; what they add was not sent, so it is passed by.
  for (auto next = requests_.begin(); next != requests_.end();) {
    const std::uint64_t id = next->first;
    if (next->second.call) {
      next->second.call->TryCancel();
      finish(id, StoreStatus::unknown_outcome);
    }
    next = requests_.upper_bound(id);
  }
  watches_.on_down();
  if (!expiry_.pending()) arm_expiry();
}

// What was sent has a deadline of gRPC's; this is for what was not.
void EtcdStore::Inside::arm_expiry() {
  for (const auto& [id, request] : requests_) {
    if (request.call) continue;
    return expiry_.set(request.deadline - monotonic_now(), [this] { expire(); });
  }
}

void EtcdStore::Inside::expire() {
  const MonotonicTime now = monotonic_now();
  for (auto next = requests_.begin(); next != requests_.end();) {
    const std::uint64_t id = next->first;
    if (!next->second.call && next->second.deadline <= now) finish(id, StoreStatus::unavailable);
    next = requests_.upper_bound(id);
  }
  arm_expiry();
}

void EtcdStore::Inside::finish(std::uint64_t id, StoreResult result) {
  const auto request = requests_.extract(id);
  if (request.empty()) return;  // forgotten meanwhile
  request.mapped().observer->on_result(request.mapped().token, std::move(result));
}

// --- sending ------------------------------------------------------------------------------------

void EtcdStore::Inside::prepare(grpc::ClientContext& context, Request& request) {
  connection_.prepare(context);
  request.sent = monotonic_now();
  request.token_number = connection_.token_number();
  context.set_deadline(time_after(request.deadline - request.sent));
}

template <typename Response, typename Stub, typename Message, typename Method, typename Fill>
void EtcdStore::Inside::run(std::uint64_t id, Request& request, Stub& stub, const Message& message,
                            Method method, Fill fill) {
  auto call = std::make_shared<Call<Response>>();
  prepare(call->context, request);
  request.call = run_call(
      completions_, call,
      [&](auto* context, auto* queue) { return (stub.*method)(context, message, queue); },
      [this, id, fill](Call<Response>& done) { answered(id, done, fill); });
}

void EtcdStore::Inside::send(std::uint64_t id, Request& request) {
  std::visit([&](const auto& what) { send(id, request, what); }, request.what);
}

void EtcdStore::Inside::send(std::uint64_t id, Request& request, const wire::RangeRequest& range) {
  using Answer = etcdserverpb::RangeResponse;
  run<Answer>(id, request, *connection_.stubs().kv, to_etcd(keys_, range),
              &etcdserverpb::KV::Stub::AsyncRange,
              [this](const Answer& answer) { return from_etcd(keys_, answer); });
}

void EtcdStore::Inside::send(std::uint64_t id, Request& request, const wire::PutRequest& put) {
  using Answer = etcdserverpb::PutResponse;
  run<Answer>(id, request, *connection_.stubs().kv, to_etcd(keys_, put),
              &etcdserverpb::KV::Stub::AsyncPut, [](const Answer&) { return wire::PutResult{}; });
}

void EtcdStore::Inside::send(std::uint64_t id, Request& request,
                             const wire::DeleteRequest& remove) {
  using Answer = etcdserverpb::DeleteRangeResponse;
  run<Answer>(id, request, *connection_.stubs().kv, to_etcd(keys_, remove),
              &etcdserverpb::KV::Stub::AsyncDeleteRange,
              [](const Answer& answer) { return wire::DeleteResult{answer.deleted()}; });
}

void EtcdStore::Inside::send(std::uint64_t id, Request& request, const wire::TxnRequest& txn) {
  using Answer = etcdserverpb::TxnResponse;
  run<Answer>(id, request, *connection_.stubs().kv, to_etcd(keys_, txn),
              &etcdserverpb::KV::Stub::AsyncTxn,
              [this](const Answer& answer) { return from_etcd(keys_, answer); });
}

void EtcdStore::Inside::send(std::uint64_t id, Request& request,
                             const wire::CompactRequest& compact) {
  using Answer = etcdserverpb::CompactionResponse;
  etcdserverpb::CompactionRequest message;
  message.set_revision(compact.revision);
  run<Answer>(id, request, *connection_.stubs().kv, message, &etcdserverpb::KV::Stub::AsyncCompact,
              [](const Answer&) { return wire::CompactResult{}; });
}

void EtcdStore::Inside::send(std::uint64_t id, Request& request,
                             const wire::LeaseGrantRequest& grant) {
  using Answer = etcdserverpb::LeaseGrantResponse;
  etcdserverpb::LeaseGrantRequest message;
  message.set_id(grant.id);
  message.set_ttl(grant.ttl_seconds);
  run<Answer>(id, request, *connection_.stubs().lease, message,
              &etcdserverpb::Lease::Stub::AsyncLeaseGrant, [](const Answer& answer) {
                return wire::LeaseResult{answer.id(), answer.ttl()};
              });
}

void EtcdStore::Inside::send(std::uint64_t id, Request& request,
                             const wire::LeaseRevokeRequest& revoke) {
  using Answer = etcdserverpb::LeaseRevokeResponse;
  etcdserverpb::LeaseRevokeRequest message;
  message.set_id(revoke.id);
  run<Answer>(id, request, *connection_.stubs().lease, message,
              &etcdserverpb::Lease::Stub::AsyncLeaseRevoke, [number = revoke.id](const Answer&) {
                return wire::LeaseResult{number, 0};
              });
}

void EtcdStore::Inside::send(std::uint64_t id, Request& request,
                             const wire::LeaseKeepAliveRequest& keep) {
  auto alive = std::make_shared<KeepAlive>();
  prepare(alive->call.context, request);
  request.call = {alive, &alive->call.context};
  alive->request.set_id(keep.id);
  const auto finish_call = [this, id, alive] {
    alive->stream->Finish(&alive->call.status, completions_.tag([this, id, alive](bool) {
      const wire::LeaseResult lease{alive->call.response.id(), alive->call.response.ttl()};
      // That a lease is gone is said by a time to live of nothing.
      if (alive->call.status.ok() && lease.ttl_seconds <= 0) {
        connection_.note_answer();
        return finish(id, StoreStatus::lease_not_found);
      }
      answered(id, alive->call, [&](const auto&) { return lease; });
    }));
  };
  // Each step holds the next; when one fails, the status says why.
  const auto have_read = [alive, finish_call, this](bool ok) {
    if (!ok) return finish_call();
    alive->stream->WritesDone(completions_.tag([finish_call](bool) { finish_call(); }));
  };
  const auto written = [alive, finish_call, have_read, this](bool ok) {
    if (!ok) return finish_call();
    alive->stream->Read(&alive->call.response, completions_.tag(have_read));
  };
  alive->stream = connection_.stubs().lease->AsyncLeaseKeepAlive(
      &alive->call.context, &completions_.queue(),
      completions_.tag([alive, finish_call, written, this](bool ok) {
        if (!ok) return finish_call();
        alive->stream->Write(alive->request, completions_.tag(written));
      }));
}

// --- answers ------------------------------------------------------------------------------------

template <typename Response, typename Fill>
void EtcdStore::Inside::answered(std::uint64_t id, const Call<Response>& call, Fill fill) {
  const auto found = requests_.find(id);
  if (found == requests_.end()) return;  // forgotten, or lost with its connection
  Request& request = found->second;
  const bool timed_out = call.status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED;
  Meaning meaning = meaning_of(call.status);
  if (!meaning.leave_member) connection_.note_answer();
  if (meaning.authenticate && options_.user.empty()) {
    meaning.status = StoreStatus::permission_denied;
  } else if (meaning.authenticate && ++request.refusals < most_refusals) {
    request.call.reset();
    connection_.renew_token(request.token_number);
    if (connection_.usable()) return send(id, request);  // there is a newer token already
    if (!expiry_.pending()) arm_expiry();
    return;
  }
  // That one request took too long says nothing as long as others were answered meanwhile.
  const bool lost = meaning.leave_member && !(timed_out && connection_.heard() > request.sent);
  StoreResult result;
  result.status = meaning.status;
  if (meaning.status == StoreStatus::ok) {
    result.cluster_id = call.response.header().cluster_id();
    result.revision = call.response.header().revision();
    result.body = fill(call.response);
  }
  const std::string why = call.status.error_message();
  finish(id, std::move(result));
  if (lost) connection_.lose("request: " + why);
}

// --- the door -----------------------------------------------------------------------------------

EtcdStore::EtcdStore(EtcdOptions options, Post post)
    : inside_(std::make_unique<Inside>(std::move(options), std::move(post))) {}
EtcdStore::~EtcdStore() = default;

bool EtcdStore::connected() const {
  return inside_->connection().connected();
}
const std::string& EtcdStore::member() const {
  return inside_->connection().member();
}
const std::string& EtcdStore::last_error() const {
  return inside_->connection().last_error();
}
const EtcdCounters& EtcdStore::counters() const {
  return inside_->connection().counters();
}

void EtcdStore::submit(StoreCall call, StoreObserver& observer, std::uint64_t token) {
  inside_->submit(std::move(call), observer, token);
}
control::WatchId EtcdStore::watch(control::WatchRequest request, StoreObserver& observer) {
  return inside_->watches().watch(std::move(request), observer);
}
void EtcdStore::cancel_watch(control::WatchId watch) {
  inside_->watches().cancel(watch);
}
void EtcdStore::forget(StoreObserver& observer) {
  inside_->forget(observer);
}
void EtcdStore::leave_member() {
  inside_->connection().leave();
}

}  // namespace wanlab::hosting
