// Worlds are made from numbers: always the same, always sensible, and between them of every kind.
#include "sim/fuzz/world_maker.hpp"

#include "sim/base/document_json.hpp"
#include "sim/fuzz/timing.hpp"
#include "sim/scenario/fault_rules.hpp"
#include "sim/scenario/plan_json.hpp"

#include <gtest/gtest.h>

#include <set>

namespace wanlab::fuzz {
namespace {

using namespace std::chrono_literals;

std::string text_of(const scenario::Plan& plan) {
  return base::to_text(scenario::to_json(plan));
}

TEST(World, IsTheSameForTheSameNumberAndAnotherForAnother) {
  EXPECT_EQ(text_of(make_world(7, 3)), text_of(make_world(7, 3)));
  EXPECT_NE(text_of(make_world(7, 3)), text_of(make_world(7, 4)));
  EXPECT_NE(text_of(make_world(7, 3)), text_of(make_world(8, 3)));
}

TEST(World, ReadsBackFromAFileInBrief) {
  for (std::uint64_t number = 0; number < 200; ++number) {
    const scenario::Plan plan = make_world(1, number);
    const std::string brief = base::to_text(scenario::to_brief_json(plan));
    const base::Document document = base::parse_document(brief, "brief.json");
    EXPECT_EQ(text_of(scenario::read_plan(document.root())), text_of(plan)) << "world " << number;
    EXPECT_LT(brief.size(), text_of(plan).size());
  }
}

TEST(World, HealsBeforeItHasToHaveRecovered) {
  for (std::uint64_t number = 0; number < 500; ++number) {
    const scenario::Plan plan = make_world(1, number);
    ASSERT_TRUE(plan.settled_after) << "world " << number;
    for (const scenario::Fault& fault : plan.faults) {
      const bool moment = scenario::rule_of(fault.kind).course == scenario::FaultCourse::moment;
      EXPECT_TRUE(moment || fault.duration > Duration::zero()) << "world " << number;
      EXPECT_LE(fault.at + fault.duration, healed_by(plan)) << "world " << number;
    }
    EXPECT_GE(*plan.settled_after, healed_by(plan) + 110s) << "world " << number;
    EXPECT_GT(plan.duration, *plan.settled_after) << "world " << number;
  }
}

TEST(World, HasSomebodyWhoComesOnlyThen) {
  for (std::uint64_t number = 0; number < 200; ++number) {
    const scenario::Plan plan = make_world(1, number);
    std::size_t proofs = 0;
    for (const scenario::ClientGroup& group : plan.clients) {
      if (!group.name.starts_with(proof_prefix)) continue;
      ++proofs;
      EXPECT_EQ(group.start, *plan.settled_after) << "world " << number;
    }
    EXPECT_GE(proofs, plan.credentials.size()) << "world " << number;
  }
}

TEST(Worlds, HaveEveryKindOfFaultAmongThem) {
  std::set<scenario::FaultKind> seen;
  std::set<scenario::FaultShape> shapes;
  std::set<scenario::FaultScope> scopes;
  for (std::uint64_t number = 0; number < 2000; ++number) {
    for (const scenario::Fault& fault : make_world(1, number).faults) {
      seen.insert(fault.kind);
      shapes.insert(fault.shape);
      scopes.insert(fault.scope);
    }
  }
  for (const scenario::FaultRule& rule : scenario::fault_rules) {
    EXPECT_TRUE(seen.contains(rule.kind)) << scenario::name_of(rule.kind);
  }
  EXPECT_EQ(shapes.size(), 3u);
  EXPECT_EQ(scopes.size(), 10u);
}

}  // namespace
}  // namespace wanlab::fuzz
