#include "history/explain.hpp"

#include <gmock/gmock.h>

#include "history/explain_report.hpp"
#include "history/records_for_tests.hpp"
#include "history/remedy.hpp"

namespace muster::history {
namespace {

using scaling::Rule;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Explanation explained(const std::vector<fleet::ClassPass>& records) {
  Chronicle chronicle;
  for (const auto& record : records) chronicle.take(record);
  return chronicle.explain("a/b").value();
}
Explanation explained(const World& world) {
  return explained(std::vector{record_of(world)});
}

fleet::ClassPass at(fleet::ClassPass record, Millis after) {
  record.snapshot.now += after;
  auto* read = std::get_if<scaling::DemandReading>(&record.snapshot.demand);
  if (read != nullptr) read->read_at += after;
  return record;
}

TEST(Explain, KnowsOnlyWhatIsRecorded) {
  Chronicle chronicle;
  EXPECT_FALSE(chronicle.explain("a/b"));
  chronicle.take(record_of(World(), "a/c"));
  EXPECT_FALSE(chronicle.explain("a/b"));
  EXPECT_EQ(chronicle.classes(), std::vector<std::string>{"a/c"});
}

TEST(Explain, SaysSinceWhenTheOldestWaits) {
  const auto idle = record_of(World());
  const auto waits = record_of(World().demand(2, 0));
  const auto others = record_of(World().demand(1, 2));  // both have started, and one has come
  const auto blind = record_of(World().unknown());
  struct Case {
    std::vector<fleet::ClassPass> records;
    std::optional<int> since;  // seconds
  };
  const Case cases[] = {
      {{idle}, std::nullopt},
      {{waits}, 0},
      {{at(idle, seconds(1)), at(waits, seconds(2)), at(waits, seconds(3))}, 2},
      {{at(waits, seconds(1)), at(idle, seconds(2)), at(waits, seconds(3))}, 3},
      {{at(waits, seconds(1)), at(blind, seconds(2)), at(waits, seconds(3))}, 1},
      {{at(waits, seconds(1)), at(idle, seconds(2))}, std::nullopt},
      {{at(waits, seconds(1)), at(others, seconds(2)), at(others, seconds(3))}, 2},
  };
  for (std::size_t i = 0; i < std::size(cases); ++i) {
    const auto& [records, since] = cases[i];
    const auto expected = since ? std::optional<WallTime>(kNow + seconds(*since)) : std::nullopt;
    EXPECT_EQ(explained(records).waiting_since, expected) << "case " << i;
  }
}

TEST(Explain, SaysSinceWhenEachReasonHolds) {
  const auto full = World().demand(5, 4).with(4, InstanceState::busy);
  const auto one_less = World().demand(5, 3).with(3, InstanceState::busy);
  const auto about = explained(
      {record_of(one_less), at(record_of(full), seconds(5)), at(record_of(full), seconds(9))});
  ASSERT_EQ(about.causes.size(), 2U);
  EXPECT_EQ(about.causes[0].reason.rule, Rule::queue);
  EXPECT_EQ(about.causes[0].since, kNow);
  EXPECT_EQ(about.causes[1].reason.rule, Rule::maximum);
  EXPECT_EQ(about.causes[1].since, kNow);  // it bound before, too: 1 instead of 5

  const auto anew = explained(
      {record_of(full), at(record_of(World()), seconds(5)), at(record_of(full), seconds(9))});
  EXPECT_EQ(anew.causes[0].since, kNow + seconds(9));
}

// --- When the next task starts ------------------------------------------------------------------

// Two boots, of 60 and of 100 s.
std::vector<fleet::ClassPass> two_boots() {
  std::vector<fleet::ClassPass> records;
  for (const int took : {60, 100}) {
    records.push_back(
        at(record_of(World().with(1, InstanceState::booting, Millis(0))), -minutes(9)));
    auto come = record_of(World().with(1, InstanceState::connected, Millis(0)));
    come.snapshot.boot_took = seconds(took);
    records.push_back(at(come, -minutes(9) + seconds(took)));
    records.push_back(at(record_of(World()), -minutes(5)));
  }
  for (auto& record : records) {
    for (auto& instance : record.snapshot.instances) instance.launched_at = kNow - minutes(9);
  }
  return records;
}

Explanation after_two_boots(const World& world) {
  auto records = two_boots();
  records.push_back(record_of(world));
  return explained(records);
}

TEST(Explain, LearnsHowLongBootsTake) {
  const auto about = explained(two_boots());
  EXPECT_EQ(about.boots.seen, 2);
  EXPECT_EQ(about.boots.median, seconds(60));
  EXPECT_EQ(about.boots.p95, seconds(100));
  EXPECT_EQ(explained(World().with(1, InstanceState::idle)).boots.seen, 0);
}

// What is believed to have come once its time is over has taken nobody knows how long.
TEST(Explain, LearnsNothingOfBootsWhereNoRunnersAreListed) {
  auto records = two_boots();
  for (auto& record : records) record.snapshot.boot_took.reset();
  EXPECT_EQ(explained(records).boots.seen, 0);
}

TEST(Explain, ExpectsNothingIfNothingWaits) {
  const auto about = explained(World());
  EXPECT_FALSE(about.waits());
  EXPECT_FALSE(about.expected_start);
  EXPECT_EQ(about.expected, "");
}

TEST(Explain, ExpectsAFreeInstanceToTakeATaskAtOnce) {
  const auto about = explained(World().demand(1, 0).with(1, InstanceState::idle));
  EXPECT_EQ(about.expected_start, kNow);
  EXPECT_EQ(about.expected, "one instance is free and will take it");
  EXPECT_THAT(about.causes[0].remedy, HasSubstr("why the runners do not claim"));
}

TEST(Explain, CountsTheSlotsOfInstances) {
  auto world = World().slots(3).demand(2, 1).with(1, InstanceState::busy).running(1);
  EXPECT_EQ(explained(world).expected, "2 slots are free and will take them");
  EXPECT_THAT(explained(world).causes[0].remedy, HasSubstr("why the runners do not claim"));
  world.demand(3, 1);
  EXPECT_THAT(explained(world).expected, HasSubstr("1 just launched"));
  world.bounds(0, 1).demand(3, 2).running(3);
  EXPECT_EQ(explained(world).expected, "when one of 3 tasks ends, and nobody can tell when");
}

// Tasks of 1, 2 and 9 minutes have ended, one after the other on the same instance.
std::vector<fleet::ClassPass> three_tasks() {
  std::vector<fleet::ClassPass> records;
  const auto idle = record_of(World().with(1, InstanceState::idle));
  const auto busy = record_of(World().demand(0, 1).with(1, InstanceState::busy));
  Millis at_last = -minutes(60);
  for (const int took : {1, 2, 9}) {
    records.push_back(at(idle, at_last));
    records.push_back(at(busy, at_last += minutes(1)));
    records.push_back(at(idle, at_last += minutes(took)));
  }
  return records;
}

TEST(Explain, ExpectsTheEndOfATaskThatMakesRoom) {
  const auto full = record_of(World().bounds(0, 1).demand(1, 1).with(1, InstanceState::busy));
  struct Case {
    Millis ran;
    std::optional<Millis> expected_in;
  };
  const Case cases[] = {
      {Millis(0), minutes(2)},     // as half of all
      {minutes(1), minutes(1)},    // of those that ran for longer than a minute: 2 or 9
      {minutes(2), minutes(7)},    // only one did
      {minutes(9), std::nullopt},  // none ever has
  };
  for (const auto& [ran, expected_in] : cases) {
    auto records = three_tasks();
    records.push_back(at(full, -ran));
    records.push_back(full);
    const auto about = explained(records);
    const auto expected = expected_in ? std::optional(kNow + *expected_in) : std::nullopt;
    EXPECT_EQ(about.expected_start, expected) << ran.count();
    EXPECT_EQ(about.expected,
              "when the task that runs ends; half of the tasks took at most 2 min 0 s, 95 in 100 "
              "at most 9 min 0 s");
  }
}

TEST(Explain, ExpectsABootAfterTheTaskOfAnInstanceThatHasOne) {
  const auto full = record_of(World().bounds(0, 1).demand(1, 1).with(1, InstanceState::busy));
  auto records = three_tasks();
  records.push_back(at(record_of(World().with(1, InstanceState::spent)), -minutes(20)));
  records.push_back(full);
  EXPECT_FALSE(explained(records).expected_start) << "no boot is on record";
  auto booted = two_boots();
  booted.insert(booted.begin(), records.begin(), records.end() - 1);
  booted.push_back(full);
  EXPECT_EQ(explained(booted).expected_start, kNow + minutes(2) + seconds(60));
}

TEST(Explain, ExpectsTheFirstThatBoots) {
  auto world = World().demand(2, 0).with(1, InstanceState::booting, seconds(40));
  const auto about = after_two_boots(world.with(1, InstanceState::booting, seconds(10)));
  EXPECT_EQ(about.expected_start, kNow - seconds(40) + seconds(60));
  EXPECT_EQ(about.causes[0].remedy, "");
  EXPECT_THAT(about.expected,
              HasSubstr("2 booting; half of the boots took at most 1 min 0 s, 95 in 100 at"));
}

// Of ten the maximum lets three through, and the cap none: a higher maximum would change nothing.
TEST(Explain, HasTheRemedyOfTheTightestBound) {
  const auto capped = World().bounds(0, 5).demand(12, 0).with(2, InstanceState::booting);
  const auto about = explained(World(capped).spending_at_most({2, std::chrono::hours(24)}));
  ASSERT_EQ(about.causes.size(), 3U);
  EXPECT_EQ(about.causes[1].reason.rule, Rule::maximum);
  EXPECT_EQ(about.causes[1].remedy, "");
  EXPECT_EQ(about.causes[2].remedy, "wait, or raise 'spend_cap'");
  EXPECT_NE(explained(capped).causes[1].remedy, "");
}

TEST(Explain, ExpectsTheEndOfAScheduleThatLetsNobodyLive) {
  const auto closed = World().bounds(0, 0).demand(5, 0).by_schedule("night", minutes(90));
  const auto about = after_two_boots(closed);
  ASSERT_EQ(about.causes.back().reason.rule, Rule::maximum);
  EXPECT_EQ(about.causes.back().until, kNow + minutes(90));
  EXPECT_EQ(about.expected_start, kNow + minutes(90) + seconds(60));
  EXPECT_THAT(about.causes.back().remedy, StartsWith("wait until the schedule night ends, or "));
}

// Of tasks of 1, 2 and 9 minutes two run, and one of them for 110 s: so it should end in 10 s.
TEST(Explain, ExpectsWhoTakesAnotherTaskBeforeWhoBoots) {
  auto world = World().reusing().demand(0, 2).with(2, InstanceState::busy);
  auto records = three_tasks();
  for (auto& record : two_boots()) records.push_back(record);
  records.push_back(at(record_of(World(world).demand(0, 1)), -seconds(110)));
  records.push_back(at(record_of(world), -seconds(20)));
  world.demand(1, 2).with(1, InstanceState::booting, seconds(20));
  const auto with = [&](const World& last) {
    auto all = records;
    all.push_back(record_of(last));
    return explained(all);
  };
  EXPECT_EQ(with(world).expected_start, kNow + seconds(10));
  EXPECT_THAT(with(world).expected, HasSubstr("; before that one of 2 tasks should end, as half"));
  EXPECT_EQ(with(World(world).reusing(false)).expected_start, kNow + seconds(40));
}

// Of the boots on record one took 60 s, and one 100 s.
TEST(Explain, ExpectsABootThatIsLateAsThoseThatTookAsLong) {
  const auto after = [](Millis age) {
    return after_two_boots(World().demand(1, 0).with(1, InstanceState::booting, age));
  };
  EXPECT_EQ(after(seconds(59)).expected_start, kNow + seconds(1));
  EXPECT_EQ(after(seconds(60)).expected_start, kNow + seconds(40));
  const auto later_than_any = after(seconds(100));
  EXPECT_EQ(later_than_any.expected_start, std::nullopt);
  EXPECT_THAT(later_than_any.expected,
              EndsWith(", and nobody can tell when one that takes longer ends"));
}

// One that hangs keeps nobody from expecting the next.
TEST(Explain, ExpectsWhatIsJustLaunchedBesideABootThatIsLaterThanAny) {
  const auto late = World().demand(5, 0).with(1, InstanceState::booting, seconds(260));
  const auto about = after_two_boots(late);
  EXPECT_EQ(about.launched, 3);
  EXPECT_EQ(about.expected_start, kNow + seconds(60));
  EXPECT_THAT(about.expected, StartsWith("1 booting, 3 just launched; half of the boots"));
}

TEST(Explain, ExpectsWhatIsJustLaunched) {
  const auto about = after_two_boots(World().demand(1, 0));
  EXPECT_EQ(about.launched, 1);
  EXPECT_EQ(about.expected_start, kNow + seconds(60));
}

TEST(Explain, ExpectsNoTimeWithoutABootOnRecord) {
  const auto about = explained(World().demand(1, 0));
  EXPECT_FALSE(about.expected_start);
  EXPECT_EQ(about.expected,
            "1 just launched; no boot is on record, and one that takes more than 5m has failed");
}

TEST(Explain, ExpectsABootBehindABackOff) {
  const auto until = kNow + seconds(30);
  const auto about = after_two_boots(
      World().demand(1, 0).remembering({.failed_boots_in_a_row = 2, .backoff_until = until}));
  EXPECT_EQ(about.causes.back().reason.rule, Rule::backoff);
  EXPECT_EQ(about.causes.back().until, until);
  EXPECT_EQ(about.expected_start, until + seconds(60));
}

TEST(Explain, ExpectsABootBehindARate) {
  auto world = World().demand(1, 0).launching_at({1, minutes(10)});
  world.remembering({.launches = {{kNow - minutes(4), 1}}});
  const auto about = after_two_boots(world);
  EXPECT_EQ(about.causes.back().until, kNow + minutes(6));
  EXPECT_EQ(about.expected_start, kNow + minutes(6) + seconds(60));
}

// A maximum that lets some more be launched stops none of them.
TEST(Explain, ExpectsABootBehindWhatStopsAllWhereTheMaximumStopsSome) {
  const auto full = World().bounds(0, 5).demand(9, 2).with(2, InstanceState::busy);
  auto rated = full;
  rated.launching_at({1, minutes(10)}).remembering({.launches = {{kNow - minutes(9), 1}}});
  const auto behind_rate = after_two_boots(rated);
  EXPECT_EQ(behind_rate.causes[1].reason.rule, Rule::maximum);
  EXPECT_EQ(behind_rate.causes[1].reason.allowed, 3);
  EXPECT_EQ(behind_rate.expected_start, kNow + minutes(1) + seconds(60));

  const auto until = kNow + seconds(5);
  const auto behind_backoff = after_two_boots(World().bounds(0, 5).demand(9, 0).remembering(
      {.failed_boots_in_a_row = 1, .backoff_until = until}));
  EXPECT_EQ(behind_backoff.expected_start, until + seconds(60));
  EXPECT_THAT(behind_backoff.expected, HasSubstr("the next launch may be at"));
}

TEST(Explain, CannotTellWhenATaskEnds) {
  const auto about = after_two_boots(World().demand(1, 4).with(4, InstanceState::busy));
  EXPECT_FALSE(about.expected_start);
  EXPECT_EQ(about.expected, "when one of 4 tasks ends, and nobody can tell when");
  EXPECT_EQ(about.causes.back().remedy, "wait until a task ends, or raise 'max', which is 4");
}

TEST(Explain, WaitsForAnInstanceWhereNoneTakesATask) {
  const auto remedy = [](const World& world) { return explained(world).causes.back().remedy; };
  EXPECT_EQ(remedy(World().bounds(0, 2).demand(1, 0).with(2, InstanceState::draining)),
            "wait until an instance ends, or raise 'max', which is 2");
  EXPECT_EQ(remedy(World().bounds(0, 2).demand(1, 0).with(2, InstanceState::lost)),
            "wait until an instance ends, or raise 'max', which is 2");
  EXPECT_EQ(remedy_for(Rule::above_maximum, record_of(World().with(5, InstanceState::idle))),
            "wait until one of the 5 that live ends, or raise 'max', which is 4");
}

TEST(Explain, CountsWhatIsJustLaunchedAsWhatLives) {
  const auto remedy = [](const World& world) {
    return after_two_boots(world).causes.back().remedy;
  };
  EXPECT_EQ(remedy(World().demand(9, 0)), "wait until a task ends, or raise 'max', which is 4");
  EXPECT_EQ(remedy_for(Rule::maximum, fleet::ClassPass{}), "raise 'max', which is 1");
  fleet::ClassPass by_night;
  by_night.snapshot.schedule = "night";
  EXPECT_EQ(remedy_for(Rule::maximum, by_night),
            "raise 'max' of the schedule night, or else of the class, which is 1");
}

TEST(Explain, CannotTellWhileTheQueueIsStale) {
  const auto about = after_two_boots(World().demand(1, 0, minutes(3)));
  EXPECT_FALSE(about.expected_start);
  EXPECT_THAT(about.expected, HasSubstr("does not know enough"));
  EXPECT_THAT(about.causes[0].remedy, HasSubstr("keeps the queue from being read"));
}

TEST(Explain, NamesEachMachineThatIsNotHeardOf) {
  const auto remedy = [](int lost) {
    return remedy_for(Rule::unheard, record_of(World().with(lost, InstanceState::lost)));
  };
  EXPECT_THAT(remedy(1), HasSubstr("see whether that machine still works"));
  EXPECT_THAT(remedy(2), HasSubstr("see of each of these machines whether it still works"));
  EXPECT_THAT(remedy(2), EndsWith("end it: i0, i1"));
  EXPECT_THAT(remedy(7), EndsWith("end it: i0, i1, i2, i3, i4 and 2 more"));
}

// Every rule may be among the reasons: none may be without words, and only those that keep a task
// from starting need a remedy.
TEST(Explain, HasARemedyForEachRuleThatNeedsOne) {
  const std::set<Rule> none = {Rule::queue,    Rule::soon_free, Rule::headroom, Rule::warm,
                               Rule::foreseen, Rule::minimum,   Rule::placed,   Rule::scale_in_rate,
                               Rule::surplus,  Rule::unneeded,  Rule::satisfied};
  for (int i = 0; scaling::to_string(static_cast<Rule>(i)) != "unknown"; ++i) {
    const auto rule = static_cast<Rule>(i);
    EXPECT_EQ(remedy_for(rule, record_of(World())).empty(), none.contains(rule))
        << to_string(rule) << ": add it to remedy_for(), or to this list";
  }
}

TEST(Explain, SurvivesAbsurdNumbers) {
  for (const auto& record : absurd_records()) {
    const auto about = explained({seeing_record(), record});
    EXPECT_FALSE(explanation_text(about, kNow).empty());
    EXPECT_TRUE(explanation_json(about).starts_with("{"));
  }
}

// --- The report ---------------------------------------------------------------------------------

TEST(ExplainReport, AnswersEachQuestion) {
  auto records = two_boots();
  const auto full = World().demand(5, 4).with(4, InstanceState::busy);
  records.push_back(at(record_of(full), -seconds(30)));
  records.push_back(record_of(full));
  EXPECT_EQ(explanation_text(explained(records), kNow + seconds(10)),
            "a/b, as decided at 2027-01-15T08:00:00Z (10.0 s ago)\n"
            "  sees      5 waiting, 4 running; the oldest has waited since 2027-01-15T07:59:30Z "
            "(40.0 s ago)\n"
            "            4 instances (min 0, max 4): 0 booting, 0 idle, 4 busy, 0 spent, 0 "
            "draining\n"
            "  why       queue: 5 wait, 0 idle and 0 booting will serve 0: launch 5\n"
            "            since 2027-01-15T07:59:30Z (40.0 s ago)\n"
            "  why       maximum: at most 4 may be live and 4 are: launch 0 instead of 5\n"
            "            since 2027-01-15T07:59:30Z (40.0 s ago)\n"
            "  remedy    wait until a task ends, or raise 'max', which is 4\n"
            "  expected  when one of 4 tasks ends, and nobody can tell when\n");
}

TEST(ExplainReport, SaysWhenItIsExpected) {
  const auto about = after_two_boots(World().demand(1, 0));
  EXPECT_THAT(explanation_text(about, kNow),
              HasSubstr("  expected  2027-01-15T08:01:00Z (in 1 min 0 s): 1 just launched"));
  EXPECT_THAT(explanation_text(about, kNow + minutes(2)),
              HasSubstr("  expected  2027-01-15T08:01:00Z, which is over: 1 just launched"));
  EXPECT_THAT(explanation_text(explained(World()), kNow), Not(HasSubstr("expected")));
}

TEST(ExplainReport, IsWhollyJson) {
  const auto text = explanation_json(after_two_boots(World().demand(1, 0)));
  EXPECT_THAT(text, HasSubstr(R"("unclaimed":1,"running":0,"waiting_since":"2027-)"));
  EXPECT_THAT(text, HasSubstr(R"("causes":[{"rule":"queue","wanted":1,"allowed":1,"subject":"",)"));
  EXPECT_THAT(text, HasSubstr(R"("boots":{"seen":2,"median_seconds":60.000,)"));
  EXPECT_THAT(text, HasSubstr(R"("expected_start":"2027-01-15T08:01:00Z","expected":"1 just)"));
  EXPECT_THAT(explanation_json(explained(World().unknown())),
              HasSubstr(R"("unclaimed":null,"running":null,"waiting_since":null)"));
}

}  // namespace
}  // namespace muster::history
