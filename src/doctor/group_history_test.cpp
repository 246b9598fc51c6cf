#include "doctor/group_history.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::doctor {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::HasSubstr;

constexpr WallTime kNow{hours(500'000)};
const GroupUse the_use{.resource_class = "a/b",
                       .group = "runners",
                       .region = "eu-west-1",
                       .policy = {.boot_timeout = minutes(5)},
                       .under_lease = true};

aws::ScalingActivity launch(const std::string& id, Millis ago, std::string status = "Successful") {
  return {.status_code = std::move(status),
          .status_message = "no capacity",
          .description = "Launching a new EC2 instance: " + id,
          .started_at = kNow - ago};
}

aws::AutoScalingGroup group_of(int desired, const std::vector<std::string>& ids) {
  aws::AutoScalingGroup group{.name = "runners", .desired = desired};
  for (const auto& id : ids) group.instances.push_back({.id = id, .lifecycle_state = "InService"});
  return group;
}

Finding launches(const aws::AutoScalingGroup& group, const History& history) {
  return judge_launches(the_use, group, history, kNow).front();
}

TEST(GroupHistory, WhatWasAskedForIsThereOrComing) {
  EXPECT_EQ(launches(group_of(1, {"i-1"}), {}).verdict, Verdict::good);
  EXPECT_EQ(launches(group_of(2, {"i-1"}), {}).verdict, Verdict::good);
  const History coming{
      {launch("i-2", minutes(1), "InProgress"), launch("i-1", hours(1), "Failed")}};
  EXPECT_EQ(launches(group_of(2, {"i-1"}), coming).verdict, Verdict::good);
}

TEST(GroupHistory, AFailedLaunchIsToldWithAwssReason) {
  const auto finding = launches(group_of(3, {"i-1"}), {{launch("", minutes(2), "Failed")}});
  EXPECT_EQ(finding.verdict, Verdict::warning);
  EXPECT_THAT(finding.text, HasSubstr("2 instances"));
  EXPECT_THAT(finding.text, HasSubstr("no capacity"));
}

aws::ScalingActivity because(std::string cause, Millis ago = minutes(5)) {
  return {.status_code = "Successful", .cause = std::move(cause), .started_at = kNow - ago};
}

TEST(GroupHistory, CausesTellOfPlacesLeftAndOfOtherScalers) {
  const auto ended = because(
      "At 2026-01-01T00:00:00Z an instance was taken out of service in response to an EC2 health "
      "check indicating it has been terminated or stopped.");
  const auto updated = because(
      "At 2026-01-01T00:00:00Z a user request update of AutoScalingGroup constraints to min: 0, "
      "max: 4, desired: 2 changing the desired capacity from 0 to 2.  At 2026-01-01T00:00:01Z an "
      "instance was started in response to a difference between desired and actual capacity, "
      "increasing the capacity from 0 to 2.");
  const auto ours = because(
      "At 2026-01-01T00:00:00Z a user request explicitly set group desired capacity changing the "
      "desired capacity from 0 to 2.");
  auto old = ended;
  old.started_at = kNow - hours(2);
  const auto causes = [](std::vector<aws::ScalingActivity> activities) {
    return judge_causes(the_use, {std::move(activities)}, kNow);
  };
  for (const auto& finding : causes({ours, old})) EXPECT_EQ(finding.verdict, Verdict::good);
  const auto found = causes({ended, ours, updated, ended, old});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].check, "ends");
  EXPECT_EQ(found[0].verdict, Verdict::warning);
  EXPECT_THAT(found[0].text, HasSubstr("2 instances ended"));
  EXPECT_EQ(found[1].check, "other-scalers");
  EXPECT_EQ(found[1].verdict, Verdict::warning);
  EXPECT_THAT(found[1].text, HasSubstr("started 1 instance"));
}

