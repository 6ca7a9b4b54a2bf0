// Checks that every name a plan uses is the name of something it has.
#pragma once

#include "sim/base/document_json.hpp"
#include "sim/scenario/plan.hpp"

#include <functional>
#include <string_view>

namespace wanlab::scenario {

// Where an element of a plan's list was written: ("edges", 2, "site") is the value to point at when
// the site of the third edge is wrong. The key may be one that only plan.json has, or absent.
using Places =
    std::function<base::Value(std::string_view list, std::size_t index, std::string_view key)>;

// Throws InputError at the first name that leads nowhere or is taken twice.
void check_references(const Plan& plan, const Places& places);

}  // namespace wanlab::scenario
