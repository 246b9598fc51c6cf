// The plan's limit, shared among the classes of a pass.

#include <gtest/gtest.h>

#include "base/log.hpp"
#include "fleet/fakes_for_tests.hpp"

namespace muster::fleet {
namespace {

class PlanLimit : public testing::Test {
 protected:
  PlanLimit() { EXPECT_TRUE(log::configure({.format = log::Format::none})); }

  // How many of each class live after a pass.
  std::map<std::string, std::int64_t> pass(std::optional<std::int64_t> limit) {
    Loop loop({{"a/greedy", {.max = 100}}, {"a/modest", {.max = 100}}},
              {queue, capacity, ledger, observer, clock}, limit);
    EXPECT_TRUE(loop.run_once({}));
    std::map<std::string, std::int64_t> live;
    for (const auto& instance : capacity.live) ++live[instance.resource_class];
    return live;
  }
  using Live = std::map<std::string, std::int64_t>;

  ManualClock clock{WallTime(std::chrono::hours(500'000))};
  FakeQueues queue{clock};
  FakeCapacity capacity{clock};
  FakeLedger ledger;
  FakeObserver observer;
};

TEST_F(PlanLimit, IsSharedAndNeverPassed) {
  queue.unclaimed = {{"a/greedy", 100}, {"a/modest", 5}};
  EXPECT_EQ(pass(20), (Live{{"a/greedy", 15}, {"a/modest", 5}}));
  EXPECT_EQ(pass(20), (Live{{"a/greedy", 15}, {"a/modest", 5}})) << "what boots is in the share";
  EXPECT_EQ(observer.latest.at(0).decision.reasons.back().rule, scaling::Rule::plan);
}

TEST_F(PlanLimit, LeavesToAClassWhatNobodyElseWants) {
  queue.unclaimed = {{"a/greedy", 100}, {"a/modest", 0}};
  EXPECT_EQ(pass(20), (Live{{"a/greedy", 20}}));
  queue.unclaimed = {{"a/greedy", 80}, {"a/modest", 5}};
  EXPECT_EQ(pass(20), (Live{{"a/greedy", 20}})) << "and takes nothing back";
}

TEST_F(PlanLimit, OfAClassThatCannotBeReadOnlyWhatMayRunIsItsOwn) {
  queue.unclaimed = {{"a/greedy", 100}, {"a/modest", 5}};
  queue.unreadable = {"a/modest"};
  EXPECT_EQ(pass(20), (Live{{"a/greedy", 20}}));
}

TEST_F(PlanLimit, BindsNothingWhereItIsNotKnown) {
  queue.unclaimed = {{"a/greedy", 30}, {"a/modest", 5}};
  EXPECT_EQ(pass(std::nullopt), (Live{{"a/greedy", 30}, {"a/modest", 5}}));
}

}  // namespace
}  // namespace muster::fleet
