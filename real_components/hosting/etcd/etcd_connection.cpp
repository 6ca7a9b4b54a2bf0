#include "real_components/hosting/etcd/etcd_connection.hpp"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace wanlab::hosting {
namespace {

std::string contents(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  if (!in || text.str().empty()) throw std::runtime_error("cannot read " + file);
  return text.str();
}

std::shared_ptr<grpc::ChannelCredentials> credentials(const EtcdTls& tls) {
  if (!tls.enabled) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions options;
  if (!tls.ca_file.empty()) options.pem_root_certs = contents(tls.ca_file);
  if (!tls.certificate_file.empty()) {
    options.pem_cert_chain = contents(tls.certificate_file);
    options.pem_private_key = contents(tls.key_file);
  }
  return grpc::SslCredentials(options);
}

std::string text_of(const grpc::Status& status) {
  return status.error_message().empty() ? "gRPC error " + std::to_string(status.error_code())
                                        : status.error_message();
}

}  // namespace

// Channels share connections unless told otherwise, and would go on trying a lost member by
// themselves.
std::shared_ptr<grpc::Channel> member_channel(const EtcdOptions& options,
                                              const std::string& member) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetMaxReceiveMessageSize(static_cast<int>(options.max_message_bytes));
  arguments.SetMaxSendMessageSize(-1);  // etcd is to judge
  if (!options.tls.server_name.empty()) {
    arguments.SetSslTargetNameOverride(options.tls.server_name);
  }
  return grpc::CreateCustomChannel(member, credentials(options.tls), arguments);
}

EtcdConnection::EtcdConnection(Completions& completions, const EtcdOptions& options,
                               Listener& listener)
    : completions_(completions), options_(options), listener_(listener), timer_(completions) {
  if (options_.members.empty()) throw BadStoreAddress("no store address given");
  member_ = std::uniform_int_distribution<std::size_t>(0, options_.members.size() - 1)(random_);
  connect();
}

EtcdConnection::~EtcdConnection() {
  if (handshake_) handshake_->TryCancel();
}

void EtcdConnection::prepare(grpc::ClientContext& context) const {
  // A member that is cut off from its leader refuses at once, instead of letting us wait.
  context.AddMetadata("hasleader", "true");
  if (!token_.empty()) context.AddMetadata("token", token_);
}

void EtcdConnection::connect() {
  ++attempt_;
  state_ = State::connecting;
  token_.clear();
  try {
    const std::shared_ptr<grpc::Channel> requests = member_channel(options_, member());
    stubs_.kv = etcdserverpb::KV::NewStub(requests);
    stubs_.lease = etcdserverpb::Lease::NewStub(requests);
    stubs_.auth = etcdserverpb::Auth::NewStub(requests);
    stubs_.watch = etcdserverpb::Watch::NewStub(member_channel(options_, member()));
  } catch (const std::runtime_error& error) {  // certificates; perhaps being replaced right now
    return completions_.soon([this, attempt = attempt_, why = std::string(error.what())] {
      if (attempt == attempt_) fail(why);
    });
  }
  if (options_.user.empty()) return probe();
  authenticate();
}

void EtcdConnection::authenticate() {
  using Answer = etcdserverpb::AuthenticateResponse;
  etcdserverpb::AuthenticateRequest request;
  request.set_name(options_.user);
  request.set_password(options_.password);
  auto call = std::make_shared<Call<Answer>>();
  call->context.set_deadline(time_after(options_.connect_timeout));
  handshake_ = run_call(
      completions_, call,
      [&](auto* context, auto* queue) {
        return stubs_.auth->AsyncAuthenticate(context, request, queue);
      },
      [this, attempt = attempt_](Call<Answer>& done) {
        if (attempt != attempt_) return;
        handshake_.reset();
        // A store whose doors are open needs no token.
        const bool no_need = done.status.error_code() == grpc::StatusCode::FAILED_PRECONDITION &&
                             done.status.error_message().find("not enabled") != std::string::npos;
        if (!done.status.ok() && !no_need) {
          return fail("user " + options_.user + ": " + text_of(done.status));
        }
        ++counters_.tokens;
        token_ = done.response.token();
        if (state_ == State::connecting) return probe();
        state_ = State::up;
        listener_.on_up();
      });
}

// A read that needs the leader: what answers it can do its work. Whether we may read that key does
// not matter.
void EtcdConnection::probe() {
  using Answer = etcdserverpb::RangeResponse;
  etcdserverpb::RangeRequest request;
  request.set_key(options_.key_prefix.empty() ? "/" : options_.key_prefix);
  request.set_count_only(true);
  auto call = std::make_shared<Call<Answer>>();
  prepare(call->context);
  call->context.set_deadline(time_after(options_.connect_timeout));
  handshake_ = run_call(
      completions_, call,
      [&](auto* context, auto* queue) { return stubs_.kv->AsyncRange(context, request, queue); },
      [this, attempt = attempt_](Call<Answer>& done) {
        if (attempt != attempt_) return;
        handshake_.reset();
        const bool refused =
            meaning_of(done.status).status == control::StoreStatus::permission_denied;
        if (!done.status.ok() && !refused) return fail(text_of(done.status));
        come_up();
      });
}

void EtcdConnection::come_up() {
  state_ = State::up;
  heard_ = monotonic_now();
  last_error_.clear();
  leaving_ = false;
  ++counters_.connections;
  tell("connected to " + member());
  listener_.on_up();
}

void EtcdConnection::renew_token(std::uint64_t known) {
  if (state_ != State::up || known != token_number()) return;
  state_ = State::renewing;
  token_.clear();
  authenticate();
}

void EtcdConnection::note_answer() {
  heard_ = monotonic_now();
  failures_ = 0;
}

void EtcdConnection::lose(const std::string& why) {
  if (connected()) fail(why);
}

void EtcdConnection::fail(const std::string& why) {
  const bool was_up = connected();
  ++attempt_;
  ++counters_.failures;
  state_ = State::waiting;
  if (const auto call = std::exchange(handshake_, nullptr)) call->TryCancel();
  last_error_ = member() + ": " + why;
  tell((was_up ? "lost " : "cannot reach ") + last_error_);
  member_ = (member_ + 1) % options_.members.size();
  const Duration bound =
      std::min(options_.backoff_limit,
               options_.backoff_first * (std::int64_t{1} << std::min(failures_, 20u)));
  ++failures_;
  const Duration wait{std::uniform_int_distribution<Duration::rep>(0, bound.count())(random_)};
  timer_.set(wait, [this] { connect(); });
  if (was_up) listener_.on_down();
}

void EtcdConnection::leave() {
  if (options_.members.size() == 1 || !connected() || std::exchange(leaving_, true)) return;
  completions_.soon([this, attempt = attempt_] {
    if (attempt == attempt_ && leaving_) lose("it lags behind");
  });
}

// The same trouble again and again is told once.
void EtcdConnection::tell(const std::string& text) {
  if (options_.tell && std::exchange(told_, text) != text) options_.tell(text);
}

}  // namespace wanlab::hosting