TEST(GroupHistory, WithoutALeaseNobodyKnowsOfAnotherMuster) {
  auto use = the_use;
  use.under_lease = false;
  const auto others = [&](const std::vector<aws::ScalingActivity>& activities) {
    return judge_causes(use, {activities}, kNow).back();
  };
  EXPECT_EQ(others({}).check, "other-scalers");
  EXPECT_EQ(others({}).verdict, Verdict::unknown);
  EXPECT_THAT(others({}).text, HasSubstr("set lease.table"));
  const auto updated = because(
      "a user request update of AutoScalingGroup constraints to min: 0, max: 4, desired: 2 "
      "changing the desired capacity from 0 to 2.");
  EXPECT_EQ(others({updated}).verdict, Verdict::warning);
}

struct Names {
  const char* what;
  std::vector<std::string> instances;
  History history;
  std::vector<protocol::RunnerContact> runners;
  Verdict verdict;
};

TEST(GroupHistory, RunnersAreComparedWithInstances) {
  const auto lately = kNow - minutes(3);
  const auto before = kNow - minutes(30);
  const History all{{}, true};
  const std::string one = "i-0123456789abcdef0";
  const std::string other = "i-0123456789abcdef1";
  const Names cases[] = {
      {"nobody there", {}, all, {}, Verdict::unknown},
      {"nobody lately", {one}, all, {{"laptop", before}}, Verdict::unknown},
      {"nobody says when", {one}, all, {{"laptop", std::nullopt}}, Verdict::unknown},
      {"all are named so", {one, other}, all, {{one, lately}, {other, lately}}, Verdict::good},
      {"one of them has ended", {one}, all, {{one, lately}, {other, lately}}, Verdict::good},
      {"another was there before", {one}, all, {{"mac", before}, {one, lately}}, Verdict::good},
      {"only one is named so", {one}, all, {{"mac", lately}, {one, lately}}, Verdict::warning},
      {"named as another instance", {one}, all, {{other, lately}}, Verdict::bad},
      {"long in service, none named so", {one}, all, {{"laptop", lately}}, Verdict::bad},
      {"the same by an activity",
       {one},
       {{launch(one, minutes(6))}},
       {{"x", lately}},
       Verdict::bad},
      {"booting still", {one}, {{launch(one, minutes(4))}}, {{"x", lately}}, Verdict::warning},
      {"no instance, an odd name", {}, all, {{"laptop", lately}}, Verdict::warning},
      {"no instance, names of ended ones", {}, all, {{other, lately}}, Verdict::unknown},
      {"booting still, names of ended ones",
       {one},
       {{launch(one, minutes(1))}},
       {{other, lately}},
       Verdict::unknown},
      {"launched before all that is told",
       {one},
       {{launch(other, minutes(6))}},
       {{"x", lately}},
       Verdict::bad},
      {"perhaps launched before what is told",
       {one},
       {{launch(other, minutes(2))}},
       {{"x", lately}},
       Verdict::warning},
  };
  for (const auto& each : cases) {
    const auto group = group_of(1, each.instances);
    const auto found = judge_runner_names(the_use, group, each.history, each.runners, kNow);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found.front().verdict, each.verdict) << each.what << ": " << found.front().text;
  }
}

std::string text_of_names(const GroupUse& use, const std::vector<std::string>& names) {
  std::vector<protocol::RunnerContact> runners;
  for (const auto& name : names) runners.push_back({name, kNow - minutes(1)});
  const auto group = group_of(1, {"i-0123456789abcdef0"});
  return judge_runner_names(use, group, {{}, true}, runners, kNow).front().text;
}

TEST(GroupHistory, RunnersThatAreNoInstancesAreNamedUpToAFew) {
  EXPECT_THAT(text_of_names(the_use, {"i-0123456789abcdef0", "mac"}),
              HasSubstr("of 2 runners that connected in the last 10 minutes, 1 is no instance of "
                        "the group: mac; leave machines of your own as they are"));
  EXPECT_THAT(text_of_names(the_use, {"a", "b", "i-0123456789abcdef0", "c", "d", "e"}),
              HasSubstr("5 are no instances of the group: a, b, c and 2 more; "));
  EXPECT_THAT(text_of_names(the_use, {"a", "b", "c", "d"}),
              HasSubstr("but as a, b, c and 1 more; set CIRCLECI_RUNNER_NAME"));
}

