#include "study/past_tasks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/core.h>

namespace muster::study {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::HasSubstr;

const WallTime kMonday = *parse_rfc3339("2026-01-05T09:00:00Z");

TEST(PastTasks, AreATraceOfDatesInOrderThatIsReadAgain) {
  PastTasks tasks({});
  ASSERT_TRUE(tasks.take("a/c", kMonday + Millis(1'500), Millis(61'500)));
  ASSERT_TRUE(tasks.take("a/b", kMonday, seconds(30), 2));
  const auto trace = std::move(tasks).trace();
  ASSERT_TRUE(trace) << trace.error().message;
  const auto csv = to_csv(*trace);
  EXPECT_EQ(csv,
            "resource_class,queued_at,duration\n"
            "a/b,2026-01-05T09:00:00Z,30\n"
            "a/b,2026-01-05T09:00:00Z,30\n"
            "a/c,2026-01-05T09:00:01.500Z,61.500\n");
  const auto again = parse_trace(csv);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->tasks.back().at, Millis(1'500));
}

TEST(PastTasks, AreThoseThatAreWanted) {
  PastTasks tasks({"a/b", kMonday, kMonday + hours(1)});
  for (const auto* name : {"a/b", "a/c"}) {
    for (const auto after :
         {Millis(-1), Millis(0), Millis(hours(1)) - Millis(1), Millis(hours(1))}) {
      ASSERT_TRUE(tasks.take(name, kMonday + after, seconds(1)));
    }
  }
  const auto trace = std::move(tasks).trace();
  ASSERT_TRUE(trace);
  EXPECT_EQ(trace->classes, std::vector<std::string>{"a/b"});
  EXPECT_EQ(trace->tasks.size(), 2U);
}

TEST(PastTasks, OfAClockThatWasSetBackDoNotRunForLessThanNothing) {
  PastTasks tasks({});
  ASSERT_TRUE(tasks.take("a/b", kMonday, Millis(-5)));
  EXPECT_EQ(std::move(tasks).trace().value().tasks.at(0).duration, Millis(0));
}

TEST(PastTasks, ThatAreNotBelievedAreLeftOutAndCounted) {
  PastTasks tasks({});
  ASSERT_TRUE(tasks.take("a/b", kMonday, kLongestTask));
  ASSERT_TRUE(tasks.take("a/b", kMonday, kLongestTask + Millis(1), 3));
  EXPECT_EQ(tasks.absurd(), 3);
  EXPECT_EQ(std::move(tasks).trace().value().tasks.size(), 1U);
}

TEST(PastTasks, AreNoMoreThanATraceMayHold) {
  PastTasks many({});
  ASSERT_TRUE(many.take("a/b", kMonday, seconds(1), kMostTraceTasks));
  EXPECT_THAT(many.take("a/b", kMonday, seconds(1)).error().message, HasSubstr("--since"));
  PastTasks classes({});
  for (std::size_t i = 0; i < kMostTraceClasses; ++i) {
    ASSERT_TRUE(classes.take(fmt::format("a/{}", i), kMonday, seconds(1)));
  }
  EXPECT_THAT(classes.take("a/b", kMonday, seconds(1)).error().message, HasSubstr("--class"));
  PastTasks years({});
  ASSERT_TRUE(years.take("a/b", kMonday, seconds(1)));
  ASSERT_TRUE(years.take("a/b", kMonday + kLongestTrace + Millis(1), seconds(1)));
  EXPECT_THAT(std::move(years).trace().error().message, HasSubstr("--until"));
}

TEST(PastTasks, OfAnyClassMakeACsvThatIsOne) {
  PastTasks tasks({});
  ASSERT_TRUE(tasks.take("a/\"b\",c", kMonday, seconds(1)));
  const auto csv = to_csv(std::move(tasks).trace().value());
  const auto again = parse_trace(csv);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->classes, std::vector<std::string>{"a/\"b\",c"});
}

}  // namespace
}  // namespace muster::study
