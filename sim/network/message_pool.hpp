// Segments in flight: a 16-byte header and the payload, in slabs by size, named by a 28-bit number
// so that an event can carry it.
#pragma once

#include "real_components/runtime/bytes.hpp"
#include "sim/base/check.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace wanlab::network {

using MessageId = std::uint32_t;

enum class MessageKind : std::uint8_t {
  syn,
  syn_ack,
  acknowledge,  // the third step of the handshake
  data,
  client_hello,
  server_flight,
  client_finish,
  server_finish,
  finish,   // FIN
  reset,    // RST
  refused,  // RST in answer to a SYN
  // To the sender itself.
  retry_connect,
  window_opens,    // the oldest flight of a bulk flow is acknowledged
  retry_send,      // the path was down: try again
  resume_reading,  // the component wants its data again
  deadline,        // something took too long; see Deadline
};

// What a `deadline` message is about.
enum class Deadline : std::uint8_t { connecting, unreachable, bad_upgrade, server_handshake };

struct Message {
  std::uint32_t size;
  std::uint32_t connection;  // low bits of the connection's identity: a late message finds nobody
  MessageKind kind;
  // Of data: a TLS Finished rides in front. Of a client hello: the TLS version. Of a deadline:
  // which.
  std::uint8_t detail;
  std::uint16_t attempt;  // repetitions so far
  union {
    std::uint32_t
        sender;  // in use: the endpoint it comes from, for the RST that nobody home answers
    std::uint32_t next_free;  // in the pool
  };

  std::byte* payload() { return reinterpret_cast<std::byte*>(this + 1); }
  const std::byte* payload() const { return reinterpret_cast<const std::byte*>(this + 1); }
  ByteView view() const { return {payload(), size}; }
};
static_assert(sizeof(Message) == 16);

class MessagePool {
 public:
  // Largest payload of one message; longer data travels as several.
  static constexpr std::size_t maximum_payload = 65'536 - sizeof(Message);

  MessageId take(std::size_t payload_bytes);
  void give_back(MessageId id);

  Message& operator[](MessageId id) {
    const std::uint32_t size_class = id >> index_bits;
    const std::uint32_t index = id & index_mask;
    const Class& of = classes_[size_class];
    return *reinterpret_cast<Message*>(of.slabs[index >> of.slab_shift].get() +
                                       std::size_t{index & ((1u << of.slab_shift) - 1)} *
                                           class_bytes[size_class]);
  }

  std::size_t in_use() const { return in_use_; }
  std::size_t memory_bytes() const;

 private:
  static constexpr unsigned index_bits = 24;
  static constexpr std::uint32_t index_mask = (1u << index_bits) - 1;
  static constexpr std::uint32_t none = 0xffffffff;
  // Whole sizes, header included.
  static constexpr std::array<std::uint32_t, 9> class_bytes{32,   128,  256,    512,   1024,
                                                            2048, 4096, 16'384, 65'536};
  struct Class {
    std::vector<std::unique_ptr<std::byte[]>> slabs;
    std::uint32_t free = none;
    std::uint32_t slab_shift = 0;
  };

  void grow(std::uint32_t size_class);

  std::array<Class, class_bytes.size()> classes_;
  std::size_t in_use_ = 0;
};

}  // namespace wanlab::network
