// Listening first, telling afterwards: what repeats itself is told once.
#include "sim/trace/connection_story.hpp"

#include "sim/trace/step_printer.hpp"

#include <algorithm>
#include <cstdio>

namespace wanlab::trace {

using network::MessageKind;
using runtime::TraceEvent;
using runtime::TraceKind;

namespace {

std::string milliseconds(Duration duration) {
  char text[48];
  std::snprintf(text, sizeof text, "%.3f ms", static_cast<double>(duration.count()) / 1e6);
  return text;
}

std::string_view state_in_words(char letter) {
  switch (letter) {
    case 'U':
      return "up";
    case 'P':
      return "on probation";
    case 'S':
      return "suspect";
    case 'D':
      return "down";
    case 'R':
      return "draining";
    default:
      return "in an unknown state";
  }
}

std::string_view in_words(MessageKind kind) {
  switch (kind) {
    case MessageKind::syn:
      return "SYN";
    case MessageKind::syn_ack:
      return "SYN-ACK";
    case MessageKind::client_hello:
      return "TLS client hello";
    case MessageKind::server_flight:
      return "TLS server hello, certificate and Finished";
    case MessageKind::client_finish:
    case MessageKind::server_finish:
      return "TLS Finished";
    case MessageKind::finish:
      return "FIN";
    case MessageKind::reset:
      return "RST";
    case MessageKind::refused:
      return "RST: nothing listens";
    default:
      return "";
  }
}

// Statements of one connection that are told one by one, before the rest is summed up.
constexpr std::size_t told_in_full = 3;

}  // namespace

std::string order_in_words(std::string_view order) {
  std::string words;
  while (!order.empty()) {
    const std::size_t comma = std::min(order.find(','), order.size());
    const std::string_view entry = order.substr(0, comma);
    order.remove_prefix(std::min(comma + 1, order.size()));
    const std::size_t equals = entry.rfind('=');
    if (equals == std::string_view::npos || equals + 1 >= entry.size()) continue;
    if (!words.empty()) words += ", then ";
    words += entry.substr(0, equals);
    const std::string_view what = entry.substr(equals + 1);
    words += " (" + std::string(state_in_words(what[0]));
    const std::size_t digits = what.find_first_of("0123456789");
    const std::string_view flags =
        what.substr(1, digits == std::string_view::npos ? 0 : digits - 1);
    if (flags.find('m') == std::string_view::npos) {
      words += ", never measured";
    } else if (digits != std::string_view::npos) {
      Duration cost{};
      for (const char digit : what.substr(digits))
        cost = cost * 10 + Duration((digit - '0') * 1000);
      words += ", " + milliseconds(cost);
    }
    if (flags.find('s') != std::string_view::npos) words += ", not measured lately";
    if (flags.find('o') != std::string_view::npos) words += ", over capacity";
    words += ")";
  }
  return words;
}

void ConnectionStory::tell(Instant now, std::string_view who, std::string words) {
  lines_.push_back({now, std::string(who), std::move(words)});
}

void ConnectionStory::observe(Instant now, const HostLabel& host, const TraceEvent& event) {
  if (host.role == HostRole::client) {
    if (event.subject == number_ && host.name == client_) {
      place_ = host.place;
      observe_client(now, event);
    }
    return;
  }
  if (event.kind == TraceKind::regions_sorted) orders_[host.name] = event.text;
  if (over_) return;
  if (host.role == HostRole::world) {
    const bool named = !event.text.empty();
    if (event.kind == TraceKind::fault_started) {
      tell(now, "the world", named ? trace::in_words(event) : "a fault starts");
    } else if (event.kind == TraceKind::fault_healed) {
      tell(now, "the world", named ? trace::in_words(event) : "a fault heals");
    }
  } else if (event.kind == TraceKind::host_fault) {
    tell(now, host.name, trace::in_words(event));
  } else if (host.name == edge_) {
    observe_edge(now, event);
  } else if (event.kind == TraceKind::statement_served && session_ && event.text == edge_ &&
             (event.subject & 0xffff'ffff'ffff) == *session_ && !statements_.empty()) {
    statements_.back().served_by = host.name;
    statements_.back().served = now;
  }
}

void ConnectionStory::observe_client(Instant now, const TraceEvent& event) {
  switch (event.kind) {
    case TraceKind::client_connecting:
      over_ = false;
      edge_ = event.text;
      syn_follows_ = !event.text.empty();
      connection_.reset();
      session_.reset();
      tell(now, client_,
           event.text.empty() ? "wants a connection and has no address to go to"
                              : "connects to " + edge_ + ", attempt " + std::to_string(event.a));
      return;
    case TraceKind::client_query_sent:
      statements_.emplace_back();
      statements_.back().number = event.a;
      statements_.back().sent = now;
      return;
    case TraceKind::client_query_answered:
    case TraceKind::client_query_failed:
      if (statements_.empty()) return;
      statements_.back().ended = now;
      if (event.kind == TraceKind::client_query_failed) statements_.back().error = event.b;
      return;
    case TraceKind::client_established:
      tell(now, client_,
           "has its session, " + milliseconds(Duration(static_cast<std::int64_t>(event.a))) +
               " after the first attempt");
      return;
    case TraceKind::client_failed:
    case TraceKind::client_closed:
    case TraceKind::client_lost:
      over_ = true;
      tell(now, client_, trace::in_words(event));
      return;
    case TraceKind::client_first_answer:
      return;
    default:
      tell(now, client_, trace::in_words(event));
      return;
  }
}

void ConnectionStory::observe_edge(Instant now, const TraceEvent& event) {
  switch (event.kind) {
    case TraceKind::session_accepted:
      last_accepted_ = event.subject;
      accepted_at_ = now;
      return;
    case TraceKind::session_secured:
    case TraceKind::session_authenticated:
    case TraceKind::session_refused:
    case TraceKind::session_closed:
      if (event.subject == session_) tell(now, edge_, trace::in_words(event));
      return;
    case TraceKind::query_routed:
      if (event.subject == session_ && !statements_.empty()) {
        statements_.back().routes.push_back(
            {now, std::string(event.text), runtime::attempt_of(event.b), orders_[edge_]});
      }
      return;
    case TraceKind::head_changed:
    case TraceKind::region_state:
    case TraceKind::backhaul_down:
    case TraceKind::route_visible:
    case TraceKind::route_removed:
      tell(now, edge_, trace::in_words(event));
      return;
    default:
      return;
  }
}

// A client's first segment follows its event at once, and so does the greeting that of its edge:
// that is how the three names of a connection are found to be one.
void ConnectionStory::passes(const network::Segment& segment) {
  if (syn_follows_ && segment.kind == MessageKind::syn && segment.from.name == client_) {
    connection_ = segment.connection;
    syn_follows_ = false;
  }
  if (segment.connection != connection_) return;
  const Instant departs{Duration(segment.departs)};
  if (segment.kind == MessageKind::data) {
    if (segment.from_server && !session_ && last_accepted_) {
      session_ = last_accepted_;
      tell(accepted_at_, edge_, "accepts it and sends its greeting");
    }
    return;
  }
  const std::string_view words = in_words(segment.kind);
  if (words.empty()) return;
  std::string sentence = "sends " + std::string(words);
  if (segment.arrives < 0) {
    sentence += ", which is lost";
  } else {
    sentence += ", there " + milliseconds(Duration(segment.arrives - segment.departs)) + " later";
  }
  tell(departs, segment.from.name, std::move(sentence));
}

std::string ConnectionStory::moment(Instant at) const {
  char text[48];
  std::snprintf(text, sizeof text, "%14.6f s",
                static_cast<double>((at.time_since_epoch() - origin_).count()) / 1e9);
  return text;
}

// Those that went like the ones before are summed up; those that did not are told.
void ConnectionStory::append_statements(std::vector<Line>& lines) const {
  std::size_t told = 0;
  for (std::size_t i = 0; i < statements_.size();) {
    const Statement& statement = statements_[i];
    std::size_t alike = i;
    Duration least = Duration::max(), most{}, before{};
    if (i > 0 && statements_[i - 1].ended != Instant())
      before = statements_[i - 1].ended - statements_[i - 1].sent;
    while (told >= told_in_full && alike < statements_.size() && statements_[alike].plain() &&
           statements_[i].plain() && statements_[alike].region() == statement.region()) {
      const Duration took = statements_[alike].ended - statements_[alike].sent;
      if (before != Duration::zero() && took > 3 * before) break;
      least = std::min(least, took);
      most = std::max(most, took);
      ++alike;
    }
    if (alike > i + 1) {
      lines.push_back({statement.sent, client_,
                       "statements " + std::to_string(statement.number) + " to " +
                           std::to_string(statements_[alike - 1].number) + " go to " +
                           statement.region() + " like the one before, answered within " +
                           milliseconds(least) + " to " + milliseconds(most)});
      i = alike;
      continue;
    }
    ++told;
    ++i;
    lines.push_back(
        {statement.sent, client_, "sends statement " + std::to_string(statement.number)});
    for (const Route& route : statement.routes) {
      std::string words = "sends it to " + route.region;
      if (route.attempt > 1) words += ", attempt " + std::to_string(route.attempt);
      const std::string order = order_in_words(route.order);
      if (!order.empty()) words += ", because its order of the regions is " + order;
      lines.push_back({route.at, edge_, std::move(words)});
    }
    if (statement.served != Instant()) {
      lines.push_back({statement.served, statement.served_by, "has the database's answer"});
    }
    if (statement.error) {
      lines.push_back({statement.ended, client_,
                       "statement " + std::to_string(statement.number) +
                           " fails with MySQL error " + std::to_string(*statement.error) +
                           " after " + milliseconds(statement.ended - statement.sent)});
    } else if (statement.ended != Instant()) {
      lines.push_back(
          {statement.ended, client_,
           "has the answer, " + milliseconds(statement.ended - statement.sent) + " after asking"});
    } else {
      lines.push_back({statement.sent, client_, "and never hears of it"});
    }
  }
}

std::string ConnectionStory::text() const {
  std::vector<Line> lines = lines_;
  append_statements(lines);
  std::stable_sort(lines.begin(), lines.end(),
                   [](const Line& one, const Line& other) { return one.at < other.at; });
  std::size_t width = 0;
  for (const Line& line : lines) width = std::max(width, line.who.size());
  std::string text =
      client_ + "#" + std::to_string(number_) + (place_.empty() ? "" : ", at " + place_) + "\n";
  for (const Line& line : lines) {
    text += moment(line.at) + "  " + line.who + std::string(width - line.who.size() + 2, ' ') +
            line.words + "\n";
  }
  return text;
}

}  // namespace wanlab::trace
