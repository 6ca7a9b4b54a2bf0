// What statements say of a session: SET statements merged into settings that another connection can
// be given (canonical, so that saying them again changes nothing), and statements looked at and
// rewritten.
#include "real_components/mysql/settings.hpp"
#include "real_components/mysql/previous.hpp"
#include "real_components/mysql/statement.hpp"
#include "tests/codec_fuzzing/target.hpp"

#include <string>

using namespace wanlab;
using namespace wanlab::mysql;
using fuzzing::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzzing::Input input(data, size);
  const std::uint8_t choice = input.byte();
  const std::string_view text = as_text(input.rest());

  // Statements one after the other, as a session says them.
  std::string settings;
  std::size_t from = 0;
  while (from <= text.size()) {
    const std::size_t end = std::min(text.find('\n', from), text.size());
    const std::string_view statement = text.substr(from, end - from);
    from = end + 1;
    if (const auto merged = merge_settings(settings, statement)) {
      require(merged->size() <= longest_settings, "settings keep to their limit");
      require(merge_settings(*merged, statement) == merged, "saying it again changes nothing");
      require(merge_settings("", "SET " + *merged) == merged, "settings are canonical");
      settings = *merged;
    }
    autocommit_off(settings);
  }

  const Statement seen = classify(text, (choice & 1) != 0);
  const Statement again = classify(text, (choice & 1) != 0);
  require(seen.kind == again.kind, "a statement is what it is");
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  if (lower.find("row_count") == std::string::npos) {
    require(with_row_count(text, -1) == text, "what does not ask for the count stays as it is");
  } else {
    with_row_count(text, -1);
  }
  return 0;
}
