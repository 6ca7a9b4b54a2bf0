#include "sim/scenario/arrivals_csv.hpp"

#include <charconv>
#include <string>
#include <string_view>
#include <unordered_set>

#include "sim/base/document_json.hpp"
#include "sim/base/nearest_name.hpp"
#include "sim/base/units.hpp"

namespace wanlab::scenario {
namespace {

constexpr std::string_view header = "time,site,count";
constexpr std::uint32_t most_at_once = 100'000'000;

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\r' || text.back() == '\t'))
    text.remove_suffix(1);
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  return text;
}

// The text up to the separator, which is taken off together with it.
std::string_view take(std::string_view& rest, char separator) {
  const auto end = rest.find(separator);
  const std::string_view part = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return part;
}

}  // namespace

std::vector<ClientGroup::Arrival> read_arrivals(const std::filesystem::path& path,
                                                const network::Topology& topology) {
  const std::string text = base::read_file(path);
  std::vector<std::string> sites;
  for (const auto& site : topology.sites) sites.push_back(site.name);
  const std::unordered_set<std::string> known(sites.begin(), sites.end());

  std::vector<ClientGroup::Arrival> arrivals;
  std::size_t line_number = 0;
  bool header_seen = false;
  const auto refuse = [&](const std::string& message) {
    throw base::InputError(path.string() + ":" + std::to_string(line_number), "", message);
  };
  for (std::string_view rest = text; !rest.empty();) {
    ++line_number;
    const std::string_view line = trim(take(rest, '\n'));
    if (line.empty() || line.starts_with('#')) continue;
    if (!header_seen) {
      if (line != header)
        refuse("expected the header \"" + std::string(header) + "\", got \"" + std::string(line) +
               "\"");
      header_seen = true;
      continue;
    }
    std::string_view columns = line;
    const std::string_view time = trim(take(columns, ','));
    const std::string_view site = trim(take(columns, ','));
    const std::string_view count_text = trim(columns);
    const auto at = base::parse_duration(time);
    if (!at) refuse(at.error);
    if (!arrivals.empty() && at.value < arrivals.back().at)
      refuse("the time " + std::string(time) + " is before the line above (" +
             base::format_duration(arrivals.back().at) + ")");
    if (!known.contains(std::string(site)))
      refuse("expected a site of topology \"" + topology.name + "\", got \"" + std::string(site) +
             "\"" + base::did_you_mean(site, sites));
    std::uint32_t count = 0;
    const auto [end, error] =
        std::from_chars(count_text.data(), count_text.data() + count_text.size(), count);
    if (error != std::errc() || end != count_text.data() + count_text.size() || count == 0 ||
        count > most_at_once)
      refuse("expected a count from 1 to " + std::to_string(most_at_once) + ", got \"" +
             std::string(count_text) + "\"");
    arrivals.push_back({at.value, std::string(site), count});
  }
  if (arrivals.empty()) {
    ++line_number;
    refuse("the file has no arrivals");
  }
  return arrivals;
}

}  // namespace wanlab::scenario
