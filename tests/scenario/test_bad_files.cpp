// Every way a scenario can be wrong, and the one message that comes of it.
#include "sim/scenario/plan_json.hpp"
#include "tests/scenario/scenario_files.hpp"

namespace wanlab::scenario {
namespace {

using BadFile = ScenarioFiles;

TEST_F(BadFile, UnknownKeyNamesTheNearest) {
  EXPECT_EQ(refusal(with("clints", "[]")),
            "x.json at /clints: unknown key \"clints\" in scenario; did you mean \"clients\"?");
  EXPECT_EQ(refusal(with("edges", R"([{"site": "us-east-1", "hots": {}}])")),
            "x.json at /edges/0/hots: unknown key \"hots\" in edge; did you mean \"host\"?");
  EXPECT_EQ(refusal(with("edges", R"([{"site": "us-east-1", "host": {"costs": {"verfy_proof":
                         "1us"}}}])")),
            "x.json at /edges/0/host/costs/verfy_proof: unknown key \"verfy_proof\" in costs; did "
            "you mean \"verify_proof\"?");
}

TEST_F(BadFile, MissingKey) {
  EXPECT_EQ(refusal("{}"), "x.json: missing key \"topology\" in scenario");
  EXPECT_EQ(refusal(with("databases", "[{}]")),
            "x.json at /databases/0: missing key \"region\" in database");
}

TEST_F(BadFile, UnknownRegion) {
  EXPECT_EQ(refusal(with("edges", R"([{"site": "us-esat-1"}])")),
            "x.json at /edges/0/site: expected a site of topology \"aws-3-us\", got \"us-esat-1\"; "
            "did you mean \"us-east-1\"?");
  EXPECT_EQ(refusal(with("databases", R"([{"region": "mars"}])")),
            "x.json at /databases/0/region: expected a site of topology \"aws-3-us\", got "
            "\"mars\"; there is "
            "\"us-east-1\", \"us-east-2\", \"us-west-2\"");
  EXPECT_EQ(refusal(with("clients", R"([{"site": "us-west-1", "endpoint": "iad.direct"}])")),
            "x.json at /clients/0/site: expected a site of topology \"aws-3-us\", got "
            "\"us-west-1\"; did you mean \"us-west-2\"?");
  EXPECT_EQ(
      refusal(with("edges", R"([{"sites": ["us-east-1", "us-east-9"]}])")),
      "x.json at /edges/0/sites: expected a site of topology \"aws-3-us\", got \"us-east-9\"; did "
      "you mean \"us-east-1\"?");
}

TEST_F(BadFile, ExpectationsThatMakeNoSense) {
  EXPECT_EQ(
      refusal(with("expect", R"([{"metric": "queries.failed", "at_most": 0, "from": "noon"}])")),
      "x.json at /expect/0/from: expected a moment: a duration from the start (\"12s\"), the name "
      "of a fault, \"NAME.heal\", \"heal\" (of the fault in \"from\") or \"end\"; each but "
      "\"end\" also with \" + 3s\" or \" - 3s\", got \"noon\"");
  EXPECT_EQ(refusal(with("expect", R"([{"never": "client_lost", "from": "5s", "until": "4s"}])")),
            "x.json at /expect/0/until: the window ends before it begins");
  EXPECT_EQ(refusal(with("expect", R"([{"never": "client_lost", "at_most": 1}])")),
            "x.json at /expect/0/at_most: bounds belong to \"metric\" and \"always\"");
  EXPECT_EQ(refusal(with("expect", R"([{"never": "client_lost", "eventually": "client_lost"}])")),
            "x.json at /expect/0/eventually: an expectation is about one thing: \"never\" or "
            "\"eventually\"");
  EXPECT_EQ(
      refusal(with("expect", R"([{"metric": "queries.failed", "equals": 0, "until": "heal"}])")),
      "x.json at /expect/0/until: \"heal\" needs a fault in \"from\"");
  EXPECT_EQ(refusal(with("sabotage", R"(["tied-session"])")),
            "x.json at /sabotage/0: expected a known sabotage, got \"tied-session\"; did you mean "
            "\"tied-sessions\"?");
}