TEST(GroupHistory, RunnersOfSeveralSlotsAreNamedAsTheirInstanceWithANumber) {
  auto use = the_use;
  const std::vector<std::string> names{"i-0123456789abcdef0.1", "i-0123456789abcdef0.2"};
  EXPECT_THAT(text_of_names(use, names), HasSubstr("no runner is named as an instance"));
  use.policy.slots = 2;
  EXPECT_THAT(text_of_names(use, names), HasSubstr("all runners of the last 10 minutes are named"));
}

TEST(GroupHistory, OfSeveralGroupsTheRunnersMayBeInAnother) {
  auto use = the_use;
  use.is_one_of_several = true;
  EXPECT_THAT(text_of_names(use, {"i-0123456789abcdef1"}), HasSubstr("or are in another group"));
  EXPECT_THAT(text_of_names(use, {"i-0123456789abcdef1", "mac"}), HasSubstr("1 is no instance"));
  EXPECT_THAT(text_of_names(use, {"mac"}), HasSubstr("but as mac"));
}

fleet::KnownRunner heard_of(const std::string& name, Millis ago, std::optional<Millis> used = {}) {
  fleet::KnownRunner runner{
      .name = name, .first_connected = kNow - hours(3), .last_connected = kNow - ago};
  if (used) runner.last_used = kNow - *used;
  return runner;
}

TEST(GroupHistory, InstancesThatAreNotHeardOfAnyMoreAreNamed) {
  const auto judged = [](const std::vector<fleet::KnownRunner>& runners, const History& history,
                         std::int64_t slots = 1) {
    const auto group = group_of(5, {"i-1", "i-2", "i-3", "i-4", "i-5"});
    auto use = the_use;
    use.policy.slots = slots;
    const auto found = judge_lost(use, group, history, runners, kNow);
    EXPECT_EQ(found.size(), 1U);
    return found.front();
  };
  const History all{{}, true};
  const auto silent = minutes(31);
  for (const auto& good : {heard_of("i-1", minutes(29)), heard_of("i-9", silent),
                           heard_of("i-1", silent, silent), fleet::KnownRunner{.name = "i-1"}}) {
    EXPECT_EQ(judged({good}, all).verdict, Verdict::good) << good.name;
  }
  EXPECT_EQ(judged({heard_of("i-1", silent)}, {{launch("i-1", minutes(20))}}).verdict,
            Verdict::good);
  EXPECT_EQ(judged({heard_of("i-1.1", silent), heard_of("i-1.2", minutes(1))}, all, 2).verdict,
            Verdict::good);
  EXPECT_EQ(judged({heard_of("i-1.1", silent), heard_of("i-1.2", silent)}, all, 2).verdict,
            Verdict::warning);
  const auto one = judged({heard_of("i-1", silent), heard_of("i-2", minutes(1))}, all);
  EXPECT_EQ(one.verdict, Verdict::warning);
  EXPECT_THAT(one.text, HasSubstr("1 instance connected and has not been heard of for half an "
                                  "hour: i-1; look at the console"));
  EXPECT_THAT(one.text, HasSubstr("--region eu-west-1"));
  std::vector<fleet::KnownRunner> many;
  for (const auto* id : {"i-1", "i-2", "i-3", "i-4", "i-5"}) many.push_back(heard_of(id, silent));
  EXPECT_THAT(judged(many, all).text, HasSubstr("5 instances connected and have not been heard of "
                                                "for half an hour: i-1, i-2, i-3 and 2 more;"));
}

}  // namespace
}  // namespace muster::doctor
