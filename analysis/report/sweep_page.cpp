// The page's data: of each figure that differs anywhere, its estimate at every point.
#include "analysis/report/sweep_page.hpp"

#include "analysis/figures.hpp"
#include "analysis/metric_meaning.hpp"
#include "analysis/report/assets.hpp"
#include "analysis/report/page_frame.hpp"
#include "analysis/sweep_report.hpp"
#include "sim/base/json_tree.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace wanlab::analysis {

namespace {

using base::Json;

// Some twenty bytes each: keeps the page below 5 MB.
constexpr std::size_t most_estimates = 150'000;
constexpr std::size_t most_troubles = 200;

// Six digits: more than a drawing can show.
Json rounded(double value) {
  char text[48];
  std::snprintf(text, sizeof text, "%.6g", value);
  return Json::make_real(std::strtod(text, nullptr));
}

bool differs(const SweepResults& results, std::size_t metric) {
  const Estimate* first = nullptr;
  for (const SweepPoint& point : results.points) {
    const Estimate& here = point.figures[metric];
    if (here.count == 0) continue;
    if (here.least != here.most) return true;
    if (first != nullptr && first->mean != here.mean) return true;
    first = &here;
  }
  return false;
}

// The usual ones first, then those of which one end is better, then the rest.
std::vector<std::size_t> shown_metrics(const SweepResults& results) {
  std::vector<std::size_t> shown;
  const std::vector<std::string> key = results.key_metrics(results.metrics.size());
  const auto rank = [&](std::size_t metric) {
    const auto found = std::find(key.begin(), key.end(), results.metrics[metric]);
    if (found != key.end()) return static_cast<std::size_t>(found - key.begin());
    return key.size() + (worse_when(results.metrics[metric]) == Worse::neither ? 1u : 0u);
  };
  for (std::size_t i = 0; i < results.metrics.size(); ++i) {
    const bool usual = std::find(key.begin(), key.end(), results.metrics[i]) != key.end();
    if (usual || differs(results, i)) shown.push_back(i);
  }
  std::stable_sort(shown.begin(), shown.end(),
                   [&](std::size_t one, std::size_t other) { return rank(one) < rank(other); });
  const std::size_t most =
      std::max<std::size_t>(1, most_estimates / std::max<std::size_t>(1, results.points.size()));
  if (shown.size() > most) shown.resize(most);
  return shown;
}

Json estimates(const SweepResults& results, std::size_t metric) {
  Json all = Json::make_array();
  for (const SweepPoint& point : results.points) {
    const Estimate& estimate = point.figures[metric];
    if (estimate.count == 0) {
      all.push({});
      continue;
    }
    Json entry = Json::make_array();
    entry.push(rounded(estimate.mean));
    entry.push(estimate.half_width ? rounded(*estimate.half_width) : Json{});
    entry.push(rounded(estimate.least));
    entry.push(rounded(estimate.most));
    all.push(std::move(entry));
  }
  return all;
}

Json data_of(const SweepResults& results, const std::string& version, const std::string& ledger) {
  Json data = Json::make_object();
  data.set("version", Json::make_text(version));
  data.set("ledger", Json::make_text(ledger));
  data.set("seeds", Json::make_natural(results.seeds));
  data.set("first_seed", Json::make_natural(results.first_seed));
  data.set("runs", Json::make_natural(results.runs()));
  data.set("done", Json::make_natural(results.done()));
  Json axes = Json::make_array();
  for (const SweepAxis& axis : results.axes) {
    Json values = Json::make_array();
    for (const std::string& value : axis.values) values.push(Json::make_text(value));
    Json entry = Json::make_object();
    entry.set("name", Json::make_text(axis.name));
    entry.set("values", std::move(values));
    axes.push(std::move(entry));
  }
  data.set("axes", std::move(axes));
  Json points = Json::make_array();
  for (std::size_t i = 0; i < results.points.size(); ++i) {
    const SweepPoint& point = results.points[i];
    Json entry = Json::make_object();
    Json steps = Json::make_array();
    for (const std::size_t step : point.steps) steps.push(Json::make_natural(step));
    entry.set("steps", std::move(steps));
    entry.set("passed", Json::make_natural(point.passed));
    entry.set("failed", Json::make_natural(point.failed));
    entry.set("done", Json::make_natural(point.done()));
    entry.set("replay", Json::make_text(results.replay(i, results.first_seed)));
    points.push(std::move(entry));
  }
  data.set("points", std::move(points));
  Json metrics = Json::make_array();
  for (const std::size_t metric : shown_metrics(results)) {
    Json entry = Json::make_object();
    entry.set("name", Json::make_text(results.metrics[metric]));
    entry.set("words", Json::make_text(figure_words(results.metrics[metric])));
    entry.set("worse",
              Json::make_text(std::string(to_string(worse_when(results.metrics[metric])))));
    entry.set("estimates", estimates(results, metric));
    metrics.push(std::move(entry));
  }
  data.set("metrics", std::move(metrics));
  Json troubles = Json::make_array();
  for (std::size_t i = 0; i < std::min(most_troubles, results.troubles.size()); ++i) {
    const SweepTrouble& trouble = results.troubles[i];
    Json entry = Json::make_object();
    entry.set("point", Json::make_natural(trouble.point));
    entry.set("seed", Json::make_natural(trouble.seed));
    entry.set("status", Json::make_text(trouble.status));
    entry.set("message", Json::make_text(trouble.message));
    entry.set("replay", Json::make_text(results.replay(trouble.point, trouble.seed)));
    troubles.push(std::move(entry));
  }
  data.set("troubles", std::move(troubles));
  return data;
}

}  // namespace

std::string sweep_page(const SweepResults& results, const std::string& version,
                       const std::string& ledger) {
  // In the order in which they stand in sweep.html.
  PageFrame frame(sweep_html());
  frame.fill("title", escaped(results.scenario));
  frame.fill("style", page_css());
  frame.fill("heading", escaped(results.scenario));
  frame.fill("why", escaped(results.why));
  frame.fill("text", escaped(sweep_text(results, {})));  // where there are no scripts
  frame.fill("data", inside_script(to_line(data_of(results, version, ledger))));
  frame.fill("d3", d3_js());
  frame.fill("script", sweep_js());
  return frame.finish();
}

}  // namespace wanlab::analysis
