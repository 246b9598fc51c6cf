// How fast instances come and go: delay, rates, and the spend cap.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scaling/spend.hpp"
#include "scaling/world_for_tests.hpp"

namespace muster::scaling {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using enum InstanceState;
using enum Rule;

TEST(Pace, DrainsWhatNobodyHasNeededForTheDelay) {
  auto world = World().bounds(0, 9).warm({.least = 1}).scaling_in_after(minutes(1)).with(3, idle);
  auto decision = world.decide_and_remember();
  EXPECT_THAT(decision.drain, IsEmpty());
  EXPECT_EQ(decision.revisit_at, kNow + minutes(1));
  EXPECT_THAT(world.later(seconds(59)).decide_and_remember().drain, IsEmpty());
  decision = world.later(seconds(1)).decide_and_remember();
  EXPECT_THAT(decision.drain, ElementsAre("i2", "i1"));
  EXPECT_EQ(describe(decision.reasons[0]), "2 idle and not needed for 1m: drain 2");
}

TEST(Pace, DrainsOnlyWhatWasNeededAtNoTimeOfTheDelay) {
  auto world = World().bounds(0, 9).scaling_in_after(minutes(1)).with(3, idle);
  world.decide_and_remember();
  world.demand(2, 0).later(seconds(30)).decide_and_remember();
  const auto decision = world.demand(0, 0, -seconds(60)).later(seconds(30)).decide_and_remember();
  EXPECT_EQ(decision.drain.size(), 1U);
  EXPECT_EQ(decision.next.surplus, (Surplus{kNow + minutes(1), 2})) << "the rest waits anew";
}

TEST(Pace, WaitsAnewForTheDelayOnceAllWereNeeded) {
  auto world = World().bounds(0, 9).scaling_in_after(minutes(1)).with(3, idle);
  world.decide_and_remember();
  EXPECT_EQ(world.demand(3, 0).later(seconds(30)).decide_and_remember().next.surplus, std::nullopt);
  EXPECT_THAT(world.demand(0, 0, -seconds(60)).later(seconds(30)).decide().drain, IsEmpty());
}

TEST(Pace, DrainsNoneThatIsKept) {
  const auto after_the_delay = [](World world) {
    world.bounds(2, 9).scaling_in_after(minutes(1)).decide_and_remember();
    return world.later(minutes(1)).decide().drain.size();
  };
  EXPECT_EQ(after_the_delay(World().with(3, idle)), 1U);
  EXPECT_EQ(after_the_delay(World().demand(0, 1).with(1, busy).with(3, idle)), 2U);
  EXPECT_EQ(after_the_delay(World().demand(0, 1).headroom(3).with(1, busy).with(3, idle)), 0U);
  EXPECT_EQ(after_the_delay(World().with(3, idle).undrainable()), 0U);
  EXPECT_EQ(after_the_delay(World().with(2, booting).with(2, idle)), 0U) << "it is not there yet";
}

TEST(Pace, DrainsNobodyWithoutADelay) {
  auto world = World().warm({.least = 1}).with(3, idle);
  EXPECT_EQ(world.decide_and_remember().next.surplus, std::nullopt);
  EXPECT_THAT(world.later(std::chrono::hours(9)).decide().drain, IsEmpty());
}

TEST(Pace, KeepsTheDelayBoundedWhenTheClockJumpsBack) {
  auto world = World().scaling_in_after(minutes(1)).with(1, idle);
  world.decide_and_remember();
  EXPECT_EQ(world.later(-std::chrono::hours(5)).decide_and_remember().drain.size(), 0U);
  EXPECT_EQ(world.later(minutes(1)).decide().drain.size(), 1U);
}

TEST(Pace, LaunchesNoFasterThanTheRate) {
  auto world = World().bounds(0, 99).demand(5, 0).launching_at({3, minutes(1)});
  auto decision = world.decide_and_remember();
  EXPECT_EQ(decision.launch, 3);
  EXPECT_THAT(rules(decision), ElementsAre(queue, launch_rate));
  EXPECT_EQ(describe(decision.reasons[1]),
            "at most 3 in 1m are launched, and the next may be at 2027-01-15T08:01:00Z: launch 3 "
            "instead of 5");
  EXPECT_EQ(decision.revisit_at, kNow + minutes(1));
  world.with(3, booting, -seconds(0));
  EXPECT_EQ(world.later(seconds(59)).decide_and_remember().launch, 0);
  EXPECT_EQ(world.later(seconds(1)).decide_and_remember().launch, 2);
}

TEST(Pace, TheRateBindsTheMinimumToo) {
  auto world = World().unknown().bounds(4, 9).launching_at({3, minutes(1)});
  EXPECT_EQ(world.decide_and_remember().launch, 3);
  EXPECT_EQ(world.later(std::chrono::hours(-1)).decide_and_remember().launch, 0);
  EXPECT_EQ(world.later(minutes(1)).decide().launch, 3) << "bounded, though the clock was set back";
}

TEST(Pace, DrainsNoFasterThanTheRate) {
  auto world = World().bounds(0, 1).scaling_in_at({2, minutes(1)}).with(4, idle);
  auto decision = world.decide_and_remember();
  EXPECT_EQ(decision.drain.size(), 2U);
  EXPECT_THAT(rules(decision), ElementsAre(above_maximum, scale_in_rate));
  EXPECT_EQ(describe(decision.reasons[1]),
            "at most 2 in 1m are drained, and the next may be at 2027-01-15T08:01:00Z: drain 2 "
            "instead of 3");
  EXPECT_THAT(world.later(seconds(59)).decide_and_remember().drain, IsEmpty());
  EXPECT_EQ(world.later(seconds(1)).decide().drain.size(), 2U);
}

TEST(Pace, TheRestOfASurplusGoesAsSoonAsTheRateLetsIt) {
  auto world = World().scaling_in_after(seconds(30)).scaling_in_at({2, minutes(1)}).with(3, idle);
  world.decide_and_remember();
  EXPECT_EQ(world.later(seconds(30)).decide_and_remember().drain.size(), 2U);
  auto left = World().scaling_in_after(seconds(30)).scaling_in_at({2, minutes(1)}).with(1, idle);
  left.remembering(world.snapshot().state).later(seconds(90));
  EXPECT_EQ(left.decide().drain.size(), 1U);
}

TEST(Pace, LaunchesNoMoreThanTheCapHasHoursFor) {
  using std::chrono::hours;
  auto world = World().bounds(0, 200).demand(100, 0).spending_at_most({10, hours(24)});
  const auto first = world.decide_and_remember();
  EXPECT_EQ(first.launch, 10) << "an hour each, as no task was seen to end";
  EXPECT_EQ(describe(first.reasons[1]),
            "0.0 of 10 instance-hours in 24h are used, 0 live, and each is taken to need 1 h 0 "
            "min: launch "
            "10 instead of 100");
  EXPECT_EQ(world.with(10, busy).demand(90, 10).decide_and_remember().launch, 0);
}

// A boot of 90 s, and tasks of 4.5 minutes.
TEST(Pace, LaunchesAllTheMoreUnderACapTheShorterTasksAre) {
  using std::chrono::hours;
  State state;
  state.turnover = {
      .boot = seconds(90), .ended = 10, .run_time = 10 * Millis(seconds(270)).count()};
  auto world = World().bounds(0, 200).demand(150, 0).spending_at_most({10, hours(24)});
  EXPECT_EQ(world.remembering(state).decide().launch, 100);
}

TEST(Pace, ACapThatIsLessThanATaskNeedsStillLaunchesOneAfterTheOther) {
  using std::chrono::hours;
  State state;
  state.turnover = {.ended = 1, .run_time = Millis(hours(2)).count()};
  auto world = World().bounds(0, 9).demand(2, 0).spending_at_most({1, hours(1)});
  EXPECT_EQ(world.remembering(state).decide().launch, 1);
  EXPECT_EQ(world.with(1, busy).demand(1, 1).decide().launch, 0);
}

TEST(Pace, LaunchesNothingOnceTheCapIsUsedUpAndEndsNobody) {
  using std::chrono::hours;
  auto world = World().bounds(0, 9).demand(0, 4).with(4, busy).spending_at_most({2, hours(3)});
  for (int i = 0; i < 7; ++i) world.later(minutes(5)).decide_and_remember();
  const auto decision = world.demand(1, 4, -minutes(35)).decide();
  EXPECT_EQ(decision.launch, 0);
  EXPECT_THAT(decision.drain, IsEmpty());
  EXPECT_THAT(rules(decision), ElementsAre(queue, spend_cap));
  EXPECT_EQ(describe(decision.reasons[1]),
            "2.0 of 2 instance-hours in 3h are used, 4 live, and each is taken to need 1 h 0 min: "
            "launch 0 "
            "instead of 1");
}

// --- Of those that take one task after the other
// --------------------------------------------------

// A boot of a minute, tasks of six, and so many of ten hours that are used.
World reusing(Millis used) {
  State state;
  state.turnover = {.boot = minutes(1), .ended = 10, .run_time = 10 * Millis(minutes(6)).count()};
  state.spend = {.used = {{kNow, used.count()}}, .counted_until = kNow};
  World world;
  world.bounds(0, 200).reusing().remembering(state);
  return world.spending_at_most({10, std::chrono::hours(24)});
}

TEST(Pace, TheBusyEndAfterTheirTaskOnceTheCapHasNoRoomForAnother) {
  auto world = reusing(std::chrono::hours(9)).demand(50, 8).with(8, busy);
  const auto decision = world.decide_and_remember();
  EXPECT_EQ(decision.drain.size(), 6U) << "ten tasks are left: one for each of eight, and two more";
  EXPECT_EQ(decision.launch, 0);
  EXPECT_THAT(rules(decision), ElementsAre(last_task, queue, spend_cap));
  EXPECT_EQ(describe(decision.reasons[0]),
            "9.0 of 10 instance-hours in 24h are used: 6 of 8 end after the task they run");
  EXPECT_TRUE(reusing(std::chrono::hours(8)).demand(50, 8).with(8, busy).decide().drain.empty());
}

// Two live and are busy. An hour is left, and 24 minutes are two tasks of each: 36 minutes to
// spare.
TEST(Pace, IsDecidedAgainWhenFewerMayGoOn) {
  auto world = reusing(std::chrono::hours(9)).demand(0, 2).with(2, busy);
  const auto& snapshot = world.snapshot();
  Outlook ahead = outlook_of(snapshot.demand, count(snapshot.instances),
                             Millis(std::chrono::hours(9)).count(), 0);
  const auto& turnover = snapshot.state.turnover;
  EXPECT_EQ(fewer_go_on_at(snapshot.policy, ahead, turnover, kNow), kNow + minutes(18) + Millis(1));
  ahead.used += 2 * Millis(minutes(18)).count() + 2;
  EXPECT_EQ(may_go_on(snapshot.policy, ahead, turnover), 1) << "then one of them ends";
  EXPECT_FALSE(fewer_go_on_at(snapshot.policy, ahead, turnover, kNow));
}

TEST(Pace, NobodyIsAskedWhoEndsAnywayOrCannotBe) {
  auto world = reusing(std::chrono::hours(10)).demand(50, 8).with(8, busy);
  EXPECT_EQ(world.decide().drain.size(), 8U);
  EXPECT_TRUE(world.undrainable().decide().drain.empty());
  EXPECT_TRUE(reusing(std::chrono::hours(10)).unknown().with(8, busy).decide().drain.empty());
  EXPECT_TRUE(World(world).reusing(false).decide().drain.empty());
}

// Of whom nobody knows whether they are busy, unless as many tasks run as they can.
TEST(Pace, WhoIsSurelyAtWorkIsAskedLikewise) {
  auto world = reusing(std::chrono::hours(10)).demand(50, 8).with(8, connected);
  EXPECT_EQ(world.decide().drain.size(), 8U);
  EXPECT_TRUE(world.demand(50, 7).decide().drain.empty());
}

TEST(Pace, UntilATaskHasEndedOnlyACapThatIsUsedUpEndsAnybody) {
  const auto drained = [](Millis used) {
    return reusing(used).learning_nothing().demand(9, 4).with(4, busy).decide().drain.size();
  };
  EXPECT_EQ(drained(std::chrono::hours(9)), 0U);
  EXPECT_EQ(drained(std::chrono::hours(10)), 4U);
}

TEST(Pace, LaunchesOnlyWhatMayRunASecondTask) {
  EXPECT_EQ(reusing(Millis(0)).demand(200, 0).decide().launch, 85) << "ten hours of seven minutes";
  EXPECT_EQ(reusing(Millis(0)).demand(200, 40).with(40, busy).decide().launch, 5);
}

// Nobody can make them stop while tasks wait.
TEST(Pace, WhoCannotBeAskedIsLaunchedForWhatTheCapIsEnoughFor) {
  const auto launched = [](std::int64_t waiting, int there) {
    auto world = reusing(Millis(0)).undrainable().demand(waiting, there).with(there, busy);
    return world.decide().launch;
  };
  EXPECT_EQ(launched(20, 0), 20);
  EXPECT_EQ(launched(80, 10), 60) << "nine hours of work, and an hour for boots";
  EXPECT_EQ(launched(200, 0), 1);
  EXPECT_EQ(launched(200, 1), 0);
}

TEST(Pace, OrForAsManyAsCouldBeThereForEver) {
  auto world = reusing(Millis(0)).undrainable().demand(200, 2).with(2, busy);
  EXPECT_EQ(world.spending_at_most({10, std::chrono::hours(2)}).decide().launch, 3);
}

}  // namespace
}  // namespace muster::scaling
