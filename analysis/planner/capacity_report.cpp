// The report as plain text, Markdown and JSON.
#include "analysis/planner/capacity_report.hpp"

#include "analysis/numbers.hpp"
#include "analysis/text_table.hpp"
#include "sim/base/json_tree.hpp"

#include <algorithm>

namespace wanlab::analysis {

namespace {

using base::Json;

std::string milliseconds(const std::optional<double>& value) {
  return value ? decimals(*value, 1) : "-";
}

std::string seeds_text(const std::vector<std::uint64_t>& seeds) {
  std::string text = seeds.size() == 1 ? "seed " : "seeds ";
  for (std::size_t i = 0; i < seeds.size(); ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(seeds[i]);
  }
  return text;
}

std::string objective_text(const CapacityReport& report) {
  std::string text;
  for (const std::string& part : report.objective) text += (text.empty() ? "" : ", ") + part;
  return text;
}

double total(const std::vector<CostLine>& lines) {
  double sum = 0;
  for (const CostLine& line : lines) sum += line.per_month;
  return sum;
}

// The run that says most about a value: the first that fails, or the last.
const PlannedRun* telling_run(const TriedValue& value) {
  if (value.runs.empty()) return nullptr;
  const auto failed = std::find_if(value.runs.begin(), value.runs.end(),
                                   [](const PlannedRun& run) { return !run.passed; });
  return failed != value.runs.end() ? &*failed : &value.runs.back();
}

void add_text(const Answer& answer, const std::string& currency, std::string& out) {
  out += "\n" + answer.question + "\n  " + answer.headline + "\n";
  if (answer.proof.empty() && answer.places.empty()) return;
  if (!answer.proof.empty()) out += "\n  proof\n";
  for (const TriedValue& value : answer.proof) {
    for (const PlannedRun& run : value.runs) {
      out += std::string("    ") + (run.passed ? "passes  " : "fails   ") + run.what + "\n";
      for (std::size_t i = 0; i < run.failures.size() && i < 3; ++i) {
        out += "            " + run.failures[i] + "\n";
      }
      out += "            " + run.replay + "\n";
    }
  }
  if (answer.tried.size() > answer.proof.size()) {
    out += "\n  what was tried\n";
    TextTable table({{""},
                     {"", Align::left},
                     {"runs", Align::right},
                     {"established", Align::right},
                     {"failed", Align::right},
                     {"connect p99", Align::right},
                     {"query p99 (ms)", Align::right}});
    for (const TriedValue& value : answer.tried) {
      const PlannedRun* run = telling_run(value);
      if (run == nullptr) continue;
      table.add({value.good ? "passes" : "fails", value.words, grouped(value.runs.size()),
                 grouped(run->established), grouped(run->failed), milliseconds(run->connect_p99_ms),
                 milliseconds(run->query_p99_ms)});
    }
    out += table.text("    ", 40);
  }
  if (!answer.places.empty()) {
    out += "\n  places, in the order of what they add\n";
    TextTable table({{""},
                     {"site"},
                     {"users within the limit", Align::right},
                     {"mean round trip (ms)", Align::right}});
    std::size_t number = 0;
    for (const PlannedPlace& place : answer.places) {
      if (place.existing) continue;
      table.add({std::to_string(++number), place.site, percent(place.covered),
                 decimals(place.mean_rtt_ms, 2)});
    }
    out += table.text("    ", 60);
  }
  if (!answer.checks.empty()) {
    out += "\n  beside it, what theory says\n";
    TextTable table({{""}, {""}, {"simulated", Align::right}, {"theory", Align::right}, {"by"}});
    for (const CrossCheck& check : answer.checks) {
      table.add({check.subject, check.quantity, check.simulated, check.theory, check.method});
    }
    out += table.text("    ", 40);
    for (const CrossCheck& check : answer.checks) {
      if (!check.theory.empty() && check.method.starts_with("Erlang C,")) {
        out += "    " + check.subject + ": " + check.explanation + "\n";
      }
    }
  }
  if (!answer.cost.empty()) {
    out += "\n  cost per month, " + currency + "\n";
    TextTable table({{""}, {"", Align::right}});
    for (const CostLine& line : answer.cost) table.add({line.what, decimals(line.per_month, 2)});
    table.add({"together", decimals(total(answer.cost), 2)});
    out += table.text("    ", 40);
  }
  for (const std::string& note : answer.notes) out += "  note: " + note + "\n";
}

std::string cell(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) {
    text.insert(at, 1, '\\');
  }
  return text;
}

void add_markdown(const Answer& answer, const std::string& currency, std::string& out) {
  out += "\n## " + answer.question + "\n\n**" + answer.headline + "** (" +
         std::string(to_string(answer.outcome)) + ")\n";
  if (!answer.proof.empty()) {
    out += "\n| run | verdict | what failed | replay |\n| --- | --- | --- | --- |\n";
    for (const TriedValue& value : answer.proof) {
      for (const PlannedRun& run : value.runs) {
        std::string failed;
        for (std::size_t i = 0; i < run.failures.size() && i < 3; ++i) {
          failed += (i == 0 ? "" : "; ") + run.failures[i];
        }
        out += "| " + cell(run.what) + " | " + (run.passed ? "passes" : "**fails**") + " | " +
               cell(failed) + " | `" + run.replay + "` |\n";
      }
    }
  }
  if (!answer.places.empty()) {
    out +=
        "\n| | site | users within the limit | mean round trip (ms) |\n"
        "| ---: | --- | ---: | ---: |\n";
    std::size_t number = 0;
    for (const PlannedPlace& place : answer.places) {
      if (place.existing) continue;
      out += "| " + std::to_string(++number) + " | " + cell(place.site) + " | " +
             percent(place.covered) + " | " + decimals(place.mean_rtt_ms, 2) + " |\n";
    }
  }
  if (!answer.checks.empty()) {
    out += "\n| | | simulated | theory | by | |\n| --- | --- | ---: | ---: | --- | --- |\n";
    for (const CrossCheck& check : answer.checks) {
      out += "| " + cell(check.subject) + " | " + cell(check.quantity) + " | " + check.simulated +
             " | " + check.theory + " | " + cell(check.method) + " | " + cell(check.explanation) +
             " |\n";
    }
  }
  if (!answer.cost.empty()) {
    out += "\n| cost per month | " + currency + " |\n| --- | ---: |\n";
    for (const CostLine& line : answer.cost) {
      out += "| " + cell(line.what) + " | " + decimals(line.per_month, 2) + " |\n";
    }
    out += "| **together** | **" + decimals(total(answer.cost), 2) + "** |\n";
  }
  for (const std::string& note : answer.notes) out += "\n> " + note + "\n";
}

Json to_json(const PlannedRun& run) {
  Json json = Json::make_object();
  json.set("what", Json::make_text(run.what));
  json.set("passed", Json::make_boolean(run.passed));
  Json& failures = json.set("failures", Json::make_array());
  for (const std::string& failure : run.failures) failures.push(Json::make_text(failure));
  json.set("seed", Json::make_natural(run.seed));
  json.set("established", Json::make_natural(run.established));
  json.set("failed", Json::make_natural(run.failed));
  if (run.connect_p99_ms) json.set("connect_p99_ms", Json::make_real(*run.connect_p99_ms));
  if (run.query_p99_ms) json.set("query_p99_ms", Json::make_real(*run.query_p99_ms));
  if (!run.replay.empty()) json.set("replay", Json::make_text(run.replay));
  return json;
}

Json to_json(const std::vector<TriedValue>& values) {
  Json list = Json::make_array();
  for (const TriedValue& value : values) {
    Json json = Json::make_object();
    json.set("value", Json::make_natural(value.value));
    json.set("words", Json::make_text(value.words));
    json.set("passed", Json::make_boolean(value.good));
    Json& runs = json.set("runs", Json::make_array());
    for (const PlannedRun& run : value.runs) runs.push(to_json(run));
    list.push(std::move(json));
  }
  return list;
}

Json to_json(const Answer& answer) {
  Json json = Json::make_object();
  json.set("find", Json::make_text(answer.name));
  json.set("question", Json::make_text(answer.question));
  json.set("headline", Json::make_text(answer.headline));
  json.set("outcome", Json::make_text(std::string(to_string(answer.outcome))));
  json.set("value", answer.value ? Json::make_natural(*answer.value) : Json());
  json.set("proof", to_json(answer.proof));
  json.set("tried", to_json(answer.tried));
  Json& checks = json.set("cross_checks", Json::make_array());
  for (const CrossCheck& check : answer.checks) {
    Json one = Json::make_object();
    one.set("subject", Json::make_text(check.subject));
    one.set("quantity", Json::make_text(check.quantity));
    one.set("simulated", Json::make_text(check.simulated));
    one.set("theory", Json::make_text(check.theory));
    one.set("method", Json::make_text(check.method));
    one.set("explanation", Json::make_text(check.explanation));
    checks.push(std::move(one));
  }
  Json& cost = json.set("cost_per_month", Json::make_array());
  for (const CostLine& line : answer.cost) {
    Json one = Json::make_object();
    one.set("what", Json::make_text(line.what));
    one.set("amount", Json::make_real(line.per_month));
    cost.push(std::move(one));
  }
  Json& places = json.set("places", Json::make_array());
  for (const PlannedPlace& place : answer.places) {
    Json one = Json::make_object();
    one.set("site", Json::make_text(place.site));
    one.set("existing", Json::make_boolean(place.existing));
    one.set("covered", Json::make_real(place.covered));
    one.set("mean_round_trip_ms", Json::make_real(place.mean_rtt_ms));
    places.push(std::move(one));
  }
  Json& notes = json.set("notes", Json::make_array());
  for (const std::string& note : answer.notes) notes.push(Json::make_text(note));
  return json;
}

}  // namespace

