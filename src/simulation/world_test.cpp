// Single worlds whose end is known, and the tutorial's scaler beside ours in them.

#include "simulation/world.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <numeric>

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
  RunTotals theirs(const Peer& peer, const std::vector<Arrival>& arrivals) {
    auto changed = conditions;
    changed.habits = peer.habits;
    World world(changed, arrivals, 1);
    world.scaled_by(peer);
    return world.run(kDay);
  }
  RunTotals tutorials(const std::vector<Arrival>& arrivals) { return theirs(tutorial(), arrivals); }

  Conditions conditions;
};

TEST_F(OneWorld, AnInstanceForEachTaskAndNoneMore) {
  const auto totals = ours(every(minutes(3), 20, seconds(100)));
  EXPECT_EQ(totals.unfinished, 0);
  EXPECT_EQ(totals.group.launches, 20);
  EXPECT_EQ(totals.group.wasted, 0);
}

// For an hour the preferred group refuses. A refused launch costs its task two polls, and there are
// few; within the longest back-off of the hour's end nobody goes to the reserve any more.
TEST_F(OneWorld, TheReserveServesWhileThePreferredGroupIsShortAndNoLonger) {
  conditions.reserve = 10;
  conditions.faults.launch_refused = 1000;
  conditions.mended_after = minutes(60);
  const auto totals = ours(every(minutes(2), 60, seconds(100)));
  EXPECT_EQ(totals.unfinished, 0);
  EXPECT_EQ(totals.group.launches, 60);
  EXPECT_LE(totals.group.refused, 9) << "after 1, 2, 4, 8 and then 10 minutes each";
  EXPECT_GE(totals.reserve.launches, 30);
  EXPECT_LE(totals.reserve.launches, 36);
  EXPECT_LE(std::ranges::max(totals.waits),
            seconds(90) + seconds(16) + conditions.launch_delay * 2);
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

TEST_F(OneWorld, AnInstanceOfSeveralSlotsRunsSeveralTasksAtOnce) {
  conditions.habits = {.single_task = false, .slots = 4};
  auto slotted = policy();
  slotted.slots = 4;
  World world(conditions, std::vector<Arrival>(22, {Millis(0), seconds(200)}), 1);
  world.scaled_by_us(slotted);
  const auto totals = world.run(kDay);
  EXPECT_TRUE(totals.violations.empty()) << totals.violations.front();
  EXPECT_EQ(totals.unfinished, 0);
  EXPECT_EQ(totals.group.launches, 6);
  EXPECT_LE(std::ranges::max(totals.waits), seconds(90) + seconds(6) + conditions.launch_delay);
}

// Its instances leave their places in the group, which fills them before the next minute is over.
TEST_F(OneWorld, TheTutorialWastesBootsWhereWeDoNot) {
  conditions.replace_after = Distribution::constant(seconds(20));
  const auto arrivals = every(minutes(7), 20, seconds(100));
  EXPECT_GT(tutorials(arrivals).group.wasted, 3);
  EXPECT_EQ(ours(arrivals).group.wasted, 0);
}

TEST_F(OneWorld, AReplacementMayTakeATimeByChance) {
  const auto arrivals = every(minutes(7), 20, seconds(100));
  conditions.replace_after = Distribution::constant(seconds(20));
  const auto always = tutorials(arrivals).group;
  conditions.replace_after = Distribution::exponential(seconds(20));
  const auto by_chance = tutorials(arrivals).group;
  EXPECT_NE(by_chance.instance_time, always.instance_time);
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

// Who was connected is believed to be at work, or free, for as long as it is heard of.
TEST_F(OneWorld, ARunnerThatHangsKeepsATaskWaitingForHalfAnHourAndNotForItsLife) {
  conditions.faults.runner_hangs = 1000;
  conditions.mended_after = minutes(3);
  const auto totals = ours({{Millis(0), seconds(100)}});
  EXPECT_EQ(totals.unfinished, 0);
  EXPECT_EQ(totals.group.launches, 2);
  EXPECT_GE(totals.waits.at(0), minutes(30));
  EXPECT_LE(totals.waits.at(0), minutes(34));
}

TEST_F(OneWorld, WhatASpotInterruptionTakesWaitsAgainAndIsDone) {
  conditions.faults.spot_interruption = 500;
  const auto totals = ours(every(minutes(3), 20, seconds(100)));
  EXPECT_EQ(totals.unfinished, 0);
  EXPECT_GT(totals.group.launches, 20);
}

TEST_F(OneWorld, WhatIsTakenWhateverItDoesIsMadeUpFor) {
  conditions.faults.taken_at_any_time = 700;
  conditions.habits.single_task = false;
  const auto totals = ours(every(minutes(3), 60, seconds(100)));
  EXPECT_EQ(totals.unfinished, 0);
  EXPECT_GT(totals.group.taken.booting, 0);
  EXPECT_GT(totals.group.taken.idle, 0);
  EXPECT_GT(totals.group.taken.busy, 0);
}

TEST_F(OneWorld, WhoIsAskedEndsOnceItRunsNothing) {
  conditions.habits = {
      .single_task = false, .can_be_asked = true, .idle_timeout = std::chrono::hours(1)};
  auto asking = policy();
  asking.drains = true;
  asking.scale_in_delay = minutes(1);
  World world(conditions, every(seconds(1), 5, minutes(2)), 1);
  world.scaled_by_us(asking);
  const auto totals = world.run(kDay);
  EXPECT_THAT(totals.violations, testing::IsEmpty());
  EXPECT_EQ(totals.unfinished, 0);
  EXPECT_EQ(totals.group.drained, totals.group.launches);
  EXPECT_LE(totals.group.instance_time, 5 * (seconds(90) + minutes(4)));
}

TEST_F(OneWorld, CallsThatTakeTimeOrAreNotAnsweredCostTimeAlone) {
  conditions.faults.call_takes = seconds(3);
  conditions.faults.call_unanswered = 200;
  const auto totals = ours(every(minutes(3), 20, seconds(100)));
  EXPECT_GT(totals.mishaps.slow, 20);
  EXPECT_GT(totals.mishaps.unanswered, 5);
  EXPECT_GT(totals.mishaps.done_unanswered, 5);
  EXPECT_TRUE(totals.rules.contains(scaling::Rule::instances_unknown));
  EXPECT_EQ(totals.unfinished, 0);
  EXPECT_EQ(totals.group.launches, 20);
}

TEST_F(OneWorld, ReadingsThatAreOfAnotherTimeCostTimeAlone) {
  conditions.faults.queue_stale = 200;
  const auto totals = ours(every(minutes(3), 20, seconds(100)));
  EXPECT_GT(totals.mishaps.stale, 20);
  EXPECT_GT(totals.mishaps.of_the_future, 5);
  EXPECT_TRUE(totals.rules.contains(scaling::Rule::demand_stale));
  EXPECT_EQ(totals.unfinished, 0);
  EXPECT_EQ(totals.group.launches, 20);
}

// By what lived, whatever the scaler has counted.
class Used {
 public:
  void live(MonotonicTime now, std::int64_t live) {
    for (; since_ < now; since_ += seconds(1)) seconds_.push_back(live_);
    live_ = live;
  }
  Millis most_within(Millis span) const {
    const auto length = std::min<std::ptrdiff_t>(span / seconds(1), std::ssize(seconds_));
    auto used = std::reduce(seconds_.begin(), seconds_.begin() + length);
    auto most = used;
    for (auto last = seconds_.begin() + length; last != seconds_.end(); ++last) {
      used += *last - *(last - length);
      most = std::max(most, used);
    }
    return seconds(most);
  }

 private:
  MonotonicTime since_{};
  std::int64_t live_ = 0;
  std::vector<std::int64_t> seconds_;  // so many lived in each
};

class UnderASpendCap : public OneWorld {
 protected:
  static constexpr Millis kHour = std::chrono::hours(1);

  // So many tasks of ten minutes that wait at once: all are done in the end.
  RunTotals run(scaling::Policy capped, scaling::SpendCap cap, int tasks) {
    capped.max = conditions.max = 100;
    capped.spend_cap = cap;
    World world(conditions, every(Millis(0), tasks, minutes(10)), 1);
    world.scaled_by_us(capped);
    world.watched_by([&](MonotonicTime now, const Levels& levels) { used.live(now, levels.live); });
    auto totals = world.run(10 * kDay);
    EXPECT_TRUE(totals.violations.empty()) << totals.violations.front();
    EXPECT_EQ(totals.unfinished, 0);
    return totals;
  }
  static scaling::Policy reusing() {
    auto reusing = policy();
    reusing.longest_life.reset();
    reusing.reuses = reusing.soon_free = true;
    return reusing;
  }

  Used used;
};

// Each is taken to live for a boot and a task, and lives some seconds longer.
TEST_F(UnderASpendCap, NoStretchUsesMoreAndTheFullestUsesMostOfIt) {
  run(policy(), {5, kHour}, 200);
  EXPECT_LE(used.most_within(kHour), 5 * kHour + kHour / 4);
  EXPECT_GE(used.most_within(kHour), 4 * kHour);
}

// They are asked to end while the cap has room for their tasks, and would work on for days.
TEST_F(UnderASpendCap, NorDoThoseThatTakeOneTaskAfterTheOther) {
  auto asking = reusing();
  asking.drains = true;
  conditions.habits = {.single_task = false, .can_be_asked = true, .idle_timeout = minutes(5)};
  const auto totals = run(asking, {12, 24 * kHour}, 300);
  EXPECT_TRUE(totals.rules.contains(scaling::Rule::last_task));
  EXPECT_LE(used.most_within(24 * kHour), 13 * kHour);
  EXPECT_GE(used.most_within(24 * kHour), 10 * kHour);
}

// One alone is always there then, as nobody can make it stop.
TEST_F(UnderASpendCap, AndThoseThatCannotBeAskedUseNoMoreThanOneWould) {
  conditions.habits = {.single_task = false, .idle_timeout = minutes(5)};
  run(reusing(), {12, 24 * kHour}, 300);
  EXPECT_LE(used.most_within(24 * kHour), 25 * kHour);
}

TEST_F(OneWorld, AScalerThatIsKilledAgainAndAgainLosesNothing) {
  conditions.faults.scaler_killed = 200;
  const auto totals = ours(every(minutes(3), 20, seconds(100)));
  EXPECT_GT(totals.kills, 20);
  EXPECT_EQ(totals.unfinished, 0);
  EXPECT_LE(totals.group.launches, 21);
}

TEST_F(OneWorld, WhatAnotherEndReleasesComesThen) {
  const auto totals = ours({{Millis(0), seconds(100)},
                            {seconds(2), seconds(50), {0}},
                            {minutes(30), seconds(10)},
                            {seconds(0), seconds(10), {1}}});
  EXPECT_EQ(totals.unfinished, 0);
  ASSERT_EQ(totals.waits.size(), 4U);
  EXPECT_EQ(totals.group.launches, 4);
}

TEST_F(OneWorld, WhatIsCanceledNeverRunsNorDoesWhatItBlocks) {
  const auto totals = ours({{Millis(0), seconds(100), {}, seconds(30)},
                            {Millis(0), seconds(50), {0}},
                            {minutes(10), seconds(10)}});
  EXPECT_EQ(totals.unfinished, 0);
  EXPECT_EQ(totals.waits.size(), 1U);
  EXPECT_EQ(totals.left, 0);
}

// A look may show a state older than the one before; all that is lost is time.
TEST_F(OneWorld, AListThatGoesBackAndForthCostsNoLaunch) {
  conditions.faults.list_lag = seconds(30);
  for (const bool single_task : {true, false}) {
    conditions.habits.single_task = single_task;
    const auto arrivals = every(seconds(50), 60, seconds(100));
    const auto totals = ours(arrivals);
    EXPECT_EQ(totals.unfinished, 0);
    EXPECT_EQ(totals.group.wasted, 0);
    EXPECT_LE(totals.group.launches, single_task ? 60 : 10);
  }
}

TEST_F(OneWorld, WhereAwsMayEndNobodyItsRebalancingEndsNoTask) {
  conditions.faults.zone_rebalancing = 300;
  const auto totals = ours(every(seconds(50), 60, minutes(5)));
  EXPECT_EQ(totals.unfinished, 0);
  EXPECT_EQ(totals.group.ended_busy, 0);
}

TEST_F(OneWorld, AKeeperThatAsksForAPauseIsLeftAloneByTheNextProcessToo) {
  conditions.faults.queue_throttled = 300;
  conditions.faults.scaler_killed = 100;
  const auto totals = ours(every(minutes(3), 20, seconds(100)));
  EXPECT_GT(totals.kills, 20);
  EXPECT_EQ(totals.unfinished, 0);
}

// The second is there when the first has been killed, and does not count anything twice.
TEST_F(OneWorld, OfTwoScalersOneIsInCharge) {
  conditions.faults.scaler_killed = 50;
  World world(conditions, every(minutes(3), 20, seconds(100)), 1);
  world.scaled_by_us(policy());
  world.scaled_by_us(policy());
  const auto totals = world.run(kDay);
  EXPECT_THAT(totals.violations, testing::IsEmpty());
  EXPECT_GT(totals.kills, 20);
  EXPECT_EQ(totals.unfinished, 0);
  EXPECT_EQ(totals.group.launches, 20);
}

// Fan-outs and pauses, long and short ones, so that instances boot, are used again, and end.
std::vector<Arrival> a_day(std::uint64_t seed) {
  Random random(seed);
  const auto gap = Distribution::lognormal(minutes(5), 1'500);
  const auto duration = Distribution::lognormal(minutes(2), 1'000);
  std::vector<Arrival> arrivals;
  for (Millis at{}; at < kDay / 2; at += gap.draw(random)) {
    for (auto left = random.between(1, 5); left > 0; --left) {
      arrivals.push_back({at, duration.draw(random)});
    }
  }
  return arrivals;
}

TEST_F(OneWorld, PassesThatAreSkippedWouldHaveChangedNothing) {
  for (const bool single_task : {true, false}) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
      conditions.habits.single_task = single_task;
      conditions.boot = Distribution::lognormal(seconds(90), 500);
      std::vector<std::deque<std::string>> stories;
      std::vector<RunTotals> totals;
      for (const bool skips : {true, false}) {
        World world(conditions, a_day(seed), seed);
        auto ours = policy();
        ours.soon_free = !single_task;
        world.scaled_by_us(ours, {.judges = true, .skips_idle = skips});
        totals.push_back(world.run(2 * kDay));
        stories.push_back(world.story());
      }
      EXPECT_LT(totals[0].passes_made, totals[1].passes_made / 2);
      EXPECT_EQ(stories[0], stories[1]) << seed;
      EXPECT_EQ(totals[0].waits, totals[1].waits) << seed;
      EXPECT_EQ(totals[0].events, totals[1].events) << seed;
      EXPECT_EQ(totals[0].passes, totals[1].passes) << seed;
      EXPECT_EQ(totals[0].group.launches, totals[1].group.launches) << seed;
      EXPECT_EQ(totals[0].group.instance_time, totals[1].group.instance_time) << seed;
    }
  }
}

// --- the others -------------------------------------------------------------------------------

TEST_F(OneWorld, TheProvisionerPollsEveryFiveSecondsAndGivesUpPlaces) {
  const auto totals = theirs(provisioner(), every(minutes(7), 10, seconds(100)));
  EXPECT_EQ(totals.group.launches, 10);
  EXPECT_LE(*std::ranges::max_element(totals.waits), seconds(90) + seconds(5) + seconds(2));
}

TEST_F(OneWorld, BuildkiteRaisesOnceInFiveMinutesAndKeepsAgentsForTen) {
  const auto totals = theirs(buildkite(), {{minutes(1), seconds(60)}, {minutes(2), seconds(60)}});
  ASSERT_EQ(totals.waits.size(), 2U);
  EXPECT_EQ(totals.group.launches, 1);  // the second task waits, and has the first one's instance
  EXPECT_EQ(totals.group.instance_time, seconds(90 + 120) + minutes(10));
}

TEST_F(OneWorld, GitlabKeepsAnInstanceForTwentyMinutes) {
  const auto totals = theirs(gitlab(), every(minutes(19), 3, seconds(60)));
  EXPECT_EQ(totals.group.launches, 1);
  EXPECT_EQ(totals.waits[1] + totals.waits[2], Millis(0));
}

TEST_F(OneWorld, DroneEndsWhatIsIdleAfterAnHourAndLooksEveryFiveMinutes) {
  const auto totals = theirs(drone(), {{minutes(1), seconds(60)}, {minutes(10), seconds(60)}});
  EXPECT_EQ(totals.group.launches, 1);
  EXPECT_EQ(totals.unfinished, 0);
  const auto two = theirs(drone(), {{minutes(1), seconds(60)}, {minutes(90), seconds(60)}});
  EXPECT_EQ(two.group.launches, 2);
}

TEST_F(OneWorld, AFixedFleetIsThereFromTheBeginningToTheLastTask) {
  const auto totals = theirs(fixed(2), every(minutes(10), 4, seconds(60)));
  EXPECT_EQ(totals.group.launches, 2);
  EXPECT_GT(totals.group.instance_time, 2 * minutes(30));
  EXPECT_LE(totals.group.instance_time, 2 * minutes(31));
}

// Each has a runner at once; the neighbour's two tasks were queued first.
TEST_F(OneWorld, ThePlanOfTwoClassesStartsWhatWasQueuedFirst) {
  const std::vector<Arrival> one{{seconds(1), seconds(60)}};
  const auto wait = [&](std::int64_t plan) {
    conditions.neighbour = Neighbour{.tasks = 2, .duration = minutes(10), .plan = plan};
    const auto totals = theirs(fixed(2), one);
    EXPECT_EQ(totals.unfinished, 0);
    return std::chrono::floor<minutes>(totals.waits.front());
  };
  EXPECT_EQ(wait(1), minutes(21)) << "a boot, and one after the other";
  EXPECT_EQ(wait(2), minutes(11));
  EXPECT_EQ(wait(3), minutes(1)) << "there is room for all";
}

// Nobody is ended for it: at worst one of theirs boots and runs first, and then its own boots.
TEST_F(OneWorld, ANeighbourLeavesUsOurShareOfThePlan) {
  conditions.neighbour = Neighbour{.tasks = 40, .duration = minutes(5), .plan = 4};
  const auto totals = ours({{minutes(20), seconds(60)}});
  EXPECT_TRUE(totals.rules.contains(scaling::Rule::plan));
  EXPECT_EQ(totals.unfinished, 0);
  EXPECT_LE(totals.waits.front(), seconds(90 + 20) + minutes(5) + seconds(90));
  EXPECT_EQ(totals.group.launches, 1);
}

TEST_F(OneWorld, AWatcherIsToldHowThingsStand) {
  World world(conditions, every(minutes(3), 2, seconds(100)), 1);
  world.scaled_by_us(policy());
  world.tells_no_story();
  Levels most;
  MonotonicTime last{};
  world.watched_by([&](MonotonicTime when, const Levels& levels) {
    EXPECT_GE(when, last);
    last = when;
    most = {std::max(most.waiting, levels.waiting), std::max(most.desired, levels.desired),
            std::max(most.live, levels.live), std::max(most.busy, levels.busy)};
  });
  EXPECT_EQ(world.run(kDay).unfinished, 0);
  EXPECT_EQ(most.waiting, 1);
  EXPECT_GE(most.live, 1);
  EXPECT_EQ(most.busy, 1);
  EXPECT_TRUE(world.story().empty());
}

}  // namespace
}  // namespace muster::simulation
