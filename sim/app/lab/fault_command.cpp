// `wanlab fault`: faults of a running laboratory, in the words of scenario files.
#include "sim/app/lab/lab_commands.hpp"
#include "sim/base/document_json.hpp"
#include "sim/emulation/control_socket.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <memory>
#include <vector>

namespace wanlab::app {
namespace {

struct FaultOptions {
  std::filesystem::path folder;
  std::vector<std::string> words;
  bool reset = false;
};

std::string json_text(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + "\"";
}

// KIND key=value...: the same keys and values as in a scenario, where numbers, true and false stand
// bare.
std::string fault_of(const std::vector<std::string>& words) {
  std::string fault = "{\"at\": \"0s\", \"kind\": " + json_text(words.front());
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::size_t equals = words[i].find('=');
    if (equals == std::string::npos || equals == 0) {
      throw base::InputError("", "", "\"" + words[i] + "\" should be KEY=VALUE");
    }
    const std::string value = words[i].substr(equals + 1);
    const bool bare =
        value == "true" || value == "false" ||
        (!value.empty() && value.find_first_not_of("0123456789.") == std::string::npos);
    fault += ", " + json_text(words[i].substr(0, equals)) + ": " + (bare ? value : json_text(value));
  }
  return fault + "}";
}

std::string line_of(const FaultOptions& options) {
  const std::string& verb = options.words.front();
  if (verb == "list" || verb == "status") return verb;
  if (verb == "heal") {
    if (options.words.size() != 2) throw base::InputError("", "", "heal what? A number, or all");
    return "heal " + options.words[1];
  }
  return std::string("begin ") + (options.reset ? "reset " : "") + fault_of(options.words);
}

int fault(const FaultOptions& options) {
  const std::filesystem::path folder =
      options.folder.empty() ? default_lab_folder() : options.folder;
  std::string answer;
  try {
    answer = emulation::ask_laboratory(folder / "control", line_of(options));
  } catch (const base::InputError&) {
    throw;
  } catch (const std::exception& error) {
    throw base::InputError(folder.string(), "",
                           std::string("no laboratory is up there (") + error.what() +
                               "); start one with ./wanlab up, or name its --folder");
  }
  if (answer.starts_with("error: ")) {
    std::cerr << "wanlab: " << answer.substr(7);
    return static_cast<int>(ExitStatus::bad_input);
  }
  std::cout << answer;
  return 0;
}

}  // namespace

void add_fault_command(CLI::App& app, LabAction& chosen) {
  auto options = std::make_shared<FaultOptions>();
  CLI::App* command =
      app.add_subcommand("fault", "Begin, list and heal faults of a running laboratory");
  command
      ->add_option("WORDS", options->words,
                   "KIND KEY=VALUE..., as in a scenario's \"faults\", or list, or heal NUMBER|all")
      ->required();
  command->add_flag("--reset", options->reset,
                    "A partition breaks its connections instead of being silent");
  command->add_option("--folder", options->folder, "The laboratory's folder");
  command->footer(R"(
Examples:
  wanlab fault slow from=edge-1.iad to=us-east-1 add_delay=80ms
  wanlab fault partition from=iad to=us-east-1 for=10s        silence
  wanlab fault partition from=iad to=us-east-1 --reset        resets
  wanlab fault crash host=origin-1.us-east-1 for=5s
  wanlab fault freeze host=primary.main.us-east-1
  wanlab fault heal all)");
  command->callback([options, &chosen] { chosen = [options] { return fault(*options); }; });
}

}  // namespace wanlab::app
