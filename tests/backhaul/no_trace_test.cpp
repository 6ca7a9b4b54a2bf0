// What a stream was opened with as a secret is overwritten when it leaves the mux.
#include "real_components/backhaul/byte_blocks.hpp"
#include "real_components/backhaul/output_buffer.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace wanlab::backhaul {
namespace {

const ByteView proof = as_bytes(std::string_view("a proof of thirty-two bytes, or so"));

bool all_zero(const std::byte* from, std::size_t size) {
  return std::all_of(from, from + size, [](std::byte byte) { return byte == std::byte{0}; });
}

void put(OutputBuffer& buffer, ByteView bytes) {
  std::byte* to = buffer.room(bytes.size());
  buffer.commit(std::copy(bytes.begin(), bytes.end(), to));
}

TEST(NoTrace, OutputIsOverwrittenOnceItIsWritten) {
  OutputBuffer buffer;
  buffer.keep_no_trace();
  put(buffer, proof);
  const std::byte* const memory = buffer.view().data();
  EXPECT_TRUE(std::equal(proof.begin(), proof.end(), memory));
  buffer.wrote(10);
  EXPECT_FALSE(all_zero(memory, proof.size()));
  buffer.wrote(proof.size() - 10);
  EXPECT_TRUE(all_zero(memory, proof.size()));
  put(buffer, proof);  // no secret any more
  buffer.wrote(proof.size());
  EXPECT_FALSE(all_zero(memory, proof.size()));
}

TEST(NoTrace, OutputThatMovesUpLeavesNothingBehindIt) {
  OutputBuffer buffer;
  buffer.keep_no_trace();
  put(buffer, proof);
  put(buffer, proof);
  const std::byte* const memory = buffer.frames().data();
  buffer.wrote(proof.size());
  buffer.discard_front(proof.size());
  EXPECT_TRUE(std::equal(proof.begin(), proof.end(), memory));
  EXPECT_TRUE(all_zero(memory + proof.size(), proof.size()));
  buffer.clear();
  EXPECT_TRUE(all_zero(memory, 2 * proof.size()));
}

TEST(NoTrace, BlocksAreOverwrittenUntilAllQueuesAreEmpty) {
  BlockPool pool;
  ByteQueue queue, other;
  pool.keep_no_trace();
  pool.push(queue, proof);
  pool.push(other, proof);
  Bytes taken(proof.size());
  pool.pop(queue, taken.data(), taken.size());
  pool.pop(other, taken.data(), taken.size());
  EXPECT_TRUE(std::equal(taken.begin(), taken.end(), proof.begin()));
  EXPECT_EQ(pool.blocks_in_use(), 0u);
  // The blocks are used again, from the last one on, and show what they held.
  for (ByteQueue* again : {&queue, &other}) {
    pool.push(*again, proof.first(1));
  }
  Bytes seen(2);
  for (ByteQueue* again : {&queue, &other}) {
    again->end = static_cast<std::uint16_t>(again->end + 1);
    again->size += 1;
    pool.pop(*again, seen.data(), 2);
    EXPECT_EQ(seen[1], std::byte{0});
  }
}

}  // namespace
}  // namespace wanlab::backhaul
