// The metrics as nested objects under their paths, between the lines that are no figures.
#include "analysis/summary_json.hpp"

#include "analysis/metrics.hpp"
#include "analysis/numbers.hpp"
#include "sim/base/json_tree.hpp"

namespace wanlab::analysis {

namespace {

using base::Json;

Json json_of(const MetricValue& value) {
  if (const auto* whole = std::get_if<std::uint64_t>(&value)) return Json::make_natural(*whole);
  if (const auto* real = std::get_if<double>(&value)) return Json::make_real(*real);
  return {};
}

// Metrics come in the order of their paths, so only the last object of each level can match.
Json& descend(Json& at, const std::string& key) {
  if (!at.members.empty() && at.members.back().first == key) return at.members.back().second;
  at.members.emplace_back(key, Json::make_object());
  return at.members.back().second;
}

void place(Json& root, const Metric& metric) {
  Json* at = &root;
  for (std::size_t i = 0; i + 1 < metric.path.size(); ++i) at = &descend(*at, metric.path[i]);
  at->members.emplace_back(metric.path.back(), json_of(metric.value));
}

std::string status_of(const Summary& summary) {
  if (summary.interrupted) return "interrupted";
  return summary.passed() ? "passed" : "failed";
}

Json json_of(const OracleReport& oracle, const Summary& summary) {
  Json entry = Json::make_object();
  entry.set("name", Json::make_text(oracle.name));
  entry.set("promise", Json::make_text(oracle.promise));
  entry.set("on", Json::make_boolean(oracle.on));
  entry.set("must_trip", Json::make_boolean(oracle.must_trip));
  entry.set("good", Json::make_boolean(oracle.good()));
  entry.set("violations", Json::make_natural(oracle.count));
  Json first = Json::make_array();
  for (const Violation& violation : oracle.first) {
    const Duration at = violation.at - (Instant() + summary.warm_up);
    Json one = Json::make_object();
    one.set("at_s", Json::make_real(seconds_of(at)));
    one.set("host", Json::make_text(violation.host));
    one.set("subject", Json::make_text(violation.subject));
    one.set("found", Json::make_text(violation.found));
    one.set("expected", Json::make_text(violation.expected));
    one.set("replay", Json::make_text(summary.replay(at - before_violation, at)));
    first.push(std::move(one));
  }
  entry.set("first", std::move(first));
  return entry;
}

Json json_of(const Summary& summary) {
  Json root = Json::make_object();
  root.set("scenario", Json::make_text(summary.scenario));
  root.set("seed", Json::make_natural(summary.seed));
  root.set("status", Json::make_text(status_of(summary)));
  root.set("interrupted", Json::make_boolean(summary.interrupted));
  root.set("digest", Json::make_text(summary.digest));
  Json verdicts = Json::make_array();
  for (const Verdict& verdict : summary.verdicts) {
    Json entry = Json::make_object();
    entry.set("metric", Json::make_text(verdict.metric));
    entry.set("expected", Json::make_text(verdict.expected));
    entry.set("got", Json::make_text(verdict.got));
    entry.set("passed", Json::make_boolean(verdict.passed));
    if (!verdict.passed && verdict.from && verdict.to) {
      entry.set("from_s", Json::make_real(seconds_of(*verdict.from)));
      entry.set("to_s", Json::make_real(seconds_of(*verdict.to)));
      entry.set("replay", Json::make_text(summary.replay(*verdict.from, *verdict.to)));
    }
    verdicts.push(std::move(entry));
  }
  root.set("expectations", std::move(verdicts));
  Json reports = Json::make_array();
  for (const OracleReport& oracle : summary.oracles) reports.push(json_of(oracle, summary));
  root.set("oracle_reports", std::move(reports));
  Json saturated = Json::make_array();
  for (const Finding& finding : summary.saturated) saturated.push(Json::make_text(finding.text));
  root.set("saturated", std::move(saturated));
  for (const Metric& metric : metrics(summary)) place(root, metric);
  Json backhauls = Json::make_array();
  for (const trace::BackhaulStatistics& backhaul : summary.backhauls) {
    Json entry = Json::make_object();
    entry.set("pop", Json::make_text(backhaul.pop));
    entry.set("region", Json::make_text(backhaul.region));
    entry.set("connections", Json::make_natural(backhaul.connections));
    entry.set("requests", Json::make_natural(backhaul.requests));
    entry.set("bytes_to_region", Json::make_natural(backhaul.bytes_to_region));
    entry.set("bytes_to_pop", Json::make_natural(backhaul.bytes_to_pop));
    entry.set("frames", Json::make_natural(backhaul.frames));
    backhauls.push(std::move(entry));
  }
  root.set("backhauls", std::move(backhauls));
  return root;
}

}  // namespace

std::string summary_json(const Summary& summary) {
  std::string text = to_text(json_of(summary));
  if (text.empty() || text.back() != '\n') text += '\n';
  return text;
}

}  // namespace wanlab::analysis
