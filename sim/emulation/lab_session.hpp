// A laboratory from its start to its end: until a signal, the end of a command, or the death of one
// of its processes. Says on standard error what goes on.
#pragma once

#include "sim/emulation/lab.hpp"

#include <string>

namespace wanlab::emulation {

struct SessionOptions {
  LabOptions lab;
  std::string command;  // for /bin/sh; empty: until a signal
  bool quiet = false;
};

// Gives the command's status, or 0; 3 when a process of ours ended by itself. Throws ProcessError
// and base::InputError.
int run_session(const scenario::Plan& plan, const SessionOptions& options);

}  // namespace wanlab::emulation
