// Slices are written when they end, so the file is not in the order of time; readers sort it.
#include "sim/trace/chrome_trace.hpp"

#include "real_components/backhaul/frame.hpp"
#include "sim/trace/step_printer.hpp"

#include <cstdio>

namespace wanlab::trace {

using runtime::TraceEvent;
using runtime::TraceKind;

namespace {

// Tracks of a host that are no connection.
constexpr std::uint64_t events_track = 0;
constexpr std::uint64_t ping_track = 1;
constexpr std::uint64_t first_connection_track = 10;
constexpr std::uint64_t session_mask = 0xffffff;
constexpr std::uint16_t mysql_port = 3306;
// What is too short to be seen or to hold an arrow gets this long.
constexpr Duration shortest = std::chrono::microseconds(1);

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += ' ';
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string microseconds(Duration duration) {
  char text[48];
  std::snprintf(text, sizeof text, "%.3f", static_cast<double>(duration.count()) / 1e3);
  return text;
}

bool is_worse(std::uint64_t before, std::uint64_t after) {
  return after > before;  // routing::RegionState: up, probation, suspect, down, draining
}

}  // namespace

bool ChromeTrace::within(Instant begin, Instant end) const {
  return end >= options_.from && begin <= options_.to && events_ < options_.most_events;
}

void ChromeTrace::append(std::string event) {
  if (events_++ != 0) out_ += ",\n";
  out_ += event;
}

std::uint32_t ChromeTrace::process(std::string_view host) {
  const auto found = processes_.find(host);
  if (found != processes_.end()) return found->second;
  const auto number = static_cast<std::uint32_t>(processes_.size() + 1);
  processes_.emplace(host, number);
  append("{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":" + std::to_string(number) +
         ",\"args\":{\"name\":" + quoted(host) + "}}");
  for (const auto& [track, name] :
       {std::pair(events_track, "events"), std::pair(ping_track, "pings")}) {
    append("{\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":" + std::to_string(number) +
           ",\"tid\":" + std::to_string(track) + ",\"args\":{\"name\":\"" + name + "\"}}");
  }
  return number;
}

void ChromeTrace::slice(std::string_view host, std::uint64_t track, std::string_view name,
                        Instant from, Instant to, std::string_view detail) {
  if (!within(from, to)) return;
  const std::uint32_t number = process(host);
  std::string event = "{\"ph\":\"X\",\"pid\":" + std::to_string(number) +
                      ",\"tid\":" + std::to_string(track) + ",\"name\":" + quoted(name) +
                      ",\"ts\":" + microseconds(from.time_since_epoch() - options_.origin) +
                      ",\"dur\":" + microseconds(std::max<Duration>(to - from, shortest));
  if (!detail.empty()) event += ",\"args\":{\"what\":" + quoted(detail) + "}";
  append(event + "}");
}

ChromeTrace::Anchor ChromeTrace::mark(std::string_view host, std::string_view name, Instant at,
                                      std::string_view detail) {
  slice(host, events_track, name, at, at, detail);
  return {at, process(host), events_track};
}

void ChromeTrace::arrow(const Anchor& from, const Anchor& to, std::string_view name) {
  if (!within(from.at, to.at)) return;
  ++arrows_;
  const auto end = [&](const Anchor& anchor, const char* phase) {
    append("{\"ph\":\"" + std::string(phase) + "\",\"cat\":\"cause\",\"name\":" + quoted(name) +
           ",\"id\":" + std::to_string(arrows_) + ",\"pid\":" + std::to_string(anchor.process) +
           ",\"tid\":" + std::to_string(anchor.track) +
           ",\"ts\":" + microseconds(anchor.at.time_since_epoch() - options_.origin) +
           (phase[0] == 'f' ? ",\"bp\":\"e\"}" : "}"));
  };
  end(from, "s");
  end(to, "f");
}

void ChromeTrace::observe(Instant now, const HostLabel& host, const TraceEvent& event) {
  switch (host.role) {
    case HostRole::client:
      return observe_client(now, host, event);
    case HostRole::edge:
      return observe_edge(now, host, event);
    default:
      break;
  }
  if (event.kind == TraceKind::host_fault) {
    faults_.emplace_back(host.place, mark(host.name, "fault", now, trace::in_words(event)));
  } else if (is_happening(event.kind)) {
    mark(host.name, to_string(event.kind), now, trace::in_words(event));
  }
}

void ChromeTrace::observe_client(Instant now, const HostLabel& host, const TraceEvent& event) {
  const Key key{host.name, event.subject};
  const std::uint64_t track = first_connection_track + event.subject;
  switch (event.kind) {
    case TraceKind::client_connecting:
      connecting_[key] = now;
      return;
    case TraceKind::client_established:
    case TraceKind::client_failed:
    case TraceKind::client_attempt_failed:
      if (const auto begun = connecting_.extract(key)) {
        slice(host.name, track,
              event.kind == TraceKind::client_established ? "connect" : "connect, failed",
              begun.mapped(), now, trace::in_words(event));
      }
      return;
    case TraceKind::client_query_sent:
      asking_[key] = now;
      return;
    case TraceKind::client_query_answered:
    case TraceKind::client_query_failed:
      if (const auto begun = asking_.extract(key)) {
        slice(host.name, track,
              event.kind == TraceKind::client_query_answered ? "statement" : "statement, failed",
              begun.mapped(), now, trace::in_words(event));
      }
      return;
    case TraceKind::client_lost:
      mark(host.name, "connection lost", now, trace::in_words(event));
      return;
    default:
      return;
  }
}

void ChromeTrace::observe_edge(Instant now, const HostLabel& host, const TraceEvent& event) {
  const Key key{host.name, event.subject};
  const std::uint64_t track = first_connection_track + (event.subject & session_mask);
  switch (event.kind) {
    case TraceKind::query_routed: {
      end_exchange(now, key, "asked again elsewhere");
      std::string& last = last_region_[key];
      const bool moved = !last.empty() && last != event.text;
      last = event.text;
      exchanges_[key] = {now, last, moved};
      const Edge& edge = edges_[host.name];
      if (moved && edge.head && edge.head_region == event.text) {
        arrow(*edge.head, {now, process(host.name), track}, "moves statements");
      }
      return;
    }
    case TraceKind::query_answered:
    case TraceKind::query_failed:
      end_exchange(now, key, event.kind == TraceKind::query_answered ? "" : "failed");
      return;
    case TraceKind::session_closed:
      end_exchange(now, key, "session closed");
      last_region_.erase(key);
      return;
    case TraceKind::region_state: {
      const Anchor state = mark(host.name, "region state", now, trace::in_words(event));
      if (!is_worse(event.a, event.b)) return;
      edges_[host.name].regions[std::string(event.text)].doubt = state;
      // The pings that told it, by staying unanswered.
      for (const auto& [id, ping] : pings_) {
        if (ping.edge != host.name || ping.region != event.text) continue;
        slice(host.name, ping_track, "ping to " + ping.region + " unanswered", ping.departs, now);
        arrow({ping.departs, process(host.name), ping_track}, state, "unanswered");
        for (const auto& [place, fault] : faults_) {
          if (place == ping.region && fault.at <= ping.departs) {
            arrow(fault, {ping.departs, process(host.name), ping_track}, "silences");
          }
        }
        break;
      }
      return;
    }
    case TraceKind::head_changed: {
      Edge& edge = edges_[host.name];
      const Anchor head = mark(host.name, "head changed", now, trace::in_words(event));
      for (const auto& [region, known] : edge.regions) {
        if (known.doubt && now - known.doubt->at <= 1s) arrow(*known.doubt, head, "re-sorts");
      }
      edge.head = head;
      edge.head_region = event.text;
      return;
    }
    default:
      if (is_happening(event.kind) || event.kind == TraceKind::regions_sorted) {
        mark(host.name, to_string(event.kind), now, trace::in_words(event));
      }
      return;
  }
}

void ChromeTrace::end_exchange(Instant now, const Key& key, std::string_view how) {
  const auto exchange = exchanges_.extract(key);
  if (!exchange) return;
  const std::string name = (exchange.mapped().moved ? "statement, moved to " : "statement to ") +
                           exchange.mapped().region;
  slice(key.first, first_connection_track + (key.second & session_mask), name,
        exchange.mapped().routed, now, how);
}

// Pings and pongs of the backhaul, whose frames the simulation carries in the clear.
void ChromeTrace::passes(const network::Segment& segment) {
  if (segment.kind != network::MessageKind::data || segment.port == mysql_port) return;
  const auto first = std::to_integer<std::uint8_t>(segment.payload.front());
  const bool from_edge = !segment.from_server;
  // Most messages hold one frame and are no ping: looked at no further.
  if (first != static_cast<std::uint8_t>(backhaul::FrameType::ping) &&
      first != static_cast<std::uint8_t>(backhaul::FrameType::pong)) {
    return;
  }
  backhaul::Frame frame;
  if (backhaul::parse_frame(segment.payload, frame).status != backhaul::Parse::whole) return;
  const std::pair id{segment.connection, frame.fields[0]};
  if (frame.type == backhaul::FrameType::ping && from_edge) {
    pings_[id] = {Instant(Duration(segment.departs)), std::string(segment.from.name),
                  std::string(options_.place_of(segment.to.name))};
  } else if (frame.type == backhaul::FrameType::pong && !from_edge && segment.arrives >= 0) {
    if (const auto ping = pings_.extract(id)) {
      slice(ping.mapped().edge, ping_track, "ping to " + ping.mapped().region,
            ping.mapped().departs, Instant(Duration(segment.arrives)));
    }
  }
}

std::string ChromeTrace::finish(Instant end) {
  while (!exchanges_.empty()) {
    const Key key = exchanges_.begin()->first;
    end_exchange(end, key, "not ended");
  }
  out_ += "\n]}\n";
  return std::move(out_);
}

}  // namespace wanlab::trace
