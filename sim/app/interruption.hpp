// Ctrl-C (and a polite kill): the first one asks the run to stop, the second ends the process at
// once.
#pragma once

namespace wanlab::app {

// While one of these exists, SIGINT and SIGTERM only raise a flag. One at a time.
class Interruption {
 public:
  Interruption();
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  static bool requested();
};

}  // namespace wanlab::app
