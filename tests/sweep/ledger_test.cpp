// What is kept stays, what is not a sweep's stays untouched.
#include "sim/sweep/ledger.hpp"

#include "sim/base/document_json.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include <sys/wait.h>
#include <unistd.h>

namespace wanlab::sweep {
namespace {

namespace fs = std::filesystem;

class LedgerTest : public testing::Test {
 protected:
  LedgerTest() {
    std::string pattern = (fs::temp_directory_path() / "wanlab-ledger-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    file_ = folder_ / "a.sqlite";
    design_.facts = {{"scenario", "test"}, {"seeds", "2"}};
    design_.seeds = 2;
    design_.grid = &grid_;
  }
  ~LedgerTest() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  static sweep::Run run(std::uint64_t number) {
    sweep::Run run;
    run.number = number;
    run.point = number / 2;
    run.seed = 1 + number % 2;
    run.status = Status::passed;
    run.digest = "00ff";
    run.metrics = {{"whole", 3.0}, {"real", 0.1}, {"none", std::nullopt}};
    run.machine = {{"wall_s", 1.5}};
    return run;
  }
  std::string refusal() const {
    try {
      const Ledger ledger(file_, design_);
    } catch (const base::InputError& error) {
      return error.what();
    }
    return "none";
  }
  std::string bytes() const {
    std::ifstream file(file_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  fs::path folder_, file_;
  Grid grid_{{read_axis("--vary", "a.b=1,2,3")}};
  Design design_;
};

TEST_F(LedgerTest, GivesBackWhatWasKept) {
  {
    Ledger ledger(file_, design_);
    ledger.keep(run(4));
    ledger.keep(run(1));
    ledger.commit();
  }
  const Ledger ledger(file_, design_);
  EXPECT_EQ(ledger.done(), (std::vector<bool>{false, true, false, false, true, false}));
  std::vector<sweep::Run> runs;
  ledger.for_each_run([&](sweep::Run&& each) { runs.push_back(std::move(each)); });
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0].number, 1u);
  EXPECT_EQ(runs[1].seed, 1u);
  EXPECT_EQ(runs[1].digest, "00ff");
  ASSERT_EQ(runs[1].metrics.size(), 3u);
  EXPECT_EQ(runs[1].metrics[0].name, "none");
  EXPECT_EQ(runs[1].metrics[0].value, std::nullopt);
  EXPECT_EQ(runs[1].metrics[1].value, 0.1);
  EXPECT_EQ(runs[1].metrics[2].value, 3.0);
}

TEST_F(LedgerTest, WhatWasNotCommittedWhenTheProcessWasKilledIsGoneAndTheRestIsThere) {
  const pid_t child = ::fork();
  if (child == 0) {
    Ledger ledger(file_, design_);
    ledger.keep(run(0));
    ledger.commit();
    ledger.keep(run(1));
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  const Ledger ledger(file_, design_);
  EXPECT_EQ(ledger.done(), (std::vector<bool>{true, false, false, false, false, false}));
}

TEST_F(LedgerTest, RefusesAnotherSweepsFileAndSaysWhatDiffers) {
  { Ledger ledger(file_, design_); }
  const std::string before = bytes();
  design_.facts[0].second = "other";
  const std::string text = refusal();
  EXPECT_NE(text.find("scenario: test then, other now"), std::string::npos) << text;
  EXPECT_EQ(bytes(), before);
}

TEST_F(LedgerTest, RefusesAndLeavesAloneWhatIsNoSweep) {
  std::ofstream(file_) << "These are my notes, which are longer than a header of SQLite is. "
                          "They must stay as they are, whatever somebody passes to --out.";
  const std::string before = bytes();
  EXPECT_NE(refusal().find("no SQLite file"), std::string::npos) << refusal();
  EXPECT_EQ(bytes(), before);

  fs::remove(file_);
  { Database(file_, Database::Access::write).execute("CREATE TABLE mine(a)"); }
  const std::string database = bytes();
  EXPECT_NE(refusal().find("not the result of a sweep"), std::string::npos) << refusal();
  EXPECT_EQ(bytes(), database);
}

TEST_F(LedgerTest, SaysThatADamagedFileIsDamaged) {
  {
    Ledger ledger(file_, design_);
    for (std::uint64_t number = 0; number < 6; ++number) {
      sweep::Run big = run(number);
      for (int i = 0; i < 300; ++i) big.metrics.push_back({"metric " + std::to_string(i), 1.0});
      ledger.keep(big);
    }
    ledger.commit();
  }
  {
    std::fstream file(file_, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(4096 * 10);
    file << std::string(4096 * 4, 'x');
  }
  EXPECT_NE(refusal().find("damaged"), std::string::npos) << refusal();
}

TEST_F(LedgerTest, AFileOfNoLengthIsANewOne) {
  std::ofstream file(file_);
  file.close();
  EXPECT_EQ(refusal(), "none");
}

TEST_F(LedgerTest, OneSweepAtATime) {
  const Ledger first(file_, design_);
  // Locks of SQLite are between processes.
  const pid_t child = ::fork();
  if (child == 0) ::_exit(refusal().find("in use") != std::string::npos ? 0 : 1);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(LedgerTest, ForgetsThoseThatHadBadLuckOnly) {
  Ledger ledger(file_, design_);
  sweep::Run crashed = run(2);
  crashed.status = Status::crashed;
  sweep::Run refused = run(3);
  refused.status = Status::refused;
  for (const sweep::Run& each : {run(0), crashed, refused}) ledger.keep(each);
  ledger.commit();
  EXPECT_EQ(ledger.forget_unlucky(), 1u);
  EXPECT_EQ(ledger.done(), (std::vector<bool>{true, false, false, true, false, false}));
}

}  // namespace
}  // namespace wanlab::sweep
