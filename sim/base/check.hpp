// Invariants that hold in every build. A broken one stops the run and says where in virtual time.
#pragma once

#include <source_location>
#include <stdexcept>
#include <string>

namespace wanlab {

// A defect of wanlab itself, as opposed to a wrong input. The command exits with status 3.
class InternalError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

[[noreturn]] inline void fail_check(const char* condition, const std::string& context,
                                    std::source_location where) {
  throw InternalError(std::string(where.file_name()) + ":" + std::to_string(where.line()) +
                      ": broken invariant: " + condition +
                      (context.empty() ? std::string() : " (" + context + ")"));
}

}  // namespace wanlab

#define WANLAB_CHECK(condition, context) \
  ((condition) ? static_cast<void>(0)    \
               : ::wanlab::fail_check(#condition, (context), std::source_location::current()))
