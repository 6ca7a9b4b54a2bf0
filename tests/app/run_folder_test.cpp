// Files that appear whole or not at all.
#include "sim/app/run_folder.hpp"

#include "tests/app/command.hpp"

#include <gtest/gtest.h>

namespace wanlab::app {
namespace {

using RunFolderTest = CommandTest;

TEST_F(RunFolderTest, LiesUnderScenarioAndSeed) {
  const RunFolder folder(folder_ / "out", "storm", 42);
  folder.write("summary.txt", "text");
  EXPECT_EQ(content("out/storm/42/summary.txt"), "text");
}

TEST_F(RunFolderTest, RemovesTheResultsOfAnEarlierRunButNotForeignFiles) {
  const RunFolder earlier(folder_ / "out", "storm", 1);
  earlier.write("summary.json", "old");
  earlier.write("notes.txt", "mine");
  const RunFolder later(folder_ / "out", "storm", 1);
  EXPECT_FALSE(exists("out/storm/1/summary.json"));
  EXPECT_EQ(content("out/storm/1/notes.txt"), "mine");
}

TEST_F(RunFolderTest, LeavesTheOldFileWhenWritingFails) {
  const RunFolder folder(folder_ / "out", "storm", 1);
  folder.write("plan.json", "old");
  std::filesystem::create_directory(folder_ / "out/storm/1/plan.json.part");
  EXPECT_THROW(folder.write("plan.json", "new"), OutputError);
  EXPECT_EQ(content("out/storm/1/plan.json"), "old");
}

TEST_F(RunFolderTest, LeavesNothingBesideTheFile) {
  const RunFolder folder(folder_ / "out", "storm", 1);
  folder.write("plan.json", "one");
  folder.write("plan.json", "two");
  EXPECT_EQ(content("out/storm/1/plan.json"), "two");
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    if (entry.exists()) ++files;
  }
  EXPECT_EQ(files, 1u);
}

TEST_F(RunFolderTest, TheLatestLinkFollowsTheLastRun) {
  RunFolder(folder_ / "out", "storm", 1).link_as_latest();
  const RunFolder second(folder_ / "out", "calm", 2);
  second.write("summary.txt", "calm");
  second.link_as_latest();
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
