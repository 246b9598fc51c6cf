#include "history/replay.hpp"

#include <gtest/gtest.h>

#include "fleet/json.hpp"
#include "history/records_for_tests.hpp"
#include "history/replay_report.hpp"

namespace muster::history {
namespace {

using scaling::Policy;
using scaling::Rule;

ReplayResult replay(const std::vector<fleet::ClassPass>& records, ReplayTerms terms = {}) {
  Replay replay(std::move(terms));
  int line = 0;
  for (const auto& record : records) replay.take(record, "line " + std::to_string(++line));
  return replay.result();
}

ReplayTerms under(const Policy& policy) {
  return {"", std::map<std::string, fleet::ManagedClass>{{"a/b", {"a/b", policy}}}};
}

// What a scaler has decided as it does today. The world answers, so that no decision is the same.
std::vector<fleet::ClassPass> a_day(World world) {
  std::vector<fleet::ClassPass> records;
  for (const int waiting : {0, 3, 3, 9, 1, 0, 0, 2}) {
    world.demand(waiting, 0).later(std::chrono::seconds(30));
    records.push_back(record_of(world));
    world.decide_and_remember();
  }
  return records;
}

TEST(Replay, FindsWhatIsDecidedAsBeforeTheSame) {
  const auto records = a_day(World().bounds(1, 5).launching_at({2, std::chrono::minutes(1)}));
  const auto result = replay(records);
  EXPECT_EQ(result.decisions, 8);
  EXPECT_EQ(result.same(), 8);
  EXPECT_TRUE(result.breaches.empty());
  EXPECT_EQ(*result.first, kNow + std::chrono::seconds(30));
  EXPECT_EQ(*result.last, kNow + std::chrono::seconds(240));
  EXPECT_EQ(result.classes.at("a/b"), 8);
}

// Also where what was remembered is of passes that were not recorded.
TEST(Replay, UnderTheSamePolicyIsTheSame) {
  auto world = World()
                   .bounds(0, 5)
                   .scaling_in_after(std::chrono::minutes(1))
                   .spending_at_most({9, std::chrono::hours(1)});
  world.with(3, InstanceState::idle);
  std::vector<fleet::ClassPass> records;
  for (int pass = 0; pass < 20; ++pass) {
    world.demand(pass / 5, 0).later(std::chrono::seconds(25));
    if (pass % 5 == 0) records.push_back(record_of(world));
    world.decide_and_remember();
  }
  const auto result = replay(records, under(world.snapshot().policy));
  EXPECT_EQ(result.same(), 4) << replay_text(result, {});
}

TEST(Replay, OfAnotherDecisionShowsBoth) {
  auto record = record_of(World().demand(3, 0));
  record.decision.launch = 1;
  record.decision.desired = 1;
  const auto result = replay({record_of(World()), record});
  ASSERT_EQ(result.differ(), 1);
  const auto& difference = result.differences[0];
  EXPECT_TRUE(difference.acts);
  EXPECT_FALSE(difference.reasons);
  EXPECT_EQ(difference.where, "line 2");
  EXPECT_EQ(difference.recorded.launch, 1);
  EXPECT_EQ(difference.now.launch, 3);
  EXPECT_EQ(result.act_otherwise, 1);
}

TEST(Replay, HoldsRecordedDecisionsToTheInvariants) {
  auto record = record_of(World().demand(3, 0));
  record.decision.launch = 9;  // of at most 4
  record.decision.desired = 9;
  const auto result = replay({record});
  ASSERT_FALSE(result.breaches.empty());
  for (const auto& breach : result.breaches) EXPECT_FALSE(breach.now);
  const auto text = replay_text(result, {"x", "", {}});
  EXPECT_NE(text.find("breaks S4 (line 1, recorded): 9 are desired of at most 4"),
            std::string::npos)
      << text;
}

// Frugal, and restartable.
TEST(Replay, HoldsRecordedDecisionsToWhatTheyShowOfAWholeRun) {
  auto for_nobody = record_of(World().unknown());
  for_nobody.decision.launch = 1;
  for_nobody.decision.desired = 1;
  auto lost = record_of(World().demand(3, 0));
  lost.decision.next.failed_boots_in_a_row = 3;  // so that only one is tried after a kill
  const auto text = replay_text(replay({for_nobody, lost}), {"x", "", {}});
  EXPECT_NE(text.find("breaks S6 (line 1, recorded): 1 are launched where 0 are needed"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("breaks S8 (line 2, recorded): killed before it did anything, 1 are launched "
                      "where 3 were left to do"),
            std::string::npos)
      << text;
}

TEST(Replay, TellsOtherReasonsFromOtherWords) {
  auto other_words = record_of(World().demand(3, 0));
  other_words.decision.reasons[0].detail = "put otherwise";
  EXPECT_EQ(replay({other_words}).differ(), 0);

  auto other_numbers = record_of(World().demand(3, 0));
  ++other_numbers.decision.reasons[0].wanted;
  const auto result = replay({other_numbers});
  ASSERT_EQ(result.differ(), 1);
  EXPECT_TRUE(result.differences[0].reasons);
  EXPECT_FALSE(result.differences[0].acts);
  EXPECT_EQ(result.act_otherwise, 0);
}

TEST(Replay, TellsWhatIsRememberedOtherwise) {
  auto record = record_of(World());
  record.decision.next.failed_boots_in_a_row = 2;
  const auto result = replay({record});
  ASSERT_EQ(result.differ(), 1);
  EXPECT_TRUE(result.differences[0].rest);
  EXPECT_FALSE(result.differences[0].reasons);
}

TEST(Replay, UnderALowerMaximumLaunchesLess) {
  Policy policy;
  policy.max = 2;
  const auto result = replay({record_of(World().demand(3, 0))}, under(policy));
  ASSERT_EQ(result.differ(), 1);
  EXPECT_EQ(result.differences[0].now.launch, 2);
  EXPECT_EQ(result.differences[0].now.reasons.back().rule, Rule::maximum);
}

// What the group takes was seen, whatever the file says.
TEST(Replay, UnderAHigherMaximumLaunchesNoMoreThanThePlaceTakes) {
  auto record = record_of(World().bounds(0, 2).demand(5, 0));
  record.snapshot.place_max = 2;
  Policy policy;
  policy.max = 10;
  EXPECT_EQ(replay({record}, under(policy)).act_otherwise, 0);
  record.snapshot.place_max.reset();
  const auto unbound = replay({record}, under(policy));
  ASSERT_EQ(unbound.act_otherwise, 1);
  EXPECT_EQ(unbound.differences[0].now.launch, 5);
}

TEST(Replay, TellsWhatIsCountedOrDueOtherwise) {
  auto counted = record_of(World().demand(1, 0));
  counted.decision.counts.idle = 3;
  auto due = record_of(World().demand(1, 0));
  due.decision.revisit_at = kNow + std::chrono::hours(7);
  for (const auto& record : {counted, due}) {
    const auto result = replay({record});
    ASSERT_EQ(result.differ(), 1);
    EXPECT_TRUE(result.differences[0].rest);
    EXPECT_FALSE(result.differences[0].acts || result.differences[0].reasons);
    EXPECT_EQ(replay({record}, under(record.snapshot.policy)).differ(), 0);
  }
}

// What was launched a moment ago counts, although no rate was set when it was recorded.
TEST(Replay, UnderARateRemembersItsOwnLaunches) {
  auto policy = World().snapshot().policy;
  policy.launch_rate = scaling::Rate{2, std::chrono::minutes(10)};
  auto world = World().demand(1, 0);
  std::vector<fleet::ClassPass> records;
  for (int pass = 0; pass < 4; ++pass) {
    records.push_back(record_of(world));
    world.decide_and_remember();
    world.later(std::chrono::minutes(2));
  }
  const auto result = replay(records, under(policy));
  ASSERT_EQ(result.differ(), 2) << replay_text(result, {});
  EXPECT_EQ(result.differences[0].where, "line 3");
  EXPECT_EQ(result.differences[0].now.launch, 0);
  EXPECT_EQ(result.differences[0].now.reasons.back().rule, Rule::launch_rate);
}

// Hours in which nothing was recorded, as nothing changed, were spent all the same.
TEST(Replay, UnderASpendCapCountsTheTimeBetween) {
  auto policy = World().snapshot().policy;
  policy.spend_cap = scaling::SpendCap{3, std::chrono::hours(24)};
  auto world = World().with(2, InstanceState::busy).demand(0, 2);
  const auto first = record_of(world);
  world.later(std::chrono::hours(2)).demand(1, 2, std::chrono::hours(-2));
  const auto result = replay({first, record_of(world)}, under(policy));
  ASSERT_EQ(result.differ(), 1) << replay_text(result, {});
  EXPECT_EQ(result.differences[0].now.reasons.back().rule, Rule::spend_cap);

  policy.spend_cap->instance_hours = 8;
  EXPECT_EQ(replay({first, record_of(world)}, under(policy)).differ(), 0);
}

// A log may say that ages passed between two decisions.
TEST(Replay, EndsAlsoIfTheClockLeaps) {
  auto policy = World().snapshot().policy;
  policy.spend_cap = scaling::SpendCap{3, std::chrono::hours(1)};
  auto early = record_of(World().with(2, InstanceState::busy).demand(0, 2));
  auto late = early;
  late.snapshot.now += std::chrono::years(7'000);
  early.snapshot.now -= std::chrono::years(2'000);
  EXPECT_EQ(replay({early, late, early}, under(policy)).decisions, 3);
}

TEST(Replay, LeavesOutWhatIsNotAskedFor) {
  const std::vector<fleet::ClassPass> records = {record_of(World(), "a/b"),
                                                 record_of(World(), "a/c")};
  const auto one = replay(records, {"a/c", std::nullopt});
  EXPECT_EQ(one.decisions, 1);
  EXPECT_EQ(one.left_out, (std::map<std::string, std::int64_t>{{"a/b", 1}}));
  const auto policies = replay(records, under(World().snapshot().policy));
  EXPECT_EQ(policies.decisions, 1);
  EXPECT_EQ(policies.left_out, (std::map<std::string, std::int64_t>{{"a/c", 1}}));
}

TEST(Replay, SurvivesAbsurdNumbers) {
  const auto sane = seeing_record();
  const auto records = absurd_records();
  EXPECT_GT(records.size(), 300U);
  for (const auto& record : records) {
    for (const auto& terms : {ReplayTerms{}, under(record.snapshot.policy)}) {
      EXPECT_EQ(replay({sane, record, sane}, terms).decisions, 3) << fleet::to_json(record);
    }
  }
}

// --- The report ---------------------------------------------------------------------------------

TEST(ReplayReport, SaysWhatAndWhereAndWhatIsNotKnown) {
  Policy policy;
  policy.max = 2;
  const auto result = replay({record_of(World()), record_of(World().demand(3, 0))}, under(policy));
  EXPECT_EQ(replay_text(result, {"scaler.db", "new.yaml", {.older = 4}}),
            "2027-01-15T08:00:00Z  a/b  acts otherwise (line 2)\n"
            "  recorded  launch 3, drain 0, end 0; desired 3\n"
            "            queue: 3 wait, 0 idle and 0 booting will serve 0: launch 3\n"
            "  now       launch 2, drain 0, end 0; desired 2\n"
            "            queue: 3 wait, 0 idle and 0 booting will serve 0: launch 3\n"
            "            maximum: at most 2 may be live and 0 are: launch 2 instead of 3\n"
            "\n"
            "scaler.db: 2 decisions of one class from 2027-01-15T08:00:00Z to "
            "2027-01-15T08:00:00Z, under new.yaml\n"
            "1 the same, 1 differ: 1 act otherwise. The first: 2027-01-15T08:00:00Z, a/b "
            "(line 2).\n"
            "S1 to S8 hold, as far as a decision shows.\n"
            "Left out: 4 decisions of an earlier muster, which lack what is needed.\n"
            "Each was made again of what was seen then. After a difference the world would have "
            "gone on otherwise,\n"
            "which no replay knows: muster simulate tells what tasks would have waited and "
            "cost.\n");
}

TEST(ReplayReport, ShowsTheFirstOfMany) {
  auto record = record_of(World().demand(3, 0));
  record.decision.launch = 1;
  const auto text = replay_text(replay(std::vector(60, record)), {"x", "", {}});
  EXPECT_NE(text.find("… and 10 more that differ: --json has them all."), std::string::npos);
  EXPECT_EQ(text.find("line 51"), std::string::npos);
}

TEST(ReplayReport, IsWhollyJson) {
  auto record = record_of(World().demand(3, 0), "a/\"b\"");
  record.decision.launch = 9;
  record.decision.desired = 9;
  const auto text = replay_json(replay({record}), {"x", "", {.older = 0, .cut_off = {2, 5}}});
  EXPECT_TRUE(text.starts_with(
      R"({"log":"x","policy":null,"decisions":1,"same":0,"differ":1,"act_otherwise":1,)"))
      << text;
  EXPECT_NE(text.find(R"("cut_off_lines":[2,5],"differences":[{"at":"2027-)"), std::string::npos);
  EXPECT_NE(text.find(R"("resource_class":"a/\"b\"","where":"line 1","in":["acts"],"recorded":{)"),
            std::string::npos);
  EXPECT_NE(text.find(R"("of":"recorded","invariant":"S4","what":)"), std::string::npos);
}

}  // namespace
}  // namespace muster::history
