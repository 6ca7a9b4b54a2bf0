// The words and columns of the printed trace.
#include "sim/trace/step_printer.hpp"

#include "real_components/routing/region_cost.hpp"

#include <algorithm>
#include <cstdio>
#include <iomanip>
#include <string>

namespace wanlab::trace {

using runtime::TraceEvent;
using runtime::TraceKind;

namespace {

std::string milliseconds_of(std::uint64_t nanoseconds) {
  char text[48];
  std::snprintf(text, sizeof text, "%llu.%03llu ms",
                static_cast<unsigned long long>(nanoseconds / 1'000'000),
                static_cast<unsigned long long>(nanoseconds / 1'000 % 1'000));
  return text;
}

std::string number(std::uint64_t value) {
  return std::to_string(value);
}

std::string region_state(std::uint64_t state) {
  return std::string(to_string(static_cast<routing::RegionState>(state)));
}

std::string with(std::string_view words, std::string_view text) {
  std::string sentence(words);
  if (!text.empty()) sentence.append(" ").append(text);
  return sentence;
}

std::string failure(const TraceEvent& event) {
  const auto cause = static_cast<ConnectFailure>(event.a);
  std::string sentence(event.text.empty() ? in_words(cause) : event.text);
  if (event.b != 0) sentence += " (MySQL error " + number(event.b) + ")";
  return sentence;
}

std::string client_words(const TraceEvent& event) {
  switch (event.kind) {
    case TraceKind::client_connecting:
      return with("connects to", event.text) +
             (event.a > 1 ? ", attempt " + number(event.a) : std::string());
    case TraceKind::client_step:
      return "step " + number(event.a) + ": " + std::string(event.text);
    case TraceKind::client_established:
      return "session established, " + milliseconds_of(event.a) + " after the first attempt";
    case TraceKind::client_failed:
      return "gives up: " + failure(event);
    case TraceKind::client_attempt_failed:
      return "attempt failed: " + failure(event);
    case TraceKind::client_closed:
      return "closes the connection";
    case TraceKind::client_lost:
      return with("lost the connection:", event.text);
    case TraceKind::client_query_sent:
      return "sends statement " + number(event.a);
    case TraceKind::client_query_answered:
      return "has the answer to statement " + number(event.a) + ", " + milliseconds_of(event.b) +
             " after sending it";
    case TraceKind::client_query_failed:
      return "statement " + number(event.a) + " failed with MySQL error " + number(event.b);
    case TraceKind::client_first_answer:
      return "first answer " + milliseconds_of(event.a) + " after the first attempt";
    default:
      return std::string(to_string(event.kind));
  }
}

std::string edge_words(const TraceEvent& event) {
  const std::string session = "session " + number(event.subject);
  switch (event.kind) {
    case TraceKind::session_accepted:
      return session + " accepted";
    case TraceKind::session_secured:
      return session + " secured by TLS";
    case TraceKind::session_authenticated:
      return with(session + " authenticated as", event.text) + " (grant " + number(event.a) + ")";
    case TraceKind::session_refused:
      return with(session + " refused with MySQL error " + number(event.a) + " for user",
                  event.text);
    case TraceKind::session_closed:
      return session + " closed after " + number(event.a) + " statements" +
             (event.b != 0 ? " with MySQL error " + number(event.b) : std::string());
    case TraceKind::query_routed:
      return with(session + ": statement " + number(event.a) + " routed to", event.text) +
             (runtime::attempt_of(event.b) > 1
                  ? ", attempt " + number(runtime::attempt_of(event.b))
                  : std::string());
    case TraceKind::query_answered:
      return session + ": statement " + number(event.a) + " answered, " + number(event.b) +
             " bytes";
    case TraceKind::query_failed:
      return session + ": statement " + number(event.a) + " failed with MySQL error " +
             number(event.b);
    default:
      return std::string(to_string(event.kind));
  }
}

}  // namespace

std::string in_words(const TraceEvent& event) {
  if (event.kind <= TraceKind::query_failed) return edge_words(event);
  if (event.kind >= TraceKind::client_connecting && event.kind <= TraceKind::client_first_answer) {
    return client_words(event);
  }
  switch (event.kind) {
    case TraceKind::route_visible:
      return with("sees the route of", event.text) + " at store revision " + number(event.a);
    case TraceKind::route_removed:
      return with("no longer has the route of", event.text) + ", store revision " + number(event.a);
    case TraceKind::head_changed:
      return with("now routes first to", event.text) + ", " + milliseconds_of(event.b * 1000) +
             " instead of " + milliseconds_of(event.a * 1000);
    case TraceKind::region_state:
      return with("region", event.text) + " goes from " + region_state(event.a) + " to " +
             region_state(event.b);
    case TraceKind::backhaul_up:
      return "backhaul connection " + number(event.subject) + with(" up to", event.text);
    case TraceKind::backhaul_down:
      return "backhaul connection " + number(event.subject) + with(" down to", event.text);
    case TraceKind::proof_verified:
      return with("verified the proof of", event.text);
    case TraceKind::proof_rejected:
      return with("rejected the proof of", event.text);
    case TraceKind::statement_served:
      return "statement of session " + number(event.subject & 0xffff'ffff'ffff) +
             with(" of", event.text) + " served by backend " + number(event.b >> 40) + ", " +
             number(event.b & 0xff'ffff'ffff) + " bytes";
    case TraceKind::store_committed:
      return with("store commits revision " + number(event.subject) +
                      (event.a != 0 ? ", without" : event.text.empty() ? "" : ","),
                  event.text);
    case TraceKind::watch_resumed:
      return "watch resumed at revision " + number(event.subject);
    case TraceKind::watch_compacted:
      return "watch compacted at revision " + number(event.subject);
    case TraceKind::syn_dropped:
      return "drops a SYN: " + number(event.a) + " connections wait to be accepted";
    case TraceKind::syn_retransmitted:
      return "sends SYN again, time " + number(event.a);
    case TraceKind::descriptor_limit:
      return "refuses a connection: all " + number(event.a) + " descriptors in use";
    case TraceKind::memory_limit:
      return "refuses a connection: out of memory";
    case TraceKind::host_fault:
      return with("fault:", event.text);
    case TraceKind::fault_started:
      return with("fault starts:", event.text);
    case TraceKind::fault_healed:
      return with("fault heals:", event.text);
    case TraceKind::route_clusters:
      return with("has a route to", event.text);
    case TraceKind::regions_sorted:
      return with(event.b != 0   ? "doubts itself and keeps the order"
                  : event.a != 0 ? "orders anew"
                                 : "has the order",
                  event.text);
    case TraceKind::path_truth:
      return event.a == runtime::path_unreachable
                 ? with("in truth cannot reach", event.text)
                 : with("in truth is", milliseconds_of(event.a)) + with(" from", event.text);
    case TraceKind::credential_ended:
      return with("the credential ends of", event.text);
    case TraceKind::secret_arrived:
      return with("received the", event.text);
    case TraceKind::answer_mistaken:
      return "statement " + number(event.a) + " got the answer of another";
    case TraceKind::held:
      return "still holds " + number(event.a) + with("", event.text);
    case TraceKind::timer_outlived:
      return "a timer fired for a " + std::string(event.text) + " that is gone";
    case TraceKind::flow_totals:
      return (event.subject == 0 ? "sent " : "consumed ") + number(event.a) + " bytes of " +
             number(event.b) + (event.subject == 0 ? " allowed to" : " allowed from") +
             with("", event.text);
    default:
      return with(to_string(event.kind), event.text);
  }
}

void StepPrinter::observe(Instant now, const HostLabel& host, const TraceEvent& event) {
  const Instant origin(options_.origin);
  if (options_.from || options_.to) {
    if (options_.from && now < origin + *options_.from) return;
    if (options_.to && now > origin + *options_.to) return;
  } else if (now < origin && !options_.before_origin) {
    return;
  }
  const auto since = nanoseconds(now) - options_.origin.count();
  const auto step = printed_any_ ? nanoseconds(now) - nanoseconds(last_) : 0;
  last_ = now;
  char times[64];
  std::snprintf(times, sizeof times, "%13.6f ms  %+12.6f  ", static_cast<double>(since) / 1e6,
                static_cast<double>(step) / 1e6);
  if (!printed_any_) {
    out_ << "         time      since last  host                   place          what happened\n";
    printed_any_ = true;
  }
  out_ << times << std::left << std::setw(22) << host.name << ' ' << std::setw(14) << host.place
       << ' ' << in_words(event) << '\n';
}

}  // namespace wanlab::trace
