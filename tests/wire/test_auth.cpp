// One login there and back: nothing lost, nothing allocated, nothing left behind.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <random>
#include <string>

#include "real_components/wire/auth.hpp"

namespace {
std::atomic<std::size_t> allocations{0};
}

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc{};
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace wanlab::wire {
namespace {

AuthRequest some_request(ByteView nonce, ByteView proof) {
  AuthRequest request;
  request.user = "alice";
  request.nonce = nonce;
  request.proof = proof;
  request.client_ip = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 2, 3};
  request.client_port = 50'123;
  request.edge = "edge-fra-1";
  request.edge_id = 7;
  request.session = 1'234'567;
  request.database = "shop";
  return request;
}

std::string text_of(ByteView bytes) {
  return std::string(as_text(bytes));
}

TEST(AuthRequest, ArrivesAsItWasSent) {
  const std::string nonce(20, 'n');
  const std::string proof("\0\xff proof, any bytes at all......", 32);
  AuthCodec edge;
  AuthCodec origin;
  Bytes bytes;
  edge.encode(some_request(as_bytes(nonce), as_bytes(proof)), bytes);
  AuthRequest got;
  ASSERT_TRUE(origin.decode(bytes, got));
  EXPECT_EQ(got.user, "alice");
  EXPECT_EQ(got.method, AuthMethod::caching_sha2);
  EXPECT_EQ(text_of(got.nonce), nonce);
  EXPECT_EQ(text_of(got.proof), proof);
  EXPECT_EQ(got.client_ip[15], 3);
  EXPECT_EQ(got.client_port, 50'123);
  EXPECT_EQ(got.edge, "edge-fra-1");
  EXPECT_EQ(got.edge_id, 7u);
  EXPECT_EQ(got.session, 1'234'567u);
  EXPECT_EQ(got.database, "shop");
}

TEST(AuthReply, CarriesAGrantOrAnError) {
  AuthCodec codec;
  Bytes bytes;
  AuthReply reply;
  reply.grant = as_bytes("sixty-four opaque bytes");
  reply.credential_id = 99;
  reply.grant_expiration = 1'800'000'300;
  codec.encode(reply, bytes);
  AuthReply got;
  ASSERT_TRUE(codec.decode(bytes, got));
  EXPECT_TRUE(got.granted());
  EXPECT_EQ(text_of(got.grant), "sixty-four opaque bytes");
  EXPECT_EQ(got.credential_id, 99u);
  EXPECT_EQ(got.grant_expiration, 1'800'000'300u);

  bytes.clear();
  codec.encode(AuthReply{1045, "28000", "Access denied", {}, 0, 0}, bytes);
  ASSERT_TRUE(codec.decode(bytes, got));
  EXPECT_FALSE(got.granted());
  EXPECT_EQ(got.error_code, 1045);
  EXPECT_EQ(got.sqlstate, "28000");
  EXPECT_EQ(got.message, "Access denied");
  EXPECT_TRUE(got.grant.empty());
}

TEST(AuthCodec, AllocatesNothingOnceItIsWarm) {
  const std::string nonce(20, 'n');
  const std::string proof(32, 'p');
  AuthCodec codec;
  Bytes bytes;
  bytes.reserve(512);
  AuthRequest got;
  AuthReply got_reply;
  const auto once = [&] {
    bytes.clear();
    codec.encode(some_request(as_bytes(nonce), as_bytes(proof)), bytes);
    const bool request = codec.decode(bytes, got);
    bytes.clear();
    codec.encode(AuthReply{0, "", "", as_bytes(nonce), 1, 2}, bytes);
    return request && codec.decode(bytes, got_reply);
  };
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(once());
  const std::size_t before = allocations;
  bool good = true;
  for (int i = 0; i < 1000; ++i) good = once() && good;
  EXPECT_EQ(allocations - before, 0u);
  EXPECT_TRUE(good);
}

TEST(AuthCodec, RefusesMalformedMessages) {
  AuthCodec codec;
  Bytes bytes;
  codec.encode(some_request(as_bytes("n"), as_bytes("p")), bytes);
  AuthRequest got;
  EXPECT_FALSE(codec.decode({}, got)) << "no method, no address";
  EXPECT_FALSE(codec.decode(ByteView{bytes}.first(bytes.size() - 1), got));
  Bytes unknown_method = bytes;
  append(unknown_method, std::string_view{"\x10\x03", 2});
  EXPECT_FALSE(codec.decode(unknown_method, got));
  Bytes huge;
  AuthRequest request = some_request({}, {});
  const std::string user(max_auth_message, 'u');
  request.user = user;
  codec.encode(request, huge);
  EXPECT_FALSE(codec.decode(huge, got));
  EXPECT_TRUE(codec.decode(bytes, got)) << "a refusal must not spoil the next message";
}

TEST(AuthCodec, SurvivesAnyBytes) {
  std::mt19937_64 random(20'260'101);
  AuthCodec codec;
  Bytes good;
  codec.encode(some_request(as_bytes("nonce"), as_bytes("proof")), good);
  for (int round = 0; round < 20'000; ++round) {
    Bytes bytes = good;
    for (int flips = 0; flips < 3; ++flips) {
      bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    }
    AuthRequest request;
    AuthReply reply;
    codec.decode(bytes, request);
    codec.decode(bytes, reply);
  }
}

TEST(AuthCodec, ForgetsWhatItDecoded) {
  AuthCodec codec;
  Bytes bytes;
  codec.encode(some_request(as_bytes("nonce"), as_bytes("secret")), bytes);
  AuthRequest got;
  ASSERT_TRUE(codec.decode(bytes, got));
  const ByteView where = got.proof;
  codec.forget();
  EXPECT_EQ(text_of(where), std::string(6, '\0'));
}

}  // namespace
}  // namespace wanlab::wire
