#include "demand/aws_token.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/log.hpp"

namespace muster::demand {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

TEST(Remembered, AsksOnceAMinuteAndBridgesATrouble) {
  EXPECT_TRUE(log::configure({.format = log::Format::none}));
  ManualClock clock;
  int asked = 0;
  Result<std::string> kept = std::string("one");
  const auto token = remembered(
      [&](const std::stop_token&) {
        ++asked;
        return kept;
      },
      clock);
  EXPECT_EQ(token({}, "").value(), "one");
  kept = std::string("two");
  clock.advance(seconds(59));
  EXPECT_EQ(token({}, "").value(), "one");
  EXPECT_EQ(asked, 1);
  clock.advance(seconds(1));
  EXPECT_EQ(token({}, "").value(), "two");
  kept = Error{ErrorKind::unavailable, "away"};
  clock.advance(seconds(60));
  EXPECT_EQ(token({}, "").value(), "two");
  EXPECT_EQ(token({}, "").value(), "two");
  EXPECT_EQ(asked, 3);
  kept = std::string("three");
  clock.advance(seconds(60));
  EXPECT_EQ(token({}, "").value(), "three");
}

TEST(Remembered, ATokenThatWasRefusedIsAskedForAnewAtOnceAndThenNowAndAgain) {
  ManualClock clock;
  int asked = 0;
  std::string kept = "one";
  const auto token = remembered(
      [&](const std::stop_token&) -> Result<std::string> {
        ++asked;
        return kept;
      },
      clock);
  EXPECT_EQ(token({}, "").value(), "one");
  EXPECT_EQ(token({}, "one").value(), "one");
  EXPECT_EQ(asked, 2);
  kept = "two";
  clock.advance(seconds(9));
  EXPECT_EQ(token({}, "one").value(), "one");
  EXPECT_EQ(asked, 2) << "its keeper is not asked with each reading";
  clock.advance(seconds(1));
  EXPECT_EQ(token({}, "one").value(), "two");
  EXPECT_EQ(token({}, "one").value(), "two");
  EXPECT_EQ(asked, 3) << "this one was not refused";
  kept = "three";
  EXPECT_EQ(token({}, "two").value(), "three");
}

TEST(Remembered, FailsWhileThereWasNoneAndIsSoonAskedForAgain) {
  ManualClock clock;
  int asked = 0;
  Result<std::string> kept = Error{ErrorKind::unavailable, "away"};
  const auto token = remembered(
      [&](const std::stop_token&) {
        ++asked;
        return kept;
      },
      clock);
  EXPECT_EQ(token({}, "").error().message, "away");
  kept = "one";
  EXPECT_EQ(token({}, "").error().message, "away");
  EXPECT_EQ(asked, 1);
  clock.advance(seconds(5));
  EXPECT_EQ(token({}, "").value(), "one");
}

// The next pass has its own time, and asks again.
TEST(Remembered, AFetchThatWasGivenUpIsAsNone) {
  ManualClock clock;
  int asked = 0;
  const auto token = remembered(
      [&](const std::stop_token& stop) -> Result<std::string> {
        ++asked;
        if (stop.stop_requested()) return Error{ErrorKind::cancelled, "stopped"};
        return std::string("one");
      },
      clock);
  std::stop_source over;
  over.request_stop();
  EXPECT_EQ(token(over.get_token(), "").error().kind, ErrorKind::cancelled);
  EXPECT_EQ(token({}, "").value(), "one");
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(token(over.get_token(), "").value(), "one") << "which needs no waiting";
}

TEST(TokenOf, IsTheValueOrAMemberOfIt) {
  const AwsToken plain{.name = "circleci/token"};
  EXPECT_EQ(token_of("abc\n", plain).value(), "abc");
  const AwsToken member{.name = "circleci/token", .field = "circle_token"};
  EXPECT_EQ(token_of(R"({"resource_class":"a/b","circle_token":"abc"})", member).value(), "abc");
  for (const auto* kept : {"qqq", "{}", R"({"circle_token":""})", R"({"circle_token":"q q"})"}) {
    const auto none = token_of(kept, member);
    ASSERT_FALSE(none) << kept;
    EXPECT_THAT(none.error().message, HasSubstr("the secret circleci/token"));
    EXPECT_THAT(none.error().message, Not(HasSubstr("q")));
  }
}

TEST(TokenOf, AnObjectIsNotTheTokenAndItsMembersAreNamed) {
  const AwsToken plain{.name = "circleci/token"};
  const auto told = [&](const char* kept) {
    const auto none = token_of(kept, plain);
    return none ? "" : none.error().message;
  };
  EXPECT_EQ(told(R"( {"resource_class":"qq/q", "circle_token":"qqq"})"),
            "the secret circleci/token is JSON with the members resource_class, circle_token: set "
            "circleci.token_field (of the stack: PersonalTokenField) to the one that is the token");
  EXPECT_EQ(told(R"({"circle_token":"qqq")"),
            "the secret circleci/token begins as JSON and is none: put the token there, alone or "
            "as a member that circleci.token_field (of the stack: PersonalTokenField) names");
  EXPECT_EQ(told("{}"), "the secret circleci/token is JSON without a member: put the token there");
}

}  // namespace
}  // namespace muster::demand
