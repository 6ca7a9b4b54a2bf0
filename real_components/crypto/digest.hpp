// Hashes, constant-time comparison and wiping. Primitives only: no sockets, no entropy, no heap.
#pragma once

#include "real_components/runtime/bytes.hpp"

#include <array>
#include <cstddef>
#include <span>

namespace wanlab::crypto {

using Digest256 = std::array<std::byte, 32>;
using Digest160 = std::array<std::byte, 20>;

Digest256 sha256(ByteView message);
// The hash of both parts, one after the other, without joining them in memory.
Digest256 sha256(ByteView first, ByteView second);

// For mysql_native_password and OAEP only, where the protocol asks for it.
Digest160 sha1(ByteView message);
Digest160 sha1(ByteView first, ByteView second);

// The time depends on the lengths alone. False when the lengths differ.
bool constant_time_equal(ByteView left, ByteView right);

// Overwrites with zeros; the compiler does not remove the stores.
void secure_zero(std::span<std::byte> bytes);

}  // namespace wanlab::crypto
