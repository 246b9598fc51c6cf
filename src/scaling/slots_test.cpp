// Instances that run several tasks at once.

#include "scaling/slots.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scaling/plan_share.hpp"
#include "scaling/world_for_tests.hpp"

namespace muster::scaling {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using enum InstanceState;

World of(std::int64_t slots) {
  return World().bounds(0, 20).slots(slots);
}

struct Row {
  const char* name;
  World world;
  std::int64_t launch;
};

TEST(SlotsOfInstances, AreCountedBeforeAnythingIsLaunched) {
  const Row rows[] = {
      {"rounded up", of(2).demand(5, 0), 3},
      {"none too many", of(2).demand(4, 0), 2},
      {"an idle one serves as many as it has slots", of(3).demand(3, 0).with(1, idle), 0},
      {"and no more", of(3).demand(4, 0).with(1, idle), 1},
      {"one that boots, too", of(3).demand(3, 0).with(1, booting), 0},
      {"and is counted once", of(3).demand(7, 0).with(1, booting), 2},
      {"free slots beside a task serve", of(4).demand(3, 1).with(1, busy).running(1), 0},
      {"and no more of them", of(4).demand(4, 1).with(1, busy).running(1), 1},
      {"who is full serves nobody", of(2).demand(1, 2).with(1, busy).running(2), 1},
      {"busy with one task, if nobody counts", of(2).demand(1, 1).with(1, busy), 0},
      {"tasks that run somewhere take a slot each", of(4).demand(3, 5).with(2, connected), 0},
      {"whoever has them", of(4).demand(4, 5).with(2, connected), 1},
      {"draining ones are no supply", of(2).demand(2, 0).with(1, draining), 1},
      {"nor are lost ones", of(2).demand(2, 0).with(1, lost), 1},
      {"the maximum is of instances", of(4).bounds(0, 2).demand(100, 0), 2},
      {"and so is the minimum", of(4).bounds(2, 9).with(1, idle), 1},
      {"and the launch rate", of(4).demand(100, 0).launching_at({3, minutes(1)}), 3},
      {"headroom is the slots of so many", of(3).demand(1, 0).headroom(1), 2},
      {"wherever these are free",
       of(3).demand(0, 3).headroom(1).with(1, busy).running(2).with(1, busy).running(1), 0},
      {"warm ones, too", of(4).demand(0, 1).warm({.least = 1}).with(1, busy).running(1), 1},
      {"which may be free already", of(4).warm({.least = 1}).with(1, idle), 0},
      {"what is foreseen takes a slot each", of(2).foreseeing({{kNow + seconds(60), 3, 0}}), 2},
      {"the share of the plan is of tasks", of(2).demand(10, 0).in_plan(20, 3), 2},
      {"what runs is of it", of(2).demand(10, 3).in_plan(20, 4).with(1, busy).running(2), 1},
  };
  for (const auto& [name, world, launch] : rows) {
    EXPECT_EQ(world.decide().launch, launch) << name;
  }
}

TEST(SlotsOfInstances, AreToldInTheReasons) {
  const auto words = [](const World& world) { return describe(world.decide().reasons); };
  EXPECT_EQ(words(of(2).demand(5, 1).with(1, busy).running(1)),
            "5 wait, and 1 slot free or coming of 0 idle, 0 booting and 1 busy will serve 1: "
            "launch 2");
  EXPECT_EQ(words(of(2).warm({.least = 1}).demand(0, 1).with(1, busy).running(1)),
            "1 is to be kept warm, and 1 of 2 slots will be: launch 1");
}

// An instance may be of before the class had so many slots, or have lost a runner.
TEST(SlotsOfInstances, AreThoseThatItHas) {
  const auto launched = [](std::int64_t own, std::int64_t unclaimed) {
    return World()
        .bounds(0, 20)
        .slots(own)
        .with(1, idle)
        .slots(3)
        .demand(unclaimed, 0)
        .decide()
        .launch;
  };
  EXPECT_EQ(launched(1, 3), 1);
  EXPECT_EQ(launched(1, 1), 0);
  EXPECT_EQ(launched(5, 5), 0);
  EXPECT_EQ(launched(0, 1), 0) << "absurd: it has one";
}

TEST(SlotsOfInstances, LeaveTasksToThoseThatWillSoonBeFree) {
  const auto world = [](std::int64_t soon) {
    State state;
    state.turnover = {.boot = seconds(90),
                      .ended = 64,
                      .run_time = 0,
                      .recent = {{kNow, soon}},
                      .waiting = {{kNow, 9}},
                      .counted_at = kNow,
                      .unclaimed = 4,
                      .running = 4};
    return of(2)
        .demand(4, 4)
        .with(1, busy)
        .running(2)
        .with(1, busy)
        .running(2)
        .soon_free()
        .remembering(state);
  };
  EXPECT_EQ(world(0).decide().launch, 2);
  const auto one = world(1).decide();
  EXPECT_EQ(one.launch, 2) << "one slot less is no instance less";
  EXPECT_THAT(rules(one), ElementsAre(Rule::queue));
  EXPECT_EQ(world(2).decide().launch, 1);
  EXPECT_EQ(world(4).decide().launch, 0);
}

TEST(SlotsOfInstances, DrainWholeIdleInstancesAlone) {
  const auto drained = [](World world) { return world.scaling_in_after(Millis(0)).decide().drain; };
  EXPECT_THAT(drained(of(4).demand(0, 1).with(1, busy).running(1)), IsEmpty());
  EXPECT_THAT(drained(of(2).demand(0, 1).with(1, busy).running(1).with(2, idle)),
              ElementsAre("i2", "i1"));
  EXPECT_THAT(drained(of(2).demand(2, 1).with(1, busy).running(1).with(2, idle)),
              ElementsAre("i2"));
  EXPECT_THAT(drained(of(2).demand(4, 1).with(1, busy).running(1).with(2, idle)), IsEmpty());
  EXPECT_THAT(drained(of(2).bounds(2, 9).demand(0, 1).with(1, busy).running(1).with(2, idle)),
              ElementsAre("i2"));
  // Two tasks may be on two of them.
  EXPECT_THAT(drained(of(4).demand(0, 2).with(3, connected)), ElementsAre("i2"));
  EXPECT_THAT(drained(of(4).demand(0, 3).with(3, connected)), IsEmpty());
}

// S1: who runs two tasks explains two.
TEST(SlotsOfInstances, ExplainTheTasksThatRun) {
  const auto reaped = [](std::int64_t running) {
    auto world = of(2).reaping().demand(0, running).with(1, booting, minutes(10));
    world.with(1, busy).running(2);
    return world.remembering(world.decide().next).demand(0, running, -seconds(30)).decide().reap;
  };
  EXPECT_THAT(reaped(2), ElementsAre("i0"));
  EXPECT_THAT(reaped(3), IsEmpty());
}

TEST(SlotsOfInstances, ClaimTheirPartOfThePlan) {
  const auto claim = claim_on_plan(of(4).demand(9, 2).with(1, busy).running(2).snapshot());
  EXPECT_EQ(claim.has, 4) << "two run, and two may begin";
  EXPECT_EQ(claim.wants, 11);
}

TEST(SlotsOfInstances, WithdrawOnlyWhatNoTaskNeeds) {
  const auto withdrawn = [](std::int64_t unclaimed) {
    return of(3).demand(unclaimed, 0).requested(3).decide().withdraw;
  };
  EXPECT_EQ(withdrawn(9), 0);
  EXPECT_EQ(withdrawn(7), 0);
  EXPECT_EQ(withdrawn(6), 1);
  EXPECT_EQ(withdrawn(1), 2);
  EXPECT_EQ(withdrawn(0), 3);
}

}  // namespace
}  // namespace muster::scaling
