// Who is ended by name, and who is not (ending.cpp).

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scaling/world_for_tests.hpp"

namespace muster::scaling {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using enum InstanceState;

constexpr Millis kQuiet = seconds(30);

// As it decides once it has seen for long enough that nothing runs but on who is known to be busy.
Decision decide_at_rest(World world) {
  auto state = world.snapshot().state;
  state.quiet_since = kNow - kQuiet;
  return world.remembering(state).decide();
}

TEST(Ending, EndsAnInstanceOnceTwoReadingsHaveMissedIt) {
  const auto world =
      World().bounds(0, 99).reaping().with(1, booting, minutes(10)).with(20, connected);
  const auto first = world.decide();
  EXPECT_THAT(first.reap, IsEmpty());
  EXPECT_THAT(first.drain, IsEmpty());
  EXPECT_EQ(describe(first.reasons[0]), "i0 did not connect within 5m: look once more");
  // The same reading again proves nothing; a later one does.
  EXPECT_THAT(World(world).remembering(first.next).decide().reap, IsEmpty());
  const auto second = World(world).remembering(first.next).demand(0, 0, -kQuiet).decide();
  EXPECT_THAT(second.reap, ElementsAre("i0"));
  EXPECT_EQ(describe(second.reasons[0]), "i0 did not connect within 5m: end it");
  EXPECT_EQ(second.next.failed_boots_in_a_row, 1);
}

// A list of runners may lag behind for longer than a boot takes, and an idle one claim at any time.
TEST(Ending, EndsNobodyBeforeItIsSilentForTwiceTheTimeout) {
  const auto decide_at = [](Millis age) {
    auto world = World().bounds(0, 99).reaping().with(1, booting, age).with(20, connected);
    world.remembering(world.decide().next).demand(0, 0, -kQuiet);
    return world.decide();
  };
  const auto early = decide_at(minutes(10) - Millis(1));
  EXPECT_THAT(early.reap, IsEmpty());
  EXPECT_EQ(early.next.failed_boots_in_a_row, 1) << "it is no supply all the same";
  EXPECT_EQ(early.revisit_at, kNow + Millis(1));
  EXPECT_THAT(decide_at(minutes(10)).reap, ElementsAre("i0"));
}

TEST(Ending, CountsOnNobodyWhoIsNotHeardOfAnyMore) {
  const auto one = World().reaping().demand(1, 0).with(1, lost).decide();
  EXPECT_EQ(one.launch, 1);
  EXPECT_THAT(one.reap, IsEmpty());
  EXPECT_EQ(describe(one.reasons[0]), "i0 is not heard of any more: have a look");
  const auto two = World().demand(1, 1).with(1, connected).with(2, lost).decide();
  EXPECT_EQ(two.counts, (Counts{.busy = 1, .lost = 2}));
  EXPECT_EQ(describe(two.counts), "0 booting, 0 idle, 1 busy, 0 spent, 0 draining, 2 lost");
  EXPECT_EQ(describe(two.reasons[0]),
            "2 instances, i1 among them, are not heard of any more: have a look");
  using std::chrono::hours;
  const auto old = [](std::int64_t running) {
    return decide_at_rest(World().reaping().demand(0, running).with(1, lost, hours(6))).reap;
  };
  EXPECT_THAT(old(0), ElementsAre("i0"));
  EXPECT_THAT(old(1), IsEmpty()) << "it may be at work, and only cut off";
}

TEST(Ending, EndsNobodyUnlistedWhileTasksRunThatMayBeItsOwn) {
  const auto second_look = [](World world) {
    return world.remembering(world.decide().next).demand(0, 3, -kQuiet).decide();
  };
  const auto overdue = World().reaping().demand(0, 3).with(1, booting, minutes(10));
  const auto spared = second_look(World(overdue).with(2, connected).with(1, idle).with(1, spent));
  EXPECT_THAT(spared.reap, IsEmpty());
  EXPECT_EQ(describe(spared.reasons[0]),
            "i0 did not connect within 5m, and 3 tasks run that may be its own: look once more");
  EXPECT_EQ(spared.next.failed_boots_in_a_row, 1);
  EXPECT_THAT(second_look(World(overdue).with(3, busy)).reap, ElementsAre("i0"));
  EXPECT_THAT(second_look(World(overdue).with(1, busy).with(1, connected)).reap, IsEmpty());
  EXPECT_THAT(second_look(World(overdue).with(1, busy).with(2, connected)).reap, IsEmpty())
      << "who is connected may be idle";
  EXPECT_THAT(second_look(World(overdue).with(2, busy).with(1, lost)).reap, IsEmpty())
      << "one that is not heard of explains no task";
  const auto old = [](int hours) {
    return World().reaping().demand(0, 3).with(1, booting, std::chrono::hours(hours));
  };
  EXPECT_THAT(second_look(old(6)).reap, IsEmpty());
  EXPECT_THAT(second_look(old(12)).reap, ElementsAre("i0"));
}

TEST(Ending, EndsNobodyOldWhoMayBeBusy) {
  const auto old = [](std::int64_t running) {
    return decide_at_rest(
        World().reaping().demand(0, running).with(1, connected, std::chrono::hours(7)));
  };
  EXPECT_THAT(old(1).reap, IsEmpty()) << "it waited long before its task came";
  EXPECT_THAT(old(0).reap, ElementsAre("i0"));
  const auto two = World().reaping().demand(0, 1).with(2, connected, std::chrono::hours(12));
  EXPECT_THAT(decide_at_rest(two).reap, IsEmpty()) << "either may run it";
}

// Who is idle takes it at once, listed or not; one that waits for longer shows that nobody is.
TEST(Ending, EndsNobodyWhileATaskHasJustCome) {
  const auto look = [](World& world, std::int64_t unclaimed, Millis at) {
    const auto decision = world.demand(unclaimed, 0, -at).decide();
    world.remembering(decision.next);
    return decision.reap;
  };
  auto world = World().reaping().with(1, booting, minutes(10));
  look(world, 0, seconds(0));
  EXPECT_THAT(look(world, 1, seconds(1)), IsEmpty());
  EXPECT_THAT(look(world, 1, seconds(30)), IsEmpty());
  EXPECT_THAT(look(world, 1, seconds(31)), ElementsAre("i0"));
  auto old = World().reaping().with(1, connected, std::chrono::hours(7));
  look(old, 0, seconds(0));
  EXPECT_THAT(look(old, 1, seconds(40)), IsEmpty());
  EXPECT_THAT(look(old, 0, seconds(41)), ElementsAre("i0"));
}

TEST(Ending, EndsNoneIfManyLookDeadAtOnce) {
  const auto silent = [](int overdue, int well, Millis age = minutes(10)) {
    auto world = World().bounds(0, 99).reaping().with(overdue, booting, age).with(well, connected);
    world.remembering(world.decide().next).demand(0, 0, -kQuiet);
    return world.decide();
  };
  EXPECT_EQ(silent(1, 0).reap.size(), 1U);
  EXPECT_EQ(silent(2, 18).reap.size(), 2U);
  EXPECT_EQ(silent(2, 17).reap.size(), 1U) << "the next one with the next reading";
  const auto alarmed = silent(3, 20, minutes(6));
  EXPECT_THAT(alarmed.reap, IsEmpty());
  EXPECT_EQ(describe(alarmed.reasons.back()),
            "3 of 23 instances look dead at once: end none of them, and have a look at them");
}

// Else they would fill the class up to its maximum, and nothing would ever start.
TEST(Ending, EndsManyDeadOnesAFewAtATimeOnceTheyAreSilentForTwiceTheTimeout) {
  auto world = World().bounds(0, 20).reaping().demand(1, 0).with(20, booting, minutes(10));
  world.remembering(world.decide().next);
  EXPECT_THAT(world.decide().reap, IsEmpty()) << "in the same reading";
  const auto decision = world.demand(1, 0, -seconds(30)).decide();
  EXPECT_EQ(decision.reap.size(), 2U);
  EXPECT_TRUE(std::ranges::any_of(decision.reasons, [](const auto& reason) {
    return describe(reason) ==
           "20 of 20 instances look dead at once: end 2 of them, and have a look at them";
  }));
  world.remembering(decision.next);
  EXPECT_THAT(world.decide().reap, IsEmpty()) << "the next few wait for the next reading";
  const auto busy_unlisted = world.demand(1, 1, -seconds(31)).decide();
  EXPECT_THAT(busy_unlisted.reap, IsEmpty()) << "one of them may run the task";
}

// A few with each reading, however old they are.
TEST(Ending, EndsManyThatAreTooOldAFewAtATime) {
  auto world = World().bounds(0, 20).reaping().demand(0, 0).with(2, lost, std::chrono::hours(7));
  const auto first = decide_at_rest(world);
  EXPECT_THAT(first.reap, ElementsAre("i0"));
  auto rest = World().bounds(0, 20).reaping().demand(0, 0).with(1, lost, std::chrono::hours(7));
  rest.remembering(first.next);
  EXPECT_THAT(rest.decide().reap, IsEmpty()) << "in the same reading";
  EXPECT_THAT(rest.demand(0, 0, -kQuiet).decide().reap, ElementsAre("i0"));
}

TEST(Ending, AClockThatWasSetBackKeepsNoDeadOne) {
  auto world = World().reaping().with(1, booting, minutes(10));
  auto state = world.decide().next;
  state.given_up_at = kNow + std::chrono::hours(24);
  world.remembering(world.remembering(state).decide().next).demand(0, 0, -kQuiet);
  EXPECT_THAT(world.decide().reap, ElementsAre("i0"));
}

// A list that is wrong explains nothing: those of which it does not speak may run what runs.
TEST(Ending, EndsNoneOfManyWhileATaskRunsThatMayBeTheirs) {
  auto world = World().bounds(0, 20).reaping().demand(0, 5);
  world.with(5, booting, minutes(11)).with(5, connected);
  world.remembering(world.decide().next).demand(0, 5, -kQuiet);
  const auto decision = world.decide();
  EXPECT_THAT(decision.reap, IsEmpty());
  EXPECT_EQ(describe(decision.reasons.back()),
            "5 of 10 instances look dead at once: end none of them, and have a look at them");
  world.remembering(decision.next).demand(0, 0, -kQuiet - seconds(1));
  world.remembering(world.decide().next).demand(0, 0, -kQuiet - seconds(31));
  EXPECT_EQ(world.decide().reap.size(), 1U) << "nothing runs any more";
}

// The count falls before its runner has ended the task.
TEST(Ending, BeginsAnewWithItsTwoReadingsAfterATaskThatMayBeTheirs) {
  auto world = World().reaping().demand(0, 1).with(1, booting, minutes(10));
  world.remembering(world.decide().next).demand(0, 0, -kQuiet);
  const auto first = world.decide();
  EXPECT_THAT(first.reap, IsEmpty()) << "one reading without a task";
  world.remembering(first.next).demand(0, 0, -kQuiet - seconds(29));
  EXPECT_THAT(world.decide().reap, IsEmpty()) << "no count of it need be there yet";
  world.demand(0, 0, -kQuiet - seconds(30));
  EXPECT_THAT(world.decide().reap, ElementsAre("i0"));

  auto young = World().reaping().demand(0, 1).with(1, booting, minutes(6));
  auto old = World().reaping().demand(0, 0, -kQuiet).with(1, booting, minutes(10));
  EXPECT_THAT(old.remembering(young.decide().next).decide().reap, IsEmpty())
      << "nor does one in which it was not yet silent for long";
}

// A long wait may have come before its task.
TEST(Ending, WhileATaskRunsThatMayBeItsOwnALostOneMayGetTwiceAsOld) {
  using std::chrono::hours;
  const auto ended = [](InstanceState state, Millis age) {
    return decide_at_rest(World().reaping().demand(0, 1).with(1, state, age).with(1, connected))
        .reap;
  };
  EXPECT_THAT(ended(lost, hours(6)), IsEmpty());
  EXPECT_THAT(ended(lost, hours(12)), ElementsAre("i0"));
  EXPECT_THAT(ended(connected, hours(12)), IsEmpty()) << "it is heard of";
}

TEST(Ending, EndsWhatIsOlderThanAnyTask) {
  using std::chrono::hours;
  const auto ended = [](World world) { return decide_at_rest(std::move(world)).reap; };
  EXPECT_THAT(ended(World().reaping().with(1, connected, hours(6))), ElementsAre("i0"));
  EXPECT_THAT(ended(World().reaping().with(1, connected, hours(5))), IsEmpty());
  EXPECT_THAT(ended(World().reaping().with(1, busy, hours(7))), IsEmpty());
  EXPECT_THAT(ended(World().with(1, connected, hours(7))), IsEmpty()) << "it does not reap";
  EXPECT_THAT(World().reaping().with(1, connected, hours(6)).decide().reap, IsEmpty())
      << "one reading proves nothing";
  const auto used = [](Millis ago, std::int64_t running = 0) {
    auto world = World().reaping().demand(0, running).with(2, connected, hours(13)).used(ago);
    return decide_at_rest(world).reap.size();
  };
  EXPECT_EQ(used(hours(5)), 0U) << "it may still run what it took then";
  EXPECT_EQ(used(hours(6)), 1U);
  EXPECT_EQ(used(hours(6), 1), 0U);
  EXPECT_EQ(used(hours(12), 1), 0U);
  EXPECT_EQ(used(-hours(1)), 0U) << "its keeper's clock is ahead";
}

}  // namespace
}  // namespace muster::scaling
