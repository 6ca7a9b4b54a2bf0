// Something that should have been written and could not be.
#pragma once

#include <string>
#include <system_error>

namespace wanlab::app {

class OutputError : public std::system_error {
 public:
  // what() is "cannot write PATH: REASON".
  OutputError(const std::string& path, std::error_code reason)
      : std::system_error(reason, "cannot write " + path) {}
};

}  // namespace wanlab::app
