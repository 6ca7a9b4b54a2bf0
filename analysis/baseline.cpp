// Reading, comparing and renewing baselines.
#include "analysis/baseline.hpp"

#include "analysis/numbers.hpp"
#include "sim/base/document_json.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace wanlab::analysis {

namespace {

using base::Json;
using base::Object;
using base::Value;

// What is recorded where nobody chose, and shown first: how clients fared, then how the network
// took its faults. Latencies leave room for a rounded percentile (trace::Histogram, 0.8 %) and for
// queueing; counts of rare events are exact, because any share of a few is less than one.
struct UsualFigure {
  std::string_view path;
  double within;
};
constexpr std::array usual_figures{
    UsualFigure{"connections.failed", 0.05},  UsualFigure{"connections.lost", 0.05},
    UsualFigure{"queries.failed", 0.05},      UsualFigure{"query_latency_ms.p50", 0.05},
    UsualFigure{"query_latency_ms.p99", 0.1}, UsualFigure{"query_latency_ms.max", 0.2}};
// Under the name of each fault.
constexpr std::array usual_endings{UsualFigure{".time_to_detect_ms", 0.15},
                                   UsualFigure{".time_to_reroute_ms", 0.15},
                                   UsualFigure{".time_to_recover_ms", 0.15}};
constexpr std::array further_figures{UsualFigure{"failover.unavailable_ms.p99", 0.15},
                                     UsualFigure{"failover.set_head_changes", 0},
                                     UsualFigure{"failover.regret_ms.p99", 0.1},
                                     UsualFigure{"failover.queries.retried", 0.2},
                                     UsualFigure{"failover.queries.unknown", 0},
                                     UsualFigure{"connections.established", 0.02},
                                     UsualFigure{"queries.answered", 0.02}};

std::vector<BaselineFigure> usual_choice(const Figures& now) {
  std::vector<BaselineFigure> chosen;
  const auto choose = [&](const UsualFigure& usual) {
    const auto found = now.find(usual.path);
    if (found == now.end() || !found->second) return;
    chosen.push_back({found->first, found->second, usual.within, usual.within > 0});
  };
  for (const UsualFigure& usual : usual_figures) choose(usual);
  for (const auto& [path, value] : now) {
    const auto fits = [&path = path](const UsualFigure& usual) {
      return path.starts_with("faults.") && path.ends_with(usual.path);
    };
    const auto usual = std::find_if(usual_endings.begin(), usual_endings.end(), fits);
    if (usual != usual_endings.end() && value) chosen.push_back({path, value, usual->within, true});
  }
  for (const UsualFigure& usual : further_figures) choose(usual);
  return chosen;
}

// Enough digits to compare by, few enough to review.
std::optional<double> rounded(const std::optional<double>& value) {
  if (!value || *value == std::floor(*value)) return value;
  char text[64];
  std::snprintf(text, sizeof text, "%.5g", *value);
  return std::strtod(text, nullptr);
}

std::optional<double> find_value(const Figures& figures, std::string_view path) {
  const auto found = figures.find(path);
  return found == figures.end() ? std::nullopt : found->second;
}

std::string tolerance_text(const BaselineFigure& figure) {
  if (figure.within == 0) return "no change allowed";
  if (!figure.relative) return "allowed " + figure_value(figure.path, figure.within);
  return "allowed " + decimals(figure.within * 100, figure.within < 0.01 ? 1 : 0) + " %";
}

std::string change_words(const BaselineFigure& figure, const std::optional<double>& now) {
  const std::string old_text = figure_value(figure.path, figure.value);
  std::string new_text = figure_value(figure.path, now);
  // A change too small to show in rounded figures must not read as none.
  if (old_text == new_text && now) new_text += " (rounded)";
  std::string text = figure_words(figure.path) + " " + old_text + " -> " + new_text + " (";
  if (figure.value && now && *figure.value != 0) {
    const double share = (*now - *figure.value) / std::abs(*figure.value);
    if (share >= 0) text += '+';
    text += decimals(share * 100, std::abs(share) < 0.1 ? 1 : 0) + " %, ";
  }
  return text + tolerance_text(figure) + ")";
}

BaselineFigure read_figure(const std::string& path, const Value& value) {
  const Object object(value, "figure", {"value", "within"});
  BaselineFigure figure;
  figure.path = path;
  const Value recorded = object.at("value");
  if (recorded.json().kind != Json::Kind::null) figure.value = recorded.number({-1e18, 1e18});
  if (const auto within = object.find("within")) {
    figure.relative = within->is_text();
    figure.within = figure.relative ? within->ratio() : within->number({0, 1e18});
  }
  return figure;
}

}  // namespace

