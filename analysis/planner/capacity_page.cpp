// Tables, and two drawings: what was tried along its axis, and places on a map.
#include "analysis/planner/capacity_page.hpp"

#include "analysis/numbers.hpp"
#include "analysis/report/assets.hpp"
#include "sim/base/document_json.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string_view>

namespace wanlab::analysis {

namespace {

constexpr std::string_view style = R"(
.answer { margin: .4rem 0 .8rem; font-size: 1.15rem; font-weight: 600; }
td.why, th.why { white-space: normal; text-align: left; min-width: 18rem; }
code { overflow-wrap: anywhere; }
.pass { fill: var(--c1); } .fail { fill: none; stroke: var(--c2); stroke-width: 2; }
.wire { stroke: var(--line); } .proof { stroke: var(--ink); stroke-width: 2; }
.scroll { margin: .6rem 0; }
)";

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else {
      out += c;
    }
  }
  return out;
}

std::string pixels(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

class Table {
 public:
  Table(std::string_view caption, const std::vector<std::string>& titles) {
    out_ = "<div class=\"scroll\" tabindex=\"0\"><table><caption>" + escaped(caption) +
           "</caption><thead><tr>";
    for (const std::string& title : titles) {
      out_ += "<th class=\"text\" scope=\"col\">" + escaped(title) + "</th>";
    }
    out_ += "</tr></thead><tbody>";
  }
  void row(const std::vector<std::string>& cells, std::size_t wide = SIZE_MAX) {
    out_ += "<tr>";
    for (std::size_t i = 0; i < cells.size(); ++i) {
      out_ +=
          std::string("<td class=\"") + (i == wide ? "why" : "text") + "\">" + cells[i] + "</td>";
    }
    out_ += "</tr>";
  }
  std::string finish() { return out_ + "</tbody></table></div>\n"; }

 private:
  std::string out_;
};

// Filled: passes; hollow: fails. Shape and not colour alone tells them apart.
std::string strip(const Answer& answer) {
  if (answer.tried.size() < 2) return {};
  constexpr double width = 900, left = 30, right = 870, line = 40;
  const auto place = [](std::uint64_t value) { return std::log2(static_cast<double>(value) + 1); };
  const double low = place(answer.tried.front().value), high = place(answer.tried.back().value);
  const auto x = [&](std::uint64_t value) {
    return left + (place(value) - low) / std::max(high - low, 1e-9) * (right - left);
  };
  std::string out = "<figure><svg viewBox=\"0 0 " + pixels(width) +
                    " 82\" role=\"img\" aria-label=\"Values tried: " + escaped(answer.headline) +
                    "\"><line class=\"wire\" x1=\"" + pixels(left) + "\" x2=\"" + pixels(right) +
                    "\" y1=\"" + pixels(line) + "\" y2=\"" + pixels(line) + "\"/>";
  double last_label = -1e9;
  for (const TriedValue& value : answer.tried) {
    const double at = x(value.value);
    const bool proves = std::any_of(answer.proof.begin(), answer.proof.end(),
                                    [&](const auto& each) { return each.value == value.value; });
    out += std::string("<circle class=\"") + (value.good ? "pass" : "fail") + "\" cx=\"" +
           pixels(at) + "\" cy=\"" + pixels(line) + "\" r=\"" + (proves ? "8" : "5") +
           "\"><title>" + escaped(value.words) + (value.good ? " pass" : " fail") +
           "</title></circle>";
    if (at - last_label < 60) continue;
    last_label = at;
    const std::string label = answer.name.starts_with("breaking-point")
                                  ? decimals(static_cast<double>(value.value) / 1e6, 3)
                                  : grouped(value.value);
    out += "<text class=\"small faint\" text-anchor=\"middle\" x=\"" + pixels(at) + "\" y=\"70\">" +
           label + "</text>";
  }
  return out +
         "</svg><figcaption class=\"muted\">What was tried, on a scale of equal factors: "
         "filled passes, hollow fails; large ones are the proof.</figcaption></figure>\n";
}

// The outline holds polygons of rings: a point in parts of a degree, then steps from point to
// point.
std::string land(double scale) {
  const auto outline = base::parse_json(land_outline());
  if (!outline) return {};
  const auto number = [](const base::Json& json) {
    return json.kind == base::Json::Kind::negative ? static_cast<double>(json.negative)
                                                   : static_cast<double>(json.natural);
  };
  const base::Json* units = outline->find("units_per_degree");
  const base::Json* polygons = outline->find("polygons");
  if (units == nullptr || polygons == nullptr) return {};
  const double unit = number(*units);
  std::string path;
  for (const base::Json& polygon : polygons->elements) {
    for (const base::Json& ring : polygon.elements) {
      double longitude = 0, latitude = 0;
      for (std::size_t i = 0; i + 1 < ring.elements.size(); i += 2) {
        const double before = longitude;
        longitude += number(ring.elements[i]) / unit;
        latitude += number(ring.elements[i + 1]) / unit;
        // Not across the whole map from one edge to the other.
        const bool apart = i == 0 || std::abs(longitude - before) > 180;
        path += (apart ? "M" : "L") + pixels((longitude + 180) * scale) + " " +
                pixels((90 - latitude) * scale);
      }
      path += "Z";
    }
  }
  return "<path d=\"" + path + "\" fill=\"var(--land)\"/>";
}

std::string map(const Answer& answer) {
  constexpr double scale = 2.5;
  std::string out = "<figure><svg viewBox=\"0 0 900 400\" role=\"img\" aria-label=\"" +
                    escaped(answer.headline) +
                    "\"><rect width=\"900\" height=\"400\" fill=\"var(--sea)\"/>" + land(scale);
  std::size_t number = 0;
  for (const PlannedPlace& place : answer.places) {
    const std::string x = pixels((place.longitude + 180) * scale);
    const std::string y = pixels((90 - place.latitude) * scale);
    if (place.existing) {
      out += "<circle class=\"fail\" cx=\"" + x + "\" cy=\"" + y + "\" r=\"4\"><title>" +
             escaped(place.site) + ", there already</title></circle>";
      continue;
    }
    ++number;
    out += "<circle class=\"pass\" cx=\"" + x + "\" cy=\"" + y + "\" r=\"5\"><title>" +
           std::to_string(number) + ": " + escaped(place.site) + "</title></circle>";
    if (number <= 20) {
      out += "<text class=\"small halo\" x=\"" + pixels((place.longitude + 180) * scale + 7) +
             "\" y=\"" + pixels((90 - place.latitude) * scale + 4) + "\">" +
             std::to_string(number) + "</text>";
    }
  }
  return out +
         "</svg><figcaption class=\"muted\">Filled: added, numbered in the order of what they "
         "add; hollow: there already.</figcaption></figure>\n";
}

void add_answer(const Answer& answer, const std::string& currency, std::string& out) {
  const bool good = answer.outcome != Answer::Outcome::impossible &&
                    answer.outcome != Answer::Outcome::interrupted;
  out += "<section><h2>" + escaped(answer.question) + "</h2>\n<p class=\"answer\">" +
         escaped(answer.headline) + "</p><p><span class=\"status " + (good ? "passed" : "failed") +
         "\">" + std::string(to_string(answer.outcome)) + "</span></p>\n";
  out += strip(answer);
  if (!answer.places.empty()) out += map(answer);
  if (!answer.proof.empty()) {
    Table table("Proof", {"run", "verdict", "established", "connect p99, ms", "query p99, ms",
                          "what failed", "replay"});
    const auto figure = [](const std::optional<double>& value) {
      return value ? decimals(*value, 1) : std::string("-");
    };
    for (const TriedValue& value : answer.proof) {
      for (const PlannedRun& run : value.runs) {
        std::string failed;
        for (const std::string& failure : run.failures) {
          failed += (failed.empty() ? "" : "<br>") + escaped(failure);
        }
        table.row({escaped(run.what),
                   run.passed ? "<span class=\"status passed\">passes</span>"
                              : "<span class=\"status failed\">fails</span>",
                   grouped(run.established), figure(run.connect_p99_ms), figure(run.query_p99_ms),
                   failed, "<code>" + escaped(run.replay) + "</code>"},
                  5);
      }
    }
    out += table.finish();
  }
  if (!answer.places.empty()) {
    Table table("Places, in the order of what they add",
                {"", "site", "users within the limit", "mean round trip, ms"});
    std::size_t number = 0;
    for (const PlannedPlace& place : answer.places) {
      if (place.existing) continue;
      table.row({std::to_string(++number), escaped(place.site), percent(place.covered),
                 decimals(place.mean_rtt_ms, 2)});
    }
    out += table.finish();
  }
  if (!answer.checks.empty()) {
    Table table("Beside it, what theory says of the run that passes",
                {"", "", "simulated", "theory", "by", "where they part, and why"});
    for (const CrossCheck& check : answer.checks) {
      table.row({escaped(check.subject), escaped(check.quantity), check.simulated, check.theory,
                 escaped(check.method), escaped(check.explanation)},
                5);
    }
    out += table.finish();
  }
  if (!answer.cost.empty()) {
    Table table("Cost per month, " + currency, {"", ""});
    double sum = 0;
    for (const CostLine& line : answer.cost) {
      sum += line.per_month;
      table.row({escaped(line.what), decimals(line.per_month, 2)});
    }
    table.row({"<b>together</b>", "<b>" + decimals(sum, 2) + "</b>"});
    out += table.finish();
  }
  for (const std::string& note : answer.notes) {
    out += "<p class=\"muted\">" + escaped(note) + ".</p>\n";
  }
  out += "</section>\n";
}

}  // namespace

