// Sums and maxima by steps of time, whatever the clocks do.

#include "store/fleet_steps.hpp"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::store {
namespace {

using namespace std::chrono_literals;
using protocol::Money;

const WallTime kStart = *parse_rfc3339("2026-12-01T12:00:00Z");
constexpr Millis kFine = kTiers[0].step;

// Both clocks together, until one jumps.
struct Clocks {
  Now now{kStart, ServiceTime(5'000)};

  void pass(Millis time) {
    now.wall += time;
    now.service += time;
  }
};

FleetCounts fleet_of(std::int64_t busy, std::int64_t idle = 0) {
  return {.desired = busy + idle, .live = busy + idle, .busy = busy, .idle = idle};
}

FleetStep sum_of(const FleetSteps::Steps& steps, Millis tier) {
  FleetStep all;
  for (const auto& [key, step] : steps) {
    if (key.first == tier) all.add(step);
  }
  return all;
}

TEST(FleetSteps, BeginAtWholeMultiples) {
  EXPECT_EQ(begin_of_step(kStart + 19'999ms, 10s), kStart + 10s);
  EXPECT_EQ(begin_of_step(kStart + 20s, 10s), kStart + 20s);
  EXPECT_EQ(begin_of_step(WallTime(-1ms), 10s), WallTime(-10s));
}

TEST(FleetSteps, WhatIsReportedHoldsUntilTheNextReport) {
  FleetSteps steps;
  Clocks clocks;
  steps.report(fleet_of(2, 1), clocks.now);
  clocks.pass(25s);
  steps.report(fleet_of(0), clocks.now);
  const auto& first = steps.steps().at({kFine, kStart});
  EXPECT_EQ(first.sums.instance_ms, 30'000);
  EXPECT_EQ(first.sums.busy_ms, 20'000);
  EXPECT_EQ(first.sums.idle_ms, 10'000);
  EXPECT_EQ(steps.steps().at({kFine, kStart + 20s}).sums.instance_ms, 15'000);
  for (const auto& tier : kTiers) {
    EXPECT_EQ(sum_of(steps.steps(), tier.step).sums.instance_ms, 75'000);
    EXPECT_EQ(sum_of(steps.steps(), tier.step).most.live, 3);
  }
}

TEST(FleetSteps, ASilentScalerSaysNothingOfNow) {
  FleetSteps steps;
  Clocks clocks;
  steps.report(fleet_of(1), clocks.now);
  clocks.pass(2h);
  steps.look(5, 0, clocks.now);
  EXPECT_EQ(sum_of(steps.steps(), kFine).sums.instance_ms, 30'000);
  EXPECT_EQ(sum_of(steps.steps(), kFine).most.queue, 0);
  EXPECT_FALSE(steps.steps().contains({kFine, begin_of_step(clocks.now.wall, kFine)}));
  steps.report(fleet_of(1), clocks.now);
  EXPECT_EQ(sum_of(steps.steps(), kFine).sums.instance_ms, 30'000) << "the gap counts for nothing";
}

TEST(FleetSteps, OfThePeaksOfAStepTheLargestIsKept) {
  FleetSteps steps;
  Clocks clocks;
  for (const auto queue : {3, 9, 1}) {
    steps.report({.queue = queue, .desired = 10 - queue}, clocks.now);
    clocks.pass(1s);
  }
  steps.look(4, 2, clocks.now);
  const auto most = steps.steps().at({kFine, kStart}).most;
  EXPECT_EQ(most.queue, 9);
  EXPECT_EQ(most.desired, 9);
  EXPECT_EQ(most.running, 2);
}

TEST(FleetSteps, CostIsWhatWasThereAtThePriceOfThatTime) {
  FleetSteps steps;
  Clocks clocks;
  auto fleet = fleet_of(2);
  const auto for_half_an_hour = [&] {
    for (int i = 0; i < 180; ++i) {
      steps.report(fleet, clocks.now);
      clocks.pass(10s);
    }
    steps.report(fleet, clocks.now);
  };
  for_half_an_hour();
  EXPECT_EQ(sum_of(steps.steps(), kFine).sums.cost, std::nullopt);
  fleet.price = Money{41'600};
  fleet.currency = "EUR";
  for_half_an_hour();
  EXPECT_EQ(sum_of(steps.steps(), kFine).sums.cost, Money{41'600});
  EXPECT_EQ(sum_of(steps.steps(), kFine).sums.currency, "EUR");
  fleet.price = Money{100'000};
  for_half_an_hour();
  EXPECT_EQ(sum_of(steps.steps(), kFine).sums.cost, Money{141'600});
  fleet.currency = "USD";
  for_half_an_hour();
  EXPECT_EQ(sum_of(steps.steps(), kFine).sums.cost, Money{100'000}) << "sums of two are no sum";
  EXPECT_EQ(sum_of(steps.steps(), kFine).sums.currency, "USD");
}

TEST(FleetSteps, WhatIsLessThanAMillionthIsNotLost) {
  FleetSteps steps;
  Clocks clocks;
  auto fleet = fleet_of(1);
  fleet.price = Money{1'000};
  steps.report(fleet, clocks.now);
  for (int i = 0; i < 3'600; ++i) {
    clocks.pass(1ms);
    steps.advance(clocks.now);
  }
  EXPECT_EQ(sum_of(steps.steps(), kFine).sums.cost, Money{1});
}

TEST(FleetSteps, WhatNobodyBelievesIsBounded) {
  FleetSteps steps;
  Clocks clocks;
  constexpr auto kHuge = std::numeric_limits<std::int64_t>::max();
  steps.report({.live = kHuge, .busy = -kHuge, .price = Money{kHuge}}, clocks.now);
  clocks.pass(10s);
  steps.advance(clocks.now);
  const auto all = sum_of(steps.steps(), kFine);
  EXPECT_EQ(all.sums.instance_ms, kMostCounted * 10'000);
  EXPECT_EQ(all.sums.busy_ms, 0);
  EXPECT_EQ(all.sums.cost, Money{protocol::kMostPrice.millionths * kMostCounted / 360});
}

TEST(FleetSteps, WhatIsPutBackIsThereOnce) {
  FleetSteps steps;
  Clocks clocks;
  steps.report(fleet_of(1), clocks.now);
  clocks.pass(5s);
  steps.advance(clocks.now);
  const auto taken = steps.take(clocks.now.wall);
  EXPECT_TRUE(steps.steps().empty());
  clocks.pass(5s);
  steps.ended(2, clocks.now);
  steps.advance(clocks.now);
  steps.put_back(taken);
  for (const auto& tier : kTiers) {
    EXPECT_EQ(sum_of(steps.steps(), tier.step).sums.instance_ms, 10'000);
    EXPECT_EQ(sum_of(steps.steps(), tier.step).sums.tasks, 2);
  }
}

TEST(FleetSteps, ACalmStepIsKeptOnceItIsOverIfItIsNoneOfTheFinest) {
  FleetSteps steps;
  Clocks clocks;
  clocks.now.wall = begin_of_step(clocks.now.wall, 5min);
  steps.report({}, clocks.now);
  clocks.pass(10s);
  steps.ended(0, clocks.now);
  EXPECT_TRUE(steps.take(clocks.now.wall).empty());
  clocks.pass(5min);
  const auto taken = steps.take(clocks.now.wall);
  ASSERT_FALSE(taken.empty());
  EXPECT_EQ(taken.begin()->first.first, 5min);
  EXPECT_TRUE(taken.begin()->second.known);
  EXPECT_TRUE(steps.take(clocks.now.wall).empty()) << "once";
}

TEST(FleetSteps, NothingIsWhatIsAllZero) {
  FleetSteps steps;
  Clocks clocks;
  steps.report({}, clocks.now);
  clocks.pass(10s);
  steps.advance(clocks.now);
  ASSERT_FALSE(steps.steps().empty());
  for (const auto& [key, step] : steps.steps()) EXPECT_TRUE(step.is_nothing());
  FleetStep ended;
  ended.sums.tasks = 1;
  EXPECT_FALSE(ended.is_nothing());
  FleetStep waited;
  waited.most.queue = 1;
  EXPECT_FALSE(waited.is_nothing());
}

// The wall clock may be set by a day, to and fro.
TEST(FleetSteps, OfAnyClockTheSumsAreOfTheTimeThatPassed) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto upto = [&](int most) { return static_cast<int>(random() % (most + 1)); };
  FleetSteps steps;
  Clocks clocks;
  FleetSteps::Steps kept;
  std::int64_t expected = 0;
  std::int64_t live = 0;
  Millis silent = protocol::kLongestScalerSilence;
  for (int i = 0; i < 2'000; ++i) {
    const Millis time(upto(20'000));
    clocks.pass(time);
    const auto counted =
        std::min(time, std::max(protocol::kLongestScalerSilence - silent, Millis(0)));
    expected += counted.count() * live;
    silent += time;
    if (upto(20) == 0) clocks.now.wall += std::chrono::hours(upto(48) - 24);
    if (upto(2) == 0) {
      live = upto(5);
      auto fleet = fleet_of(live);
      fleet.price = Money{3'600'000};
      fleet.currency = "EUR";
      steps.report(fleet, clocks.now);
      silent = Millis(0);
    } else {
      steps.advance(clocks.now);
    }
    if (upto(9) == 0) {
      FleetSteps all;
      all.put_back(steps.take(clocks.now.wall));
      all.put_back(kept);
      kept = all.take(clocks.now.wall);
    }
  }
  steps.put_back(kept);
  for (const auto& tier : kTiers) {
    const auto all = sum_of(steps.steps(), tier.step);
    EXPECT_EQ(all.sums.instance_ms, expected);
    EXPECT_EQ(all.sums.busy_ms, expected);
    EXPECT_LE(all.sums.cost->millionths, expected);
    EXPECT_GE(all.sums.cost->millionths, expected - 1);
  }
  for (const auto& [key, step] : steps.steps()) {
    EXPECT_EQ(begin_of_step(key.second, key.first), key.second);
    EXPECT_GE(step.sums.instance_ms, 0);
  }
}

}  // namespace
}  // namespace muster::store