bool BaselineFigure::holds(const std::optional<double>& now) const {
  if (!value || !now) return value.has_value() == now.has_value();
  const double room = relative ? within * std::abs(*value) : within;
  return std::abs(*now - *value) <= room + 1e-9 * std::abs(*value);  // what rounding left out
}

std::filesystem::path baseline_path(const std::filesystem::path& scenario) {
  std::filesystem::path path = scenario;
  return path.replace_extension(".baseline.json");
}

std::optional<Baseline> read_baseline(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return std::nullopt;
  const base::Document document = base::read_document(file);
  const Object root(document.root(), "baseline", {"figures"});
  Baseline baseline;
  for (const auto& [path, value] : root.at("figures").members()) {
    baseline.figures.push_back(read_figure(path, value));
  }
  return baseline;
}

std::string baseline_text(const Baseline& baseline) {
  Json figures = Json::make_object();
  for (const BaselineFigure& figure : baseline.figures) {
    Json entry = Json::make_object();
    entry.set("value", figure.value ? Json::make_real(*figure.value) : Json());
    if (figure.relative && figure.within > 0) {
      char text[32];
      std::snprintf(text, sizeof text, "%.6g%%", figure.within * 100);
      entry.set("within", Json::make_text(text));
    } else if (figure.within > 0) {
      entry.set("within", Json::make_real(figure.within));
    }
    figures.set(figure.path, std::move(entry));
  }
  Json root = Json::make_object();
  root.set("figures", std::move(figures));
  std::string text = to_text(root);
  if (!text.ends_with('\n')) text += '\n';
  return text;
}

std::vector<BaselineChange> changes_since(const Baseline& baseline, const Figures& now) {
  std::vector<BaselineChange> changes;
  for (const BaselineFigure& figure : baseline.figures) {
    if (now.find(figure.path) == now.end()) {
      changes.push_back({"the summary has no figure \"" + figure.path + "\" any more", true});
      continue;
    }
    const std::optional<double> value = find_value(now, figure.path);
    if (rounded(value) == figure.value) continue;
    changes.push_back({change_words(figure, value), !figure.holds(value)});
  }
  return changes;
}

Baseline renewed(const std::optional<Baseline>& before, const Figures& now) {
  Baseline baseline;
  if (!before) {
    baseline.figures = usual_choice(now);
    for (BaselineFigure& figure : baseline.figures) figure.value = rounded(figure.value);
    return baseline;
  }
  for (BaselineFigure figure : before->figures) {
    const auto found = now.find(figure.path);
    if (found == now.end()) continue;  // it is no more
    if (!figure.holds(found->second)) figure.value = rounded(found->second);
    baseline.figures.push_back(std::move(figure));
  }
  return baseline;
}

std::vector<std::string> key_figures(const std::optional<Baseline>& baseline, const Figures& now) {
  std::vector<std::string> paths;
  const std::vector<BaselineFigure> usual =
      baseline ? std::vector<BaselineFigure>() : usual_choice(now);
  for (const BaselineFigure& figure : baseline ? baseline->figures : usual) {
    paths.push_back(figure.path);
  }
  return paths;
}

}  // namespace wanlab::analysis
