#include "base/time_limit.hpp"

#include <gtest/gtest.h>

namespace muster {
namespace {

Result<int> never(const std::stop_token& stop) {
  sleep_for(std::chrono::hours(1), stop);
  return Error{ErrorKind::cancelled, "stopped"};
}

TEST(TimeLimit, GivesTheAnswerThatCameInTime) {
  const auto answer =
      within(std::chrono::hours(1), "it", [](const std::stop_token&) { return Result<int>(7); });
  ASSERT_TRUE(answer);
  EXPECT_EQ(*answer, 7);
}

TEST(TimeLimit, EndsTheWaitingAndSaysWhoWasSilent) {
  const auto answer = within(Millis(10), "the group", never);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::timeout);
  EXPECT_EQ(answer.error().message, "the group did not answer within 10ms");
  const auto with_cure = within(Millis(10), "the group", never, {}, "; wake it");
  ASSERT_FALSE(with_cure);
  EXPECT_EQ(with_cure.error().message, "the group did not answer within 10ms; wake it");
}

TEST(TimeLimit, EndsTheWaitingWhenItIsToldTo) {
  std::stop_source stop;
  stop.request_stop();
  const auto answer = within(std::chrono::hours(1), "it", never, stop.get_token());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::cancelled);
}

}  // namespace
}  // namespace muster
