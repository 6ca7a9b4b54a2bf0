// Signal handlers that do nothing but set a flag.
#include "sim/app/interruption.hpp"

#include <csignal>

namespace wanlab::app {

namespace {

volatile std::sig_atomic_t interrupted = 0;

void on_signal(int signal) {
  interrupted = 1;
  // The next one finds the default action: it ends the process, however busy this one is.
  std::signal(signal, SIG_DFL);
}

}  // namespace

Interruption::Interruption() {
  interrupted = 0;
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

Interruption::~Interruption() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

bool Interruption::requested() {
  return interrupted != 0;
}

}  // namespace wanlab::app
