// Every kind of trouble becomes one message on standard error and an exit status.
#pragma once

#include "sim/app/commands.hpp"

namespace wanlab::app {

ExitStatus perform(const Action& action);

}  // namespace wanlab::app
