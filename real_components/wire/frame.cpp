// Cutting a byte stream into messages; whole messages inside one read are never copied.
#include "real_components/wire/frame.hpp"

#include <algorithm>

namespace wanlab::wire {

void finish_frame(Bytes& out, std::size_t begin) {
  const std::size_t size = out.size() - begin - frame_header;
  for (std::size_t i = 0; i < frame_header; ++i) {
    out[begin + i] = static_cast<std::byte>((size >> (8 * i)) & 0xff);
  }
}

std::optional<ByteView> FrameReader::next() {
  if (delivered_) {
    kept_.clear();
    delivered_ = false;
    if (kept_.capacity() > 64 * 1024) Bytes{}.swap(kept_);
  }
  if (too_large_) return std::nullopt;
  if (kept_.empty() && input_.size() >= frame_header) {
    const std::size_t size = load_little_endian<std::uint32_t>(input_.data());
    if (size > max_message_) {
      too_large_ = true;
      return std::nullopt;
    }
    if (input_.size() - frame_header >= size) {
      const ByteView message = input_.subspan(frame_header, size);
      input_ = input_.subspan(frame_header + size);
      return message;
    }
  }
  // The message began in an earlier read, or does not end in this one.
  const auto take = [&](std::size_t wanted) {
    const std::size_t missing = wanted - std::min(wanted, kept_.size());
    const std::size_t taken = std::min(missing, input_.size());
    append(kept_, input_.first(taken));
    input_ = input_.subspan(taken);
    return kept_.size() >= wanted;
  };
  if (input_.empty() || !take(frame_header)) return std::nullopt;
  const std::size_t size = load_little_endian<std::uint32_t>(kept_.data());
  if (size > max_message_) {
    too_large_ = true;
    return std::nullopt;
  }
  if (!take(frame_header + size)) return std::nullopt;
  delivered_ = true;
  return ByteView{kept_}.subspan(frame_header);
}

}  // namespace wanlab::wire
