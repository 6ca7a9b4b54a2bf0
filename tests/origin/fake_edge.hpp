// Speaks to an origin like an edge, byte by byte as a test wants it.
#pragma once

#include "real_components/backhaul/warm_pool.hpp"
#include "real_components/mysql/nonce.hpp"
#include "real_components/mysql/proof.hpp"
#include "real_components/wire/auth.hpp"
#include "real_components/wire/grant.hpp"
#include "real_components/wire/nonce.hpp"
#include "tests/support/fake_runtime.hpp"

#include <optional>
#include <string>
#include <vector>

namespace wanlab::testing {

struct Outcome {
  bool ended = false;
  bool failed = false;
  backhaul::Processed processed = backhaul::Processed::unknown;
  Bytes bytes;

  wire::AnswerKind kind() const {
    return bytes.empty() ? wire::AnswerKind{} : static_cast<wire::AnswerKind>(bytes[0]);
  }
  std::optional<wire::Refusal> refusal() const { return wire::read_refusal(bytes); }
};

struct LoginOptions {
  std::string user = "app";
  std::string password = "secret";
  std::uint64_t session = 1;
  std::uint8_t client = 1;
};

class FakeEdge final : public runtime::Component, private backhaul::PoolObserver {
 public:
  FakeEdge(FakeWorld& world, std::string name, crypto::Digest256 fleet_key)
      : world_(world),
        name_(std::move(name)),
        key(wire::edge_nonce_key(fleet_key, name_)),
        pool_(world.host(name_), {}, 1, *this, nullptr) {
    world.run(name_, *this);
  }

  void connect(const std::string& origin) {
    const std::vector<runtime::Address> addresses{{origin, 7443}};
    pool_.set_region(0, "region", addresses);
    world_.advance(std::chrono::seconds(1));
  }

  Outcome request(ByteView bytes, Duration limit = std::chrono::seconds(20)) {
    const std::size_t number = begin(bytes);
    world_.advance_until([&] { return outcomes[number].ended; }, limit);
    return outcomes[number];
  }
  std::size_t begin(ByteView bytes) {
    const std::size_t number = outcomes.size();
    outcomes.emplace_back();
    handles.push_back(pool_.request(0, {0, 0, number}, {}, bytes));
    if (!handles.back()) outcomes.back().ended = outcomes.back().failed = true;
    return number;
  }
  void cancel(std::size_t number) { pool_.cancel(handles[number]); }

  mysql::Nonce nonce(std::uint32_t sequence, std::int64_t age = 0) {
    const auto now = unix_seconds(world_.host(name_).wall_now()) - age;
    return mysql::encode_nonce(
        wire::seal_nonce({wire::edge_fingerprint(name_) & wire::nonce_edge_mask,
                          static_cast<std::uint32_t>(now), 1, sequence},
                         key));
  }

  wire::AuthRequest login_request(const LoginOptions& options, const mysql::Nonce& with) {
    nonce_ = with;
    proof_ = mysql::sha2_proof(mysql::derive_secrets(options.password), nonce_);
    wire::AuthRequest request;
    user_ = options.user;
    request.user = user_;
    request.nonce = nonce_;
    request.proof = proof_;
    request.client_ip[15] = options.client;
    request.edge_id = wire::edge_fingerprint(name_);
    request.session = options.session;
    return request;
  }
  // The error, or 0 and the grant.
  std::uint16_t log_in_with(const wire::AuthRequest& request, wire::Grant* grant = nullptr) {
    Bytes bytes{static_cast<std::byte>(wire::RequestKind::authenticate)};
    codec_.encode(request, bytes);
    const Outcome outcome = this->request(bytes);
    wire::AuthReply reply;
    if (outcome.kind() != wire::AnswerKind::login ||
        !codec_.decode(ByteView(outcome.bytes).subspan(wire::frame_head_size), reply)) {
      return 1;
    }
    if (reply.granted() && grant != nullptr) *grant = wire::load_grant(reply.grant.data());
    return reply.error_code;
  }
  std::uint16_t login(const LoginOptions& options = {}, wire::Grant* grant = nullptr) {
    return log_in_with(login_request(options, nonce(next_sequence_++)), grant);
  }
  Bytes query_bytes(const wire::Grant& grant, std::uint64_t session, std::string_view sql,
                    std::string_view schema = {}, std::byte command = std::byte{3}) {
    Bytes bytes;
    wire::QueryHeader header;
    header.session = session;
    header.grant = grant;
    header.schema = schema;
    header.dialect = dialect;
    header.collation = mysql::utf8mb4_general_ci;
    wire::append_query_header(bytes, wire::RequestKind::query, header);
    bytes.push_back(command);
    append(bytes, sql);
    return bytes;
  }
  Outcome query(const wire::Grant& grant, std::uint64_t session = 1,
                std::string_view sql = "SELECT 1") {
    return request(query_bytes(grant, session, sql));
  }

  mysql::Dialect dialect = mysql::dialect_of(mysql::client_capabilities);
  std::vector<Outcome> outcomes;
  std::vector<backhaul::RequestHandle> handles;

  void start() override {}
  void on_timer(runtime::Cookie cookie) override { pool_.on_timer(cookie); }
  runtime::Cookie on_accept(std::uint16_t, runtime::ConnectionId,
                            const runtime::PeerInfo&) override {
    return 0;
  }
  void on_connect(runtime::ConnectionId id, runtime::Cookie cookie) override {
    pool_.on_connect(id, cookie);
  }
  void on_secure(runtime::ConnectionId, runtime::Cookie) override {}
  void on_data(runtime::ConnectionId id, runtime::Cookie cookie, ByteView bytes) override {
    pool_.on_data(id, cookie, bytes);
  }
  void on_writable(runtime::ConnectionId id, runtime::Cookie cookie) override {
    pool_.on_writable(id, cookie);
  }
  void on_close(runtime::ConnectionId id, runtime::Cookie cookie,
                runtime::CloseReason reason) override {
    pool_.on_close(id, cookie, reason);
  }

 private:
  std::size_t on_response(backhaul::RequestHandle, std::uint64_t cookie, ByteView part,
                          bool end) override {
    append(outcomes[cookie].bytes, part);
    outcomes[cookie].ended = end;
    return part.size();
  }
  void on_failed(backhaul::RequestHandle, std::uint64_t cookie, backhaul::Processed processed,
                 backhaul::ResetReason) override {
    outcomes[cookie].ended = outcomes[cookie].failed = true;
    outcomes[cookie].processed = processed;
  }

  FakeWorld& world_;
  std::string name_;

 public:
  crypto::HmacSha256Key key;  // of its nonces

 private:
  backhaul::WarmPool pool_;
  wire::AuthCodec codec_;
  // What the last login_request() views.
  std::string user_;
  mysql::Nonce nonce_{};
  crypto::Digest256 proof_{};
  std::uint32_t next_sequence_ = 1000;
};

}  // namespace wanlab::testing
