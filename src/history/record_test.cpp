#include "history/record.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "base/text.hpp"
#include "fleet/json.hpp"
#include "history/log.hpp"
#include "history/records_for_tests.hpp"

namespace muster::history {
namespace {

// Both are written alike only if nothing was lost: what is not written is not in a record.
TEST(Record, IsReadAsItWasWritten) {
  auto unknown = record_of(World().unknown());
  for (const auto& pass : {record_of(World()), unknown, full_record()}) {
    const auto text = fleet::to_json(pass);
    const auto line = read_line(text);
    ASSERT_TRUE(line) << line.error().message
                      << "\n(a member that is new in fleet/json.cpp belongs into record.cpp, and "
                         "into docs/replay.md)";
    ASSERT_EQ(line->records.size(), 1U);
    EXPECT_EQ(fleet::to_json(line->records[0]), text);
    const auto row = read_record(pass.resource_class, fleet::to_json(pass.snapshot),
                                 fleet::to_json(pass.decision));
    ASSERT_TRUE(row) << row.error().message;
    EXPECT_EQ(fleet::to_json(*row), text);
  }
}

// Each rule, state and optional member of the core has its place in a record.
TEST(Record, KnowsEveryRuleAndState) {
  auto pass = record_of(World());
  for (int i = 0; scaling::to_string(static_cast<scaling::Rule>(i)) != "unknown"; ++i) {
    pass.decision.reasons.push_back({static_cast<scaling::Rule>(i), 2, 1, "", ""});
  }
  for (int i = 0; fleet::to_string(static_cast<InstanceState>(i)) != "unknown"; ++i) {
    pass.snapshot.instances.push_back({"i", static_cast<InstanceState>(i), kNow});
  }
  ASSERT_GT(pass.decision.reasons.size(), 20U);
  const auto line = read_line(fleet::to_json(pass));
  ASSERT_TRUE(line) << line.error().message;
  EXPECT_EQ(line->records[0].decision.reasons, pass.decision.reasons);
  EXPECT_EQ(line->records[0].snapshot.instances.size(), pass.snapshot.instances.size());
}

TEST(Record, OfAnAbsurdWorldIsReadable) {
  using Limits = std::numeric_limits<std::int64_t>;
  auto world = World().demand(Limits::max(), Limits::min());
  auto pass = record_of(world.with(1, InstanceState::booting).trouble("\xff\xfe"));
  pass.snapshot.instances[0].launched_at = WallTime(Millis(Limits::max()));
  pass.snapshot.instances[0].id = "\xc3";
  const auto line = read_line(fleet::to_json(pass));
  ASSERT_TRUE(line) << line.error().message;
  const auto& read = std::get<scaling::DemandReading>(line->records[0].snapshot.demand);
  EXPECT_EQ(read.unclaimed, fleet::kMostExact);
  EXPECT_EQ(read.running, -fleet::kMostExact);
}

struct Bad {
  std::string what;
  std::string instead_of;
  std::string put;
  std::string error;  // or its beginning
};

class BadRecord : public testing::TestWithParam<Bad> {};

TEST_P(BadRecord, IsRefusedWithItsMember) {
  const auto& [what, instead_of, put, error] = GetParam();
  auto text = fleet::to_json(full_record());
  const auto at = text.find(instead_of);
  ASSERT_NE(at, std::string::npos) << "the record has no " << instead_of << ":\n" << text;
  text.replace(at, instead_of.size(), put);
  const auto line = read_line(text);
  ASSERT_FALSE(line) << "was taken for a record:\n" << text;
  EXPECT_EQ(line.error().kind, ErrorKind::invalid);
  EXPECT_TRUE(line.error().message.starts_with(error)) << line.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    Members, BadRecord,
    testing::Values(
        Bad{"NoJson", R"({"version")", R"({version")", "this is no JSON: "},
        Bad{"NoVersion", R"("version":1,"resource_class":"a/b","snapshot")", R"("snap")",
            "this is no record of a decision: 'version' is missing"},
        Bad{"NewerVersion", R"("version":1)", R"("version":2)",
            "version: 2 is not a version that this muster reads, which are 1 to 1"},
        Bad{"NoClass", R"("resource_class":"a/b",)", "", "'resource_class' is missing"},
        Bad{"ClassOfAnotherType", R"("resource_class":"a/b")", R"("resource_class":7)",
            "resource_class: expected text"},
        Bad{"UnknownMember", R"("max":4)", R"("max":4,"maxx":5)",
            "snapshot.policy: 'maxx' is unknown (did you mean 'max'?)"},
        Bad{"MissingMember", R"("min":0,)", "", "snapshot.policy: 'min' is missing"},
        Bad{"Fraction", R"("max":4)", R"("max":4.5)", "snapshot.policy.max: expected a whole"},
        Bad{"TooLarge", R"("max":4)", R"("max":9223372036854775807)",
            "snapshot.policy.max: expected a whole number of at most 9007199254740992"},
        Bad{"FarTooLarge", R"("max":4)", R"("max":1e400)", ""},
        Bad{"NoNumber", R"("max":4)", R"("max":"4")", "snapshot.policy.max: expected a whole"},
        Bad{"NoTime", R"("now":")", R"("now":"x)", "snapshot.now: 'x"},
        Bad{"NoBoolean", R"("reaps":true)", R"("reaps":1)", "snapshot.policy.reaps: expected true"},
        Bad{"NoList", R"("failed_boots":["i-9"])", R"("failed_boots":{})",
            "snapshot.failed_boots: expected a list"},
        Bad{"NoObject", R"("plan_share":{"limit":40,"share":4})", R"("plan_share":[])",
            "snapshot.plan_share: expected an object"},
        Bad{"UnknownState", R"("state":"connected")", R"("state":"asleep")",
            "snapshot.instances[1].state: 'asleep' is no state of an instance"},
        Bad{"UnknownRule", R"("rule":")", R"("rule":"weather_)",
            "decision.reasons[0].rule: 'weather_"},
        Bad{"NegativeLaunch", R"("decision":{"launch":)", R"("decision":{"launch":-)",
            "decision.launch: -"},
        Bad{"AbsurdLaunch", R"("decision":{"launch":)", R"("decision":{"launch":99999999)",
            "decision.launch: 99999999"},
        Bad{"MemberTwice", R"("demand":{)", R"("demand":{"unknown":"x",)",
            "snapshot.demand: 'unclaimed' is unknown"}),
    [](const auto& test) { return test.param.what; });

TEST(Record, OfBeforeThereWasForesightForeseesNothing) {
  auto text = fleet::to_json(record_of(World().demand(1, 0)));
  for (const std::string added : {R"("foresight":false,)", R"("foreseen":[],)"}) {
    const auto at = text.find(added);
    ASSERT_NE(at, std::string::npos) << added << " is not in\n" << text;
    text.erase(at, added.size());
  }
  const auto line = read_line(text);
  ASSERT_TRUE(line) << line.error().message;
  EXPECT_FALSE(line->records.at(0).snapshot.policy.foresight);
  EXPECT_TRUE(line->records.at(0).snapshot.foreseen.empty());
}

TEST(Record, WithoutReasonsIsNone) {
  auto pass = record_of(World());
  pass.decision.reasons.clear();
  EXPECT_EQ(read_line(fleet::to_json(pass)).error().message,
            "decision: 'reasons' is empty, and every decision has one");
}

TEST(Record, MayBeOfBeforeThereWereVersions) {
  const auto line = read_line(R"({"resource_class":"a/b","snapshot":{},"decision":{}})");
  ASSERT_TRUE(line) << line.error().message;
  EXPECT_EQ(line->older, 1);
  EXPECT_TRUE(line->records.empty());
}

TEST(Record, MayBeOneOfAPlan) {
  const auto one = fleet::to_json(full_record());
  const auto line = read_line("[" + one + "," + one + "]");
  ASSERT_TRUE(line) << line.error().message;
  EXPECT_EQ(line->records.size(), 2U);
  EXPECT_EQ(read_line("[" + one + ",7]").error().message, "[1]: expected an object");
}

TEST(Record, HasABound) {
  const auto line = read_line(std::string(kLongestRecord + 1, ' '));
  ASSERT_FALSE(line);
  EXPECT_EQ(line.error().message, "16777217 bytes are more than a record may have (16777216)");
}

// A record that is cut off anywhere is known as such, and never taken for another.
TEST(Record, IsCutOffWhereverItEnds) {
  const auto text = fleet::to_json(full_record());
  for (std::size_t size = 1; size < text.size(); ++size) {
    const auto line = read_line(std::string_view(text).substr(0, size));
    ASSERT_TRUE(line) << size << ": " << line.error().message;
    EXPECT_TRUE(line->cut_off) << size;
    EXPECT_TRUE(line->records.empty()) << size;
  }
}

// Whatever is in it, it is read or refused.
TEST(Record, SurvivesWhatIsNoRecord) {
  const auto text = fleet::to_json(full_record());
  for (std::size_t at = 0; at < text.size(); at += 3) {
    for (const char byte : {'\0', '"', '{', '9', '-', '\xff', ']'}) {
      auto broken = text;
      broken[at] = byte;
      const auto line = read_line(broken);
      EXPECT_TRUE(line || line.error().kind == ErrorKind::invalid) << broken;
    }
  }
}

// --- Logs of several lines ----------------------------------------------------------------------

Result<LeftOut> read(const std::string& text, std::vector<std::string>& seen) {
  return read_lines(
      text, [&](const fleet::ClassPass&, const std::string& where) { seen.push_back(where); });
}

TEST(Lines, AreReadWithTheirNumbers) {
  const auto one = fleet::to_json(record_of(World()));
  std::vector<std::string> seen;
  const auto left_out = read(one + "\r\n\n" + one + "\n" + one, seen);
  ASSERT_TRUE(left_out) << left_out.error().message;
  EXPECT_EQ(seen, (std::vector<std::string>{"line 1", "line 3", "line 4"}));
  EXPECT_TRUE(left_out->cut_off.empty());
}

TEST(Lines, MayBeCutOffAnywhere) {
  const auto one = fleet::to_json(record_of(World()));
  for (std::size_t size = 1; size < one.size(); ++size) {
    const auto part = one.substr(0, size);
    std::vector<std::string> seen;
    const auto alone = read(one + "\n" + part + "\n" + one + "\n" + part, seen);
    ASSERT_TRUE(alone) << part << ": " << alone.error().message;
    EXPECT_EQ(seen, (std::vector<std::string>{"line 1", "line 3"}));
    EXPECT_EQ(alone->cut_off, (std::vector<std::int64_t>{2, 4}));
    const auto appended_to = read(part + one, seen);
    ASSERT_TRUE(appended_to) << part << ": " << appended_to.error().message;
    EXPECT_EQ(seen.back(), "line 1") << part;
    EXPECT_EQ(appended_to->cut_off, std::vector<std::int64_t>{1}) << part;
  }
}

// What a power cut leaves of what was written last.
TEST(Lines, MayEndWithZeros) {
  const auto one = fleet::to_json(record_of(World()));
  const std::string zeros(5'000, '\0');
  const auto cut_off = [&](const std::string& text, std::vector<std::string> whole) {
    std::vector<std::string> seen;
    const auto left_out = read(text, seen);
    EXPECT_TRUE(left_out) << left_out.error().message;
    EXPECT_EQ(seen, whole);
    return left_out->cut_off;
  };
  using Numbers = std::vector<std::int64_t>;
  EXPECT_EQ(cut_off(one + "\n" + zeros, {"line 1"}), Numbers{2});
  EXPECT_EQ(cut_off(one + "\n" + zeros + "\n", {"line 1"}), Numbers{2});
  EXPECT_EQ(cut_off(one + "\n" + one.substr(0, 40) + zeros, {"line 1"}), Numbers{2});
  EXPECT_EQ(cut_off(one + "\n" + one + zeros, {"line 1", "line 2"}), Numbers{2});
  EXPECT_EQ(cut_off(one.substr(0, 40) + "\n" + one + "\n" + zeros, {"line 2"}), (Numbers{1, 3}));
  EXPECT_EQ(cut_off(zeros, {}), Numbers{1});
}

TEST(Lines, WithZerosBeforeOthersAreRefused) {
  const auto one = fleet::to_json(record_of(World()));
  std::vector<std::string> seen;
  const auto refused = read(one + "\n" + std::string(9, '\0') + "\n" + one + "\n", seen);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message.substr(0, 24), "line 2: this is no JSON:");
}

TEST(Lines, OfWhichOneIsNoneAreRefusedWithItsNumber) {
  const auto one = fleet::to_json(record_of(World()));
  std::vector<std::string> seen;
  EXPECT_EQ(read(one + "\nhello\n" + one, seen).error().message.substr(0, 24),
            "line 2: this is no JSON:");
  EXPECT_EQ(read("{}", seen).error().message,
            "line 1: this is no record of a decision: 'version' is missing");
}

TEST(Lines, OfAnEmptyLogAreNone) {
  std::vector<std::string> seen;
  EXPECT_TRUE(read("", seen));
  EXPECT_TRUE(read("\n\n", seen));
  EXPECT_TRUE(seen.empty());
}

}  // namespace
}  // namespace muster::history
