// Nonces: every content survives, no byte a client could stumble over.
#include "real_components/mysql/nonce.hpp"

#include <gtest/gtest.h>
#include <random>
#include <set>

namespace wanlab::mysql {
namespace {

TEST(Nonce, CarriesAny136BitsInSevenBitBytesWithoutNulAndDollar) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 20000; ++round) {
    NonceContent content;
    for (std::byte& byte : content) byte = static_cast<std::byte>(random() & 0xff);
    if (round == 0) content.fill(std::byte{0});
    if (round == 1) content.fill(std::byte{0xff});
    const Nonce nonce = encode_nonce(content);
    for (const std::byte byte : nonce) {
      ASSERT_TRUE(byte != std::byte{0} && byte != std::byte{'$'} && byte < std::byte{0x80});
    }
    ASSERT_EQ(decode_nonce(nonce), content) << "round " << round;
  }
}

TEST(Nonce, EveryBitOfTheContentMatters) {
  std::set<Nonce> seen{encode_nonce({})};
  for (std::size_t bit = 0; bit < 136; ++bit) {
    NonceContent content{};
    content[bit / 8] = std::byte{1} << (bit % 8);
    EXPECT_TRUE(seen.insert(encode_nonce(content)).second) << bit;
  }
}

TEST(Nonce, OfSomebodyElseIsNotDecoded) {
  for (const unsigned bad : {0U, 36U, 128U, 255U}) {
    Nonce nonce = encode_nonce({});
    nonce[7] = static_cast<std::byte>(bad);
    EXPECT_FALSE(decode_nonce(nonce)) << bad;
  }
  // 126^5 is more than 2^34: the largest digits stand for no content.
  Nonce nonce;
  nonce.fill(std::byte{127});
  EXPECT_FALSE(decode_nonce(nonce));
}

}  // namespace
}  // namespace wanlab::mysql
