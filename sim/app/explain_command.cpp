// `wanlab explain`: what became of one connection, or what held at one moment, in words.
#include "analysis/report/moment_text.hpp"
#include "sim/app/commands.hpp"
#include "sim/app/kept_run.hpp"
#include "sim/app/replay.hpp"
#include "sim/base/document_json.hpp"
#include "sim/base/units.hpp"
#include "sim/trace/connection_story.hpp"

#include <CLI/CLI.hpp>

#include <charconv>
#include <iostream>
#include <memory>

namespace wanlab::app {

namespace {

constexpr const char* examples = R"(
Examples:
  wanlab explain out/hello/1 --connection hello-1#0
  wanlab explain out/nearest-black-holed/1 --moment 20.5s

Exit status: 0 good, 2 no such run, connection or moment, 3 internal error.)";

struct ExplainOptions {
  std::filesystem::path run;
  std::string connection, moment;
};

// "fleet-17#3"
std::pair<std::string, std::uint64_t> read_connection(const std::string& text) {
  const std::size_t sign = text.rfind('#');
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto read = sign == std::string::npos
                        ? std::from_chars_result{end, std::errc::invalid_argument}
                        : std::from_chars(text.data() + sign + 1, end, number);
  if (sign == 0 || read.ec != std::errc() || read.ptr != end) {
    throw base::InputError("--connection", "",
                           "expected HOST#NUMBER as on the run page, e.g. fleet-17#3, got " + text);
  }
  return {text.substr(0, sign), number};
}

ExitStatus explain_connection(const KeptRun& run, const std::string& text) {
  const auto [client, number] = read_connection(text);
  trace::ConnectionStory story(client, number, run.plan.warm_up);
  if (!replay(run, {.observer = &story, .tap = &story, .prepared = {}})) {
    return ExitStatus::interrupted;
  }
  if (!story.seen()) {
    throw base::InputError(run.folder.string(), "", "the run has no connection " + text);
  }
  std::cout << story.text();
  return ExitStatus::good;
}

ExitStatus explain(const ExplainOptions& options) {
  const KeptRun run = load_kept_run(options.run);
  if (!options.connection.empty()) return explain_connection(run, options.connection);
  const auto moment = base::parse_duration(options.moment);
  if (!moment) {
    throw base::InputError("--moment", "", moment.error);
  }
  std::cout << analysis::moment_text(run.plan, run.record, moment.value);
  return ExitStatus::good;
}

}  // namespace

void add_explain_command(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<ExplainOptions>();
  CLI::App* command = app.add_subcommand(
      "explain", "Tell in words why a connection or its statements went where they went");
  command->footer(examples);
  command->add_option("run", options->run, "The folder of the run, e.g. out/latest")
      ->required()
      ->type_name("RUN");
  auto* connection =
      command->add_option("--connection", options->connection,
                          "One connection, as the run page names it (runs the plan again)");
  connection->type_name("HOST#NUMBER");
  auto* moment = command->add_option("--moment", options->moment,
                                     "A moment, counted from the end of the warm-up, e.g. 23.5s");
  moment->type_name("TIME");
  connection->excludes(moment);
  command->callback([=, &chosen] {
    if (options->connection.empty() && options->moment.empty()) {
      throw CLI::RequiredError("--connection or --moment");
    }
    chosen = [=] { return explain(*options); };
  });
}

}  // namespace wanlab::app
