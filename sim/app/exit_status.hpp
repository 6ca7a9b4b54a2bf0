// What the command tells the shell.
#pragma once

namespace wanlab::app {

enum class ExitStatus : int {
  good = 0,
  expectation_failed = 1,
  bad_input = 2,  // command line, files, or a place that cannot be written to
  internal_error = 3,
  interrupted = 130,  // 128 + SIGINT, as shells expect; the results kept are partial
};

}  // namespace wanlab::app
