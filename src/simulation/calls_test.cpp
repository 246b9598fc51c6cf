#include "simulation/calls.hpp"

#include <gtest/gtest.h>

namespace muster::simulation {
namespace {

constexpr Millis kSecond = std::chrono::seconds(1);

class CallsTest : public testing::Test {
 protected:
  Timeline timeline{WallTime()};
  Faults faults;
  Mishaps mishaps;
  Calls calls{timeline, faults, mishaps};
  Random random{1};
};

TEST_F(CallsTest, TakeNoTimeUnlessTheyAreSaidTo) {
  EXPECT_TRUE(calls.make(random, [] { return ok(); }));
  EXPECT_EQ(timeline.monotonic(), MonotonicTime());
}

TEST_F(CallsTest, TakeTimeInWhichTheWorldGoesOn) {
  faults.call_takes = 4 * kSecond;
  int ticks = 0;
  for (int i = 1; i <= 1'000; ++i) timeline.after(i * Millis(100), [&] { ++ticks; });
  int ticks_on_the_way = 0;
  for (int i = 0; i < 20; ++i) {
    const auto before = ticks;
    EXPECT_TRUE(calls.make(random, [&] {
      ticks_on_the_way += ticks - before;
      return ok();
    }));
  }
  const auto passed = timeline.monotonic().time_since_epoch();
  EXPECT_GT(passed, 20 * kSecond);
  EXPECT_LT(passed, 60 * kSecond);
  EXPECT_EQ(ticks, passed / Millis(100));
  EXPECT_GT(ticks_on_the_way, ticks / 4) << "what is asked is answered in the middle";
  EXPECT_GT(mishaps.slow, 5);
  EXPECT_EQ(mishaps.unanswered + mishaps.done_unanswered, 0);
}

TEST_F(CallsTest, WithoutAnAnswerMayHaveBeenDoneAllTheSame) {
  faults.call_unanswered = 1'000;
  int done = 0;
  for (int i = 0; i < 100; ++i) {
    const auto answer = calls.make(random, [&] { return ++done, ok(); });
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::timeout);
  }
  EXPECT_EQ(timeline.monotonic(), MonotonicTime(100 * 5 * kSecond));
  EXPECT_EQ(mishaps.done_unanswered, done);
  EXPECT_EQ(mishaps.unanswered, 100 - done);
  EXPECT_GT(done, 30);
  EXPECT_LT(done, 70);
}

}  // namespace
}  // namespace muster::simulation
