// Statements that ask about the one before: ROW_COUNT(), put so that any connection can answer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace wanlab::mysql {

// The same statement with the number in place of every ROW_COUNT(): of the same type, and under the
// same name where it is a column of its own.
std::string with_row_count(std::string_view statement, std::int64_t row_count);

}  // namespace wanlab::mysql
