#include "scaling/foresight.hpp"

#include <gmock/gmock.h>

#include "scaling/world_for_tests.hpp"

namespace muster::scaling {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr Millis kBoot = seconds(90);

Foreseen in(Millis from_now, std::int64_t tasks, std::int64_t freed = 0) {
  return {kNow + from_now, tasks, freed};
}

struct Case {
  const char* name;
  Foreseen foreseen;
  std::int64_t tasks;
};

TEST(Foresight, CountsWhatComesWithinABootOrIsLateByLittle) {
  const Case cases[] = {
      {"later than a boot", in(kBoot + Millis(1), 2), 0},
      {"just within it", in(kBoot, 2), 2},
      {"now", in(Millis(0), 2), 2},
      {"a moment ago", in(-kForeseenGrace + Millis(1), 2), 2},
      {"too late to be believed", in(-kForeseenGrace, 2), 0},
      {"one is freed", in(kBoot, 3, 1), 2},
      {"more are freed than come", in(kBoot, 3, 7), 0},
      {"less than nothing", in(kBoot, -3, -7), 0},
      {"at the end of time", {WallTime::max(), 3, 0}, 0},
      {"at its beginning", {WallTime::min(), 3, 0}, 0},
  };
  for (const auto& [name, foreseen, tasks] : cases) {
    EXPECT_EQ(foreseen_within(kBoot, {foreseen}, true, kNow), tasks) << name;
    EXPECT_EQ(foreseen_within(Millis(0), {foreseen}, true, kNow), 0) << name;
  }
}

TEST(Foresight, OfASingleTaskInstanceNoneIsFreed) {
  EXPECT_EQ(foreseen_within(kBoot, {in(kBoot, 3, 1)}, false, kNow), 3);
}

TEST(Foresight, ABoundedNumberIsBelieved) {
  const std::vector<Foreseen> many(kMostForeseen + 1, in(kBoot, 1));
  EXPECT_EQ(foreseen_within(kBoot, many, true, kNow), kMostForeseen);
}

TEST(Foresight, TellsWhenItChanges) {
  const std::vector<Foreseen> all = {in(minutes(5), 1), in(minutes(2), 1)};
  EXPECT_EQ(foreseen_changes_at(kBoot, all, kNow), kNow + seconds(30));
  EXPECT_EQ(foreseen_changes_at(kBoot, all, kNow + seconds(30)), kNow + seconds(150));
  EXPECT_EQ(foreseen_changes_at(kBoot, all, kNow + seconds(150)), kNow + seconds(210));
  EXPECT_EQ(foreseen_changes_at(kBoot, all, kNow + minutes(6)), std::nullopt);
  EXPECT_EQ(foreseen_changes_at(Millis(0), all, kNow), std::nullopt);
}

// --- In a decision ------------------------------------------------------------------------------

// One runs, and three that it blocks are expected.
World blocking(Millis from_now) {
  return World().demand(0, 1).with(1, InstanceState::busy).foreseeing({in(from_now, 3, 1)});
}

TEST(Foreseen, IsLaunchedForABootAhead) {
  EXPECT_EQ(blocking(seconds(91)).decide().launch, 0);
  EXPECT_EQ(blocking(seconds(91)).decide().revisit_at, kNow + seconds(1));
  const auto decision = blocking(seconds(90)).decide();
  EXPECT_EQ(decision.launch, 3);
  EXPECT_THAT(rules(decision), ElementsAre(Rule::foreseen));
  EXPECT_EQ(describe(decision.reasons),
            "3 are to be free for what is expected within 1 min 30 s, which a boot takes, and 0 "
            "will be: launch 3");
}

TEST(Foreseen, IsServedByWhoIsThere) {
  EXPECT_EQ(blocking(seconds(60)).with(1, InstanceState::booting).decide().launch, 2);
  EXPECT_EQ(blocking(seconds(60)).with(1, InstanceState::idle).decide().launch, 2);
  EXPECT_EQ(blocking(seconds(60)).soon_free().decide().launch, 2)
      << "who runs what blocks them is free then";
}

TEST(Foreseen, ComesAfterWhatWaitsAndNotOnTopOfWhatIsKeptFree) {
  auto world = blocking(seconds(60)).demand(2, 1).bounds(0, 20).with(1, InstanceState::idle);
  EXPECT_EQ(world.decide().launch, 4);
  EXPECT_THAT(rules(world.decide()), ElementsAre(Rule::queue, Rule::foreseen));
  EXPECT_EQ(world.headroom(2).decide().launch, 4);
  EXPECT_EQ(world.warm({0, 5}).decide().launch, 6);
}

TEST(Foreseen, IsBoundByAllThatBinds) {
  EXPECT_EQ(blocking(seconds(60)).bounds(0, 3).decide().launch, 2);
  EXPECT_EQ(blocking(seconds(60)).launching_at({1, minutes(1)}).decide().launch, 1);
  EXPECT_EQ(blocking(seconds(60)).in_plan(10, 3).decide().launch, 2);
  EXPECT_EQ(blocking(seconds(60)).in_plan(10, 1).decide().launch, 0);
  EXPECT_EQ(blocking(seconds(60)).ended_unseen({"i9"}).decide().launch, 0);
  EXPECT_EQ(blocking(seconds(60)).unknown().decide().launch, 0);
  auto capped = blocking(seconds(60)).spending_at_most({0, hours(1)});
  EXPECT_EQ(capped.decide().launch, 0);
  EXPECT_THAT(rules(capped.decide()), ElementsAre(Rule::foreseen, Rule::spend_cap));
}

TEST(Foreseen, NeedsABootThatWasSeen) {
  auto world = blocking(seconds(60)).remembering({});
  EXPECT_EQ(world.decide().launch, 0);
}

// Launched for a task that is late: it stays for the grace, and then goes as any other.
TEST(Foreseen, KeepsIdleOnesUntilItIsTooLate) {
  auto world = blocking(seconds(20)).with(3, InstanceState::idle).scaling_in_after(Millis(1));
  EXPECT_TRUE(world.decide_and_remember().drain.empty());
  EXPECT_TRUE(world.later(seconds(49)).decide_and_remember().drain.empty());
  EXPECT_TRUE(world.later(seconds(1)).decide_and_remember().drain.empty());
  EXPECT_THAT(world.later(seconds(1)).decide().drain, testing::SizeIs(3));
}

TEST(Foreseen, KeepsWhatIsRequestedForIt) {
  EXPECT_EQ(blocking(seconds(60)).requested(3).decide().withdraw, 0);
  EXPECT_EQ(blocking(hours(1)).requested(3).decide().withdraw, 3);
}

TEST(Foreseen, IsNothingOnceWhatBlockedItHasFailed) {
  auto world = World().demand(0, 0).with(3, InstanceState::idle).scaling_in_after(Millis(1));
  world.foreseeing({});
  EXPECT_TRUE(world.decide_and_remember().drain.empty());
  EXPECT_THAT(world.later(seconds(1)).decide().drain, testing::SizeIs(3));
}

}  // namespace
}  // namespace muster::scaling
