// Random bits that nobody can foretell, from OpenSSL's generator.
#pragma once

#include "real_components/runtime/runtime.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace wanlab::hosting {

// Not for several threads: each stream draws ahead into a buffer of its own. Ends the process if
// the system has no entropy, because everything secret would be guessable.
class SecureRandom final : public runtime::RandomStream {
 public:
  ~SecureRandom() override;
  std::uint64_t next() override;

 private:
  std::array<std::uint64_t, 32> drawn_{};
  std::size_t used_ = 32;
};

}  // namespace wanlab::hosting
