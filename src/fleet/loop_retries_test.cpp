// What fails for one class, and how soon it is tried again.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/log.hpp"
#include "fleet/fakes_for_tests.hpp"
#include "fleet/loop.hpp"

namespace muster::fleet {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;

class LoopRetries : public testing::Test {
 protected:
  LoopRetries() { EXPECT_TRUE(log::configure({.format = log::Format::none})); }

  PassOutcome pass() {
    const auto outcome = loop.run_once({});
    EXPECT_TRUE(outcome);
    return outcome.value_or(PassOutcome{});
  }
  std::int64_t live(const std::string& name) const {
    return std::ranges::count(capacity.live, name, &CapacityInstance::resource_class);
  }
  // The pauses between those passes, of one each 100 ms, in which the count went up.
  std::vector<Millis> pauses_between(const int& count, std::size_t many) {
    std::vector<Millis> pauses;
    loop.step({});
    for (Millis since{}; pauses.size() < many && since < hours(1);) {
      clock.advance(Millis(100));
      since += Millis(100);
      const int before = count;
      EXPECT_FALSE(loop.step({}).deaf);
      if (count == before) continue;
      pauses.push_back(std::exchange(since, Millis(0)));
    }
    return pauses;
  }

  ManualClock clock{WallTime(hours(500'000))};
  FakeQueues queue{clock};
  FakeCapacity capacity{clock};
  FakeLedger ledger;
  FakeObserver observer;
  Loop loop{
      {{"a/ill", {.max = 9, .launch_rate = scaling::Rate{100, hours(1)}}}, {"a/well", {.max = 9}}},
      {queue, capacity, ledger, observer, clock}};
};

TEST_F(LoopRetries, AClassThatIsRefusedHoldsUpNoOther) {
  queue.unclaimed = {{"a/ill", 1}, {"a/well", 0}};
  capacity.refused = {{"a/ill", 0}};
  for (int passes = 1; passes <= 9; ++passes) {
    queue.unclaimed["a/well"] = passes;
    EXPECT_FALSE(loop.step({}).deaf);
    EXPECT_EQ(live("a/well"), passes);
  }
  EXPECT_EQ(capacity.refused["a/ill"], 1);
}

TEST_F(LoopRetries, ItIsTriedAgainMoreAndMoreRarely) {
  queue.unclaimed = {{"a/ill", 1}, {"a/well", 0}};
  capacity.refused = {{"a/ill", 0}};
  EXPECT_THAT(pauses_between(capacity.refused["a/ill"], 8),
              ElementsAre(Millis(500), seconds(1), seconds(2), seconds(4), seconds(8), seconds(16),
                          seconds(30), seconds(30)));
  capacity.refused.clear();
  clock.advance(seconds(30));
  pass();
  EXPECT_EQ(live("a/ill"), 1);
  capacity.refused = {{"a/ill", 0}};
  queue.unclaimed["a/ill"] = 2;
  pass();
  clock.advance(Millis(500));
  pass();
  EXPECT_EQ(capacity.refused["a/ill"], 2) << "what was done has ended the row";
}

TEST_F(LoopRetries, TheNextPassIsDueWithTheRetry) {
  queue.unclaimed = {{"a/ill", 1}, {"a/well", 0}};
  capacity.refused = {{"a/ill", 0}};
  EXPECT_EQ(loop.step({}).pause, Millis(500));
  clock.advance(Millis(200));
  EXPECT_EQ(loop.step({}).pause, Millis(300));
}

// Of what is not tried nothing may be used up, as its rate.
TEST_F(LoopRetries, WhatWaitsIsDecidedAnewAndNotDone) {
  queue.unclaimed = {{"a/ill", 1}, {"a/well", 0}};
  capacity.refused = {{"a/ill", 0}};
  pass();
  for (const int waiting : {2, 3, 4}) {
    queue.unclaimed["a/ill"] = waiting;
    const auto outcome = pass();
    EXPECT_TRUE(outcome.incomplete);
    EXPECT_EQ(outcome.trouble, "a/ill: not allowed");
    EXPECT_EQ(observer.latest.at(0).decision.launch, waiting);
  }
  EXPECT_EQ(capacity.refused["a/ill"], 1);
  EXPECT_EQ(scaling::sum_of(ledger.memories["a/ill"].state.launches), 1);
  queue.unclaimed["a/ill"] = 0;
  EXPECT_FALSE(pass().incomplete) << "there is nothing to do any more";
  queue.unclaimed["a/ill"] = 1;
  pass();
  EXPECT_EQ(capacity.refused["a/ill"], 1) << "a queue that goes up and down changes no pause";
}

TEST_F(LoopRetries, WhoMayNotEndAnInstanceLaunchesAllTheSame) {
  Loop reaping{{{"a/ill", {.max = 9, .reaps = true}}}, {queue, capacity, ledger, observer, clock}};
  const auto passes_in = [&](Millis time) {
    for (; time > Millis(0); time -= seconds(1)) {
      clock.advance(seconds(1));
      reaping.step({});
    }
  };
  queue.unclaimed = {{"a/ill", 1}};
  reaping.step({});
  queue.unclaimed = {{"a/ill", 0}};
  capacity.reapable = false;
  passes_in(minutes(12));  // twice the time that a boot may take, and more
  const auto tried = capacity.reaped.size();
  ASSERT_GE(tried, 5U);
  const auto launched = capacity.launched;
  queue.unclaimed = {{"a/ill", 1}};
  passes_in(seconds(1));
  EXPECT_EQ(capacity.launched, launched + 1);
  EXPECT_EQ(capacity.reaped.size(), tried) << "the end waits for its own retry";
}

TEST_F(LoopRetries, AMemoryThatCannotBeReadHoldsUpNoOther) {
  queue.unclaimed = {{"a/ill", 1}, {"a/well", 1}};
  ledger.rubbish = {{"a/ill", 0}};
  EXPECT_THAT(pauses_between(ledger.rubbish["a/ill"], 3),
              ElementsAre(Millis(500), seconds(1), seconds(2)));
  EXPECT_EQ(live("a/well"), 1);
  EXPECT_EQ(live("a/ill"), 0);
  EXPECT_EQ(pass().trouble, "a/ill: this is no memory");
}

TEST_F(LoopRetries, WhereNothingCanBeReadNoEventMakesItSooner) {
  const auto is_deaf_for = [&](Millis pause) {
    const auto pace = loop.step({});
    EXPECT_TRUE(pace.deaf);
    EXPECT_EQ(pace.pause, pause);
    clock.advance(pause);
  };
  capacity.listable = false;
  is_deaf_for(Millis(500));
  is_deaf_for(seconds(1));
  is_deaf_for(seconds(2));
  capacity.listable = true;
  EXPECT_FALSE(loop.step({}).deaf);
  capacity.listable = false;
  is_deaf_for(Millis(500));
}

TEST_F(LoopRetries, NorWhereNoMemoryCan) {
  ledger.readable = false;
  const auto pace = loop.step({});
  EXPECT_TRUE(pace.deaf);
  EXPECT_EQ(pace.pause, Millis(500));
}

}  // namespace
}  // namespace muster::fleet
