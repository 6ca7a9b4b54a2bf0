// Reading objectives.
#include "analysis/planner/objective.hpp"

#include "analysis/numbers.hpp"
#include "sim/base/units.hpp"

#include <array>
#include <charconv>
#include <sstream>
#include <stdexcept>

namespace wanlab::analysis {

namespace {

using scenario::Expectation;

[[noreturn]] void refuse(std::string_view text) {
  throw std::invalid_argument(
      "\"" + std::string(text) +
      "\" is no objective. Understood are, separated by commas: \"p99 connect under 250ms\" (p50, "
      "p90, p99, p999, max, mean; connect, query, first answer), \"nothing refused\", \"nothing "
      "lost\", and any metric of summary.json with <=, >= or =, as in \"connections.failed <= "
      "10\"");
}

std::string trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\n");
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(" \t\n") - begin + 1));
}

Expectation exactly(std::string metric, double value) {
  Expectation expectation;
  expectation.metric = std::move(metric);
  expectation.equals = value;
  return expectation;
}

bool read_latency(const std::string& text, std::vector<Expectation>& into) {
  std::istringstream words(text);
  std::string which, what, word, bound;
  words >> which >> what;
  if (what == "first") {
    words >> word;
    if (word != "answer") return false;
    what = "first_answer";
  }
  const bool statistic = which == "p50" || which == "p90" || which == "p99" || which == "p999" ||
                         which == "max" || which == "mean";
  if (!statistic || (what != "connect" && what != "query" && what != "first_answer")) return false;
  words >> word;
  if (word == "at") {
    words >> word;
    if (word != "most") return false;
  } else if (word != "under" && word != "below" && word != "<" && word != "<=") {
    return false;
  }
  std::getline(words, bound);
  const base::Parsed<Duration> duration = base::parse_duration(trimmed(bound));
  if (!duration.error.empty()) return false;
  Expectation& expectation = into.emplace_back();
  expectation.metric = what + "_latency_ms." + which;
  expectation.at_most = milliseconds_of(duration.value);
  return true;
}

bool read_metric(const std::string& text, std::vector<Expectation>& into) {
  for (const std::string_view sign : {"<=", ">=", "="}) {
    const std::size_t at = text.find(sign);
    if (at == std::string::npos) continue;
    const std::string number = trimmed(std::string_view(text).substr(at + sign.size()));
    double value = 0;
    const auto read = std::from_chars(number.data(), number.data() + number.size(), value);
    if (read.ec != std::errc() || read.ptr != number.data() + number.size()) return false;
    Expectation expectation;
    expectation.metric = trimmed(std::string_view(text).substr(0, at));
    if (expectation.metric.empty()) return false;
    (sign == "<="   ? expectation.at_most
     : sign == ">=" ? expectation.at_least
                    : expectation.equals) = value;
    into.push_back(std::move(expectation));
    return true;
  }
  return false;
}

}  // namespace

std::vector<Expectation> read_objective(std::string_view text) {
  std::vector<Expectation> objective;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t comma = std::min(text.find(',', begin), text.size());
    const std::string part = trimmed(text.substr(begin, comma - begin));
    begin = comma + 1;
    if (part == "nothing refused") {
      for (const char* metric : {"connections.failed", "queries.failed", "usage.edge.syn_dropped",
                                 "usage.edge.refused_descriptors", "usage.edge.refused_memory",
                                 "usage.origin.pool_timeouts"}) {
        objective.push_back(exactly(metric, 0));
      }
    } else if (part == "nothing lost") {
      objective.push_back(exactly("connections.lost", 0));
    } else if (!read_latency(part, objective) && !read_metric(part, objective)) {
      refuse(part);
    }
  }
  return objective;
}

std::vector<Expectation> at_pop(const std::vector<Expectation>& objective, const std::string& pop) {
  constexpr std::array<std::string_view, 5> known{"connections.", "queries.", "connect_latency_ms.",
                                                  "query_latency_ms.", "first_answer_latency_ms."};
  std::vector<Expectation> of_pop;
  for (Expectation expectation : objective) {
    for (const std::string_view begin : known) {
      if (!expectation.metric.starts_with(begin)) continue;
      expectation.metric = "pops." + pop + "." + expectation.metric;
      expectation.number.reset();
      of_pop.push_back(expectation);
      break;
    }
  }
  return of_pop;
}

}  // namespace wanlab::analysis
