// Single worlds whose end is known, and the tutorial's scaler beside ours in them.

#include "simulation/world.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/log.hpp"

namespace muster::simulation {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr Millis kDay = std::chrono::hours(24);

scaling::Policy policy() {
  scaling::Policy policy;
  policy.max = 10;
  policy.reaps = true;
  policy.drains = false;
  policy.boot_timeout = minutes(5);
  policy.longest_life = std::chrono::hours(6);
  return policy;
}

std::vector<Arrival> every(Millis gap, int count, Millis duration) {
  std::vector<Arrival> arrivals;
  for (int i = 0; i < count; ++i) arrivals.push_back({gap * i, duration});
  return arrivals;
}

class OneWorld : public testing::Test {
 protected:
  static void SetUpTestSuite() { static_cast<void>(log::configure({.format = log::Format::none})); }

  RunTotals ours(const std::vector<Arrival>& arrivals) {
    World world(conditions, arrivals, 1);
    world.scaled_by_us(policy());
    auto totals = world.run(kDay);
    EXPECT_TRUE(totals.violations.empty()) << totals.violations.front();
    return totals;
  }
  RunTotals tutorials(const std::vector<Arrival>& arrivals) {
    auto theirs = conditions;
    theirs.habits = tutorial().habits;
    World world(theirs, arrivals, 1);
    world.scaled_by(tutorial());
    return world.run(kDay);
  }

  Conditions conditions;
};

TEST_F(OneWorld, AnInstanceForEachTaskAndNoneMore) {
  const auto totals = ours(every(minutes(3), 20, seconds(100)));
  EXPECT_EQ(totals.unfinished, 0);
  EXPECT_EQ(totals.group.launches, 20);
  EXPECT_EQ(totals.group.wasted, 0);
}

// Poll, launch, boot: nothing else is waited for where no limit binds.
TEST_F(OneWorld, NobodyWaitsLongerThanForABootAndAPoll) {
  const auto totals = ours(every(minutes(3), 20, seconds(100)));
  const auto longest = *std::ranges::max_element(totals.waits);
  EXPECT_LE(longest, seconds(90) + seconds(6) + conditions.launch_delay);
}

TEST_F(OneWorld, AnInstanceThatIsUsedAgainServesTheNextTask) {
  conditions.habits.single_task = false;
  const auto totals = ours(every(seconds(110), 20, seconds(100)));
  EXPECT_EQ(totals.unfinished, 0);
  EXPECT_LE(totals.group.launches, 3);
}

// Its instances leave their places in the group, which fills them before the next minute is over.
TEST_F(OneWorld, TheTutorialWastesBootsWhereWeDoNot) {
  conditions.replace_after = seconds(20);
  const auto arrivals = every(minutes(7), 20, seconds(100));
  EXPECT_GT(tutorials(arrivals).group.wasted, 3);
  EXPECT_EQ(ours(arrivals).group.wasted, 0);
}

// Case 7 of those that have hurt people: a machine that runs, without a runner.
TEST_F(OneWorld, ABootThatNeverConnectsStarvesTheTutorialAndNotUs) {
  conditions.faults.boot_never_connects = 300;
  const auto arrivals = every(minutes(7), 10, seconds(100));
  EXPECT_GT(tutorials(arrivals).unfinished, 0);
  const auto totals = ours(arrivals);
  EXPECT_EQ(totals.unfinished, 0);
  EXPECT_LE(totals.group.launches, 25);
}

TEST_F(OneWorld, WhatASpotInterruptionTakesWaitsAgainAndIsDone) {
  conditions.faults.spot_interruption = 500;
  const auto totals = ours(every(minutes(3), 20, seconds(100)));
  EXPECT_EQ(totals.unfinished, 0);
  EXPECT_GT(totals.group.launches, 20);
}

TEST_F(OneWorld, AScalerThatIsKilledAgainAndAgainLosesNothing) {
  conditions.faults.scaler_killed = 200;
  const auto totals = ours(every(minutes(3), 20, seconds(100)));
  EXPECT_GT(totals.kills, 20);
  EXPECT_EQ(totals.unfinished, 0);
  EXPECT_LE(totals.group.launches, 21);
}

}  // namespace
}  // namespace muster::simulation
