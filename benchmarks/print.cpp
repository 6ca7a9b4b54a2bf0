#include "benchmarks/print.hpp"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>

namespace wanlab::bench {

namespace {

std::string grouped(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  std::string text;
  for (std::size_t at = 0; at < digits.size(); ++at) {
    if (at != 0 && (digits.size() - at) % 3 == 0) text += ',';
    text += digits[at];
  }
  return text;
}

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

std::string range(const Spread& spread) {
  return format("[%s-%s]", figure(spread.least).c_str(), figure(spread.most).c_str());
}

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(": ");
    if (line.rfind("model name", 0) == 0 && colon != std::string::npos)
      return line.substr(colon + 2);
  }
  return "unknown processor";
}

}  // namespace

Conditions conditions_here() {
  Conditions conditions;
  conditions.machine =
      processor_name() + ", " + std::to_string(std::thread::hardware_concurrency()) + " cores";
  conditions.compiler = "g++ " __VERSION__;
#ifndef NDEBUG
  conditions.compiler += ", NOT optimised: build the release preset to compare";
#endif
  getloadavg(&conditions.load, 1);
  return conditions;
}

void print_conditions(std::ostream& out, const Conditions& conditions) {
  out << "CPU time of one thread"
      << (conditions.core < 0 ? std::string(", not bound to a core")
                              : ", bound to core " + std::to_string(conditions.core))
      << "; median [least-most] of " << conditions.rounds
      << " rounds in which the contestants take turns.\n"
      << conditions.machine << "; " << conditions.compiler << "; load at the start "
      << figure(conditions.load) << ".\nAll of it again: " << conditions.command << "\n";
}

void print_subject(std::ostream& out, const Subject& subject, const Conditions& conditions) {
  bool compared = false, memory = false;
  for (const Result& result : subject.results) {
    compared = compared || result.contestant != subject.results.front().contestant;
    memory = memory || result.memory_bytes > 0;
  }
  out << "\n" << subject.title << "\n";
  for (const std::string& note : subject.notes) out << "  (" << note << ")\n";
  out << "  again: " << conditions.command << " --only " << subject.key << "\n";
  out << format("  %12s  %-32s %12s %-19s %9s%s%s\n", subject.unit.c_str(), "",
                ("ns/" + subject.operation).c_str(), "", "million/s", memory ? "  bytes each" : "",
                compared ? "   times the first" : "");
  std::uint64_t size = 0;
  for (const Result& result : subject.results) {
    out << format("  %12s  %-32s ", result.size == size ? "" : grouped(result.size).c_str(),
                  result.contestant.c_str());
    if (!result.failure.empty()) {
      out << "failed: " << result.failure << "\n";
    } else {
      out << format("%12s %-19s %9s", figure(result.nanoseconds.median).c_str(),
                    range(result.nanoseconds).c_str(),
                    figure(1e3 / result.nanoseconds.median).c_str());
      if (memory) out << format("  %10s", figure(result.memory_bytes).c_str());
      if (compared && result.size == size) {
        out << format("  %16s", figure(result.against_first).c_str());
      }
      out << "\n";
    }
    size = result.size;
  }
}

void print_aims(std::ostream& out, const std::vector<Aim>& aims) {
  if (aims.empty()) return;
  out << "\nAims\n";
  for (const Aim& aim : aims) {
    out << format("  %-60s %8s   aim: %s, %s\n", aim.what.c_str(), figure(aim.measured).c_str(),
                  aim.aim.c_str(), aim.met ? "met" : "MISSED");
  }
}

}  // namespace wanlab::bench
