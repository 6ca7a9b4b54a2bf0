// Small words that several oracles say.
#pragma once

#include "sim/base/units.hpp"

#include <cstdint>
#include <string>

namespace wanlab::analysis {

inline std::string session_words(std::uint64_t session) {
  return "session " + std::to_string(session);
}
inline std::string statement_words(std::uint64_t session, std::uint64_t statement) {
  std::string words = session_words(session);
  words += ", statement ";
  words += std::to_string(statement);
  return words;
}

}  // namespace wanlab::analysis
