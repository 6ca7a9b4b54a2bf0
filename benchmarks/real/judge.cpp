// The aims, and a person's view of the figures.
#include "benchmarks/real/figures.hpp"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <ostream>

namespace wanlab::bench {
namespace {

constexpr std::size_t most_descriptors = 20'000;

[[gnu::format(printf, 1, 2)]] std::string format(const char* form, ...) {
  char text[256];
  va_list values;
  va_start(values, form);
  std::vsnprintf(text, sizeof text, form, values);
  va_end(values);
  return text;
}

// Three figures that mean something.
std::string figure(double value) {
  return format("%.*f", value < 10 ? 2 : value < 100 ? 1 : 0, value);
}
std::string figure_or_dash(double value) {
  return value > 0 ? figure(value) : "-";
}
std::string range(const Spread& spread) {
  if (spread.empty()) return "-";
  return figure(spread.median) + " [" + figure(spread.least) + "-" + figure(spread.most) + "]";
}

void print_queries(std::ostream& out, const std::vector<QueryRow>& rows) {
  out << "\nA point SELECT by primary key, in closed loops. Microseconds of CPU per query, by "
         "process;\n"
         "\"above direct\" is all of them together less the same without a proxy.\n\n";
  out << format("  %-32s %8s %22s %8s %6s %6s %8s %7s %13s %6s %6s\n", "", "sessions", "proxy",
                "of edge", "", "origin", "database", "client", "above direct", "p50", "p99");
  for (const QueryRow& row : rows) {
    const double edge = row.edge.median;
    out << format(
        "  %-32s %8zu %22s %8s %6s %6s %8s %7s %13s %6s %6s   %s/s\n", row.name.c_str(),
        row.sessions, row.proxy.empty() ? "-" : range(row.proxy).c_str(),
        figure_or_dash(edge).c_str(), "", edge > 0 ? figure(row.proxy.median - edge).c_str() : "-",
        figure(row.database.median).c_str(), figure(row.client.median).c_str(),
        row.proxy.empty() ? "-" : figure(row.above_direct).c_str(), figure(row.p50).c_str(),
        figure(row.p99).c_str(), figure(row.per_second.median).c_str());
  }
}

void print_handshakes(std::ostream& out, const std::vector<HandshakeRow>& rows) {
  out << "\nFull TLS 1.3 handshakes, ECDSA P-256, the same certificate; 16 at a time.\n\n";
  out << format("  %-36s %24s %24s %12s %8s\n", "", "CPU us each", "per second, as loaded",
                "per core s", "times");
  for (const HandshakeRow& row : rows) {
    out << format("  %-36s %24s %24s %12s %8s\n", row.name.c_str(),
                  range(row.cpu_microseconds).c_str(), range(row.per_second).c_str(),
                  figure(row.per_core_second).c_str(),
                  figure(row.per_core_second / rows.front().per_core_second).c_str());
  }
}

void print_idle(std::ostream& out, const std::vector<IdleRow>& rows) {
  out << "\nIdle sessions: growth of the process's memory (Pss) per session, behind the first "
         "300.\n\n";
  out << format("  %-26s %9s %12s %14s %12s\n", "", "sessions", "bytes each", "descriptors",
                "logins/s");
  for (const IdleRow& row : rows) {
    out << format("  %-26s %9zu %12.0f %14zu %12s\n", row.name.c_str(), row.sessions,
                  row.bytes_each, row.descriptors, figure(row.logins_per_second).c_str());
  }
}

void print_hostile(std::ostream& out, const HostileFigures& figures) {
  out << "\nSixteen sessions with TLS, 400 point SELECTs a second together; alone, and beside "
      << figures.half_open << "\nhalf-open connections, " << figures.slow
      << " handshakes that come byte by byte, and a client that never reads a\nresult of 1 GB. "
         "Microseconds from when a statement was due to its answer.\n\n";
  out << format("  %-26s %9s %8s %8s %8s %8s\n", "", "answered", "failed", "p50", "p99", "most");
  for (const HostileRow& row : figures.rows) {
    out << format("  %-26s %9llu %8llu %8s %8s %8s\n", row.name.c_str(),
                  static_cast<unsigned long long>(row.answered),
                  static_cast<unsigned long long>(row.failed), figure(row.p50).c_str(),
                  figure(row.p99).c_str(), figure(row.most).c_str());
  }
  out << "  the edge grew by at most " << figure(figures.edge_megabytes) << " MB, the origin by "
      << figure(figures.origin_megabytes) << " MB; " << figures.left_over
      << " hostile connections outlived their time\n";
}

}  // namespace

std::vector<RealAim> judge(const RealFigures& figures) {
  std::vector<RealAim> aims;
  const auto at_most = [&](const std::string& what, double most, const char* unit,
                           double measured) {
    aims.push_back({what, "at most " + figure(most) + unit, measured, measured <= most});
  };
  for (const QueryRow& row : figures.queries) {
    if (!row.name.starts_with("wanlab: ")) continue;
    at_most("CPU per query in edge and origin, " + std::to_string(row.sessions) + " sessions", 40,
            " us (stretch 25)", row.proxy.median);
  }
  for (const HandshakeRow& row : figures.handshakes) {
    if (!row.name.starts_with("wanlab")) continue;
    aims.push_back({"full ECDSA handshakes per second and core", "at least 1,200",
                    row.per_core_second, row.per_core_second >= 1200});
  }
  for (const IdleRow& row : figures.idle) {
    if (row.name == "wanlab-edge") at_most("memory of an idle session", 1024, " B", row.bytes_each);
    if (row.name == "wanlab-edge, TLS") {
      at_most("memory of an idle session with TLS", 16'384, " B", row.bytes_each);
    }
    if (row.name.starts_with("wanlab")) {
      at_most("descriptors of the edge", most_descriptors, "",
              static_cast<double>(row.descriptors));
    }
  }
  if (figures.hostile) {
    at_most("p99 beside hostile clients, times p99 alone", 2, "", figures.hostile->times_p99);
  }
  return aims;
}

void print(std::ostream& out, const RealConditions& conditions, const RealFigures& figures) {
  out << "Real processes on loopback, the load beside them in one thread of its own; median "
         "[least-most] of the\nrounds, in which the contestants take turns.\n"
      << conditions.machine << "; load at the start " << figure(conditions.load)
      << ".\nAll of it again: " << conditions.command << "\n";
  if (!figures.queries.empty()) print_queries(out, figures.queries);
  if (!figures.handshakes.empty()) print_handshakes(out, figures.handshakes);
  if (!figures.idle.empty()) print_idle(out, figures.idle);
  if (figures.hostile) print_hostile(out, *figures.hostile);
  const std::vector<RealAim> aims = judge(figures);
  if (!aims.empty()) out << "\n  aim\n";
  for (const RealAim& aim : aims) {
    out << format("  %-4s %-58s %10s  %s\n", aim.met ? "ok" : "MISS", aim.what.c_str(),
                  figure(aim.measured).c_str(), aim.aim.c_str());
  }
  for (const std::string& what : figures.missing) out << "\n  not measured: " << what << "\n";
}

}  // namespace wanlab::bench
