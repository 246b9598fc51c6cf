#include "doctor/group_settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace muster::doctor {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

GroupUse use_of(std::string resource_class = "a/b", std::string group = "runners") {
  return {.resource_class = std::move(resource_class),
          .group = std::move(group),
          .region = "eu-west-1",
          .policy = {.max = 10}};
}

aws::AutoScalingGroup good_group() {
  return {.name = "runners",
          .max = 10,
          .protects_new_instances = true,
          .suspended_processes = {"AZRebalance"}};
}

TEST(GroupSettings, AGroupAsItMustBeIsGoodInAllRespects) {
  auto group = good_group();
  group.instances = {{.id = "i-1", .lifecycle_state = "InService", .protected_from_scale_in = true},
                     {.id = "i-2", .lifecycle_state = "Terminating"}};
  const auto findings = judge_settings(use_of(), group);
  EXPECT_THAT(findings, SizeIs(5));
  for (const auto& finding : findings) {
    EXPECT_EQ(finding.verdict, Verdict::good) << finding.check;
    EXPECT_EQ(finding.subject, "the group runners in eu-west-1");
  }
}

TEST(GroupSettings, EachFaultIsFoundAloneAndHasItsCommand) {
  struct Case {
    std::string check;
    Verdict verdict;
    std::string cure;
    std::function<void(aws::AutoScalingGroup&)> spoil;
  };
  const Case cases[] = {
      {"group-protection", Verdict::bad, "--new-instances-protected-from-scale-in",
       [](auto& group) { group.protects_new_instances = false; }},
      {"az-rebalance", Verdict::warning, "suspend-processes",
       [](auto& group) { group.suspended_processes.clear(); }},
      {"suspended-processes", Verdict::bad, "--scaling-processes Terminate",
       [](auto& group) { group.suspended_processes.emplace_back("Terminate"); }},
      {"group-minimum", Verdict::bad, "--min-size 0", [](auto& group) { group.min = 1; }},
      {"group-maximum", Verdict::warning, "--max-size 10", [](auto& group) { group.max = 9; }},
      {"instance-protection", Verdict::warning, "--instance-ids i-1",
       [](auto& group) {
         group.instances = {{.id = "i-1", .lifecycle_state = "InService"},
                            {.id = "i-2", .lifecycle_state = "Terminating"}};
       }},
  };
  for (const auto& [check, verdict, cure, spoil] : cases) {
    auto group = good_group();
    spoil(group);
    int faults = 0;
    for (const auto& finding : judge_settings(use_of(), group)) {
      if (finding.verdict == Verdict::good) continue;
      ++faults;
      EXPECT_EQ(finding.check, check);
      EXPECT_EQ(finding.verdict, verdict);
      EXPECT_THAT(finding.text, HasSubstr("--region eu-west-1 --auto-scaling-group-name runners"));
      EXPECT_THAT(finding.text, HasSubstr(cure));
    }
    EXPECT_EQ(faults, 1) << check;
  }
}

TEST(GroupSettings, OtherSuspendedProcessesAreFine) {
  auto group = good_group();
  group.suspended_processes = {"AZRebalance", "ReplaceUnhealthy", "HealthCheck"};
  for (const auto& finding : judge_settings(use_of(), group)) {
    EXPECT_EQ(finding.verdict, Verdict::good) << finding.check;
  }
}

TEST(GroupSettings, RebalancingIsNoFaultWhereTheScalerSuspendsIt) {
  auto group = good_group();
  group.suspended_processes.clear();
  auto use = use_of();
  use.suspends_rebalancing = true;
  for (const auto& finding : judge_settings(use, group)) {
    EXPECT_EQ(finding.verdict, Verdict::good) << finding.check;
  }
}

TEST(GroupSettings, InstancesThatAreKeptMustIdleForLong) {
  const auto judged = [](std::optional<Millis> idle_timeout) {
    auto use = use_of();
    use.keeps_instances = true;
    use.idle_timeout = idle_timeout;
    return judge_settings(use, good_group()).back();
  };
  const auto brief = judged(std::chrono::minutes(1));
  EXPECT_EQ(brief.check, "idle-timeout");
  EXPECT_EQ(brief.verdict, Verdict::warning);
  EXPECT_THAT(brief.text, HasSubstr("ends after 1m without a job and is launched again, with a "
                                    "boot of 90 s 24 times an hour: let them idle for 30m"));
  EXPECT_THAT(judged(std::nullopt).text, HasSubstr("say so here"));
  EXPECT_EQ(judged(std::nullopt).verdict, Verdict::warning);
  EXPECT_EQ(judged(std::chrono::minutes(30)).verdict, Verdict::good);
}

TEST(GroupSettings, InstancesOfAnOlderTemplateAreTold) {
  const auto judged = [](std::string group_version, std::vector<std::string> versions) {
    aws::AutoScalingGroup group{.template_version = std::move(group_version)};
    for (auto& version : versions) {
      group.instances.push_back(
          {.lifecycle_state = "InService", .template_version = std::move(version)});
    }
    return judge_drift(use_of(), group).front();
  };
  for (const auto& well : {judged("3", {}), judged("3", {"3", "3"}), judged("", {""}),
                           judged("$Latest", {"2", "2"})}) {
    EXPECT_EQ(well.verdict, Verdict::good);
  }
  const auto drifted = judged("3", {"2", "3", "2"});
  EXPECT_EQ(drifted.verdict, Verdict::warning);
  EXPECT_THAT(drifted.text, HasSubstr("of version 3 of the launch template, and 2 of version 2:"));
  EXPECT_THAT(judged("$Latest", {"2", "3"}).text, HasSubstr("1 of version 2, 1 of version 3"));
}

TEST(GroupSettings, ANameIsOneWordOfTheCommand) {
  auto group = good_group();
  group.protects_new_instances = false;
  const auto findings = judge_settings(use_of("a/b", "o'clock; reboot"), group);
  EXPECT_THAT(findings.front().text,
              HasSubstr(R"(--auto-scaling-group-name 'o'\''clock; reboot' --new)"));
}

TEST(GroupSettings, APolicyThatScalesIsAnotherScaler) {
  EXPECT_EQ(judge_policies(use_of(), {}).front().verdict, Verdict::good);
  const auto findings =
      judge_policies(use_of(), {{.name = "cpu", .type = "TargetTrackingScaling"},
                                {.name = "off", .type = "StepScaling", .scales = false}});
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings.front().verdict, Verdict::bad);
  EXPECT_THAT(findings.front().text, HasSubstr("--policy-name cpu"));
}

TEST(GroupSettings, OneGroupHasOneClass) {
  EXPECT_THAT(judge_sharing({use_of("a/b", "one"), use_of("a/c", "two")}), IsEmpty());
  auto elsewhere = use_of("a/c", "one");
  elsewhere.region = "us-east-1";
  EXPECT_THAT(judge_sharing({use_of("a/b", "one"), elsewhere}), IsEmpty());
  const auto findings = judge_sharing({use_of("a/b", "one"), use_of("a/c", "one")});
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings.front().verdict, Verdict::bad);
  EXPECT_THAT(findings.front().text, HasSubstr("a/b and a/c"));
}

}  // namespace
}  // namespace muster::doctor
