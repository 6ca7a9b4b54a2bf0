// Messages come out of a byte stream whole, however the stream was cut.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "real_components/wire/frame.hpp"

namespace wanlab::wire {
namespace {

void add_frame(Bytes& out, std::string_view message) {
  const std::size_t begin = begin_frame(out);
  append(out, message);
  finish_frame(out, begin);
}

std::vector<std::string> read_in_pieces(ByteView stream, std::size_t piece, FrameReader& reader) {
  std::vector<std::string> messages;
  while (!stream.empty()) {
    const ByteView part = stream.first(std::min(piece, stream.size()));
    const Bytes lent(part.begin(), part.end());  // freed after the read, as a host would
    reader.feed(lent);
    while (const auto message = reader.next()) messages.emplace_back(as_text(*message));
    stream = stream.subspan(part.size());
  }
  return messages;
}

TEST(FrameReader, GivesTheSameMessagesForEveryWayToCutTheStream) {
  const std::vector<std::string> sent{"", "a", std::string(300, 'b'), "", "cd"};
  Bytes stream;
  for (const std::string& message : sent) add_frame(stream, message);
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    FrameReader reader(1000);
    EXPECT_EQ(read_in_pieces(stream, piece, reader), sent) << piece;
    EXPECT_FALSE(reader.partial()) << piece;
  }
}

TEST(FrameReader, KnowsThatAMessageIsIncomplete) {
  Bytes stream;
  add_frame(stream, "hello");
  FrameReader reader(1000);
  read_in_pieces(ByteView{stream}.first(2), 2, reader);
  EXPECT_TRUE(reader.partial());
}

TEST(FrameReader, RefusesALengthAboveItsLimitForGood) {
  for (const std::size_t piece : {1u, 3u, 100u}) {
    Bytes stream;
    add_frame(stream, "good");
    add_frame(stream, std::string(11, 'x'));
    add_frame(stream, "never seen");
    FrameReader reader(10);
    EXPECT_EQ(read_in_pieces(stream, piece, reader), std::vector<std::string>{"good"});
    EXPECT_TRUE(reader.too_large());
  }
}

}  // namespace
}  // namespace wanlab::wire