TEST_F(BadFile, WrongUnit) {
  EXPECT_EQ(refusal(with("clients", R"([{"site": "us-west-2", "endpoint": "iad.direct",
                         "hold": "5 parsecs"}])")),
            "x.json at /clients/0/hold: expected a duration such as \"35ms\" or \"1.5s\" (units: "
            "ns, us, ms, s, min, h), got \"5 parsecs\" with the unknown unit \" parsecs\"");
  EXPECT_EQ(refusal(with("bandwidth", "\"10GB\"")),
            "x.json at /bandwidth: expected a bit rate such as \"10Gbit/s\" (units: bit/s, kbit/s, "
            "Mbit/s, Gbit/s, Tbit/s), got \"10GB\", which is a size");
  EXPECT_EQ(refusal(with("warm_up", "2")),
            "x.json at /warm_up: expected a duration such as \"35ms\" or \"1.5s\" (units: ns, us, "
            "ms, s, min, h), got 2");
}

TEST_F(BadFile, NegativeOrAbsurdNumber) {
  EXPECT_EQ(refusal(with("edges", R"([{"site": "us-east-1", "nodes": -3}])")),
            "x.json at /edges/0/nodes: expected a whole number from 1 to 100000, got -3");
  EXPECT_EQ(refusal(with("edges", R"([{"site": "us-east-1", "nodes": 1e12}])")),
            "x.json at /edges/0/nodes: expected a whole number from 1 to 100000, got 1e+12");
  EXPECT_EQ(refusal(with("warm_up", "\"-2s\"")),
            "x.json at /warm_up: expected a duration such as \"35ms\" or \"1.5s\" (units: ns, us, "
            "ms, s, min, h), got \"-2s\", which is negative");
  EXPECT_EQ(refusal(with("duration", "\"2000000h\"")),
            "x.json at /duration: expected a duration from 1ms to 8760h, got \"2000000h\"");
  EXPECT_EQ(refusal(with("faults", R"([{"kind": "lossy", "from": "us-east-1", "to": "us-west-2",
                         "loss": "150%"}])")),
            "x.json at /faults/0/loss: expected a ratio from 0 to 1 such as \"0.1%\" or \"0.001\", "
            "got \"150%\", which is too large");
}

TEST_F(BadFile, DuplicateName) {
  EXPECT_EQ(refusal(with("edges", R"([{"site": "us-east-1"}, {"name": "iad", "site": "us-west-2"},
                         {"name": "iad", "site": "us-east-2"}])")),
            "x.json at /edges/2/name: duplicate edge name \"iad\"; /edges/1/name has it already");
  EXPECT_EQ(refusal(with("clients", R"([{"site": "us-west-2", "endpoint": "iad.direct"},
                         {"site": "us-east-1", "endpoint": "iad.direct"}])")),
            "x.json at /clients/1: duplicate client group name \"clients\"; /clients/0 has it "
            "already");
  EXPECT_EQ(refusal(with("credentials", R"([{"user": "app"}, {"user": "app"}])")),
            "x.json at /credentials/1/user: duplicate user \"app\"; /credentials/0/user has it "
            "already");
  EXPECT_EQ(refusal(R"({"seed": 1, "seed": 2})"),
            "x.json: the key \"seed\" appears twice in this object");
}