bool CapacityReport::met() const {
  return std::none_of(answers.begin(), answers.end(), [](const Answer& answer) {
    return answer.outcome == Answer::Outcome::impossible;
  });
}

std::string_view to_string(Answer::Outcome outcome) {
  switch (outcome) {
    case Answer::Outcome::proven:
      return "proven by the runs on both sides";
    case Answer::Outcome::at_bound:
      return "at the bound of the search";
    case Answer::Outcome::impossible:
      return "cannot be met within the bounds";
    case Answer::Outcome::computed:
      return "computed from the topology";
    case Answer::Outcome::interrupted:
      return "interrupted";
  }
  return {};
}

std::string capacity_text(const CapacityReport& report) {
  std::string out = "capacity of " + report.scenario + ", " + grouped(report.connections) +
                    " connections, " + seeds_text(report.seeds) + "\n";
  out += "objective: " + objective_text(report) + "\n";
  out += "regions lost: " + report.loss + "\n";
  for (const Answer& answer : report.answers) add_text(answer, report.currency, out);
  out += "\n" + grouped(report.runs) + " runs in " + duration_text(report.wall) +
         (report.interrupted ? ", interrupted" : "") + "\n";
  return out;
}

std::string capacity_markdown(const CapacityReport& report) {
  std::string out = "# Capacity of " + report.scenario + "\n\n";
  if (!report.why.empty()) out += report.why + "\n\n";
  out += "- scenario: `" + report.file + "`, topology " + report.topology + ", " +
         grouped(report.connections) + " connections, " + seeds_text(report.seeds) + "\n";
  out += "- objective: " + objective_text(report) + "\n- regions lost: " + report.loss + "\n";
  out += "- asked by: `" + report.command + "` (" + report.version + ")\n";
  for (const Answer& answer : report.answers) add_markdown(answer, report.currency, out);
  out +=
      "\n" + grouped(report.runs) + " runs" + (report.interrupted ? ", interrupted" : "") + ".\n";
  return out;
}

std::string capacity_json(const CapacityReport& report) {
  Json json = Json::make_object();
  json.set("scenario", Json::make_text(report.scenario));
  json.set("file", Json::make_text(report.file));
  json.set("topology", Json::make_text(report.topology));
  json.set("connections", Json::make_natural(report.connections));
  Json& objective = json.set("objective", Json::make_array());
  for (const std::string& part : report.objective) objective.push(Json::make_text(part));
  json.set("regions_lost", Json::make_text(report.loss));
  Json& seeds = json.set("seeds", Json::make_array());
  for (const std::uint64_t seed : report.seeds) seeds.push(Json::make_natural(seed));
  json.set("command", Json::make_text(report.command));
  json.set("version", Json::make_text(report.version));
  if (!report.currency.empty()) json.set("currency", Json::make_text(report.currency));
  json.set("interrupted", Json::make_boolean(report.interrupted));
  json.set("met", Json::make_boolean(report.met() && !report.interrupted));
  json.set("runs", Json::make_natural(report.runs));
  Json& answers = json.set("answers", Json::make_array());
  for (const Answer& answer : report.answers) answers.push(to_json(answer));
  return to_text(json);
}

}  // namespace wanlab::analysis
