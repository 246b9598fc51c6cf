#include "yaml/reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::yaml {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

// A text, a reader of it, and the problems as lines.
struct Reading {
  explicit Reading(std::string_view text) : value(parse(text).value()) {}

  std::vector<std::string> lines() const {
    std::vector<std::string> lines;
    for (const auto& problem : problems) lines.push_back(problem.describe());
    return lines;
  }

  Value value;
  Problems problems;
  MapReader map{value, "top", problems};
};

TEST(MapReader, ReadsEachType) {
  Reading reading("t: 1.50\nb: yes\ni: -3\nd: 1h30m\nl: [x, 2]\nc: two\n");
  EXPECT_EQ(reading.map.text("t"), "1.50");
  EXPECT_EQ(reading.map.boolean("b"), true);
  EXPECT_EQ(reading.map.integer("i", {-5, 5}), -3);
  EXPECT_EQ(reading.map.duration("d"), 90min);
  EXPECT_THAT(reading.map.texts("l"), ElementsAre("x", "2"));
  EXPECT_EQ(reading.map.choice("c", {"one", "two"}), 1U);
  reading.map.finish();
  EXPECT_THAT(reading.lines(), IsEmpty());
}

TEST(MapReader, AbsentKeysAreNoProblem) {
  Reading reading("{}");
  EXPECT_EQ(reading.map.text("t"), std::nullopt);
  EXPECT_EQ(reading.map.boolean("b"), std::nullopt);
  EXPECT_EQ(reading.map.integer("i", {0, 5}), std::nullopt);
  EXPECT_EQ(reading.map.duration("d"), std::nullopt);
  EXPECT_THAT(reading.map.texts("l"), IsEmpty());
  EXPECT_EQ(reading.map.choice("c", {"one"}), std::nullopt);
  EXPECT_THAT(reading.lines(), IsEmpty());
}

TEST(MapReader, SaysWhatItExpectedAndWhere) {
  Reading reading(
      "t: [a]\nb: 'yes'\ni: 300\nj: '3'\nd: soon\nl: x\nc: on_succes\nm: [a, {}]\nn:\n");
  reading.map.text("t");
  reading.map.boolean("b");
  reading.map.integer("i", {1, 256});
  reading.map.integer("j", {1, 256});
  reading.map.duration("d");
  reading.map.texts("l");
  reading.map.choice("c", {"always", "on_success"});
  reading.map.texts("m");
  reading.map.text("n");
  reading.map.finish();
  EXPECT_THAT(
      reading.lines(),
      ElementsAre(
          "line 1, column 4: top.t: expected a text, found a list",
          "line 2, column 4: top.b: expected true or false without quotes, found 'yes'",
          "line 3, column 4: top.i: expected a whole number from 1 to 256, found '300'",
          "line 4, column 4: top.j: expected a whole number from 1 to 256 without quotes, found "
          "'3'",
          "line 5, column 4: top.d: expected a duration such as 30s, 10m or 1h30m, found 'soon'",
          "line 6, column 4: top.l: expected a list of texts, found 'x'",
          "line 7, column 4: top.c: expected one of always, on_success, found 'on_succes'"
          " (did you mean 'on_success'?)",
          "line 8, column 8: top.m[1]: expected a text, found a mapping",
          "line 9, column 1: top.n: expected a text, found nothing"));
}

TEST(MapReader, AnUnknownKeyNamesTheNearest) {
  Reading reading("paralelism: 4\nxyz: 1\nshell: sh\n");
  reading.map.integer("parallelism", {1, 256});
  reading.map.text("shell");
  reading.map.finish();
  EXPECT_THAT(reading.lines(),
              ElementsAre("line 1, column 1: top.paralelism: unknown key 'paralelism'"
                          " (did you mean 'parallelism'?)",
                          "line 2, column 1: top.xyz: unknown key 'xyz'"));
}

TEST(MapReader, ARequiredKeyMustBeThere) {
  Reading reading("a: 1\nb:\n  c: 2\n");
  EXPECT_EQ(reading.map.require("steps"), nullptr);
  EXPECT_NE(reading.map.require("a"), nullptr);
  reading.map.problem_at("b", "is odd");
  reading.map.problem_at("none", "is not there");
  EXPECT_THAT(reading.lines(), ElementsAre("line 1, column 1: top: 'steps' is missing",
                                           "line 2, column 1: top.b: is odd",
                                           "line 1, column 1: top.none: is not there"));
}

TEST(MapReader, OneProblemForWhatIsNoMapping) {
  Reading reading("- a\n");
  EXPECT_EQ(reading.map.require("steps"), nullptr);
  reading.map.finish();
  EXPECT_THAT(reading.lines(),
              ElementsAre("line 1, column 1: top: expected a mapping, found a list"));
}

TEST(MapReader, ShowsHostileKeysSafely) {
  Reading reading("\"\\e[31m\": 1\n");
  reading.map.finish();
  EXPECT_THAT(reading.lines(),
              ElementsAre("line 1, column 1: top.\\x1b[31m: unknown key '\\x1b[31m'"));
}

TEST(Problems, AreLinesInTheOrderOfTheText) {
  const auto error =
      to_error({{{3, 1}, "b", "later"}, {{1, 9}, "a", "first"}, {{3, 1}, "", "last"}});
  EXPECT_EQ(error.kind, ErrorKind::invalid);
  EXPECT_EQ(error.message,
            "line 1, column 9: a: first\nline 3, column 1: b: later\nline 3, column 1: last");
}

TEST(Problems, AreBounded) {
  std::string text;
  for (int i = 0; i < 1'000; ++i) text += "key" + std::to_string(i) + ": 1\n";
  Reading reading(text);
  reading.map.finish();
  EXPECT_EQ(reading.problems.size(), kMostProblems);
}

}  // namespace
}  // namespace muster::yaml
