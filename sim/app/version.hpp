// What this program calls itself.
#pragma once

#include <string>

namespace wanlab::app {

std::string version_text();  // "wanlab 0.1.0 (12.2.0)", with the compiler's version

}  // namespace wanlab::app
