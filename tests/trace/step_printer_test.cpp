// The printed trace, line by line.
#include "sim/trace/step_printer.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace wanlab::trace {
namespace {

using runtime::TraceEvent;
using runtime::TraceKind;

TEST(StepPrinter, PrintsAlignedLinesWithTimesFromItsOrigin) {
  std::ostringstream out;
  StepPrinter printer(out, {.origin = std::chrono::seconds(2), .before_origin = false});
  const HostLabel client{"client-1", HostRole::client, "us-west-2", "hello"};
  const HostLabel edge{"edge-1.pdx", HostRole::edge, "pdx", ""};
  printer.observe(Instant(1s), edge, {TraceKind::backhaul_up, 1, 0, 0, "us-east-1"});
  printer.observe(Instant(2s), client, {TraceKind::client_connecting, 1, 1, 0, "edge-1.pdx"});
  printer.observe(Instant(2s + 3ms), edge, {TraceKind::session_accepted, 7, 0, 0, ""});
  EXPECT_EQ(out.str(),
            "         time      since last  host                   place          what happened\n"
            "     0.000000 ms     +0.000000  client-1               us-west-2      "
            "connects to edge-1.pdx\n"
            "     3.000000 ms     +3.000000  edge-1.pdx             pdx            "
            "session 7 accepted\n");
}

TEST(StepPrinter, SaysEveryKindInWords) {
  for (std::size_t kind = 0; kind < runtime::trace_kinds; ++kind) {
    const TraceEvent event{static_cast<TraceKind>(kind), 1, 2, 3, "text"};
    const std::string words = in_words(event);
    EXPECT_NE(words, "") << kind;
    EXPECT_EQ(words.find("unknown"), std::string::npos) << words;
    EXPECT_EQ(words.find('_'), std::string::npos) << words << ": a bare identifier, not words";
  }
}

TEST(StepPrinter, SaysWhyAConnectionFailed) {
  EXPECT_EQ(in_words({TraceKind::client_failed, 1,
                      static_cast<std::uint64_t>(ConnectFailure::auth_rejected), 1045, ""}),
            "gives up: authentication rejected (MySQL error 1045)");
}

}  // namespace
}  // namespace wanlab::trace
