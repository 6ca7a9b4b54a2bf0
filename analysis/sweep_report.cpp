// A row per point of the grid.
#include "analysis/sweep_report.hpp"

#include "analysis/figures.hpp"
#include "analysis/metric_meaning.hpp"
#include "analysis/numbers.hpp"
#include "analysis/text_table.hpp"
#include "sim/base/json_tree.hpp"

#include <algorithm>
#include <array>

namespace wanlab::analysis {

namespace {

using base::Json;

constexpr std::size_t most_columns = 6, most_rows = 200, most_troubles = 10;

std::string plural(std::uint64_t count, const std::string& what) {
  return grouped(count) + " " + what + (count == 1 ? "" : "s");
}

std::string headline(const SweepResults& results) {
  std::uint64_t failed = 0;
  for (const SweepPoint& point : results.points) failed += point.failed;
  std::string text = results.scenario + ": " + plural(results.done(), "run");
  if (results.done() < results.runs()) text += " of " + grouped(results.runs());
  text += " at " + plural(results.points.size(), "point") + ", ";
  text += results.seeds == 1 ? "seed " + std::to_string(results.first_seed)
                             : "seeds " + std::to_string(results.first_seed) + " to " +
                                   std::to_string(results.first_seed + results.seeds - 1);
  if (failed > 0) text += "; " + grouped(failed) + " failed an expectation";
  if (results.without_figures() > 0) {
    text += "; " + grouped(results.without_figures()) + " gave no figures";
  }
  return text + "\n";
}

std::string trouble_lines(const SweepResults& results) {
  if (results.troubles.empty()) return {};
  std::string text = "\nwithout figures\n";
  for (std::size_t i = 0; i < std::min(results.troubles.size(), most_troubles); ++i) {
    const SweepTrouble& trouble = results.troubles[i];
    text += "  " + trouble.status + ": " + trouble.message + "\n    " +
            results.replay(trouble.point, trouble.seed) + "\n";
  }
  if (results.troubles.size() > most_troubles) {
    text += "  and " + grouped(results.troubles.size() - most_troubles) + " more\n";
  }
  return text;
}

Json json_of(const Estimate& estimate) {
  Json json = Json::make_object();
  json.set("count", Json::make_natural(estimate.count));
  if (estimate.count == 0) return json;
  json.set("mean", Json::make_real(estimate.mean));
  json.set("half_width", estimate.half_width ? Json::make_real(*estimate.half_width) : Json{});
  json.set("min", Json::make_real(estimate.least));
  json.set("max", Json::make_real(estimate.most));
  return json;
}

Json texts(const std::vector<std::string>& all) {
  Json json = Json::make_array();
  for (const std::string& text : all) json.push(Json::make_text(text));
  return json;
}

Json json_of(const SweepResults& results, std::size_t at) {
  const SweepPoint& point = results.points[at];
  Json json = Json::make_object();
  Json steps = Json::make_object();
  for (std::size_t axis = 0; axis < results.axes.size(); ++axis) {
    steps.set(results.axes[axis].name,
              Json::make_text(results.axes[axis].values[point.steps[axis]]));
  }
  json.set("parameters", std::move(steps));
  json.set("set", texts(point.settings));
  json.set("passed", Json::make_natural(point.passed));
  json.set("failed", Json::make_natural(point.failed));
  json.set("refused", Json::make_natural(point.refused));
  json.set("crashed", Json::make_natural(point.crashed));
  json.set("timed_out", Json::make_natural(point.timed_out));
  json.set("replay", Json::make_text(results.replay(at, results.first_seed)));
  Json metrics = Json::make_object();
  for (std::size_t i = 0; i < results.metrics.size(); ++i) {
    metrics.set(results.metrics[i], json_of(point.figures[i]));
  }
  json.set("metrics", std::move(metrics));
  return json;
}

}  // namespace

std::string estimate_text(const std::string& metric, const Estimate& estimate) {
  if (estimate.count == 0) return "no value";
  std::string text = figure_value(metric, estimate.mean);
  if (estimate.half_width && *estimate.half_width > 0) {
    text += " +- " + figure_value(metric, estimate.half_width);
  }
  return text;
}

std::string sweep_text(const SweepResults& results, const std::vector<std::string>& metrics) {
  const std::vector<std::string> shown =
      metrics.empty() ? results.key_metrics(most_columns) : metrics;
  std::vector<TextTable::Column> columns;
  for (const SweepAxis& axis : results.axes) columns.push_back({axis.name, Align::right});
  columns.push_back({"passed", Align::right});
  for (const std::string& metric : shown) columns.push_back({figure_words(metric), Align::right});
  TextTable table(std::move(columns));
  for (std::size_t i = 0; i < results.points.size(); ++i) {
    const SweepPoint& point = results.points[i];
    std::vector<std::string> cells;
    for (std::size_t axis = 0; axis < results.axes.size(); ++axis) {
      cells.push_back(results.axes[axis].values[point.steps[axis]]);
    }
    cells.push_back(grouped(point.passed) + " of " + grouped(point.done()));
    for (const std::string& metric : shown) {
      cells.push_back(estimate_text(metric, results.at(i, metric)));
    }
    table.add(std::move(cells));
  }
  std::string text = headline(results) + "\n" + table.text("  ", most_rows);
  if (results.seeds > 1) {
    text += "\n  mean +- half of its 95 % confidence interval over the seeds (Student's t)\n";
  }
  return text + trouble_lines(results);
}

std::string sweep_json(const SweepResults& results) {
  Json json = Json::make_object();
  json.set("scenario", Json::make_text(results.scenario));
  json.set("file", Json::make_text(results.file));
  json.set("seeds", Json::make_natural(results.seeds));
  json.set("first_seed", Json::make_natural(results.first_seed));
  json.set("set", texts(results.common));
  json.set("runs", Json::make_natural(results.runs()));
  json.set("done", Json::make_natural(results.done()));
  json.set("confidence", Json::make_real(usual_confidence));
  Json axes = Json::make_array();
  for (const SweepAxis& axis : results.axes) {
    Json entry = Json::make_object();
    entry.set("name", Json::make_text(axis.name));
    entry.set("values", texts(axis.values));
    axes.push(std::move(entry));
  }
  json.set("axes", std::move(axes));
  Json worse = Json::make_object();
  for (const std::string& metric : results.metrics) {
    worse.set(metric, Json::make_text(std::string(to_string(worse_when(metric)))));
  }
  json.set("metrics", std::move(worse));
  Json points = Json::make_array();
  for (std::size_t i = 0; i < results.points.size(); ++i) points.push(json_of(results, i));
  json.set("points", std::move(points));
  Json troubles = Json::make_array();
  for (const SweepTrouble& trouble : results.troubles) {
    Json entry = Json::make_object();
    entry.set("point", Json::make_natural(trouble.point));
    entry.set("seed", Json::make_natural(trouble.seed));
    entry.set("status", Json::make_text(trouble.status));
    entry.set("message", Json::make_text(trouble.message));
    entry.set("replay", Json::make_text(results.replay(trouble.point, trouble.seed)));
    troubles.push(std::move(entry));
  }
  json.set("without_figures", std::move(troubles));
  return to_text(json) + "\n";
}

}  // namespace wanlab::analysis
