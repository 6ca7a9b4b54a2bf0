// The printed summary, whole.
#include "analysis/summary_text.hpp"

#include "analysis/expectations.hpp"
#include "analysis/text_table.hpp"
#include "tests/analysis/sample_run.hpp"

#include <gtest/gtest.h>

namespace wanlab::analysis {
namespace {

TEST(SummaryText, IsAlignedAndComplete) {
  scenario::Plan plan = sample_plan();
  plan.expectations.resize(2);
  plan.expectations[0].metric = "connections.failed";
  plan.expectations[0].at_most = 0;
  plan.expectations[1].metric = "queries.answered";
  plan.expectations[1].equals = 3;
  Summary summary = summarize(plan, sample_record());
  summary.verdicts = judge(plan, summary);
  EXPECT_EQ(summary_text(summary), R"(sample, seed 7: FAILED
A storm and a calm group over two POPs.

expectations
                              expected    got
  FAILED  connections.failed  at most 0   1
  ok      queries.answered    equal to 3  3

connections
  attempted          4
  established        3  75.0 %, 10/s on average, 3/s in the busiest second
  failed             1  25.0 %
    connect timeout  1
  retries            1  after
    connect timeout  1
  closed             0
  open at the end    3
  peak open          3  of 4 wanted, all open after 210.0 ms

statements
  sent                   3
  answered               3  100.0 %
  failed                 0
  unanswered at the end  0

latency, ms
                                  count     p50     p90     p99   p99.9     max
  connect                             3  10.000  10.000  10.000  10.000  10.000
  query                               3   5.000   5.000   5.000   5.000   5.000
  connect to first answer             3  15.000  15.000  15.000  15.000  15.000
  storm: connect                      3  10.000  10.000  10.000  10.000  10.000
  storm: query                        3   5.000   5.000   5.000   5.000   5.000
  storm: connect to first answer      3  15.000  15.000  15.000  15.000  15.000

per client group
         attempted  established  failed  established/s  peak open  answered
  storm          3            3       0             10          3         3
  calm           1            0       1              -          0         0

per POP
       accepted  authenticated  refused  peak open        at  statements  connect p50   p99  query p50  p99 (ms)
  iad         3              3        0          3  204.0 ms           3         10.0  10.0        5.0       5.0
  fra         0              0        0          0         -           0            -     -          -         -

per backhaul
                   connections  requests  to region    to POP  frames
  iad - us-east-1            4         6     1000 B  1.95 KiB      24

what saturated
  CPU of edge at iad: 97.0 % in the busiest second, 25.0 % on average; work waited up to 40.0 ms
  accept backlog of edge at iad: full at 128, 12 SYNs dropped

use of hosts (the busiest of each place)
                    hosts     CPU  CPU peak  connections  backlog  memory  pool
  edge iad              1  25.0 %    97.0 %            3  128/128       -     -
  origin us-east-1      1   2.5 %         -            0        -       -  3/64

cost of this run
  simulated     10.00 s
  wall time    500.0 ms  20.0 times as fast as the simulated time
  CPU time     300.0 ms  100,000.00 us per connection
  peak memory  3.00 MiB  1,048,576 bytes per connection
  events        123,456  246,912 per second

digest 0123456789abcdef
)");
}

TEST(SummaryText, MarksPartialResults) {
  trace::RunRecord record = sample_record();
  record.interrupted = true;
  record.simulated = std::chrono::seconds(4);
  const std::string text = summary_text(summarize(sample_plan(), record));
  EXPECT_EQ(text.substr(0, text.find('\n')),
            "sample, seed 7: INTERRUPTED after 4.00 s of 11.00 s: what follows is partial");
}

TEST(SummaryText, ColorsOnlyWhenAsked) {
  const Summary summary = summarize(sample_plan(), sample_record());
  EXPECT_EQ(summary_text(summary).find('\033'), std::string::npos);
  Summary failed = summary;
  failed.verdicts = {{"a", "at most 0", "1", false}};
  EXPECT_NE(summary_text(failed, {.color = true}).find("\033[31mFAILED"), std::string::npos);
}

TEST(TextTable, CountsTheRowsItLeavesOut) {
  TextTable table({{"name", Align::left}, {"n", Align::right}});
  table.add({"a", "1"});
  table.add({"long name", "22"});
  table.add({"c", "3"});
  EXPECT_EQ(table.text("", 2), "name        n\na           1\nlong name  22\nand 1 more\n");
}

}  // namespace
}  // namespace wanlab::analysis
