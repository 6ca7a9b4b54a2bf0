// JUnit XML, as read by Jenkins (its xunit plugin's junit-10.xsd), GitLab (which shows `file`) and
// GitHub's viewers: a suite per folder, in order of their names.
#include "analysis/check_report.hpp"
#include "analysis/numbers.hpp"

#include <cstdio>
#include <map>

namespace wanlab::analysis {

namespace {

constexpr std::size_t most_output_bytes = 16 * 1024;

// Bytes in a well-formed UTF-8 sequence at `at` that XML 1.0 allows as a character; 0 when there is
// none.
std::size_t character_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u;
  };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xc0u) == 0x80u; };
  const unsigned first = byte(0);
  if (first < 0x80) {
    return first >= 0x20 || first == '\t' || first == '\n' || first == '\r' ? 1 : 0;
  }
  if (first >= 0xc2 && first < 0xe0) return follows(1) ? 2 : 0;
  if (first >= 0xe0 && first < 0xf0 && follows(1) && follows(2)) {
    const unsigned code = ((first & 0x0fu) << 12) | ((byte(1) & 0x3fu) << 6) | (byte(2) & 0x3fu);
    const bool surrogate = code >= 0xd800 && code <= 0xdfff;
    return code >= 0x800 && !surrogate && code < 0xfffe ? 3 : 0;
  }
  if (first >= 0xf0 && first < 0xf5 && follows(1) && follows(2) && follows(3)) {
    const unsigned code = ((first & 0x07u) << 18) | ((byte(1) & 0x3fu) << 12);
    return code >= 0x10000 && code <= 0x10ffff ? 4 : 0;
  }
  return 0;
}

// For both attributes and text. What XML cannot hold becomes U+FFFD.
std::string escaped(std::string_view text) {
  std::string safe;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t bytes = character_at(text, at);
    switch (bytes == 1 ? text[at] : 'x') {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\r':
        safe += "&#13;";
        break;
      default:
        if (bytes == 0)
          safe += "\xef\xbf\xbd";
        else
          safe += text.substr(at, bytes);
    }
    at += bytes == 0 ? 1 : bytes;
  }
  return safe;
}

// In an attribute, where a parser would turn a newline into a blank.
std::string attribute(std::string_view name, std::string_view value) {
  std::string text = escaped(value);
  for (std::size_t at = text.find_first_of("\n\t"); at != std::string::npos;
       at = text.find_first_of("\n\t", at)) {
    text.replace(at, 1, text[at] == '\n' ? "&#10;" : "&#9;");
  }
  std::string pair(1, ' ');
  pair += name;
  return pair.append("=\"").append(text).append("\"");
}

std::string seconds(Duration duration) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", seconds_of(duration));
  return text;
}

std::string last_part(const std::string& text) {
  if (text.size() <= most_output_bytes) return text;
  std::string part = "[...]\n";
  return part += std::string_view(text).substr(text.size() - most_output_bytes);
}

std::string lines_of(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) (text += line) += '\n';
  return text;
}

std::string counts(const std::vector<CheckedScenario>& scenarios) {
  const CheckTotals totals = totals_of(scenarios);
  return attribute("tests", std::to_string(totals.all())) +
         attribute("failures", std::to_string(totals.failed)) +
         attribute("errors", std::to_string(totals.bad_input + totals.broken));
}

void write_case(const CheckedScenario& scenario, std::string& xml) {
  xml += "    <testcase" + attribute("name", scenario.name()) +
         attribute("classname", "wanlab." + scenario.folder()) + attribute("file", scenario.file) +
         attribute("time", seconds(scenario.wall)) + ">\n";
  const std::string message = scenario.problems.empty() ? "" : scenario.problems.front();
  const auto element = [&](const char* name) {
    xml += std::string("      <") + name + attribute("message", message) +
           attribute("type", to_string(scenario.verdict)) + ">" +
           escaped(lines_of(scenario.problems) + "replay: " + scenario.replay) + "</" + name +
           ">\n";
  };
  switch (scenario.verdict) {
    case CheckVerdict::passed:
      break;
    case CheckVerdict::failed:
      element("failure");
      break;
    case CheckVerdict::bad_input:
    case CheckVerdict::broken:
      element("error");
      break;
    case CheckVerdict::interrupted:
      xml += "      <skipped message=\"interrupted\"/>\n";
      break;
  }
  std::string out = lines_of(scenario.figures) + lines_of(scenario.changes);
  if (!scenario.digest.empty()) out += "digest " + scenario.digest + '\n';
  if (!out.empty()) xml += "      <system-out>" + escaped(out) + "</system-out>\n";
  if (!scenario.output.empty()) {
    xml += "      <system-err>" + escaped(last_part(scenario.output)) + "</system-err>\n";
  }
  xml += "    </testcase>\n";
}

}  // namespace

std::string check_junit(const std::vector<CheckedScenario>& scenarios, Duration wall) {
  std::map<std::string, std::vector<CheckedScenario>> folders;
  for (const CheckedScenario& scenario : scenarios) folders[scenario.folder()].push_back(scenario);
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites" +
                    attribute("name", "wanlab check") + counts(scenarios) +
                    attribute("time", seconds(wall)) + ">\n";
  for (const auto& [folder, members] : folders) {
    Duration taken{};
    for (const CheckedScenario& scenario : members) taken += scenario.wall;
    xml += "  <testsuite" + attribute("name", "wanlab." + folder) + counts(members) +
           attribute("skipped", std::to_string(totals_of(members).interrupted)) +
           attribute("time", seconds(taken)) + ">\n";
    for (const CheckedScenario& scenario : members) write_case(scenario, xml);
    xml += "  </testsuite>\n";
  }
  return xml + "</testsuites>\n";
}

}  // namespace wanlab::analysis
