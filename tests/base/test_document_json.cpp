// How a wrong file is refused: always the file, the place, what was expected and what was found.
#include "sim/base/document_json.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace wanlab::base {
namespace {

std::string refusal(const std::function<void()>& action) {
  try {
    action();
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

std::string parse_refusal(std::string_view text) {
  return refusal([&] { parse_document(text, "x.json"); });
}

TEST(Document, AllowsComments) {
  const Document document = parse_document("{ // one\n /* two */ \"nodes\": 3 }", "x.json");
  EXPECT_EQ(Object(document.root(), "edge", {"nodes"}).count("nodes", 1), 3u);
}

TEST(Document, TellsLineAndColumnOfWhatIsNotJson) {
  EXPECT_EQ(parse_refusal("{\n  \"a\": 1\n  \"b\": 2\n}").substr(0, 22), "x.json:3:5: not JSON: ");
  EXPECT_EQ(parse_refusal(""), "x.json:1:1: not JSON: the file is empty");
  EXPECT_EQ(parse_refusal("{\"a\": 1e999}").substr(0, 9), "x.json:1:");
  EXPECT_EQ(parse_refusal("{} {}").substr(0, 12), "x.json:1:4: ");
}

TEST(Document, RefusesAKeyThatAppearsTwice) {
  EXPECT_EQ(parse_refusal(R"({"edges": [{"name": "a"}, {"name": "b", "x": {"n": 1, "n": 2}}]})"),
            "x.json at /edges/1/x: the key \"n\" appears twice in this object");
}

TEST(Document, RefusesAbsurdNesting) {
  EXPECT_NE(parse_refusal(std::string(100'000, '[')).find("nested deeper than 64 levels"),
            std::string::npos);
}

TEST(Document, TellsWhyAFileCannotBeRead) {
  EXPECT_EQ(refusal([] { read_document("/nowhere/x.json"); }),
            "/nowhere/x.json: cannot be read: No such file or directory");
  EXPECT_EQ(refusal([] { read_document("/"); }), "/: cannot be read: it is a folder, not a file");
}

struct Reading {
  Document document;
  explicit Reading(std::string_view text) : document(parse_document(text, "x.json")) {}
  Object object() const {
    return Object(document.root(), "edge", {"name", "nodes", "delay", "memory", "rate", "loss"});
  }
};

TEST(Object, NamesTheNearestKnownKey) {
  EXPECT_EQ(refusal([] { Reading(R"({"nodse": 1})").object(); }),
            "x.json at /nodse: unknown key \"nodse\" in edge; did you mean \"nodes\"?");
  EXPECT_EQ(refusal([] { Reading(R"({"colour": 1})").object(); }),
            "x.json at /colour: unknown key \"colour\" in edge; known keys: name, nodes, delay, "
            "memory, rate, loss");
}

TEST(Object, NamesAMissingKey) {
  EXPECT_EQ(refusal([] { Reading("{}").object().at("name"); }),
            "x.json: missing key \"name\" in edge");
}

TEST(Object, RefusesOtherTypes) {
  EXPECT_EQ(refusal([] { Reading("[]").object(); }),
            "x.json: expected an object (edge), got an empty array");
  EXPECT_EQ(refusal([] {
              Reading(R"({"nodes": "3"})").object().count("nodes", 1, {1, 64});
            }),
            "x.json at /nodes: expected a whole number from 1 to 64, got \"3\"");
  EXPECT_EQ(
      refusal([] { Reading(R"({"delay": 35})").object().duration("delay", 1ms); }),
      "x.json at /delay: expected a duration such as \"35ms\" or \"1.5s\" (units: ns, us, ms, "
      "s, min, h), got 35");
}

TEST(Object, RefusesNegativeAbsurdAndBrokenNumbers) {
  EXPECT_EQ(refusal([] {
              Reading(R"({"nodes": -1})").object().count("nodes", 1, {1, 64});
            }),
            "x.json at /nodes: expected a whole number from 1 to 64, got -1");
  EXPECT_EQ(refusal([] {
              Reading(R"({"nodes": 1.5})").object().count("nodes", 1, {1, 64});
            }),
            "x.json at /nodes: expected a whole number from 1 to 64, got 1.5");
  EXPECT_EQ(refusal([] {
              Reading(R"({"nodes": 1e300})").object().count("nodes", 1, {1, 64});
            }),
            "x.json at /nodes: expected a whole number from 1 to 64, got 1e+300");
  EXPECT_EQ(refusal([] { Reading(R"({"delay": "2000000h"})").object().duration("delay", 1ms); }),
            "x.json at /delay: expected a duration from 0s to 8760h, got \"2000000h\"");
  EXPECT_EQ(refusal([] { Reading(R"({"loss": 1.5})").object().ratio("loss", 0); }),
            "x.json at /loss: expected a ratio from 0 to 1 such as \"0.1%\" or \"0.001\", got 1.5");
}

TEST(Object, AcceptsWholeNumbersWrittenWithAnExponent) {
  EXPECT_EQ(Reading(R"({"nodes": 1e6})").object().count("nodes", 1), 1'000'000u);
}

TEST(Object, TakesTheDefaultOfAnAbsentKey) {
  const Reading reading("{}");
  EXPECT_EQ(reading.object().count("nodes", 7), 7u);
  EXPECT_EQ(reading.object().duration("delay", 3ms), 3ms);
  EXPECT_EQ(reading.object().text("name", "iad"), "iad");
}

TEST(Value, OffersTheNearestChoice) {
  const Document document = parse_document(R"({"rule": "brst-2022"})", "x.json");
  EXPECT_EQ(
      refusal([&] {
        Object(document.root(), "client", {"rule"}).at("rule").choice({"burst-2022", "rate-2023"});
      }),
      "x.json at /rule: expected one of \"burst-2022\", \"rate-2023\", got \"brst-2022\"; did "
      "you mean \"burst-2022\"?");
}

TEST(Value, SaysWhichOverridePutTheWrongValueThere) {
  Document document = parse_document(R"({"nodes": -4})", "x.json");
  document.note_change("/nodes", "set by --set nodes=-4");
  EXPECT_EQ(refusal([&] { document.root().step("nodes", *document.tree().find("nodes")).count(); }),
            "x.json at /nodes: expected a whole number from 0 to 1000000000, got -4 (set by --set "
            "nodes=-4)");
}

TEST(JsonText, ReadsBackTheSame) {
  const std::string_view text =
      R"({"a": [1, -2, 0.1, 1e-9, true, null, "q\"\\\n\u0001"], "b": {"c": {}, "d": [[1], []]}})";
  const Json json = *parse_json(text);
  EXPECT_EQ(*parse_json(to_text(json)), json);
}

}  // namespace
}  // namespace wanlab::base
