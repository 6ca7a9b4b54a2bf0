// Rows to lines.
#include "analysis/timeseries.hpp"

#include "analysis/numbers.hpp"

#include <cstdio>

namespace wanlab::analysis {

namespace {

void add_latency(std::string& line, Duration latency) {
  line += ',';
  if (latency == Duration::zero()) return;
  char text[48];
  std::snprintf(text, sizeof text, "%.6f", milliseconds_of(latency));
  line += text;
}

}  // namespace

std::string timeseries_csv(const trace::RunRecord& record) {
  std::string out =
      "time_s,open,attempts,established,failed,closed,lost,queries_sent,queries_answered,"
      "queries_failed,syn_dropped,connect_p50_ms,connect_p99_ms,query_p50_ms,query_p99_ms\n";
  for (const trace::SeriesRow& row : record.series) {
    std::string line = std::to_string(row.at / std::chrono::seconds(1));
    for (const std::uint64_t count :
         {row.open, row.attempts, row.established, row.failed, row.closed, row.lost,
          row.queries_sent, row.queries_answered, row.queries_failed, row.syn_dropped}) {
      line += ',';
      line += std::to_string(count);
    }
    add_latency(line, row.connect_p50);
    add_latency(line, row.connect_p99);
    add_latency(line, row.query_p50);
    add_latency(line, row.query_p99);
    out += line;
    out += '\n';
  }
  return out;
}

}  // namespace wanlab::analysis
