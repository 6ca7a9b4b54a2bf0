// The scenarios of the repository, and the schema that editors use for them.
#include "sim/base/document_json.hpp"
#include "sim/scenario/known_keys.hpp"
#include "sim/scenario/load_plan.hpp"
#include "sim/scenario/memory_estimate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

namespace wanlab::scenario {
namespace {

const std::filesystem::path folder = std::filesystem::path(WANLAB_SOURCE_DIR) / "scenarios";

std::vector<std::filesystem::path> shipped() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.path().extension() == ".json" && entry.path().stem().extension() != ".schema" &&
        entry.path().stem().extension() != ".baseline")
      files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

Plan load(const std::string& name) {
  return load_plan(folder / name);
}

TEST(ShippedScenarios, AreAcceptedAndSayWhy) {
  EXPECT_GE(shipped().size(), 16u);
  for (const auto& file : shipped()) {
    SCOPED_TRACE(file.string());
    Overrides any_machine;
    any_machine.memory_limit_bytes = 0;
    try {
      const Plan plan = load_plan(file, any_machine);
      EXPECT_GE(plan.why.size(), 40u);
      EXPECT_FALSE(plan.expectations.empty() && plan.oracles.must_trip.empty());
      EXPECT_FALSE(plan.clients.empty());
    } catch (const InputError& error) {
      ADD_FAILURE() << error.what();
    }
  }
}

TEST(ShippedScenarios, TheRampIsThePublishedOne) {
  const Plan plan = load("lambda-1m-ramp.json");
  EXPECT_EQ(peak_connections(plan), 1'000'000u);
  const ClientGroup& fleet = plan.clients.at(0);
  EXPECT_EQ(fleet.hosts, 1000u);
  EXPECT_GE(fleet.burst, fleet.hosts);
  EXPECT_EQ(fleet.hold, 300s);
  EXPECT_LT(fleet.cold_start_maximum + fleet.ramp, 120s);
  EXPECT_EQ(fleet.query_interval_minimum, 30s);
  EXPECT_EQ(fleet.query_interval_maximum, 60s);
  EXPECT_LT(estimate_memory_bytes(plan), std::uint64_t{2} << 30);
  EXPECT_EQ(peak_connections(load("lambda-1m-ramp-2023-rule.json")), 1'000'000u);
}

TEST(ShippedScenarios, TheRampLeavesTheEdgeRoomAndTheOverloadDoesNot) {
  const auto share_needed = [](const Plan& plan) {
    const EdgePop& pop = plan.edges.at(0);
    const ClientGroup& fleet = plan.clients.at(0);
    const Duration each =
        pop.host.cost[static_cast<std::size_t>(runtime::Work::tls_handshake_server)];
    return static_cast<double>((each * fleet.hosts * fleet.connections_per_host).count()) /
           static_cast<double>((fleet.ramp * pop.nodes * pop.host.cores).count());
  };
  EXPECT_LT(share_needed(load("lambda-1m-ramp.json")), 0.5);
  EXPECT_LT(share_needed(load("lambda-1m-ramp-2023-rule.json")), 0.5);
  EXPECT_GT(share_needed(load("lambda-storm-overload.json")), 1.2);
}

TEST(ShippedScenarios, HelloIsShort) {
  const std::string text = base::read_file(folder / "hello.json");
  EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 40);
}

TEST(Schema, NamesExactlyTheKeysTheReaderKnows) {
  const base::Document document = base::read_document(folder / "scenario.schema.json");
  const base::Json& schema = document.root().json();
  const base::Json& definitions = *schema.find("$defs");
  for (const keys::Kind& kind : keys::all) {
    const base::Json* definition = kind.name == "scenario" ? &schema : definitions.find(kind.name);
    ASSERT_NE(definition, nullptr) << kind.name;
    std::vector<std::string> in_schema, in_reader(kind.keys.begin(), kind.keys.end());
    for (const auto& [key, value] : definition->find("properties")->members)
      if (key != "$schema") in_schema.push_back(key);
    std::sort(in_schema.begin(), in_schema.end());
    std::sort(in_reader.begin(), in_reader.end());
    EXPECT_EQ(in_schema, in_reader) << kind.name;
  }
}

TEST(Schema, OffersEveryWorkTheHostsKnow) {
  for (std::size_t kind = 0; kind < runtime::work_kinds; ++kind)
    EXPECT_EQ(keys::costs[kind], runtime::to_string(static_cast<runtime::Work>(kind)));
}

}  // namespace
}  // namespace wanlab::scenario
