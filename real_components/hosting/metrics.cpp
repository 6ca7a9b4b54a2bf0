#include "real_components/hosting/metrics.hpp"

#include "real_components/hosting/socket_options.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace wanlab::hosting {

void Metrics::add(Kind kind, std::string_view name, std::string_view help, std::int64_t amount,
                  std::string_view label, std::string_view label_value) {
  auto found = families_.find(name);
  if (found == families_.end()) {
    found = families_.emplace(std::string(name), Family{kind, std::string(help), {}}).first;
  }
  std::string labels;
  if (!label.empty()) {
    labels = "{" + std::string(label) + "=\"";
    for (const char c : label_value) {
      if (c == '\\' || c == '"') labels += '\\';
      if (c == '\n') {
        labels += "\\n";
      } else {
        labels += c;
      }
    }
    labels += "\"}";
  }
  found->second.samples[labels] += amount;
}

std::string Metrics::text() const {
  std::string text;
  for (const auto& [name, family] : families_) {
    const bool counter = family.kind == Kind::counter;
    text += "# TYPE " + name + (counter ? " counter\n" : " gauge\n");
    text += "# HELP " + name + ' ' + family.help + '\n';
    for (const auto& [labels, amount] : family.samples) {
      text += name + (counter ? "_total" : "") + labels + ' ' + std::to_string(amount) + '\n';
    }
  }
  return text + "# EOF\n";
}

void measure(Metrics& metrics, const RuntimeFigures& figures, std::uint32_t connections) {
  metrics.gauge("wanlab_connections", "Open connections of any kind.", connections);
  metrics.counter("wanlab_connections_accepted", "Connections accepted.", figures.accepted);
  metrics.counter("wanlab_connections_made", "Connections made to others.", figures.connected);
  metrics.counter("wanlab_connects_failed", "Attempts to connect that failed.",
                  figures.connect_failures);
  metrics.counter("wanlab_connections_shed", "Connections turned away for want of resources.",
                  figures.shed);
  metrics.counter("wanlab_connections_overrun", "Connections reset for holding too much unsent.",
                  figures.resets_for_unsent);
  metrics.counter("wanlab_tls_handshakes", "TLS handshakes that succeeded.", figures.handshakes);
  metrics.counter("wanlab_tls_handshakes_resumed", "Of them, those that resumed a session.",
                  figures.handshakes_resumed);
  metrics.counter("wanlab_tls_handshakes_failed", "TLS handshakes that failed.",
                  figures.handshakes_failed);
  metrics.counter("wanlab_received_bytes", "Bytes received, as on the wire.",
                  figures.bytes_received);
  metrics.counter("wanlab_sent_bytes", "Bytes sent, as on the wire.", figures.bytes_sent);
  metrics.counter("wanlab_reads", "System calls that read from connections.", figures.reads);
  metrics.counter("wanlab_writes", "System calls that wrote to connections.", figures.writes);
}

void measure_process(Metrics& metrics) {
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) == 0) {
    const auto microseconds = [](const timeval& time) {
      return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000 +
             static_cast<std::uint64_t>(time.tv_usec);
    };
    metrics.counter("wanlab_cpu_microseconds", "CPU time of the process.",
                    microseconds(usage.ru_utime) + microseconds(usage.ru_stime));
  }
  std::uint64_t pages = 0, resident = 0;
  if (std::ifstream("/proc/self/statm") >> pages >> resident) {
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    metrics.gauge("process_resident_memory_bytes", "Resident memory.", resident * page);
    metrics.gauge("process_virtual_memory_bytes", "Address space.", pages * page);
  }
  std::error_code error;
  const std::filesystem::directory_iterator open("/proc/self/fd", error);
  if (!error) {
    metrics.gauge("process_open_fds", "Open descriptors.",
                  static_cast<std::uint64_t>(std::distance(begin(open), end(open))));
  }
  metrics.gauge("process_max_fds", "Descriptors that may be open.", descriptor_limit());
}

}  // namespace wanlab::hosting
