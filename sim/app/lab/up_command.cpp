// `wanlab up`: a small scenario as real processes on loopback, until Ctrl-C or the end of a
// command.
#include "sim/app/lab/lab_commands.hpp"
#include "sim/base/document_json.hpp"
#include "sim/emulation/lab.hpp"
#include "sim/scenario/load_plan.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/signal_set.hpp>

#include <unistd.h>

#include <iostream>
#include <memory>
#include <optional>

namespace wanlab::app {
namespace {

namespace fs = std::filesystem;

struct UpOptions {
  fs::path scenario;
  fs::path folder;
  std::vector<std::string> sets;
  std::string command;
  std::uint16_t port = 0;
  bool keep = false;
  bool quiet = false;
};

fs::path programs_folder() {
  return fs::read_symlink("/proc/self/exe").parent_path();
}

fs::path default_scenario() {
  // build/PRESET/wanlab-lab lies two folders below the repository.
  return programs_folder().parent_path().parent_path() / "scenarios" / "lab" / "two-regions.json";
}

// A folder of an earlier laboratory may be used again when nobody lives there any more.
void take_folder(const fs::path& folder) {
  std::error_code ignored;
  if (fs::exists(folder / "control")) {
    try {
      emulation::ask_laboratory(folder / "control", "list");
    } catch (const std::exception&) {
      fs::remove_all(folder, ignored);
      return;
    }
    throw base::InputError(folder.string(), "",
                           "a laboratory is up there already; end it, or give another --folder");
  }
  if (!fs::exists(folder) || fs::is_empty(folder)) return;
  if (!fs::exists(folder / "config")) {
    throw base::InputError(folder.string(), "", "is not empty and not of a laboratory");
  }
  fs::remove_all(folder);
}

class Session {
 public:
  Session(UpOptions options, const scenario::Plan& plan)
      : options_(std::move(options)),
        lab_(context_, plan,
             {options_.scenario, options_.folder, programs_folder(), options_.port}) {}

  int run() {
    signals_.async_wait([this](boost::system::error_code error, int) {
      if (error) return;
      interrupted_ = true;
      context_.stop();
    });
    lab_.start([this](const std::string& what) {
      if (!options_.quiet) std::cerr << "wanlab: " << what << std::endl;
      if (interrupted_) throw emulation::ProcessError("interrupted");
    });
    int status = 0;
    if (!options_.command.empty()) {
      emulation::ChildOptions child;
      child.command = {"/bin/sh", "-c", options_.command};
      child.environment = lab_.environment();
      child.own_group = false;  // it is the user's: Ctrl-C reaches it too
      command_.emplace(child);
    } else {
      std::cout << lab_.instructions() << std::flush;
    }
    watch();
    context_.restart();
    context_.run();
    if (::isatty(STDERR_FILENO) != 0) std::cerr << "\r\033[K";
    if (command_) {
      if (interrupted_) command_->stop(std::chrono::seconds(2));
      status = command_->wait(std::chrono::seconds(0)).value_or(130);
    }
    if (!trouble_.empty()) {
      std::cerr << "wanlab: " << trouble_ << '\n';
      status = static_cast<int>(ExitStatus::internal_error);
    }
    if (!options_.quiet) std::cerr << "wanlab: taking everything down" << std::endl;
    lab_.stop();
    return status;
  }

 private:
  void watch() {
    tick_.expires_after(command_ ? std::chrono::milliseconds(50) : std::chrono::milliseconds(1000));
    tick_.async_wait([this](boost::system::error_code error) {
      if (error) return;
      if (command_ && !command_->running()) return context_.stop();
      if (const std::string name = lab_.casualties(); !name.empty() && !command_) {
        trouble_ = name + " ended by itself; see " + lab_.layout().log_of(name).string();
        return context_.stop();
      }
      if (!command_ && !options_.quiet && ::isatty(STDERR_FILENO) != 0) {
        std::cerr << "\r\033[K" << lab_.status() << std::flush;
      }
      watch();
    });
  }

  UpOptions options_;
  boost::asio::io_context context_{1};
  boost::asio::signal_set signals_{context_, SIGINT, SIGTERM, SIGHUP};
  boost::asio::steady_timer tick_{context_};
  emulation::Lab lab_;
  std::optional<emulation::ChildProcess> command_;
  std::string trouble_;
  bool interrupted_ = false;
};

int up(UpOptions options) {
  if (options.scenario.empty()) options.scenario = default_scenario();
  if (options.folder.empty()) options.folder = default_lab_folder();
  scenario::Overrides overrides;
  overrides.sets = options.sets;
  const scenario::Plan plan = scenario::load_plan(options.scenario, overrides);
  take_folder(options.folder);
  const bool keep = options.keep;
  const fs::path folder = options.folder;
  int status = 0;
  try {
    status = Session(std::move(options), plan).run();
  } catch (...) {
    std::cerr << "wanlab: what was started is in " << folder.string() << '\n';
    throw;
  }
  if (!keep) {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }
  return status;
}

}  // namespace

void add_up_command(CLI::App& app, LabAction& chosen) {
  auto options = std::make_shared<UpOptions>();
  CLI::App* command = app.add_subcommand(
      "up",
      "Run a small scenario as real processes: etcd, MariaDB, origins, edges, and a relay with the "
      "topology's delay for each path between them");
  command->add_option("FILE", options->scenario,
                      "Scenario; its edges, origins, databases and credentials count "
                      "(default: scenarios/lab/two-regions.json)");
  command->add_option("--set", options->sets, "Override a value of the scenario, PATH=VALUE");
  command->add_option(
      "--exec", options->command,
      "Run this command against it (WANLAB_HOST, WANLAB_PORT, WANLAB_USER, "
      "WANLAB_PASSWORD, WANLAB_DATABASE, WANLAB_CA are set), take everything down, and "
      "end with its status");
  command->add_option("--port", options->port, "First port of the edges (default: free ones)");
  command->add_option(
      "--folder", options->folder,
      "Data, configurations and logs (default: $WANLAB_LAB, else a temporary folder)");
  command->add_flag("--keep", options->keep, "Leave the folder behind");
  command->add_flag("--quiet", options->quiet, "Say nothing while all goes well");
  command->callback([options, &chosen] { chosen = [options] { return up(*options); }; });
}

}  // namespace wanlab::app