TEST_F(BadFile, MissingReference) {
  EXPECT_EQ(refusal(with("clients", R"([{"site": "us-west-2", "endpoint": "iad.dirct"}])")),
            "x.json at /clients/0/endpoint: expected the name of an endpoint, got \"iad.dirct\"; "
            "did you mean \"iad.direct\"?");
  EXPECT_EQ(refusal(with("clients", R"([{"site": "us-west-2", "endpoint": "iad.direct",
                         "user": "apq"}])")),
            "x.json at /clients/0/user: expected the user of a credential, got \"apq\"; did you "
            "mean \"app\"? (\"unknown_user\" is for clients that are to be refused)");
  EXPECT_EQ(refusal(with("credentials", R"([{"user": "app", "branch": "mian"}])")),
            "x.json at /credentials/0/branch: expected the branch of a database, got \"mian\"; did "
            "you mean \"main\"?");
  EXPECT_EQ(refusal(with("credentials", R"([{"user": "app", "regions": ["us-west-2"]}])")),
            "x.json at /credentials/0/regions: expected a region of branch \"main\", got "
            "\"us-west-2\"; did you mean \"us-east-1\"?");
  EXPECT_EQ(refusal(with("origins", R"([{"region": "us-west-2"}])")),
            "x.json at /databases/0/region: expected a region with an origin, got \"us-east-1\"; "
            "did you mean \"us-west-2\"?");
  EXPECT_EQ(refusal(with("faults", R"([{"kind": "crash", "host": "edge-2.iad"}])")),
            "x.json at /faults/0/host: expected a host of this scenario, got \"edge-2.iad\"; did "
            "you mean \"edge-1.iad\"?");
  EXPECT_EQ(
      refusal(with("endpoints", R"([{"name": "a", "kind": "optimized", "provider": "asw"}])")),
      "x.json at /endpoints/0/provider: expected a provider with an edge, got \"asw\"; did "
      "you mean \"aws\"?");
  EXPECT_EQ(refusal(with("topology", "\"aws-33-us\"")),
            "x.json at /topology: no topology \"aws-33-us\"; did you mean \"aws-3-us\"?");
  EXPECT_EQ(refusal(with("topology", "\"./nowhere.json\"")),
            "x.json at /topology: missing file: ./nowhere.json does not exist");
  EXPECT_EQ(refusal(R"({"extends": "nobody.json"})"),
            "x.json at /extends: missing file: nobody.json does not exist");
}

TEST_F(BadFile, CyclicReference) {
  write("a.json", R"({"extends": "b.json"})");
  write("b.json", R"({"extends": "c.json"})");
  write("c.json", R"({"extends": "b.json"})");
  EXPECT_EQ(refusal_of([&] { load_plan(folder_ / "a.json"); }),
            "c.json at /extends: cyclic reference: a.json -> b.json -> c.json -> b.json");
}

TEST_F(BadFile, NotJson) {
  EXPECT_EQ(refusal("{\n  \"topology\": aws\n}").substr(0, 24), "x.json:2:15: not JSON: s");
  EXPECT_EQ(refusal(""), "x.json:1:1: not JSON: the file is empty");
}

TEST_F(BadFile, NotReadable) {
  EXPECT_EQ(refusal_of([&] { load_plan(folder_ / "absent.json"); }),
            "absent.json: cannot be read: No such file or directory");
  EXPECT_EQ(refusal_of([&] { load_plan(folder_ / "."); }).substr(0, 20), ".: cannot be read: i");
}

TEST_F(BadFile, AKeyThatMeansNothingHere) {
  EXPECT_EQ(refusal(with("clients", R"([{"site": "us-west-2", "endpoint": "iad.direct",
                         "burst": 3000}])")),
            "x.json at /clients/0/burst: \"burst\" means nothing for clients of kind \"pool\"");
  EXPECT_EQ(refusal(with("faults", R"([{"kind": "crash", "host": "edge-1.iad", "loss": 0.1}])")),
            "x.json at /faults/0/loss: \"loss\" means nothing for a fault of kind \"crash\"");
}

