// Packets: header checks, reassembly of cut packets, splitting of long ones.
#include "real_components/mysql/packet.hpp"

#include "real_components/crypto/digest.hpp"

#include <algorithm>
#include <array>
#include <cassert>

namespace wanlab::mysql {

namespace {

std::uint32_t payload_length(const std::byte* header) {
  return load_little_endian<std::uint32_t>(header) & largest_payload;
}

PacketStatus check_header(const std::byte* header, const PacketLimits& limits) {
  // The sequence first: text of another protocol fails it, and "too large" would mislead there.
  if (limits.sequence != any_sequence && static_cast<std::int16_t>(header[3]) != limits.sequence) {
    return PacketStatus::wrong_sequence;
  }
  const std::uint32_t length = payload_length(header);
  if (length > limits.max_payload) return PacketStatus::too_large;
  if (length < limits.min_payload) return PacketStatus::bad_length;
  return PacketStatus::complete;
}

}  // namespace

ErrorCode error_of(PacketStatus status) {
  switch (status) {
    case PacketStatus::wrong_sequence:
      return error::packets_out_of_order;
    case PacketStatus::too_large:
      return error::packet_too_large;
    case PacketStatus::bad_length:
    case PacketStatus::complete:
    case PacketStatus::incomplete:
      break;
  }
  return error::malformed_packet;
}

PacketStatus take_packet(ByteView& input, const PacketLimits& limits, Packet& packet) {
  if (input.size() < packet_header_size) return PacketStatus::incomplete;
  const PacketStatus status = check_header(input.data(), limits);
  if (status != PacketStatus::complete) return status;
  const std::size_t length = payload_length(input.data());
  if (input.size() - packet_header_size < length) return PacketStatus::incomplete;
  packet.sequence = static_cast<std::uint8_t>(input[3]);
  packet.payload = input.subspan(packet_header_size, length);
  input = input.subspan(packet_header_size + length);
  return PacketStatus::complete;
}

PacketStatus PacketAssembler::next(ByteView& input, const PacketLimits& limits, Packet& packet) {
  if (delivered_ != 0) clear();
  if (size_ == 0) {
    const PacketStatus status = take_packet(input, limits, packet);
    if (status == PacketStatus::incomplete && !input.empty()) {
      store(input);
      input = {};
    }
    return status;
  }
  // No more than the missing part of one packet is taken from the input.
  const auto take = [&](std::size_t wanted) {
    const std::size_t count = std::min(wanted - size_, input.size());
    store(input.first(count));
    input = input.subspan(count);
    return size_ == wanted;
  };
  if (size_ < packet_header_size && !take(packet_header_size)) return PacketStatus::incomplete;
  const PacketStatus status = check_header(bytes_.get(), limits);
  if (status != PacketStatus::complete) return status;
  const std::size_t whole = packet_header_size + payload_length(bytes_.get());
  if (size_ < whole && !take(whole)) return PacketStatus::incomplete;
  packet.sequence = static_cast<std::uint8_t>(bytes_[3]);
  packet.payload = ByteView(bytes_.get(), size_).subspan(packet_header_size);
  delivered_ = 1;
  return PacketStatus::complete;
}

std::uint32_t PacketAssembler::announced() const {
  return pending() < packet_header_size ? 0 : payload_length(bytes_.get());
}

void PacketAssembler::clear() {
  bytes_.reset();
  size_ = 0;
  capacity_ = 0;
  delivered_ = 0;
}

void PacketAssembler::wipe() {
  if (size_ != 0) crypto::secure_zero({bytes_.get(), size_});
  clear();
}

// Grows by doubling and not to the announced length: a peer that announces 16 MB and sends ten
// bytes must not cost 16 MB.
void PacketAssembler::store(ByteView bytes) {
  const std::size_t needed = size_ + bytes.size();
  if (needed > capacity_) {
    const std::size_t capacity = std::max<std::size_t>({needed, capacity_ * std::size_t{2}, 32});
    auto larger = std::make_unique_for_overwrite<std::byte[]>(capacity);
    std::copy_n(bytes_.get(), size_, larger.get());
    if (size_ != 0) crypto::secure_zero({bytes_.get(), size_});
    bytes_ = std::move(larger);
    capacity_ = static_cast<std::uint32_t>(capacity) & 0x7fffffffU;
  }
  std::copy(bytes.begin(), bytes.end(), bytes_.get() + size_);
  size_ = static_cast<std::uint32_t>(needed);
}

PacketWriter::PacketWriter(Bytes& out, std::uint8_t sequence, std::size_t most)
    : out_(out), start_(out.size()), sequence_(sequence) {
  out.resize(start_ + packet_header_size + most);
  at_ = out.data() + start_ + packet_header_size;
}

void PacketWriter::zeros(std::size_t count) {
  std::fill_n(at_, count, std::byte{0});
  at_ += count;
}

void PacketWriter::bytes(ByteView value) {
  at_ = std::copy(value.begin(), value.end(), at_);
}

void PacketWriter::lenenc(std::uint64_t value) {
  if (value < 0xfb) {
    u8(static_cast<std::uint8_t>(value));
  } else if (value <= 0xffff) {
    u8(0xfc);
    little_endian(value, 2);
  } else if (value <= 0xffffff) {
    u8(0xfd);
    little_endian(value, 3);
  } else {
    u8(0xfe);
    little_endian(value, 8);
  }
}

std::uint8_t PacketWriter::finish() {
  const auto size = static_cast<std::size_t>(at_ - (out_.data() + start_));
  assert(start_ + size <= out_.size());
  std::size_t payload = size - packet_header_size;
  out_.resize(start_ + size);

  std::size_t at = start_;
  const auto header = [&](std::size_t length) {
    for (std::size_t i = 0; i < 3; ++i) {
      out_[at + i] = static_cast<std::byte>((length >> (8 * i)) & 0xff);
    }
    out_[at + 3] = static_cast<std::byte>(sequence_++);
  };
  while (payload >= largest_payload) {
    header(largest_payload);
    payload -= largest_payload;
    at += packet_header_size + largest_payload;
    const std::array<std::byte, packet_header_size> room{};
    out_.insert(out_.begin() + static_cast<std::ptrdiff_t>(at), room.begin(), room.end());
  }
  header(payload);
  return sequence_;
}

std::uint64_t PayloadReader::little_endian(std::size_t count) {
  if (remaining() < count) {
    fail();
    return 0;
  }
  const std::byte* from = at_;
  at_ += count;
  switch (count) {  // nearly all fields have one of these sizes
    case 2:
      return load_little_endian<std::uint16_t>(from);
    case 4:
      return load_little_endian<std::uint32_t>(from);
    default: {
      std::uint64_t value = 0;
      for (std::size_t i = 0; i < count; ++i) {
        value |= static_cast<std::uint64_t>(from[i]) << (8 * i);
      }
      return value;
    }
  }
}

std::uint64_t PayloadReader::lenenc() {
  const std::uint8_t first = u8();
  if (first < 0xfb) return first;
  if (first == 0xfc) return little_endian(2);
  if (first == 0xfd) return little_endian(3);
  if (first == 0xfe) return little_endian(8);
  fail();
  return 0;
}

ByteView PayloadReader::bytes(std::uint64_t count) {
  if (remaining() < count) {
    fail();
    return {};
  }
  const ByteView taken(at_, count);
  at_ += count;
  return taken;
}

std::string_view PayloadReader::text_to_nul() {
  const std::byte* nul = std::find(at_, end_, std::byte{0});
  if (nul == end_) {
    fail();
    return {};
  }
  const std::string_view text = as_text({at_, nul});
  at_ = nul + 1;
  return text;
}

}  // namespace wanlab::mysql
