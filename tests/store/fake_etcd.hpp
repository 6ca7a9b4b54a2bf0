// An etcd that says whatever a test makes it say: for what the real one does once in a blue moon,
// or did before it was repaired.
#pragma once

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "real_components/hosting/etcd/etcd.grpc.pb.h"

namespace wanlab::testing {

class FakeEtcd final : private etcdserverpb::KV::Service,
                       private etcdserverpb::Watch::Service,
                       private etcdserverpb::Auth::Service {
 public:
  using Stream = grpc::ServerReaderWriter<etcdserverpb::WatchResponse, etcdserverpb::WatchRequest>;
  // Called for each watch stream, in a thread of gRPC's; its return ends the stream.
  using Script = std::function<grpc::Status(int number, Stream& stream)>;

  FakeEtcd() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(static_cast<etcdserverpb::KV::Service*>(this));
    builder.RegisterService(static_cast<etcdserverpb::Watch::Service*>(this));
    builder.RegisterService(static_cast<etcdserverpb::Auth::Service*>(this));
    server_ = builder.BuildAndStart();
  }
  ~FakeEtcd() override { server_->Shutdown(std::chrono::system_clock::now()); }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

  // Set before anybody connects.
  Script watch;
  std::function<grpc::Status(int number, const std::string& token)> put;
  std::atomic<int> streams{0};
  std::atomic<int> puts{0};
  std::atomic<int> tokens{0};
  std::vector<etcdserverpb::WatchCreateRequest> created() {
    const std::lock_guard lock(mutex_);
    return created_;
  }

  // --- what scripts are made of ---
  static etcdserverpb::WatchResponse response(std::int64_t revision) {
    etcdserverpb::WatchResponse message;
    message.mutable_header()->set_cluster_id(1);
    message.mutable_header()->set_revision(revision);
    return message;
  }
  static void create(Stream& stream, std::int64_t revision) {
    etcdserverpb::WatchResponse message = response(revision);
    message.set_created(true);
    stream.Write(message);
  }
  static void add(etcdserverpb::WatchResponse& message, const std::string& key,
                  std::int64_t revision) {
    mvccpb::KeyValue& kv = *message.add_events()->mutable_kv();
    kv.set_key(key);
    kv.set_value("v");
    kv.set_mod_revision(revision);
  }
  static void tell(Stream& stream, const std::string& key, std::int64_t revision) {
    etcdserverpb::WatchResponse message = response(revision);
    add(message, key, revision);
    stream.Write(message);
  }
  // As if told by the server itself, or as an answer.
  static void progress(Stream& stream, std::int64_t revision, bool asked_for) {
    etcdserverpb::WatchResponse message = response(revision);
    message.set_watch_id(asked_for ? -1 : 0);
    stream.Write(message);
  }
  // Until the client goes away.
  static grpc::Status idle(Stream& stream) {
    etcdserverpb::WatchRequest request;
    while (stream.Read(&request)) {
    }
    return grpc::Status::OK;
  }

 private:
  grpc::Status Range(grpc::ServerContext*, const etcdserverpb::RangeRequest*,
                     etcdserverpb::RangeResponse* answer) override {
    answer->mutable_header()->set_cluster_id(1);
    return grpc::Status::OK;
  }
  grpc::Status Put(grpc::ServerContext* context, const etcdserverpb::PutRequest*,
                   etcdserverpb::PutResponse* answer) override {
    answer->mutable_header()->set_cluster_id(1);
    const auto found = context->client_metadata().find("token");
    const std::string token = found == context->client_metadata().end()
                                  ? std::string()
                                  : std::string(found->second.data(), found->second.size());
    return put ? put(++puts, token) : grpc::Status::OK;
  }
  grpc::Status Watch(grpc::ServerContext*, Stream* stream) override {
    etcdserverpb::WatchRequest request;
    if (!stream->Read(&request)) return grpc::Status::OK;
    {
      const std::lock_guard lock(mutex_);
      created_.push_back(request.create_request());
    }
    return watch(++streams, *stream);
  }
  grpc::Status Authenticate(grpc::ServerContext*, const etcdserverpb::AuthenticateRequest*,
                            etcdserverpb::AuthenticateResponse* answer) override {
    answer->set_token("token-" + std::to_string(++tokens));
    return grpc::Status::OK;
  }

  int port_ = 0;
  std::mutex mutex_;
  std::vector<etcdserverpb::WatchCreateRequest> created_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace wanlab::testing
