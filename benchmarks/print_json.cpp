#include "benchmarks/print.hpp"

#include <nlohmann/json.hpp>

namespace wanlab::bench {

std::string to_json(const Conditions& conditions, const std::vector<Subject>& subjects,
                    const std::vector<Aim>& aims) {
  using Json = nlohmann::ordered_json;
  Json all = {{"command", conditions.command},   {"machine", conditions.machine},
              {"compiler", conditions.compiler}, {"core", conditions.core},
              {"rounds", conditions.rounds},     {"load", conditions.load},
              {"peers", conditions.peers}};
  Json& list = all["subjects"] = Json::array();
  for (const Subject& subject : subjects) {
    Json one = {{"key", subject.key},
                {"title", subject.title},
                {"command", conditions.command + " --only " + subject.key},
                {"operation", subject.operation},
                {"unit", subject.unit}};
    Json& results = one["results"] = Json::array();
    for (const Result& result : subject.results) {
      Json row = {{"size", result.size}, {"contestant", result.contestant}};
      if (!result.failure.empty()) {
        row["failure"] = result.failure;
      } else {
        row["ns"] = {{"median", result.nanoseconds.median},
                     {"min", result.nanoseconds.least},
                     {"max", result.nanoseconds.most}};
        row["per_second"] = 1e9 / result.nanoseconds.median;
        if (result.memory_bytes > 0) row["memory_bytes"] = result.memory_bytes;
        row["time_against_first"] = result.against_first;
      }
      results.push_back(std::move(row));
    }
    list.push_back(std::move(one));
  }
  Json& wanted = all["aims"] = Json::array();
  for (const Aim& aim : aims) {
    wanted.push_back(
        {{"what", aim.what}, {"aim", aim.aim}, {"measured", aim.measured}, {"met", aim.met}});
  }
  return all.dump(2);
}

}  // namespace wanlab::bench
