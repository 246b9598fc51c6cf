#include "scaling/turnover.hpp"

#include <gtest/gtest.h>

#include "scaling/world_for_tests.hpp"

namespace muster::scaling {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr Millis kBoot = seconds(90);

// Readings of a queue, one after the other, while instances boot for kBoot.
class Counter {
 public:
  Counter() { policy_.boot_timeout = minutes(5); }
  Counter& boots(Millis took) {
    took_ = took;
    return *this;
  }
  Counter& read(Millis later, std::int64_t unclaimed, std::int64_t running) {
    now_ += later;
    const auto took = std::exchange(took_, std::nullopt);
    turnover_ = turnover_after(turnover_, {unclaimed, running, now_}, took, policy_, now_);
    return *this;
  }
  SoonFree soon(std::int64_t busy, Millis later = Millis(0)) const {
    return soon_free(turnover_, busy, now_ + later);
  }
  const Turnover& turnover() const { return turnover_; }
  WallTime now() const { return now_; }

 private:
  Policy policy_;
  std::optional<Millis> took_;
  Turnover turnover_;
  WallTime now_ = kNow;
};

// Each task runs for three minutes: so 10 of 30 should end within 90 s.
Counter flowing() {
  Counter counter;
  counter.boots(kBoot).read(Millis(0), 0, 30);
  for (int i = 0; i < 18; ++i) {
    counter.read(seconds(5), 0, 29).read(seconds(5), 0, 30);
  }
  return counter;
}

struct Step {
  const char* name;
  std::int64_t unclaimed, running;  // before: 5 and 5
  std::int64_t ended;               // at least
};

TEST(Turnover, CountsNoMoreEndsThanTheNumbersProve) {
  const Step steps[] = {{"nothing changed", 5, 5, 0},
                        {"one came", 6, 5, 0},
                        {"one was claimed", 4, 6, 0},
                        {"one ended", 5, 4, 1},
                        {"one ended and another was claimed", 4, 5, 1},
                        {"one ended and two came", 7, 4, 1},
                        {"all are gone, and who waited may have been cancelled", 0, 0, 5}};
  for (const auto& step : steps) {
    Counter counter;
    counter.boots(kBoot).read(Millis(0), 5, 5).read(seconds(5), step.unclaimed, step.running);
    EXPECT_EQ(counter.turnover().ended, step.ended) << step.name;
  }
}

// Or a burst that is cancelled makes tasks of an hour into some of minutes, and voids a spend cap.
TEST(Turnover, NothingEndsByACancellation) {
  Counter idle;
  idle.read(Millis(0), 500, 0).read(seconds(5), 0, 0).read(seconds(5), 500, 0);
  EXPECT_EQ(idle.turnover().ended, 0);
  Counter busy;
  busy.read(Millis(0), 600, 10).read(seconds(5), 0, 10);
  EXPECT_EQ(busy.turnover().ended, 10) << "no more than may have run";
}

TEST(Turnover, ExpectsAsManyEndsAsTasksOfThatLengthPromise) {
  const auto counter = flowing();
  EXPECT_EQ(counter.turnover().boot, kBoot);
  const auto mean = Millis(counter.turnover().run_time / counter.turnover().ended);
  EXPECT_GT(mean, seconds(280));  // 29.5 run, and one ends each 10 s
  EXPECT_LT(mean, seconds(310));
  EXPECT_EQ(counter.soon(30).expected, 7);  // of 30, 90 / (90 + 295)
  EXPECT_EQ(counter.soon(0).expected, 0);
  EXPECT_EQ(counter.soon(30).ended, 9);
  EXPECT_EQ(counter.soon(30, seconds(40)).ended, 5);
  EXPECT_EQ(counter.soon(30, kBoot).ended, 0);
}

TEST(Turnover, LeavesNothingToBusyOnesWhileItKnowsNoBootOrSawNoEnd) {
  Counter counter;
  counter.read(Millis(0), 0, 9).read(seconds(5), 2, 5);
  EXPECT_EQ(counter.soon(5).count(), 0) << "no boot was seen";
  counter = {};
  counter.boots(kBoot).read(Millis(0), 0, 9).read(seconds(5), 2, 9);
  EXPECT_EQ(counter.soon(9).count(), 0) << "no task was seen to end";
}

TEST(Turnover, ATaskIsLeftToThemForOneBootAtMost) {
  auto counter = flowing();
  counter.read(seconds(5), 2, 30).read(seconds(30), 3, 30);
  EXPECT_EQ(counter.soon(30).patient, 3);
  EXPECT_EQ(counter.soon(30, seconds(61)).patient, 1);
  EXPECT_EQ(counter.soon(30, kBoot).patient, 0);
  counter.read(seconds(5), 1, 30);  // the oldest go first
  EXPECT_EQ(counter.soon(30, seconds(61)).patient, 1);
  const auto fewer = fewer_soon_free_at(counter.turnover(), counter.now());
  ASSERT_TRUE(fewer);
  EXPECT_GT(*fewer, counter.now());
  EXPECT_LT(*fewer, counter.now() + kBoot);
}

TEST(Turnover, ABootIsWhatTheLatestTookAndThoseBeforeLess) {
  Counter counter;
  counter.boots(seconds(80)).read(Millis(0), 0, 1).boots(seconds(120)).read(seconds(5), 0, 1);
  EXPECT_EQ(counter.turnover().boot, seconds(90));
  counter.boots(std::chrono::hours(9)).read(seconds(5), 0, 1);
  EXPECT_LE(counter.turnover().boot, minutes(5)) << "no boot takes longer than its time-out";
}

TEST(Turnover, IsWrittenAnewOnlyWhenANumberChanges) {
  auto counter = flowing();
  const auto before = counter.turnover();
  counter.read(minutes(2), before.unclaimed, before.running);
  EXPECT_EQ(counter.turnover(), before);
}

// --- in a decision ------------------------------------------------------------------------------

World busy_world(std::int64_t unclaimed) {
  World world;
  State state;
  state.turnover = {kBoot, 30, 30 * Millis(kBoot).count(), {{kNow - seconds(10), 3}}, {}, kNow,
                    0,     4};
  world.bounds(0, 20).with(4, InstanceState::connected).demand(unclaimed, 4);
  return world.remembering(state).soon_free();
}

TEST(SoonFree, LeavesWhatWaitsToThem) {
  const auto decision = busy_world(3).decide();
  EXPECT_EQ(decision.launch, 1);  // half of 4 should be free
  EXPECT_EQ(rules(decision), (std::vector{Rule::queue, Rule::soon_free}));
  EXPECT_EQ(
      describe(decision.reasons[1]),
      "3 ended in the latest 1 min 30 s, which a boot takes, and 2 of 4 should in the next, as a "
      "task runs for 1 min 30 s: launch 1 instead of 3");
  ASSERT_TRUE(decision.revisit_at);
  EXPECT_EQ(*decision.revisit_at, kNow + seconds(80));
}

TEST(SoonFree, AfterABootTheyAreNotWaitedForAnyMore) {
  auto world = busy_world(2);
  EXPECT_EQ(world.decide_and_remember().launch, 0);
  EXPECT_EQ(world.later(kBoot).decide().launch, 2);
}

TEST(SoonFree, CountsNobodyWhoDrainsAndNothingTwice) {
  auto draining = busy_world(3).with(4, InstanceState::draining);
  EXPECT_EQ(draining.decide().launch, 3);
  EXPECT_EQ(busy_world(3).headroom(2).decide().launch, 5);
  EXPECT_EQ(busy_world(3).with(3, InstanceState::booting).decide().launch, 0);
}

TEST(SoonFree, IsForgottenWhereThePolicyDoesNotCountIt) {
  const auto decision = busy_world(3).soon_free(false).decide();
  EXPECT_EQ(decision.launch, 3);
  EXPECT_EQ(decision.next.turnover, Turnover());
}

}  // namespace
}  // namespace muster::scaling
