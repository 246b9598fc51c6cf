// A class whose instances are in several groups.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/log.hpp"
#include "fleet/fakes_for_tests.hpp"
#include "fleet/loop.hpp"

namespace muster::fleet {
namespace {

using std::chrono::minutes;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

class LoopGroups : public testing::Test {
 protected:
  LoopGroups() { EXPECT_TRUE(log::configure({.format = log::Format::none})); }

  // Of a scaler that was started for this pass alone.
  PassOutcome pass() {
    Loop loop({managed}, {queue, capacity, ledger, observer, clock});
    const auto outcome = loop.run_once({});
    EXPECT_TRUE(outcome);
    return outcome.value_or(PassOutcome{});
  }
  std::map<std::string, int> live() const {
    std::map<std::string, int> count;
    for (const auto& instance : capacity.live) ++count[instance.group];
    return count;
  }
  const ClassMemory& memory() { return ledger.memories.at("local/small"); }
  const scaling::Snapshot& seen() const { return observer.latest.at(0).snapshot; }

  const ManagedClass managed{"local/small", {.max = 9}, {}, {{"spot", 3}, {"reserve", 6}}};
  ManualClock clock{WallTime(std::chrono::hours(500'000))};
  FakeQueue queue{clock};
  FakeCapacity capacity{clock};
  FakeLedger ledger;
  FakeObserver observer;
};

TEST_F(LoopGroups, EachLaunchesItsShare) {
  queue.unclaimed = 5;
  pass();
  EXPECT_THAT(live(), ElementsAre(Pair("reserve", 2), Pair("spot", 3)));
  pass();
  EXPECT_THAT(live(), ElementsAre(Pair("reserve", 2), Pair("spot", 3)));
  EXPECT_TRUE(seen().groups.at(0).came);
  EXPECT_EQ(seen().instances.back().group, 1);
  pass();
  EXPECT_FALSE(seen().groups.at(0).came) << "that was told";
}

TEST_F(LoopGroups, OneThatRefusesIsShortInEachProcess) {
  queue.unclaimed = 2;
  capacity.group_trouble.emplace("spot", Error{ErrorKind::forbidden, "not allowed"});
  EXPECT_TRUE(pass().incomplete);
  EXPECT_THAT(live(), IsEmpty());
  pass();
  EXPECT_THAT(live(), ElementsAre(Pair("reserve", 2)));
  ASSERT_EQ(memory().state.shortages.size(), 1U);
  EXPECT_EQ(memory().state.shortages[0].why, "not allowed");
  EXPECT_THAT(memory().refused, IsEmpty()) << "it counts once";

  queue.unclaimed = 3;
  capacity.group_trouble.clear();
  pass();
  EXPECT_THAT(live(), ElementsAre(Pair("reserve", 3)));
  queue.unclaimed = 4;
  clock.advance(minutes(1));
  pass();
  pass();
  EXPECT_THAT(live(), ElementsAre(Pair("reserve", 3), Pair("spot", 1)));
  EXPECT_THAT(memory().state.shortages, IsEmpty());
}

TEST_F(LoopGroups, WhatWeGaveUpOurselvesNobodyHasRefused) {
  queue.unclaimed = 2;
  capacity.group_trouble.emplace("spot", Error{ErrorKind::cancelled, "stopped waiting"});
  pass();
  EXPECT_THAT(memory().refused, IsEmpty());
}

// It may have been a yes. So the next pass looks, and only who goes on so is taken for short.
TEST_F(LoopGroups, AnAnswerThatIsLostIsNoRefusal) {
  queue.unclaimed = 2;
  capacity.group_trouble.emplace("spot", Error{ErrorKind::timeout, "no answer"});
  capacity.during_launch = [this] {
    const auto id = "spot/pending-" + std::to_string(capacity.live.size());
    capacity.live.push_back({id, "local/small", clock.wall(), false, true, true, "spot"});
  };
  for (const int there : {1, 2, 2}) {
    pass();
    EXPECT_THAT(live(), ElementsAre(Pair("spot", there)));
  }
  EXPECT_THAT(memory().refused, IsEmpty());

  capacity.during_launch = [] {};
  capacity.live.clear();
  queue.unclaimed = 1;
  Loop loop({managed}, {queue, capacity, ledger, observer, clock});
  for (int tries = 0; tries < 3; ++tries) {
    EXPECT_TRUE(loop.run_once({}));
    clock.advance(std::chrono::seconds(5));
  }
  EXPECT_THAT(live(), IsEmpty());
  EXPECT_TRUE(loop.run_once({}));
  EXPECT_THAT(live(), ElementsAre(Pair("reserve", 1)));
}

// As AWS does: what was asked for is there as a request, and a failure is told afterwards.
TEST_F(LoopGroups, WhatAGroupOwesIsWithdrawnThereAndLaunchedInTheNext) {
  queue.unclaimed = 2;
  for (const auto* id : {"spot/pending-1", "spot/pending-2"}) {
    capacity.live.push_back({id, "local/small", clock.wall(), false, true, true, "spot"});
  }
  for (int process = 0; process < 3; ++process) {
    capacity.failed_launches = {{{"local/small", "spot"}, {"no capacity", "a-1"}}};
    pass();
    EXPECT_THAT(live(), ElementsAre(Pair("reserve", 2)));
    EXPECT_EQ(memory().state.shortages.at(0).refusals, 1) << "it counts once";
  }
  EXPECT_EQ(capacity.withdrawn, 2);
  EXPECT_EQ(memory().state.failed_boots_in_a_row, 0);
}

TEST_F(LoopGroups, TheirOwnMaximaBind) {
  const CapacityList list{.live = {}, .ended = {}, .most = {{{"local/small", "reserve"}, 2}}};
  const auto snapshot = observe(managed, list, {}, {}, clock.wall()).snapshot;
  EXPECT_EQ(snapshot.groups.at(0).most, 3);
  EXPECT_EQ(snapshot.groups.at(1).most, 2);
  EXPECT_EQ(snapshot.policy.max, 5);
}

TEST_F(LoopGroups, NothingIsDoneWhileOneCannotBeListed) {
  queue.unclaimed = 2;
  capacity.unreadable = {{"local/small", "no answer from another region"}};
  EXPECT_TRUE(pass().held);
  EXPECT_THAT(live(), IsEmpty());
}

}  // namespace
}  // namespace muster::fleet
