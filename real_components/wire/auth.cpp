// Logins to and from their protobuf form, through messages that keep their memory.
#include "real_components/wire/auth.hpp"

#include <algorithm>
#include <limits>
#include <string>

#include "real_components/wire/auth.pb.h"
#include "real_components/wire/serialise.hpp"

namespace wanlab::wire {

// Separate messages for both directions, so that what a decode gave out survives an encode.
struct AuthCodec::Messages {
  proto::AuthRequest request_out;
  proto::AuthRequest request_in;
  proto::AuthReply reply_out;
  proto::AuthReply reply_in;
};

AuthCodec::AuthCodec() : messages_(std::make_unique<Messages>()) {}
AuthCodec::~AuthCodec() {
  if (messages_ != nullptr) forget();
}
AuthCodec::AuthCodec(AuthCodec&&) noexcept = default;
AuthCodec& AuthCodec::operator=(AuthCodec&&) noexcept = default;

namespace {

void assign(std::string& field, ByteView bytes) {
  field.assign(as_text(bytes));
}

void wipe(std::string& secret) {
  std::memset(secret.data(), 0, secret.size());
  // Whoever may read the bytes after this keeps the compiler from finding the last writes useless.
  asm volatile("" : : "r"(secret.data()) : "memory");
  secret.clear();
}

}  // namespace

void AuthCodec::encode(const AuthRequest& request, Bytes& out) {
  proto::AuthRequest& message = messages_->request_out;
  message.mutable_user()->assign(request.user);
  message.set_method(static_cast<std::uint32_t>(request.method));
  assign(*message.mutable_nonce(), request.nonce);
  assign(*message.mutable_proof(), request.proof);
  message.mutable_client_ip()->assign(reinterpret_cast<const char*>(request.client_ip.data()),
                                      request.client_ip.size());
  message.set_client_port(request.client_port);
  message.mutable_edge()->assign(request.edge);
  message.set_edge_id(request.edge_id);
  message.set_session(request.session);
  message.mutable_database()->assign(request.database);
  append_message(message, out);
  wipe(*message.mutable_proof());
}

bool AuthCodec::decode(ByteView bytes, AuthRequest& request) {
  proto::AuthRequest& message = messages_->request_in;
  if (bytes.size() > max_auth_message || !parse_message(bytes, message)) return false;
  if (message.client_ip().size() != request.client_ip.size() ||
      message.client_port() > std::numeric_limits<std::uint16_t>::max()) {
    return false;
  }
  switch (message.method()) {
    case static_cast<std::uint32_t>(AuthMethod::caching_sha2):
      request.method = AuthMethod::caching_sha2;
      break;
    case static_cast<std::uint32_t>(AuthMethod::native):
      request.method = AuthMethod::native;
      break;
    default:
      return false;
  }
  request.user = message.user();
  request.nonce = as_bytes(message.nonce());
  request.proof = as_bytes(message.proof());
  std::memcpy(request.client_ip.data(), message.client_ip().data(), request.client_ip.size());
  request.client_port = static_cast<std::uint16_t>(message.client_port());
  request.edge = message.edge();
  request.edge_id = message.edge_id();
  request.session = message.session();
  request.database = message.database();
  return true;
}

void AuthCodec::encode(const AuthReply& reply, Bytes& out) {
  proto::AuthReply& message = messages_->reply_out;
  message.set_error_code(reply.error_code);
  message.mutable_sqlstate()->assign(reply.sqlstate);
  message.mutable_message()->assign(reply.message);
  assign(*message.mutable_grant(), reply.grant);
  message.set_credential_id(reply.credential_id);
  message.set_grant_expiration(reply.grant_expiration);
  append_message(message, out);
}

bool AuthCodec::decode(ByteView bytes, AuthReply& reply) {
  proto::AuthReply& message = messages_->reply_in;
  if (bytes.size() > max_auth_message || !parse_message(bytes, message)) return false;
  if (message.error_code() > std::numeric_limits<std::uint16_t>::max()) return false;
  reply.error_code = static_cast<std::uint16_t>(message.error_code());
  reply.sqlstate = message.sqlstate();
  reply.message = message.message();
  reply.grant = as_bytes(message.grant());
  reply.credential_id = message.credential_id();
  reply.grant_expiration = message.grant_expiration();
  return true;
}

void AuthCodec::forget() {
  for (proto::AuthRequest* message : {&messages_->request_out, &messages_->request_in}) {
    wipe(*message->mutable_nonce());
    wipe(*message->mutable_proof());
  }
  for (proto::AuthReply* message : {&messages_->reply_out, &messages_->reply_in}) {
    wipe(*message->mutable_grant());
  }
}

}  // namespace wanlab::wire
