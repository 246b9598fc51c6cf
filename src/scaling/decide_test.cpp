#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scaling/world_for_tests.hpp"

namespace muster::scaling {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

struct Situation {
  std::string name;
  World world;
  std::int64_t launch;
  std::size_t drained;
  std::vector<Rule> rules;
};

class Situations : public testing::TestWithParam<Situation> {};

TEST_P(Situations, AreDecided) {
  const auto& situation = GetParam();
  const auto decision = situation.world.decide();
  EXPECT_EQ(decision.launch, situation.launch);
  EXPECT_EQ(decision.drain.size(), situation.drained);
  EXPECT_EQ(rules(decision), situation.rules);
  EXPECT_EQ(decision.desired, decision.counts.live() + decision.launch);
}

using enum InstanceState;
using enum Rule;

INSTANTIATE_TEST_SUITE_P(
    Table, Situations,
    testing::Values(
        Situation{"nothing", World(), 0, 0, {satisfied}},
        Situation{"from_zero", World().demand(2, 0), 2, 0, {queue}},
        Situation{"more_than_max", World().demand(9, 0), 4, 0, {queue, maximum}},
        Situation{"idle_serves", World().demand(2, 0).with(1, idle), 1, 0, {queue}},
        Situation{"booting_serves", World().demand(2, 0).with(2, booting), 0, 0, {satisfied}},
        Situation{"busy_does_not", World().demand(1, 1).with(1, busy), 1, 0, {queue}},
        Situation{"one_of_those_connected_must_be_idle",
                  World().demand(2, 1).with(2, connected),
                  1,
                  0,
                  {queue}},
        Situation{"who_is_surely_busy_is_counted_once",
                  World().demand(2, 2).with(1, busy).with(2, connected),
                  1,
                  0,
                  {queue}},
        Situation{"tasks_of_other_runners_make_nobody_idle",
                  World().demand(1, 9).with(2, connected),
                  1,
                  0,
                  {queue}},
        Situation{"above_max_connected",
                  World().bounds(0, 2).demand(0, 3).with(4, connected),
                  0,
                  1,
                  {above_maximum}},
        Situation{"unknown_connected",
                  World().unknown().bounds(0, 1).with(3, connected),
                  0,
                  0,
                  {demand_unknown}},
        Situation{"spent_does_not", World().demand(1, 0).with(1, spent), 1, 0, {queue}},
        Situation{"draining_does_not", World().demand(1, 0).with(1, draining), 1, 0, {queue}},
        Situation{"all_live_count_for_max",
                  World().demand(3, 0).with(2, spent).with(1, draining),
                  1,
                  0,
                  {queue, maximum}},
        Situation{"min_from_zero", World().bounds(2, 4), 2, 0, {minimum}},
        Situation{"min_counts_busy", World().bounds(2, 4).with(1, busy), 1, 0, {minimum}},
        Situation{"min_ignores_spent", World().bounds(1, 4).with(1, spent), 1, 0, {minimum}},
        Situation{"queue_covers_min", World().bounds(2, 4).demand(3, 0), 3, 0, {queue}},
        Situation{"min_tops_queue", World().bounds(3, 4).demand(1, 0), 3, 0, {queue, minimum}},
        Situation{"max_beats_min", World().bounds(5, 2), 2, 0, {minimum, maximum}},
        Situation{"max_zero", World().bounds(0, 0).demand(1, 0), 0, 0, {queue, maximum}},
        Situation{
            "above_max", World().bounds(0, 2).with(2, busy).with(3, idle), 0, 3, {above_maximum}},
        Situation{"above_max_all_busy", World().bounds(0, 2).with(3, busy), 0, 0, {above_maximum}},
        Situation{"headroom_for_nobody", World().headroom(2), 0, 0, {satisfied}},
        Situation{"headroom_beside_what_waits",
                  World().demand(1, 0).headroom(2),
                  3,
                  0,
                  {queue, headroom}},
        Situation{"headroom_beside_what_runs",
                  World().demand(0, 1).with(1, busy).with(1, booting).headroom(2),
                  1,
                  0,
                  {headroom}},
        Situation{"headroom_is_there",
                  World().demand(1, 1).with(1, busy).with(3, idle).headroom(2),
                  0,
                  0,
                  {satisfied}},
        Situation{"headroom_covers_min",
                  World().demand(1, 0).bounds(3, 4).headroom(2),
                  3,
                  0,
                  {queue, headroom}},
        Situation{"headroom_ends_at_max",
                  World().demand(3, 0).headroom(2),
                  4,
                  0,
                  {queue, headroom, maximum}},
        Situation{"headroom_unknown", World().unknown().headroom(2), 0, 0, {demand_unknown}},
        Situation{"warm_from_zero", World().warm({.least = 2}), 2, 0, {Rule::warm}},
        Situation{"warm_is_there", World().warm({.least = 2}).with(2, idle), 0, 0, {satisfied}},
        Situation{
            "warm_is_booting", World().warm({.least = 2}).with(2, booting), 0, 0, {satisfied}},
        Situation{"warm_beside_what_waits",
                  World().demand(1, 0).warm({.least = 2}),
                  3,
                  0,
                  {queue, Rule::warm}},
        Situation{"warm_and_headroom_are_not_added",
                  World().demand(1, 0).headroom(1).warm({.least = 2}),
                  3,
                  0,
                  {queue, headroom, Rule::warm}},
        Situation{"more_headroom_than_warm",
                  World().demand(1, 0).headroom(2).warm({.least = 1}),
                  3,
                  0,
                  {queue, headroom}},
        Situation{"warm_ends_at_max",
                  World().demand(0, 3).with(3, busy).warm({.least = 2}),
                  1,
                  0,
                  {Rule::warm, maximum}},
        Situation{"warm_in_proportion_is_rounded_up",
                  World().bounds(0, 9).demand(0, 6).with(6, busy).warm({.percent_of_busy = 20}),
                  2,
                  0,
                  {Rule::warm}},
        Situation{"warm_in_proportion_has_a_least",
                  World().warm({.percent_of_busy = 20, .least = 1}),
                  1,
                  0,
                  {Rule::warm}},
        Situation{"warm_in_proportion_has_a_most",
                  World().bounds(0, 9).demand(0, 6).with(6, busy).warm({.percent_of_busy = 100,
                                                                        .most = 2}),
                  2,
                  0,
                  {Rule::warm}},
        Situation{"warm_unknown",
                  World().unknown().warm({.least = 2}).with(2, connected),
                  0,
                  0,
                  {demand_unknown}},
        Situation{"unknown", World().unknown().with(2, idle), 0, 0, {demand_unknown}},
        Situation{"unknown_above_max",
                  World().unknown().bounds(0, 1).with(2, idle),
                  0,
                  0,
                  {demand_unknown}},
        Situation{"unknown_min", World().unknown().bounds(1, 4), 1, 0, {demand_unknown, minimum}},
        Situation{"unknown_overdue",
                  World().unknown().with(1, booting, minutes(6)),
                  0,
                  0,
                  {demand_unknown}},
        Situation{"unknown_and_boots_fail",
                  World().unknown().bounds(1, 4).ended_unseen({"x"}),
                  0,
                  0,
                  {demand_unknown, minimum, backoff}},
        Situation{"stale", World().demand(3, 0, minutes(3)), 0, 0, {demand_stale}},
        Situation{"from_the_future", World().demand(3, 0, -minutes(3)), 0, 0, {demand_stale}},
        Situation{"negative", World().demand(-1, 0), 0, 0, {demand_unknown}},
        Situation{"huge", World().demand(std::int64_t{1} << 60, 0), 0, 0, {demand_unknown}},
        Situation{"overdue",
                  World().demand(1, 0).with(1, booting, minutes(5)),
                  0,
                  1,
                  {boot_timeout, queue, backoff}},
        Situation{"boot_failed", World().demand(1, 0).ended_unseen({"x"}), 0, 0, {queue, backoff}},
        Situation{
            "launch_refused", World().demand(1, 0).refused_launches(3), 0, 0, {queue, backoff}},
        Situation{"backoff_over", World().demand(1, 0).remembering({3, kNow, {}}), 1, 0, {queue}},
        Situation{"backoff_holds_min",
                  World().bounds(1, 4).remembering({1, kNow + seconds(1), {}}),
                  0,
                  0,
                  {minimum, backoff}},
        Situation{
            "a_boot_clears",
            World().demand(2, 0).with(1, idle).remembering({3, kNow + minutes(1), {}}).booted(),
            1,
            0,
            {queue}}),
    [](const auto& shown) { return shown.param.name; });

TEST(Decide, ExplainsItselfInWords) {
  const auto decision = World().bounds(0, 2).demand(3, 0).with(1, idle).decide();
  ASSERT_EQ(decision.reasons.size(), 2U);
  EXPECT_EQ(describe(decision.reasons[0]), "3 wait, 1 idle and 0 booting will serve 1: launch 2");
  EXPECT_EQ(describe({Rule::demand_unknown, 0, 0, "", "Invalid token provided."}),
            "Invalid token provided: hold");
  const auto warm = World().demand(1, 2).with(2, busy).warm({.percent_of_busy = 50, .least = 1});
  EXPECT_EQ(describe(warm.decide().reasons[1]),
            "1 is to be kept warm (50% of 2 busy), and 0 will be: launch 2");
  const auto roomy = World().demand(1, 0).with(2, idle).headroom(3).decide();
  EXPECT_EQ(describe(roomy.reasons[0]), "3 more are to be free than wait, and 1 will be: launch 2");
  EXPECT_EQ(describe(decision.reasons[1]),
            "at most 2 may be live and 1 are: launch 1 instead of 2");
}

TEST(Decide, BacksOffTwiceAsLongAfterEachFailureUpToTheMost) {
  State state;
  std::vector<Millis> pauses;
  for (int i = 0; i < 9; ++i) {
    state = World().ended_unseen({"x"}).remembering(state).decide().next;
    ASSERT_TRUE(state.backoff_until);
    pauses.push_back(*state.backoff_until - kNow);
  }
  EXPECT_THAT(pauses, ElementsAre(seconds(5), seconds(10), seconds(20), seconds(40), seconds(80),
                                  seconds(160), seconds(320), minutes(10), minutes(10)));
}

TEST(Decide, CountsAnOverdueBootOnceHoweverLongItStays) {
  auto world = World().with(1, booting, minutes(6));
  auto state = world.decide().next;
  EXPECT_EQ(state.failed_boots_in_a_row, 1);
  const auto again = World(world).remembering(state).decide();
  EXPECT_THAT(again.drain, ElementsAre("i0"));  // asked again, should the first have been lost
  EXPECT_EQ(again.next, state);
  const auto leaving = World().with(1, draining).remembering(state).decide();
  EXPECT_EQ(leaving.next, state);
  const auto gone = World().ended_unseen({"i0"}).remembering(state).decide();
  EXPECT_EQ(gone.next.failed_boots_in_a_row, 1);
  EXPECT_THAT(gone.next.given_up, IsEmpty());
}

TEST(Decide, DrainsTheNewestIdleFirst) {
  const auto world = World()
                         .bounds(0, 1)
                         .with(1, idle, seconds(9))
                         .with(1, idle, seconds(3))
                         .with(1, idle, seconds(6));
  EXPECT_THAT(world.decide().drain, ElementsAre("i1", "i2"));
}

TEST(Decide, DrainsWhoIsSurelyIdleBeforeWhoMayBe) {
  const auto world = World()
                         .bounds(0, 1)
                         .with(1, connected, seconds(1))
                         .with(1, idle, seconds(9))
                         .with(1, connected, seconds(6));
  EXPECT_THAT(world.decide().drain, ElementsAre("i1", "i0"));
}

TEST(Decide, TakesTheConnectedForBusyWhileTheQueueIsUnknown) {
  EXPECT_EQ(World().unknown().with(3, connected).decide().counts, (Counts{.busy = 3}));
  EXPECT_EQ(World().demand(0, 2).with(3, connected).decide().counts,
            (Counts{.idle = 1, .busy = 2}));
}

TEST(Decide, TakesTheUsedForBusyOrSpent) {
  EXPECT_EQ(World().demand(0, 1).with(2, used).with(1, connected).decide().counts,
            (Counts{.idle = 1, .busy = 1, .spent = 1}));
  EXPECT_EQ(World().demand(0, 3).with(2, used).with(1, connected).decide().counts,
            (Counts{.busy = 3}));
  EXPECT_EQ(World().unknown().with(2, used).decide().counts, (Counts{.busy = 2}));
  EXPECT_EQ(World().demand(1, 0).with(1, used).decide().launch, 1);
}

// Their runners are not listed yet, or never.
TEST(Decide, TakesThoseForBusyWhoWorkThoughNobodyListsThem) {
  const auto decision = World().demand(5, 5).bounds(0, 20).with(5, booting).at_work_unlisted(5);
  EXPECT_EQ(World(decision).decide().launch, 5);
  EXPECT_EQ(World(decision).decide().counts, (Counts{.busy = 5}));
  const auto late = World().demand(2, 2).with(2, booting, minutes(6)).with(1, booting);
  EXPECT_EQ(World(late).decide().next.failed_boots_in_a_row, 2);
  EXPECT_EQ(World(late).at_work_unlisted(1).decide().next.failed_boots_in_a_row, 1);
  const auto acquitted = World(late).at_work_unlisted(2).decide();
  EXPECT_EQ(acquitted.next.failed_boots_in_a_row, 0);
  EXPECT_EQ(acquitted.launch, 1) << "one boots, and may take one";
}

// They run nothing: no care, no second look, and not one by one.
TEST(Decide, WithdrawsWhatHasNotComeInTime) {
  const auto late = World().reaping().demand(5, 3).requested(5, minutes(6)).with(2, connected);
  const auto decision = World(late).decide();
  EXPECT_EQ(decision.withdraw, 5);
  EXPECT_EQ(decision.launch, 0);
  EXPECT_EQ(decision.desired, 2);
  EXPECT_THAT(decision.reap, IsEmpty());
  EXPECT_EQ(describe(decision.reasons[0]),
            "5 instances requested more than 5m ago and not there: withdraw 5");
  EXPECT_EQ(decision.next.failed_boots_in_a_row, 5);
  // The call failed, and the pause is over: they still go before others are asked for.
  auto again = decision.next;
  again.backoff_until.reset();
  const auto second = World(late).remembering(again).decide();
  EXPECT_EQ(second.withdraw, 5);
  EXPECT_EQ(second.launch, 0);
}

TEST(Decide, TakesBackAFailureThatWasNone) {
  const State failing{.failed_boots_in_a_row = 2, .backoff_until = kNow + minutes(1)};
  const auto half = World().demand(1, 0).remembering(failing).returned(1).decide();
  EXPECT_EQ(half.next.failed_boots_in_a_row, 1);
  EXPECT_EQ(half.launch, 0);
  const auto whole = World().demand(1, 0).remembering(failing).returned(2).decide();
  EXPECT_EQ(whole.next.failed_boots_in_a_row, 0);
  EXPECT_EQ(whole.launch, 1);
}

TEST(Decide, TriesOneFirstAfterThreeFailures) {
  State failing{.failed_boots_in_a_row = 3};
  const auto first = World().demand(4, 0).remembering(failing).decide();
  EXPECT_EQ(first.launch, 1);
  EXPECT_EQ(
      describe(first.reasons.back()),
      "3 boots failed in a row, so one is tried before there are more: launch 1 instead of 4");
  EXPECT_EQ(World().demand(4, 0).with(1, booting).remembering(failing).decide().launch, 0);
  failing.failed_boots_in_a_row = 2;
  EXPECT_EQ(World().demand(4, 0).remembering(failing).decide().launch, 4);
}

// A list of instances that lags: what looks requested has come, and works.
TEST(Decide, KeepsSoManyRequestsAsTasksRunOnNobodyThatIsKnown) {
  auto world = World().bounds(0, 9).reaping().requested(4).demand(0, 3);
  EXPECT_EQ(world.decide().withdraw, 1);
  EXPECT_EQ(world.with(2, connected).decide().withdraw, 3);
}

TEST(Decide, SaysByWhichScheduleAndLooksAgainWhenItEnds) {
  const auto decision = World().bounds(2, 4).by_schedule("office hours", minutes(1)).decide();
  EXPECT_EQ(describe(decision.reasons.at(0)),
            "at least 2 must be there (the schedule office hours is in force) and 0 are: launch 2");
  EXPECT_EQ(decision.revisit_at, kNow + minutes(1));
}

TEST(Decide, SaysWhyLaunchesFail) {
  const auto decision = World().demand(1, 0).refused_launches(1).trouble("no capacity").decide();
  EXPECT_EQ(decision.reasons.back().detail.find("1 boot failed in a row (no capacity), and"), 0U);
}

TEST(Decide, WithdrawsLaunchesAfterThreeFailuresUntilTheBackoffEnds) {
  State state;
  const auto waiting = World().demand(2, 0).requested(2);
  std::vector<std::int64_t> withdrawn;
  for (int i = 0; i < 3; ++i) {
    const auto decision = World(waiting).refused_launches(1).remembering(state).decide();
    withdrawn.push_back(decision.withdraw);
    state = decision.next;
  }
  EXPECT_THAT(withdrawn, ElementsAre(0, 0, 2));
  const auto last = World(waiting).remembering(state).decide();
  EXPECT_EQ(last.withdraw, 2);
  EXPECT_EQ(describe(last.reasons.at(0)),
            "2 instances requested while 3 boots failed in a row: withdraw 2");
  state.backoff_until = kNow;
  EXPECT_EQ(World(waiting).remembering(state).decide().withdraw, 0);
}

TEST(Decide, WithdrawsWhatIsOnlyRequestedAndNotNeeded) {
  EXPECT_EQ(World().requested(3).decide().withdraw, 3);
  EXPECT_EQ(World().demand(2, 0).requested(3).decide().withdraw, 1);
  EXPECT_EQ(World().demand(3, 0).with(1, idle).with(1, booting).requested(2).decide().withdraw, 1);
  EXPECT_EQ(World().demand(3, 0).requested(3).decide().withdraw, 0);
  EXPECT_EQ(World().bounds(2, 4).requested(3).decide().withdraw, 1);
  EXPECT_EQ(World().with(3, booting).decide().withdraw, 0) << "these are there";
  const auto decision = World().requested(1).decide();
  EXPECT_THAT(rules(decision), ElementsAre(unneeded));
  EXPECT_EQ(decision.desired, 0);
}

TEST(Decide, KeepsTheHeadroomThatIsRequested) {
  EXPECT_EQ(World().demand(1, 0).headroom(2).requested(3).decide().withdraw, 0);
  EXPECT_EQ(World().demand(0, 0).headroom(2).requested(3).decide().withdraw, 3);
}

TEST(Decide, WithdrawsNothingWhileTheQueueIsUnknown) {
  EXPECT_EQ(World().unknown().requested(3).decide().withdraw, 0);
  EXPECT_EQ(World().unknown().requested(3).ended_unseen({"x"}).decide().withdraw, 0);
}

TEST(Decide, WithdrawsWhatReplacesABootThatHasJustFailed) {
  const auto decision = World().demand(1, 0).requested(1).ended_unseen({"x"}).decide();
  EXPECT_EQ(decision.withdraw, 1);
  EXPECT_EQ(decision.launch, 0);
  EXPECT_EQ(describe(decision.reasons.at(0)),
            "1 instance requested in the place of boots that have failed: withdraw 1");
  EXPECT_EQ(World().demand(5, 0).requested(5).ended_unseen({"x"}).decide().withdraw, 1)
      << "the others are wanted";
  EXPECT_EQ(World().demand(0, 1).requested(1).ended_unseen({"x"}).decide().withdraw, 0)
      << "it may run the task";
}

TEST(Decide, DrainsNobodyWhoCannotBeAsked) {
  const auto decision = World().bounds(0, 1).with(3, idle).undrainable().decide();
  EXPECT_THAT(decision.drain, IsEmpty());
  EXPECT_THAT(rules(decision), ElementsAre(above_maximum));
}

TEST(Decide, DoesNothingWhileNobodyKnowsWhatIsThere) {
  const State before{1, kNow + minutes(1), {"i0"}};
  const auto world = World()
                         .bounds(2, 9)
                         .demand(5, 0)
                         .with(1, booting, minutes(9))
                         .remembering(before)
                         .unlistable("no credit");
  const auto decision = world.decide();
  EXPECT_EQ(decision.launch, 0);
  EXPECT_THAT(decision.drain, IsEmpty());
  EXPECT_EQ(decision.desired, 1);
  EXPECT_EQ(decision.next, before);
  ASSERT_THAT(rules(decision), ElementsAre(instances_unknown));
  EXPECT_EQ(describe(decision.reasons[0]), "the instances cannot be listed: no credit: hold");
}

TEST(Decide, SaysWhenToLookAgain) {
  const auto at = [](const World& world) { return world.decide().revisit_at; };
  EXPECT_EQ(at(World().with(1, booting, minutes(4))), kNow + minutes(1));
  EXPECT_EQ(at(World().demand(0, 0, minutes(1))), kNow + minutes(1));
  EXPECT_EQ(at(World().ended_unseen({"x"})), kNow + seconds(5));
  EXPECT_EQ(at(World().unknown()), std::nullopt);
  EXPECT_EQ(at(World().unknown().bounds(1, 1)), kNow + minutes(5));
}

TEST(Decide, KeepsABackoffBoundedWhenTheClockJumpsBack) {
  const auto decision = World().remembering({1, kNow + minutes(600), {}}).decide();
  EXPECT_EQ(decision.next.backoff_until, kNow + minutes(10));
}

}  // namespace
}  // namespace muster::scaling
