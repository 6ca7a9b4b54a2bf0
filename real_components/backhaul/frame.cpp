// Decoding of frames. Every length is checked before anything is believed.
#include "real_components/backhaul/frame.hpp"

namespace wanlab::backhaul {
namespace {

// Reads integers from a bounded place; remembers the first shortage.
class Reader {
 public:
  explicit Reader(ByteView bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  // False: the bytes end here; missing() more are needed at least.
  bool varint(std::uint64_t& value) {
    if (at_ == end_) [[unlikely]] {
      missing_ = 1;
      return false;
    }
    const auto first = static_cast<std::uint64_t>(*at_);
    const std::size_t size = std::size_t{1} << (first >> 6);
    const auto left = static_cast<std::size_t>(end_ - at_);
    if (left < size) [[unlikely]] {
      missing_ = size - left;
      return false;
    }
    value = first & 0x3f;
    for (std::size_t i = 1; i < size; ++i) {
      value = value << 8 | static_cast<std::uint64_t>(at_[i]);
    }
    at_ += size;
    return true;
  }
  const std::byte* at() const { return at_; }
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  std::size_t missing() const { return missing_; }

 private:
  const std::byte* at_;
  const std::byte* end_;
  std::size_t missing_ = 0;
};

// How many integers follow the type; -1: no such frame.
int control_fields(FrameType type) {
  switch (type) {
    case FrameType::hello:
      return 4;
    case FrameType::pong:
      return 4;
    case FrameType::reset_stream:
      return 3;
    case FrameType::stop:
      return 2;
    case FrameType::max_stream_data:
      return 2;
    case FrameType::goaway:
      return 2;
    case FrameType::max_data:
      return 1;
    case FrameType::max_streams:
      return 1;
    case FrameType::ping:
      return 1;
    case FrameType::close:
      return 1;
    case FrameType::stream:
      break;
  }
  return -1;
}

ParseResult parse_control(ByteView bytes, Frame& frame) {
  frame.type = static_cast<FrameType>(bytes[0]);
  const int count = control_fields(frame.type);
  if (count < 0) return {Parse::malformed, 0};
  Reader reader(bytes.subspan(1));
  for (int i = 0; i < count; ++i) {
    if (!reader.varint(frame.fields[static_cast<std::size_t>(i)])) {
      return {Parse::incomplete, bytes.size() + reader.missing()};
    }
  }
  return {Parse::whole, static_cast<std::size_t>(reader.at() - bytes.data())};
}

}  // namespace

ParseResult parse_frame(ByteView bytes, Frame& frame) {
  const auto type = static_cast<std::uint8_t>(bytes[0]);
  constexpr auto stream_type = static_cast<std::uint8_t>(FrameType::stream);
  if ((type & 0xfc) != stream_type) return parse_control(bytes, frame);

  frame.type = FrameType::stream;
  frame.flags = type & 3;
  Reader reader(bytes.subspan(1));
  std::uint64_t length = 0;
  bool complete = reader.varint(frame.fields[0]);
  if (frame.flags & flag_open) {
    complete = complete && reader.varint(frame.fields[1]) && reader.varint(frame.fields[2]);
  }
  complete = complete && reader.varint(length);
  if (!complete) return {Parse::incomplete, bytes.size() + reader.missing()};
  if (length > max_frame_payload) return {Parse::too_large, 0};
  if (reader.left() < length) {
    return {Parse::incomplete, bytes.size() + length - reader.left()};
  }
  frame.payload = {reader.at(), length};
  return {Parse::whole, static_cast<std::size_t>(reader.at() - bytes.data()) + length};
}

}  // namespace wanlab::backhaul
