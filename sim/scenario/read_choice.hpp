// Reading of an enumeration by its words.
#pragma once

#include "sim/base/document_json.hpp"
#include "sim/scenario/enum_names.hpp"

#include <string_view>

namespace wanlab::scenario {

template <typename Enum>
Enum read_choice(const base::Object& object, std::string_view key, Enum otherwise) {
  const auto value = object.find(key);
  return value ? static_cast<Enum>(value->choice(EnumNames<Enum>::names)) : otherwise;
}

}  // namespace wanlab::scenario
