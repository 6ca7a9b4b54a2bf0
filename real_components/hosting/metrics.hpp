// Figures of a process, summed over its shards, written as OpenMetrics text
// (github.com/OpenObservability/OpenMetrics, version 1.0.0).
#pragma once

#include "real_components/hosting/runtime_options.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace wanlab::hosting {

class Metrics {
 public:
  enum class Kind : std::uint8_t { gauge, counter };

  // Adds to the figure of that name and label. A name has one kind and one help text.
  void add(Kind kind, std::string_view name, std::string_view help, std::int64_t amount,
           std::string_view label = {}, std::string_view label_value = {});
  void gauge(std::string_view name, std::string_view help, std::uint64_t amount,
             std::string_view label = {}, std::string_view label_value = {}) {
    add(Kind::gauge, name, help, static_cast<std::int64_t>(amount), label, label_value);
  }
  // `name` without the "_total" that is written behind it.
  void counter(std::string_view name, std::string_view help, std::uint64_t amount,
               std::string_view label = {}, std::string_view label_value = {}) {
    add(Kind::counter, name, help, static_cast<std::int64_t>(amount), label, label_value);
  }
  std::string text() const;

 private:
  struct Family {
    Kind kind{};
    std::string help;
    std::map<std::string, std::int64_t> samples;  // by label, as written
  };
  std::map<std::string, Family, std::less<>> families_;
};

void measure(Metrics& metrics, const RuntimeFigures& figures, std::uint32_t connections);
// CPU time, memory and descriptors of this process, as client libraries of Prometheus name them.
void measure_process(Metrics& metrics);

}  // namespace wanlab::hosting
