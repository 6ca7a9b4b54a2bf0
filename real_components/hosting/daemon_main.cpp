#include "real_components/hosting/daemon_main.hpp"

#include "real_components/hosting/config_node.hpp"
#include "real_components/hosting/log.hpp"
#include "real_components/hosting/tls_contexts.hpp"

#include <CLI/CLI.hpp>

#include <iostream>

namespace wanlab::hosting {

int daemon_main(int argc, char** argv, const DaemonCommand& command) {
  CLI::App app{command.description, command.name};
  std::string file;
  bool check = false;
  app.add_option("--config", file, "Configuration: JSON with comments")
      ->required()
      ->check(CLI::ExistingFile);
  app.add_flag("--check-config", check, "Read the configuration and all it names, and end");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    if (!check) return command.serve(file);
    command.check(file);
    std::cout << file << ": good\n";
    return 0;
  } catch (const ConfigError& error) {
    log(LogLevel::fatal, error.what());
    return 2;
  } catch (const TlsError& error) {
    log(LogLevel::fatal, error.what());
    return 2;
  } catch (const std::exception& error) {
    log(LogLevel::fatal, error.what());
    return 1;
  }
}

}  // namespace wanlab::hosting