TEST_F(BadFile, AFaultThatMakesNoSense) {
  const auto fault = [&](const std::string& text) {
    return refusal(with("faults", "[" + text + "]"));
  };
  EXPECT_EQ(fault(R"({"kind": "meteor"})").substr(0, 32), "x.json at /faults/0/kind: expect");
  EXPECT_EQ(
      fault(R"({"kind": "freeze"})"),
      "x.json at /faults/0: expected \"host\", \"pop\", \"zone\" or \"region\" for a fault of "
      "kind \"freeze\"");
  EXPECT_EQ(fault(R"({"kind": "freeze", "host": "edge-1.iad", "pop": "iad"})"),
            "x.json at /faults/0/pop: either \"host\" or \"pop\", not both");
  EXPECT_EQ(fault(R"({"kind": "fail", "region": "us-*", "one_way": true})"),
            "x.json at /faults/0/one_way: \"one_way\" means nothing for a fault of kind \"fail\"");
  EXPECT_EQ(fault(R"({"kind": "fail", "region": "eu-*"})"),
            "x.json at /faults/0/region: expected a site with a machine, got \"eu-*\"; there is "
            "\"us-east-1\", \"us-west-2\"");
  EXPECT_EQ(
      fault(R"({"kind": "partition", "from": "edge-7.iad", "to": "*"})"),
      "x.json at /faults/0/from: expected a site of topology \"aws-3-us\", got \"edge-7.iad\"; "
      "there is \"us-east-1\", \"us-east-2\", \"us-west-2\"");
  EXPECT_EQ(
      fault(R"({"kind": "partition", "from": "us-*", "to": "*", "shape": "ramp", "ramp": "1s"})"),
      "x.json at /faults/0/shape: a fault of kind \"partition\" is there or not; it cannot grow "
      "as a ramp");
  EXPECT_EQ(fault(R"({"kind": "crash", "host": "edge-1.iad", "period": "3s"})"),
            "x.json at /faults/0/period: \"period\" needs \"shape\": \"flapping\"");
  EXPECT_EQ(fault(R"({"kind": "clock-step", "host": "edge-1.iad", "ahead": "3s", "for": "1s"})"),
            "x.json at /faults/0/for: \"for\" means nothing for a fault of kind \"clock-step\"");
  EXPECT_EQ(fault(R"({"kind": "clock-skew", "host": "edge-1.iad"})"),
            "x.json at /faults/0: expected either \"ahead\" or \"behind\": how wrong the clock is");
  EXPECT_EQ(fault(R"({"kind": "lossy", "from": "*", "to": "us-*", "loss": "50%", "burst": "1s",
                      "loss_in_burst": "40%"})"),
            "x.json at /faults/0/loss: the average loss must be below the loss within a burst, or "
            "there is nothing between bursts");
  EXPECT_EQ(fault(R"({"kind": "drain", "host": "primary.*"})"),
            "x.json at /faults/0/host: only edges and origins can be drained, and "
            "\"primary.main.us-east-1\" is none; narrow the pattern");
  EXPECT_EQ(fault(R"({"kind": "store-lag", "host": "store.*", "add_delay": "1s"})"),
            "x.json at /faults/0/host: a store of one member cannot lag behind others; give it "
            "\"store_members\"");
  EXPECT_EQ(
      fault(R"({"kind": "remove-cluster", "user": "app", "region": "us-west-2"})"),
      "x.json at /faults/0/region: expected a region of branch \"main\", got \"us-west-2\"; did "
      "you mean \"us-east-1\"?");
  EXPECT_EQ(fault(R"({"kind": "store-quorum-loss", "name": "a"}, {"kind": "store-leader-loss",
                      "name": "a"})"),
            "x.json at /faults/1/name: duplicate fault name \"a\"; /faults/0/name has it already");
  EXPECT_EQ(
      refusal(with("store_members", R"(["us-east-1", "us-west-2"])")),
      "x.json at /store_members: expected 1, 3, 5 or 7 members, got 2: an even number tolerates "
      "no more failures than one less");
}

TEST_F(BadFile, AnIntervalUpsideDown) {
  EXPECT_EQ(refusal(with("clients", R"([{"site": "us-west-2", "endpoint": "iad.direct",
                         "query": {"every": ["60s", "30s"]}}])")),
            "x.json at /clients/0/query/every: the least duration, 60s, is longer than the most, "
            "30s");
}

TEST_F(BadFile, AnExpectationWithoutThreshold) {
  EXPECT_EQ(refusal(with("expect", R"([{"metric": "connections.failed"}])")),
            "x.json at /expect/0: expected a threshold: \"at_least\", \"at_most\" or \"equals\"");
}

