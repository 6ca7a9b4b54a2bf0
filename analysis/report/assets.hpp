// The files that a run page is made of, as they were when the program was built.
#pragma once

#include <string_view>

namespace wanlab::analysis {

std::string_view page_html();
std::string_view page_css();
std::string_view page_js();  // all of page/*.js in one
std::string_view d3_js();    // D3 5.16, with its licence
std::string_view sweep_html();
std::string_view sweep_js();
std::string_view compare_html();
std::string_view compare_js();
std::string_view land_outline();  // topologies/outline/land.json

}  // namespace wanlab::analysis
