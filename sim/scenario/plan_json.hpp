// plan.json: a plan in full, without any default, so that it replays exactly. read_plan(to_json(p))
// is p. In brief, fields at their defaults are left out: for plans that people read and keep, which
// then also outlive the addition of fields.
#pragma once

#include "sim/base/document_json.hpp"
#include "sim/scenario/plan.hpp"

#include <filesystem>

namespace wanlab::scenario {

// The key that tells a plan from a scenario, and the version of the format.
inline constexpr std::string_view plan_format_key = "plan_format";
inline constexpr std::uint64_t plan_format = 1;

// In a plan in brief; its value says what is meant by a missing key.
inline constexpr std::string_view unstated_key = "unstated";

base::Json to_json(const Plan& plan);
base::Json to_brief_json(const Plan& plan);
// Throws std::system_error when the file cannot be written.
void write_plan(const Plan& plan, const std::filesystem::path& path);

// Throws InputError. References between the parts are not checked here (check_references does).
Plan read_plan(const base::Value& root);

}  // namespace wanlab::scenario
