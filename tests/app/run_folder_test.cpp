// Files that appear whole or not at all.
#include "sim/app/run_folder.hpp"

#include "tests/app/command.hpp"

#include <gtest/gtest.h>

namespace wanlab::app {
namespace {

class RunFolderTest : public CommandTest {
 protected:
  void publish(const std::string& scenario, std::uint64_t seed,
               const std::vector<std::pair<std::string, std::string>>& files) {
    RunFolder folder(folder_ / "out", scenario, seed);
    for (const auto& [name, text] : files) folder.stage(name, text);
    folder.publish();
  }
};

TEST_F(RunFolderTest, LiesUnderScenarioAndSeed) {
  publish("storm", 42, {{"summary.txt", "text"}});
  EXPECT_EQ(content("out/storm/42/summary.txt"), "text");
}

TEST_F(RunFolderTest, ReplacesTheResultsOfAnEarlierRunButNotForeignFiles) {
  publish("storm", 1, {{"summary.json", "old"}, {"plan.json", "old"}});
  file("out/storm/1/notes.txt", "mine");
  publish("storm", 1, {{"plan.json", "new"}});
  EXPECT_FALSE(exists("out/storm/1/summary.json"));
  EXPECT_EQ(content("out/storm/1/plan.json"), "new");
  EXPECT_EQ(content("out/storm/1/notes.txt"), "mine");
}

TEST_F(RunFolderTest, LeavesEarlierResultsAloneWhenOneFileCannotBeWritten) {
  publish("storm", 1, {{"plan.json", "old"}, {"summary.json", "old"}});
  std::filesystem::create_directory(folder_ / "out/storm/1/summary.json.part");
  {
    RunFolder folder(folder_ / "out", "storm", 1);
    folder.stage("plan.json", "new");
    EXPECT_THROW(folder.stage("summary.json", "new"), OutputError);
  }
  EXPECT_EQ(content("out/storm/1/plan.json"), "old");
  EXPECT_EQ(content("out/storm/1/summary.json"), "old");
  EXPECT_FALSE(exists("out/storm/1/plan.json.part"));
}

TEST_F(RunFolderTest, ARunThatBreaksOffLeavesNothing) {
  { RunFolder(folder_ / "out", "storm", 1).stage("plan.json", "text"); }
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "out/storm/1"));
}

TEST_F(RunFolderTest, LeavesNothingBesideTheFile) {
  publish("storm", 1, {{"plan.json", "one"}});
  const RunFolder folder(folder_ / "out", "storm", 1);
  publish("storm", 1, {{"plan.json", "two"}});
  EXPECT_EQ(content("out/storm/1/plan.json"), "two");
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    if (entry.exists()) ++files;
  }
  EXPECT_EQ(files, 1u);
}

TEST_F(RunFolderTest, TheLatestLinkFollowsTheLastRun) {
  RunFolder(folder_ / "out", "storm", 1).link_as_latest();
  publish("calm", 2, {{"summary.txt", "calm"}});
  RunFolder(folder_ / "out", "calm", 2).link_as_latest();
  EXPECT_EQ(content("out/latest/summary.txt"), "calm");
}

TEST_F(RunFolderTest, ALatestThatIsAFolderOfTheUserIsLeftAlone) {
  std::filesystem::create_directories(folder_ / "out/latest/mine");
  RunFolder(folder_ / "out", "storm", 1).link_as_latest();
  EXPECT_TRUE(exists("out/latest/mine"));
  EXPECT_FALSE(exists("out/latest.part"));
}

TEST(FolderName, CannotLeaveTheFolder) {
  EXPECT_EQ(folder_name("lambda-1m_ramp.2"), "lambda-1m_ramp.2");
  EXPECT_EQ(folder_name("../../etc"), "-.-..-etc");
  EXPECT_EQ(folder_name("a b/c"), "a-b-c");
  EXPECT_EQ(folder_name(""), "unnamed");
}

}  // namespace
}  // namespace wanlab::app