std::string capacity_page(const CapacityReport& report) {
  const std::string title = "Capacity of " + escaped(report.scenario);
  std::string out =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta "
      "name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>" +
      title + "</title><style>" + std::string(page_css()) + std::string(style) +
      "</style></head><body><header><div class=\"headline\"><h1>" + title + "</h1>";
  const bool good = report.met() && !report.interrupted;
  out += std::string("<span class=\"status ") + (good ? "passed\">answered" : "failed\">") +
         (good                 ? ""
          : report.interrupted ? "interrupted"
                               : "not within the bounds") +
         "</span></div><p class=\"why\">" + escaped(report.why) + "</p><p class=\"facts\">" +
         escaped(report.file) + ", topology " + escaped(report.topology) + ", " +
         grouped(report.connections) + " connections. Objective: ";
  for (std::size_t i = 0; i < report.objective.size(); ++i) {
    out += (i == 0 ? "" : ", ") + escaped(report.objective[i]);
  }
  out += ". Regions lost: " + escaped(report.loss) + ". " + grouped(report.runs) +
         " runs by <code>" + escaped(report.command) + "</code>, " + escaped(report.version) +
         ".</p></header><main>\n";
  for (const Answer& answer : report.answers) add_answer(answer, report.currency, out);
  return out + "</main></body></html>\n";
}

}  // namespace wanlab::analysis
