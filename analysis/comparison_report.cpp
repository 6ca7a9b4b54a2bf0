// What is worse comes first, then what surely differs, then the rest.
#include "analysis/comparison_report.hpp"

#include "analysis/numbers.hpp"
#include "analysis/text_table.hpp"

#include <algorithm>
#include <cstdio>

namespace wanlab::analysis {

namespace {

using base::Json;

constexpr std::size_t usual_rows = 25, most_plan_differences = 12;

std::string moment(Duration at) {
  char text[48];
  std::snprintf(text, sizeof text, "%.6f s", seconds_of(at));
  return text;
}

// With its sign, "+3.20 ms".
std::string signed_value(const std::string& metric, double value) {
  const std::string text = figure_value(metric, value);
  return value > 0 ? "+" + text : text;
}

std::string difference_text(const ComparedFigure& figure) {
  if (figure.difference.count == 0) {
    return figure.only_a > 0 ? "only A has a value" : "only B has a value";
  }
  std::string text = signed_value(figure.metric, figure.difference.mean);
  if (figure.difference.half_width) {
    text += " +- " + figure_value(figure.metric, figure.difference.half_width);
  }
  return text;
}

std::string share_text(const ComparedFigure& figure) {
  const auto share = figure.share();
  if (!share) return "";
  const double percent = *share * 100;
  std::string text(percent > 0 ? "+" : "");
  text += decimals(percent, percent > -10 && percent < 10 ? 1 : 0);
  return text += " %";
}

std::string side_text(const ComparedFigure& figure, const Estimate& side) {
  return side.count == 0 ? "no value" : figure_value(figure.metric, side.mean);
}

// "worse", "better"; nothing where neither is meant or chance may explain it.
std::string verdict(const ComparedFigure& figure) {
  if (figure.beyond) return "WORSE";
  if (!figure.surely() || figure.difference.count == 0) {
    return figure.surely() || !figure.differs() ? "" : "may be chance";
  }
  if (figure.worse == Worse::neither) return "";
  const bool up = figure.difference.mean > 0;
  return up == (figure.worse == Worse::more) ? "worse" : "better";
}

std::vector<const ComparedFigure*> foremost(const Comparison& comparison) {
  std::vector<const ComparedFigure*> shown;
  for (const ComparedFigure& figure : comparison.figures) {
    if (figure.differs()) shown.push_back(&figure);
  }
  const auto rank = [](const ComparedFigure& figure) {
    // Whole-run figures before those of a group, POP or role.
    const bool part = figure.metric.starts_with("pops.") || figure.metric.starts_with("groups.") ||
                      figure.metric.starts_with("usage.");
    return (figure.beyond ? 0 : 8) + (figure.tolerance ? 0 : 4) + (figure.surely() ? 0 : 2) +
           (part ? 1 : 0) + (figure.worse == Worse::neither ? 16 : 0);
  };
  std::stable_sort(shown.begin(), shown.end(),
                   [&](const ComparedFigure* one, const ComparedFigure* other) {
                     return rank(*one) < rank(*other);
                   });
  return shown;
}

std::string headline(const ComparisonReport& report) {
  const Comparison& comparison = report.comparison;
  std::string text = "A: " + report.a + "\nB: " + report.b + "\n";
  const std::size_t runs = comparison.seeds.size();
  if (runs == 1) {
    text += "one run on each side, seed " + std::to_string(comparison.seeds.front());
    text += comparison.same_seeds ? "" : " and another, so that chance differs as well";
    text += ": differences without intervals\n";
  } else {
    text += std::to_string(runs) + " runs on each side, the same seeds (" +
            std::to_string(comparison.seeds.front()) + " to " +
            std::to_string(comparison.seeds.back()) +
            "): mean difference +- half of its 95 % confidence interval (Student's t, paired)\n";
  }
  if (comparison.all_identical()) {
    return text + "\nidentical: the same digest" + (runs == 1 ? "" : "s for every seed") + "\n";
  }
  if (comparison.identical > 0) {
    text += std::to_string(comparison.identical) + " of them are identical\n";
  }
  return text;
}

std::string figure_table(const Comparison& comparison, bool all) {
  const std::vector<const ComparedFigure*> shown = foremost(comparison);
  if (shown.empty()) return "\nno figure differs\n";
  TextTable table({{"", Align::left},
                   {"figure", Align::left},
                   {"A", Align::right},
                   {"B", Align::right},
                   {"B - A", Align::right},
                   {"", Align::right}});
  const std::size_t rows = all ? shown.size() : std::min(usual_rows, shown.size());
  for (std::size_t i = 0; i < rows; ++i) {
    const ComparedFigure& figure = *shown[i];
    table.add({verdict(figure), figure_words(figure.metric), side_text(figure, figure.a),
               side_text(figure, figure.b), difference_text(figure), share_text(figure)});
  }
  std::string text(1, '\n');
  text += table.text("  ", rows);
  if (rows < shown.size()) {
    text += "  and " + std::to_string(shown.size() - rows) + " more that differ (--all)\n";
  }
  for (const ComparedFigure* figure : shown) {
    if (!figure->beyond) continue;
    text += "\n" + figure_words(figure->metric) + " got worse by more than " +
            figure->tolerance->text() + " (" + figure->metric + ", " +
            std::string(to_string(figure->worse)) + ")";
  }
  return text + (comparison.beyond() > 0 ? "\n" : "");
}

std::string told(const ToldEvent& event) {
  return moment(event.at) + "  " + event.host + ": " + event.words + "\n";
}

std::string parting_text(const ComparisonReport& report) {
  std::string text;
  if (!report.plan_differences.empty()) {
    text += "\nwhat differs in the plans\n";
    const std::size_t shown = std::min(most_plan_differences, report.plan_differences.size());
    for (std::size_t i = 0; i < shown; ++i) text += "  " + report.plan_differences[i] + "\n";
    if (shown < report.plan_differences.size()) {
      text += "  and " + std::to_string(report.plan_differences.size() - shown) + " more\n";
    }
  }
  if (!report.parting_note.empty()) text += "\n" + report.parting_note + "\n";
  if (!report.parting) return text;
  const Parting& parting = *report.parting;
  const bool early = parting.at < Duration::zero();
  text += "\nthe histories part " + moment(early ? -parting.at : parting.at);
  text += early ? " before the end of the warm-up, on " : " after the warm-up, on ";
  text += parting.host + " (seed " + std::to_string(parting.seed) + ")\n";
  if (!parting.behind.empty()) text += "  behind it, on both sides:\n";
  for (const ToldEvent& event : parting.behind) text += "         " + told(event);
  for (const ToldEvent& event : parting.a) text += "    A:   " + told(event);
  if (parting.a.empty()) text += "    A:   nothing of the kind\n";
  for (const ToldEvent& event : parting.b) text += "    B:   " + told(event);
  if (parting.b.empty()) text += "    B:   nothing of the kind\n";
  if (parting.noticed_a || parting.noticed_b) text += "  a client first notices it:\n";
  if (parting.noticed_a) text += "    A:   " + told(*parting.noticed_a);
  if (parting.noticed_b) text += "    B:   " + told(*parting.noticed_b);
  return text;
}

Json json_of(const Estimate& estimate) {
  Json json = Json::make_object();
  json.set("count", Json::make_natural(estimate.count));
  if (estimate.count == 0) return json;
  json.set("mean", Json::make_real(estimate.mean));
  json.set("half_width", estimate.half_width ? Json::make_real(*estimate.half_width) : Json{});
  return json;
}

Json json_of(const ToldEvent& event) {
  Json json = Json::make_object();
  json.set("at_s", Json::make_real(seconds_of(event.at)));
  json.set("host", Json::make_text(event.host));
  json.set("words", Json::make_text(event.words));
  return json;
}

Json json_of(const std::vector<ToldEvent>& events) {
  Json json = Json::make_array();
  for (const ToldEvent& event : events) json.push(json_of(event));
  return json;
}

Json json_of(const ComparedFigure& figure) {
  Json json = Json::make_object();
  json.set("metric", Json::make_text(figure.metric));
  json.set("words", Json::make_text(figure_words(figure.metric)));
  json.set("meaning", Json::make_text(std::string(to_string(figure.worse))));
  json.set("a", json_of(figure.a));
  json.set("b", json_of(figure.b));
  json.set("difference", json_of(figure.difference));
  const auto share = figure.share();
  json.set("share", share ? Json::make_real(*share) : Json{});
  json.set("differs", Json::make_boolean(figure.differs()));
  json.set("surely", Json::make_boolean(figure.surely()));
  json.set("verdict", Json::make_text(verdict(figure)));
  if (figure.tolerance) json.set("tolerance", Json::make_text(figure.tolerance->text()));
  json.set("beyond_tolerance", Json::make_boolean(figure.beyond));
  return json;
}

Json json_of(const Parting& parting) {
  Json json = Json::make_object();
  json.set("seed", Json::make_natural(parting.seed));
  json.set("at_s", Json::make_real(seconds_of(parting.at)));
  json.set("host", Json::make_text(parting.host));
  json.set("behind", json_of(parting.behind));
  json.set("a", json_of(parting.a));
  json.set("b", json_of(parting.b));
  if (parting.noticed_a) json.set("noticed_a", json_of(*parting.noticed_a));
  if (parting.noticed_b) json.set("noticed_b", json_of(*parting.noticed_b));
  return json;
}

}  // namespace

std::string comparison_text(const ComparisonReport& report, bool all) {
  std::string text = headline(report);
  if (!report.comparison.all_identical()) text += figure_table(report.comparison, all);
  return text + parting_text(report);
}

Json comparison_json(const ComparisonReport& report) {
  const Comparison& comparison = report.comparison;
  Json json = Json::make_object();
  json.set("a", Json::make_text(report.a));
  json.set("b", Json::make_text(report.b));
  Json seeds = Json::make_array();
  for (const std::uint64_t seed : comparison.seeds) seeds.push(Json::make_natural(seed));
  json.set("seeds", std::move(seeds));
  json.set("same_seeds", Json::make_boolean(comparison.same_seeds));
  json.set("confidence", comparison.seeds.size() > 1 ? Json::make_real(usual_confidence) : Json{});
  json.set("identical", Json::make_boolean(comparison.all_identical()));
  json.set("identical_runs", Json::make_natural(comparison.identical));
  json.set("beyond_tolerance", Json::make_natural(comparison.beyond()));
  json.set("differing", Json::make_natural(comparison.differing()));
  Json differences = Json::make_array();
  for (const std::string& each : report.plan_differences) differences.push(Json::make_text(each));
  json.set("plan_differences", std::move(differences));
  json.set("parting", report.parting ? json_of(*report.parting) : Json{});
  if (!report.parting_note.empty()) {
    json.set("parting_note", Json::make_text(report.parting_note));
  }
  Json figures = Json::make_array();
  for (const ComparedFigure* figure : foremost(comparison)) figures.push(json_of(*figure));
  for (const ComparedFigure& figure : comparison.figures) {
    if (!figure.differs()) figures.push(json_of(figure));
  }
  json.set("figures", std::move(figures));
  return json;
}

}  // namespace wanlab::analysis
