#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "doctor/circleci.hpp"
#include "doctor/clock.hpp"
#include "doctor/credentials.hpp"
#include "doctor/group_permissions.hpp"
#include "doctor/ports.hpp"

namespace muster::doctor {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr auto kArn = "arn:aws:autoscaling:eu-west-1:1:autoScalingGroup:x:autoScalingGroupName/g";
const Caller the_caller{.words = "the role r (arn:aws:sts::1:assumed-role/r/s)",
                        .policy_holder = "the role r"};
const GroupUse the_use{.resource_class = "a/b", .group = "g", .region = "eu-west-1", .policy = {}};

TEST(Clock, IsGoodToHalfAMinuteAndBadWhereAwsRefusesIt) {
  const WallTime told{minutes(1'000'000)};
  const std::pair<Millis, Verdict> cases[] = {
      {seconds(0), Verdict::good},      {Millis(29'900), Verdict::good},
      {Millis(-29'900), Verdict::good}, {seconds(31), Verdict::warning},
      {seconds(-31), Verdict::warning}, {minutes(5), Verdict::warning},
      {seconds(302), Verdict::bad},     {seconds(-302), Verdict::bad},
  };
  for (const auto& [ahead, verdict] : cases) {
    EXPECT_EQ(judge_clock("AWS", told, told + ahead).front().verdict, verdict) << ahead.count();
  }
  EXPECT_EQ(judge_clock("AWS", std::nullopt, told).front().verdict, Verdict::unknown);
  const auto words = [&](Millis ahead) {
    return judge_clock("AWS", told, told + ahead).front().text;
  };
  EXPECT_THAT(words(minutes(15)), HasSubstr(" ahead of the peer's:"));
  EXPECT_THAT(words(-minutes(15)), HasSubstr(" behind the peer's:"));
}

TEST(Permissions, ARefusalOfTheValueProvesThePermission) {
  const Result<void> senseless =
      Error{ErrorKind::invalid,
            "autoscaling:X failed with ValidationError: New SetDesiredCapacity "
            "value -1 is below min value 0 for the AutoScalingGroup"};
  const Result<void> malformed =
      Error{ErrorKind::invalid,
            "autoscaling:X failed with ValidationError: 1 validation error: Value "
            "'-1' at 'desiredCapacity' failed to satisfy constraint"};
  const Result<void> denied = Error{ErrorKind::forbidden, "AccessDenied"};
  const Result<void> silent = Error{ErrorKind::timeout, "no answer"};
  const Result<void> accepted;
  struct Case {
    const Result<void>& answer;
    Verdict resize;
    Verdict end;
  };
  const Case cases[] = {{senseless, Verdict::good, Verdict::good},
                        {malformed, Verdict::unknown, Verdict::unknown},
                        {denied, Verdict::bad, Verdict::unknown},
                        {silent, Verdict::unknown, Verdict::unknown},
                        {accepted, Verdict::bad, Verdict::bad}};
  for (const auto& [answer, resize, end] : cases) {
    EXPECT_EQ(judge_resize(the_use, kArn, the_caller, answer).front().verdict, resize);
    EXPECT_EQ(judge_end(the_use, kArn, the_caller, answer).front().verdict, end);
  }
  EXPECT_THAT(judge_resize(the_use, kArn, the_caller, denied).front().text,
              HasSubstr(std::string("allow autoscaling:SetDesiredCapacity on ") + kArn));
  for (const auto& answer : {senseless, denied}) {
    for (const auto& text : {judge_resize(the_use, kArn, the_caller, answer).front().text,
                             judge_end(the_use, kArn, the_caller, answer).front().text}) {
      EXPECT_THAT(text, HasSubstr(the_caller.words));
      if (!answer && answer.error().kind == ErrorKind::forbidden) {
        EXPECT_THAT(text, HasSubstr(std::string(" on ") + kArn + " in the policy of the role r"));
      }
    }
  }
}

TEST(Identity, IsWhosePolicyIsToBeChanged) {
  constexpr auto kKey = "access key AKIA from the environment";
  const auto role = judge_identity(std::string("arn:aws:sts::1:assumed-role/r/s"), kKey);
  EXPECT_EQ(role.caller.words, the_caller.words);
  EXPECT_EQ(role.caller.policy_holder, the_caller.policy_holder);
  EXPECT_EQ(role.findings.front().verdict, Verdict::good);
  EXPECT_THAT(role.findings.front().text, HasSubstr(the_caller.words));
  const auto other = judge_identity(std::string("arn:aws:iam::1:root"), kKey);
  EXPECT_EQ(other.caller.words, "arn:aws:iam::1:root");
  const auto nobody = judge_identity(Error{ErrorKind::timeout, "no answer"}, kKey);
  EXPECT_EQ(nobody.findings.front().verdict, Verdict::unknown);
  EXPECT_THAT(nobody.findings.front().text, HasSubstr("is not known: no answer"));
  EXPECT_EQ(nobody.caller.words, kKey);
  EXPECT_EQ(nobody.caller.policy_holder, "its user or role");
}

TEST(CircleCi, AClassThatIsNotShownMayBeOfAnotherOrganisation) {
  using demand::Refusal;
  EXPECT_EQ(judge_class("acme/x", 3).front().verdict, Verdict::good);
  for (const auto kind : {ErrorKind::not_found, ErrorKind::forbidden}) {
    Refusal refusal{{kind, "the answer is 404"}};
    refusal.documented = true;
    const auto finding = judge_class("acme/x", tl::unexpected(refusal)).front();
    EXPECT_EQ(finding.verdict, Verdict::bad);
    EXPECT_THAT(finding.text, HasSubstr("organisation of acme"));
    refusal.documented = false;  // by a proxy, say
    EXPECT_EQ(judge_class("acme/x", tl::unexpected(refusal)).front().text, "the answer is 404");
  }
}

TEST(CircleCi, ThePlansLimitIsOfAllClassesTogether) {
  EXPECT_EQ(judge_concurrency("u", std::nullopt, 3).front().verdict, Verdict::unknown);
  EXPECT_EQ(judge_concurrency("u", 3, 3).front().verdict, Verdict::good);
  EXPECT_EQ(judge_concurrency("u", 3, 4).front().verdict, Verdict::warning);
}

TEST(Ports, WhatTheScalerCannotReadIsBad) {
  std::map<std::string, fleet::ClassDemand> demand;
  demand["a/b"].demand = scaling::DemandReading{3, 1, WallTime{}};
  demand["a/c"].demand = scaling::DemandUnknown{"no such class"};
  const auto queue = judge_demand(demand);
  EXPECT_EQ(queue[0].verdict, Verdict::good);
  EXPECT_EQ(queue[1].verdict, Verdict::bad);
  EXPECT_EQ(queue[1].text, "no such class");

  fleet::CapacityList list;
  list.unreadable["a/c"] = "exit code 9";
  const auto listed = judge_listing({"a/b", "a/c"}, list);
  EXPECT_EQ(listed[0].verdict, Verdict::good);
  EXPECT_EQ(listed[1].verdict, Verdict::bad);
}

TEST(Verdicts, FollowFromTheErrorAndFromWhoseQuestionItWas) {
  EXPECT_EQ(verdict_of(ErrorKind::forbidden, Asked::as_the_scaler), Verdict::bad);
  EXPECT_EQ(verdict_of(ErrorKind::timeout, Asked::as_the_scaler), Verdict::bad);
  EXPECT_EQ(verdict_of(ErrorKind::exhausted, Asked::as_the_scaler), Verdict::unknown);
  EXPECT_EQ(verdict_of(ErrorKind::forbidden, Asked::for_the_doctor), Verdict::unknown);
}

}  // namespace
}  // namespace muster::doctor
