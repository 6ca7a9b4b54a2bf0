// `wanlab sweep` from outside: results in one file that survive whatever stops the sweep.
#include "tests/app/command.hpp"

#include "sim/base/document_json.hpp"
#include "sim/sweep/database.hpp"

#include <gtest/gtest.h>

namespace wanlab::app {
namespace {

namespace fs = std::filesystem;
using sweep::Database;
using sweep::Statement;

class Sweep : public CommandTest {
 protected:
  // Ten runs of some ten milliseconds per seed.
  std::vector<std::string> many(const std::string& out, const std::string& seeds = "6") const {
    return {"sweep",   scenario("hello"),
            "--vary",  "clients.0.query.every=10ms..100ms/10ms",
            "--seeds", seeds,
            "--out",   out,
            "--jobs",  "2"};
  }
  Outcome few(const std::vector<std::string>& more = {}) {
    std::vector<std::string> words{
        "sweep", scenario("hello"), "--vary",    "edges.0.nodes=1,2", "--seeds",
        "2",     "--out",           "few.sqlite"};
    words.insert(words.end(), more.begin(), more.end());
    return wanlab(words);
  }

  // Everything but what measures the machine, row by row in the order of keys.
  std::string dump(const std::string& name) const {
    Database database(folder_ / name, Database::Access::read);
    std::string text;
    for (const char* query :
         {"SELECT name || '|' || value FROM sweep ORDER BY name",
          "SELECT axis || '|' || path || '|' || step || '|' || value FROM parameters "
          "ORDER BY axis, path, step",
          "SELECT point || '|' || path || '|' || value FROM points ORDER BY point, path",
          "SELECT run || '|' || point || '|' || seed || '|' || status || '|' || digest || '|' || "
          "message FROM runs ORDER BY run",
          "SELECT run || '|' || metric || '|' || quote(value) FROM metrics "
          "ORDER BY run, metric"}) {
      Statement rows(database, query);
      while (rows.step()) text += rows.text(0) + "\n";
    }
    return text;
  }
  std::int64_t count(const std::string& name, const char* query) const {
    Database database(folder_ / name, Database::Access::read);
    return database.number(query);
  }
  void wait_until_it_has(const std::string& name, std::uintmax_t bytes) const {
    // The file cannot be read while it is written to, but it grows: some 12 KB per run.
    const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(3);
    std::error_code error;
    while (std::chrono::steady_clock::now() < until) {
      const auto size = fs::file_size(folder_ / name, error);
      if (!error && size > bytes) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    FAIL() << name << " does not grow";
  }
};

TEST_F(Sweep, RunsEveryPointWithEverySeed) {
  const Outcome outcome = few({"--show", "connections.established"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.out,
            "hello: 4 runs at 2 points, seeds 1 to 2\n"
            "\n"
            "  edges.0.nodes  passed  connections established\n"
            "              1  2 of 2                        1\n"
            "              2  2 of 2                        1\n"
            "\n"
            "  mean +- half of its 95 % confidence interval over the seeds (Student's t)\n");
  EXPECT_TRUE(exists("few.html"));
  EXPECT_EQ(count("few.sqlite", "SELECT count(DISTINCT digest) FROM runs"), 4);
  EXPECT_EQ(count("few.sqlite", "SELECT count(*) FROM results WHERE metric = 'queries.answered'"),
            4);
  EXPECT_EQ(count("few.sqlite", "SELECT count(*) FROM metrics WHERE metric = 'wall_s'"), 0);
  EXPECT_EQ(count("few.sqlite", "SELECT count(*) FROM machine WHERE measure = 'wall_s'"), 4);
}

TEST_F(Sweep, KilledHalfwayAndResumedEqualsOneThatWasNot) {
  ASSERT_EQ(wanlab(many("whole.sqlite", "20")).status, 0);
  const std::string whole_table = content("stdout");
  const pid_t child = start(many("killed.sqlite", "20"));
  wait_until_it_has("killed.sqlite", 900'000);
  ::kill(child, SIGKILL);
  wait_for(child);
  const std::int64_t kept = count("killed.sqlite", "SELECT count(*) FROM runs");
  EXPECT_GT(kept, 0);
  ASSERT_LT(kept, 200) << "it was killed too late";
  const Outcome resumed = wanlab(many("killed.sqlite", "20"));
  EXPECT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_NE(resumed.err.find("has " + std::to_string(kept) + " of 200 runs"), std::string::npos)
      << resumed.err;
  EXPECT_EQ(resumed.out, whole_table);
  const std::string whole = dump("whole.sqlite");
  EXPECT_GT(whole.size(), 100'000u);
  EXPECT_TRUE(dump("killed.sqlite") == whole);
}

TEST_F(Sweep, CtrlCKeepsResultsAndTellsThem) {
  const pid_t child = start(many("stopped.sqlite"));
  wait_until_it_has("stopped.sqlite", 150'000);
  ::kill(child, SIGINT);
  const Outcome outcome = wait_for(child);
  EXPECT_EQ(outcome.status, 130) << outcome.err;
  EXPECT_NE(outcome.out.find(" of 60 at 10 points"), std::string::npos) << outcome.out;
  EXPECT_TRUE(exists("stopped.html"));
  EXPECT_FALSE(exists("stopped.sqlite-journal"));
  const std::int64_t kept = count("stopped.sqlite", "SELECT count(*) FROM runs");
  EXPECT_GT(kept, 0);
  EXPECT_LT(kept, 60);
}

TEST_F(Sweep, ACompleteOneIsToldAgainWithoutRunningAnything) {
  const Outcome first = few();
  const std::string before = content("few.sqlite");
  const Outcome again = few();
  EXPECT_EQ(again.status, 0);
  EXPECT_EQ(again.out, first.out);
  EXPECT_EQ(content("few.sqlite"), before);
}

TEST_F(Sweep, DoesNotGoOnInTheFileOfAnother) {
  few();
  const std::string before = content("few.sqlite");
  const Outcome seeds = few({"--set", "clients.0.hold=2s"});
  EXPECT_EQ(seeds.status, 2);
  EXPECT_NE(seeds.err.find("few.sqlite: holds another sweep"), std::string::npos) << seeds.err;
  const Outcome other = wanlab(
      {"sweep", scenario("edge-vs-direct"), "--vary", "jitter=true,false", "--out", "few.sqlite"});
  EXPECT_EQ(other.status, 2);
  EXPECT_NE(other.err.find("hello then, edge-vs-direct now"), std::string::npos) << other.err;
  EXPECT_EQ(content("few.sqlite"), before);
}

TEST_F(Sweep, DoesNotMixResultsOfTwoSimulators) {
  few();
  {
    Database database(folder_ / "few.sqlite", Database::Access::write);
    database.execute("UPDATE runs SET digest = '0000000000000000' WHERE run = 0");
    database.execute("DELETE FROM runs WHERE run = 3");
    database.execute("DELETE FROM metrics WHERE run = 3");
    database.execute("DELETE FROM machine WHERE run = 3");
  }
  const Outcome outcome = few();
  EXPECT_EQ(outcome.status, 2);
  EXPECT_NE(outcome.err.find("simulates differently"), std::string::npos) << outcome.err;
}

TEST_F(Sweep, ToldBeforeAnythingRunsThatAPathOrValueIsNoGood) {
  const Outcome path = wanlab({"sweep", scenario("hello"), "--vary", "edges.0.node=1,2"});
  EXPECT_EQ(path.status, 2);
  EXPECT_NE(path.err.find("did you mean \"nodes\"?"), std::string::npos) << path.err;
  EXPECT_EQ(wanlab({"sweep", scenario("hello"), "--vary", "edges.0.nodes=1,0"}).status, 2);
  EXPECT_EQ(wanlab({"sweep", scenario("hello")}).status, 2);
  EXPECT_FALSE(exists("out"));
  EXPECT_EQ(few({"--show", "query_latency.p99"}).status, 2);
}

TEST_F(Sweep, ARunThatFailsIsARowWithItsStatus) {
  const std::string file =
      this->file("two.json", R"({"extends": ")" + scenario("hello") +
                                 R"(", "expect": [{"metric": "queries.answered", "equals": 1}]})");
  const Outcome outcome =
      wanlab({"sweep", file, "--vary", "clients.0.query={\"on_connect\":true},{\"every\":\"50ms\"}",
              "--vary", "clients.0.hold=1s,9000000s", "--vary", "duration=2s,9000000s",
              "--time-limit", "2", "--out", "two.sqlite"});
  EXPECT_EQ(outcome.status, 3) << outcome.out << outcome.err;
  EXPECT_EQ(count("two.sqlite", "SELECT count(*) FROM runs"), 8);
  EXPECT_GT(count("two.sqlite", "SELECT count(*) FROM runs WHERE status = 'passed'"), 0);
  EXPECT_GT(count("two.sqlite", "SELECT count(*) FROM runs WHERE status = 'failed'"), 0);
  EXPECT_GT(count("two.sqlite", "SELECT count(*) FROM runs WHERE status = 'timed out'"), 0);
  EXPECT_NE(outcome.out.find("timed out"), std::string::npos) << outcome.out;
}

TEST_F(Sweep, JsonHoldsWhatTheTableSays) {
  const auto json = base::parse_json(few({"--json"}).out);
  ASSERT_TRUE(json.has_value());
  EXPECT_EQ(json->find("done")->natural, 4u);
  const base::Json& point = json->find("points")->elements.at(1);
  EXPECT_EQ(point.find("parameters")->find("edges.0.nodes")->text, "2");
  EXPECT_EQ(point.find("metrics")->find("connections.established")->find("count")->natural, 2u);
}

TEST_F(Sweep, AnUnwritablePlaceIsToldBeforeAnythingRuns) {
  const Outcome outcome = wanlab({"sweep", scenario("hello"), "--vary", "edges.0.nodes=1,2",
                                  "--out", "/proc/nowhere/few.sqlite"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_NE(outcome.err.find("cannot write /proc/nowhere/few.sqlite"), std::string::npos)
      << outcome.err;
}

TEST_F(Sweep, AFullDiskEndsItWithWhatWasKept) {
  // A limit on the size of files stands for the disk.
  std::string command = "trap '' XFSZ; ulimit -f 400; exec \"$0\" \"$@\"";
  std::vector<std::string> words{"/bin/bash", "-c", command, WANLAB_BINARY};
  for (const std::string& word : many("full.sqlite")) words.push_back(word);
  const Outcome full = wait_for(start_program(words));
  EXPECT_NE(full.status, 0);
  EXPECT_NE(full.err.find("cannot write full.sqlite"), std::string::npos) << full.err;
  EXPECT_NE(full.err.find("the same command goes on from there"), std::string::npos) << full.err;
  const std::int64_t kept = count("full.sqlite", "SELECT count(*) FROM runs");
  EXPECT_GT(kept, 0);
  EXPECT_LT(kept, 60);
  EXPECT_EQ(wanlab(many("full.sqlite")).status, 0);
  EXPECT_EQ(count("full.sqlite", "SELECT count(*) FROM runs"), 60);
}

#ifdef WANLAB_MPIRUN
TEST_F(Sweep, OneProcessAndTwoRanksOfMpiAgree) {
  ASSERT_EQ(wanlab(many("alone.sqlite")).status, 0);
  const std::string table = content("stdout");
  const auto under_mpi = [&](const char* ranks, const std::string& out) {
    std::vector<std::string> words{"/usr/bin/env",
                                   "OMPI_ALLOW_RUN_AS_ROOT=1",
                                   "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1",
                                   WANLAB_MPIRUN,
                                   "-n",
                                   ranks,
                                   "--oversubscribe",
                                   WANLAB_BINARY};
    for (const std::string& word : many(out)) words.push_back(word);
    return wait_for(start_program(words));
  };
  const Outcome two = under_mpi("2", "two.sqlite");
  EXPECT_EQ(two.status, 0) << two.err;
  EXPECT_EQ(two.out, table);
  EXPECT_TRUE(dump("two.sqlite") == dump("alone.sqlite"));
  const Outcome one = under_mpi("1", "one.sqlite");
  EXPECT_EQ(one.status, 0) << one.err;
  EXPECT_TRUE(dump("one.sqlite") == dump("alone.sqlite"));
}

TEST_F(Sweep, BadInputUnderMpiEndsAllRanks) {
  const Outcome outcome = wait_for(
      start_program({"/usr/bin/env", "OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1",
                     WANLAB_MPIRUN, "-n", "2", "--oversubscribe", WANLAB_BINARY, "sweep",
                     scenario("hello"), "--vary", "edges.0.node=1,2"}));
  EXPECT_EQ(outcome.status, 2) << outcome.err;
  EXPECT_NE(outcome.err.find("did you mean \"nodes\"?"), std::string::npos) << outcome.err;
}
#endif

}  // namespace
}  // namespace wanlab::app
