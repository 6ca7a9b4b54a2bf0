// The command line that both daemons have, and what becomes of their errors.
#pragma once

#include <filesystem>
#include <functional>

namespace wanlab::hosting {

struct DaemonCommand {
  const char* name;
  const char* description;
  // Reads the file, so that it throws if there is anything wrong with it.
  std::function<void(const std::filesystem::path&)> check;
  std::function<int(const std::filesystem::path&)> serve;
};

// Exit status: 0 after a drain or a good check, 1 after a failure, 2 for a wrong command line or
// configuration.
int daemon_main(int argc, char** argv, const DaemonCommand& command);

}  // namespace wanlab::hosting
