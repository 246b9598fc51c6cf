#include "instance/ending.hpp"

#include <deque>

#include <gmock/gmock.h>

#include "base/log.hpp"

namespace muster::instance {
namespace {

using aws::Replaced;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr auto kCall = "autoscaling:TerminateInstanceInAutoScalingGroup failed with ";

Error refusal(ErrorKind kind, const std::string& words) {
  return {kind, kCall + words};
}

const Error kThrottled = refusal(ErrorKind::unavailable, "Throttling: Rate exceeded");
const Error kAtMinimum = refusal(
    ErrorKind::invalid,
    "ValidationError: Currently, desiredSize equals minSize (1). Terminating instance without "
    "replacement will violate group's min size constraint. Either set "
    "shouldDecrementDesiredCapacity flag to false or lower group's min size");
const Error kInNoGroup = refusal(
    ErrorKind::invalid,
    "ValidationError: Instance Id not found - No managed instance found for instance ID: i-1");
const Error kDenied = refusal(ErrorKind::forbidden, "AccessDenied: not authorized: allow it");

TEST(NextAfter, EachAnswerOfAws) {
  const struct {
    Error refusal;
    Next lowering;
    Next replacing;
  } cases[] = {
      {kThrottled, Next::again, Next::again},
      {refusal(ErrorKind::conflict, "ScalingActivityInProgress: Activity x is in progress"),
       Next::again, Next::again},
      {refusal(ErrorKind::conflict, "ResourceContention: busy"), Next::again, Next::again},
      {refusal(ErrorKind::unavailable, "InternalFailure"), Next::again, Next::again},
      {refusal(ErrorKind::timeout, "no answer"), Next::again, Next::again},
      {refusal(ErrorKind::unauthenticated, "ExpiredToken: renew the credentials"), Next::again,
       Next::again},
      {refusal(ErrorKind::not_found, "status 404"), Next::again, Next::again},
      {kAtMinimum, Next::replaced, Next::nothing},
      {refusal(ErrorKind::invalid, "ValidationError: new words of AWS"), Next::replaced,
       Next::nothing},
      {kInNoGroup, Next::nothing, Next::nothing},
      {refusal(ErrorKind::invalid,
               "ValidationError: The instance i-1 is not part of Auto Scaling group g"),
       Next::nothing, Next::nothing},
      {kDenied, Next::nothing, Next::nothing},
      {{ErrorKind::invalid, "AWS_MAX_ATTEMPTS must be a number"}, Next::nothing, Next::nothing},
  };
  for (const auto& [refused, lowering, replacing] : cases) {
    EXPECT_EQ(next_after(refused, Replaced::no), lowering) << refused.message;
    EXPECT_EQ(next_after(refused, Replaced::yes), replacing) << refused.message;
  }
}

// A group that answers as told, the last again and again, and whose clock is the sum of the pauses.
class EndingTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(log::configure({.format = log::Format::none})); }

  Ending ending(std::deque<Result<void>> answers) {
    answers_ = std::move(answers);
    return Ending({.terminate =
                       [this](Replaced replaced, const std::stop_token&) {
                         asked_.push_back(replaced);
                         auto answer = answers_.front();
                         if (answers_.size() > 1) answers_.pop_front();
                         return answer;
                       },
                   .patience = {.random = [] { return 1.0; },
                                .sleep =
                                    [this](Millis pause, const std::stop_token&) {
                                      pauses_.push_back(pause);
                                      waited_ += pause;
                                      if (waited_ >= limit_) over_.request_stop();
                                    }}});
  }

  std::deque<Result<void>> answers_;
  std::vector<Replaced> asked_;
  std::vector<Millis> pauses_;
  Millis waited_{0};
  Millis limit_ = std::chrono::minutes(5);
  std::stop_source over_;
};

TEST_F(EndingTest, OneThatIsAcceptedIsAskedForOnce) {
  auto ending = this->ending({ok()});
  EXPECT_TRUE(ending.ask_until(over_.get_token()));
  EXPECT_TRUE(ending.ask_once({}));
  EXPECT_THAT(asked_, ElementsAre(Replaced::no));
}

TEST_F(EndingTest, OneThatIsRefusedTenTimesIsAskedForElevenTimesMoreAndMoreSlowly) {
  std::deque<Result<void>> answers(10, kThrottled);
  answers.emplace_back(ok());
  auto ending = this->ending(std::move(answers));
  EXPECT_TRUE(ending.ask_until(over_.get_token()));
  EXPECT_EQ(asked_.size(), 11);
  using namespace std::chrono_literals;
  EXPECT_THAT(pauses_, ElementsAre(1s, 2s, 4s, 8s, 16s, 20s, 20s, 20s, 20s, 20s));
}

TEST_F(EndingTest, AtTheMinimumTheGroupMayReplaceIt) {
  auto ending = this->ending({kAtMinimum, kThrottled, ok()});
  EXPECT_TRUE(ending.ask_until(over_.get_token()));
  EXPECT_THAT(asked_, ElementsAre(Replaced::no, Replaced::yes, Replaced::yes));
  EXPECT_EQ(ending.asked(), Replaced::yes);
  EXPECT_EQ(pauses_.size(), 1);
}

TEST_F(EndingTest, WhatIsRefusedForGoodIsNotAskedForAgain) {
  for (const auto& refused : {kDenied, kInNoGroup}) {
    asked_.clear();
    auto ending = this->ending({refused});
    const auto ended = ending.ask_until(over_.get_token());
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error(), refused);
    EXPECT_FALSE(ending.ask_once({}));
    EXPECT_EQ(asked_.size(), 1);
  }
}

TEST_F(EndingTest, RefusedForEverItGivesUpInTimeAndSaysWhy) {
  auto ending = this->ending({kThrottled});
  const auto ended = ending.ask_until(over_.get_token());
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error(), kThrottled);
  EXPECT_GE(waited_, limit_);
  EXPECT_LE(waited_, limit_ + std::chrono::seconds(20));
  const auto before = asked_.size();
  EXPECT_FALSE(ending.ask_once({}));
  EXPECT_EQ(asked_.size(), before + 1);
}

TEST_F(EndingTest, WhatWasInterruptedIsNoRefusal) {
  limit_ = Millis(1);
  auto ending = this->ending({kThrottled, Error{ErrorKind::invalid, "ValidationError: cut off"}});
  EXPECT_FALSE(ending.ask_until(over_.get_token()));
  const auto last = ending.ask_once(over_.get_token());
  ASSERT_FALSE(last);
  EXPECT_EQ(last.error(), kThrottled);
  EXPECT_EQ(ending.asked(), Replaced::no);
}

TEST_F(EndingTest, NeverAskedIsNoSuccess) {
  over_.request_stop();
  auto ending = this->ending({ok()});
  const auto ended = ending.ask_until(over_.get_token());
  ASSERT_FALSE(ended);
  EXPECT_THAT(ended.error().message, HasSubstr("was not asked in time"));
  EXPECT_TRUE(asked_.empty());
}

}  // namespace
}  // namespace muster::instance
