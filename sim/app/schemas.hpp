// The JSON Schemas that editors complete and validate scenario and topology files with.
#pragma once

#include <string_view>
#include <vector>

namespace wanlab::app {

struct Schema {
  std::string_view kind;  // "scenario"
  std::string_view text;
};
const std::vector<Schema>& schemas();

}  // namespace wanlab::app
