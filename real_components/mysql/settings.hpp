// The session variables that SET statements give, as text that another connection can be given the
// same by. Only what can be repeated word by word: constants given to variables of the session.
// Whether a variable exists, and takes that value, is the server's to say.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace wanlab::mysql {

// What `set_statement` (SET ..) changes, added to `before`, in a canonical form that is "SET "
// short of being a statement. Nothing if it is anything but constants for variables of the session:
// user variables, expressions, GLOBAL, values that hold once, or what this code base keeps for
// itself. The later value of a variable replaces the earlier one.
std::optional<std::string> merge_settings(std::string_view before, std::string_view set_statement);

// Whether sessions of these settings begin a transaction with their first statement.
bool autocommit_off(std::string_view settings);

// Longer settings are not kept apart from the connection they were made on.
inline constexpr std::size_t longest_settings = 2048;

}  // namespace wanlab::mysql
