// The document behind a scenario after inheritance ("extends"), "set", the variant and the command
// line; what it means is not known here.
#pragma once

#include "sim/base/document_json.hpp"

#include <filesystem>
#include <string>

namespace wanlab::scenario {

// Reads the file and the ones it extends, one inside the other; a cycle is refused. The "extends"
// and "set" keys are gone from the result.
base::Document open_scenario(const std::filesystem::path& path);

// Applies "path=value" as load_plan.hpp describes it.
void apply_set(base::Document& document, const std::string& assignment);

}  // namespace wanlab::scenario
