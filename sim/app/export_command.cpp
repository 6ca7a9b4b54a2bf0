// `wanlab export`: a run for other programs.
#include "analysis/report/timeline_exports.hpp"
#include "sim/app/commands.hpp"
#include "sim/app/kept_run.hpp"
#include "sim/app/replay.hpp"
#include "sim/app/run_folder.hpp"
#include "sim/base/document_json.hpp"
#include "sim/base/units.hpp"
#include "sim/trace/chrome_trace.hpp"
#include "sim/trace/link_capture.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <map>
#include <memory>

namespace wanlab::app {

namespace {

constexpr const char* examples = R"(
Examples:
  wanlab export pcapng out/hello/1 --link hello-1,edge-1.us-west-2
  wanlab export trace out/nearest-black-holed/1 --from 18s --to 26s     (open in ui.perfetto.dev)
  wanlab export openmetrics out/latest

Exit status: 0 good, 2 bad input, 3 internal error.)";

struct ExportOptions {
  std::filesystem::path run, output;
  std::string format, link, from, to;
};

Duration moment_of(const std::string& option, const std::string& text, Duration otherwise) {
  if (text.empty()) return otherwise;
  const auto moment = base::parse_duration(text);
  if (!moment) throw base::InputError(option, "", moment.error);
  return moment.value;
}

// Which hosts a name stands for: the host itself, or all hosts of a place.
class Hosts {
 public:
  void learn(const trace::Recorder& recorder) {
    for (std::uint32_t i = 0; i < recorder.hosts(); ++i) {
      const trace::HostLabel& label = recorder.label(static_cast<trace::HostIndex>(i));
      places_.emplace(label.name, label.place);
    }
  }
  std::string_view place_of(std::string_view host) const {
    const auto found = places_.find(host);
    return found == places_.end() ? std::string_view() : found->second;
  }
  bool means(std::string_view name, std::string_view host) const {
    return name == host || name == place_of(host);
  }
  void require(const std::string& name) const {
    for (const auto& [host, place] : places_) {
      if (name == host || name == place) return;
    }
    throw base::InputError("--link", "", "the run has neither a host nor a place named " + name);
  }

 private:
  std::map<std::string, std::string, std::less<>> places_;
};

std::string capture(const KeptRun& run, const ExportOptions& options) {
  const std::size_t comma = options.link.find(',');
  if (comma == std::string::npos || comma == 0 || comma + 1 == options.link.size()) {
    throw base::InputError("--link", "",
                           "expected A,B: two hosts or places; the capture is made at A");
  }
  const std::string near = options.link.substr(0, comma), far = options.link.substr(comma + 1);
  Hosts hosts;
  trace::LinkCapture link([&](std::string_view host) { return hosts.means(near, host); },
                          [&](std::string_view host) { return hosts.means(far, host); });
  const auto prepared = [&](const trace::Recorder& recorder) {
    hosts.learn(recorder);
    hosts.require(near);
    hosts.require(far);
  };
  const Instant until(run.plan.warm_up + moment_of("--to", options.to, Duration::max() / 2));
  replay(run, {.observer = nullptr, .tap = &link, .prepared = prepared}, until);
  std::cerr << link.packets() << " messages between " << near << " and " << far << '\n';
  return link.pcapng(
      "wanlab run " + run.plan.name + ", seed " + std::to_string(run.plan.seed) +
      ": simulated. TLS is represented, not encrypted: its payload stands here in the"
      " clear and its handshake is left out.");
}

std::string trace_of(const KeptRun& run, const ExportOptions& options) {
  Hosts hosts;
  const Instant from(run.plan.warm_up + moment_of("--from", options.from, -run.plan.warm_up));
  const Instant to(run.plan.warm_up + moment_of("--to", options.to, Duration::max() / 2));
  trace::ChromeTrace trace(
      {.from = from, .to = to, .origin = run.plan.warm_up, .place_of = [&](std::string_view host) {
         return hosts.place_of(host);
       }});
  replay(run,
         {.observer = &trace,
          .tap = &trace,
          .prepared = [&](const trace::Recorder& recorder) { hosts.learn(recorder); }},
         to);
  if (!trace.complete()) {
    std::cerr << "wanlab: the trace holds the first " << trace.events()
              << " events; name a shorter stretch with --from and --to\n";
  }
  return trace.finish(std::min(to, Instant(run.record.simulated)));
}

ExitStatus export_run(const ExportOptions& options) {
  const KeptRun run = load_kept_run(options.run);
  static const std::map<std::string, std::string> names{{"trace", "trace.json"},
                                                        {"pcapng", "capture.pcapng"},
                                                        {"openmetrics", "metrics.txt"},
                                                        {"csv", "timeline.csv"}};
  const std::filesystem::path output =
      options.output.empty() ? run.folder / names.at(options.format) : options.output;
  std::string content;
  if (options.format == "trace") {
    content = trace_of(run, options);
  } else if (options.format == "pcapng") {
    content = capture(run, options);
  } else if (options.format == "openmetrics") {
    content = analysis::openmetrics(run.record);
  } else {
    content = analysis::timeline_csv(run.record);
  }
  write_atomically(output, content);
  std::cerr << output.string() << '\n';
  return ExitStatus::good;
}

}  // namespace

void add_export_command(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App* command = app.add_subcommand("export", "Write a run for other programs");
  command->footer(examples);
  command
      ->add_option("format", options->format,
                   "trace: for Perfetto and Chrome; pcapng: a link, for Wireshark; openmetrics and"
                   " csv: everything over time")
      ->required()
      ->check(CLI::IsMember({"trace", "pcapng", "openmetrics", "csv"}));
  command->add_option("run", options->run, "The folder of the run, e.g. out/latest")
      ->required()
      ->type_name("RUN");
  command
      ->add_option("--out", options->output, "The file to write; otherwise one in the run's folder")
      ->type_name("FILE");
  command
      ->add_option("--link", options->link,
                   "pcapng: the two ends, hosts or places, e.g. hello-1,edge-1.us-west-2")
      ->type_name("A,B");
  command
      ->add_option("--from", options->from, "trace: from this moment after the warm-up, e.g. 18s")
      ->type_name("TIME");
  command->add_option("--to", options->to, "trace, pcapng: up to this moment")->type_name("TIME");
  command->callback([=, &chosen] {
    if (options->format == "pcapng" && options->link.empty()) throw CLI::RequiredError("--link");
    chosen = [=] { return export_run(*options); };
  });
}

}  // namespace wanlab::app