TEST_F(BadFile, ArrivalsAreToldByLine) {
  const std::string text = with("clients", R"([{"kind": "arrivals", "endpoint": "iad.direct",
                                              "arrivals": "a.csv"}])");
  const auto with_csv = [&](const std::string& csv) {
    write("a.csv", csv);
    return refusal(text);
  };
  EXPECT_EQ(with_csv("when,where\n"),
            "a.csv:1: expected the header \"time,site,count\", got \"when,where\"");
  EXPECT_EQ(with_csv("time,site,count\n1s,us-east-1,5\n2s,us-eats-1,5\n"),
            "a.csv:3: expected a site of topology \"aws-3-us\", got \"us-eats-1\"; did you mean "
            "\"us-east-1\"?");
  EXPECT_EQ(with_csv("time,site,count\n# noon\n\n2s,us-east-1,5\n1s,us-east-1,5\n"),
            "a.csv:5: the time 1s is before the line above (2s)");
  EXPECT_EQ(with_csv("time,site,count\n1s,us-east-1,-5\n"),
            "a.csv:2: expected a count from 1 to 100000000, got \"-5\"");
  EXPECT_EQ(with_csv("time,site,count\n1,us-east-1,5\n").substr(0, 35),
            "a.csv:2: expected a duration such a");
  EXPECT_EQ(with_csv("time,site,count\n"), "a.csv:2: the file has no arrivals");
  std::filesystem::remove(folder_ / "a.csv");
  EXPECT_EQ(refusal(text), "a.csv: cannot be read: No such file or directory");
}

TEST_F(BadFile, AScenarioThatDoesNotFitIsRefusedWithTheEstimate) {
  Overrides small = in_source_tree();
  small.memory_limit_bytes = std::uint64_t{1} << 30;
  EXPECT_EQ(refusal(with("clients", R"([{"site": "us-west-2", "endpoint": "iad.direct",
                         "hosts": 5000, "connections_per_host": 1000}])"),
                    small),
            "x.json at /clients: this scenario needs about 4.85 GiB of memory for 5000000 "
            "connections at once, and only 1.00 GiB may be used here");
}

TEST_F(BadFile, AMistakeInAnInheritedFileIsToldThere) {
  write("base.json", with("edges", R"([{"name": "iad", "site": "us-east-1", "nodes": 0}])"));
  EXPECT_EQ(refusal(R"({"extends": "base.json", "seed": 4})"),
            "base.json at /edges/0/nodes: expected a whole number from 1 to 100000, got 0");
  EXPECT_EQ(refusal(R"({"extends": "base.json", "set": {"edges.iad.nodes": "two"}})"),
            "base.json at /edges/0/nodes: expected a whole number from 1 to 100000, got \"two\" "
            "(set by \"edges.iad.nodes\" at /set of x.json)");
}

TEST_F(BadFile, APlanWithAWrongFieldIsToldThere) {
  Plan plan = load(with("seed", "3"));
  const std::string good = base::to_text(to_json(plan));
  const auto refusal_with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return refusal(text);
  };
  EXPECT_EQ(refusal_with("\"plan_format\": 1", "\"plan_format\": 2"),
            "x.json at /plan_format: expected the format this version writes, 1, got 2");
  EXPECT_EQ(refusal_with("\"warm_up\": \"2s\"", "\"warm_up\": 2"),
            "x.json at /warm_up: expected a duration such as \"35ms\" or \"1.5s\" (units: ns, us, "
            "ms, s, min, h), got 2");
  EXPECT_EQ(refusal_with("\"site\": \"us-east-1\"", "\"site\": \"us-east-7\""),
            "x.json at /edges/0/site: expected a site of topology \"aws-3-us\", got \"us-east-7\"; "
            "did you mean \"us-east-1\"?");
  EXPECT_EQ(refusal_with("\"nodes\"", "\"nods\""),
            "x.json at /edges/0/nods: unknown key \"nods\" in plan; did you mean \"nodes\"?");
}

}  // namespace
}  // namespace wanlab::scenario
