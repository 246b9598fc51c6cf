// The Auto Scaling groups of a configuration.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/core.h>

#include "base/text.hpp"
#include "cli/scale_config_for_tests.hpp"

namespace muster::cli {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(ScaleGroups, ReadsAnAutoScalingGroup) {
  std::string text(kElsewhere);
  text.replace(text.find("    command:"), std::string::npos,
               "    auto_scaling_group:\n      name: runners\n      region: eu-west-1\n"
               "      token_secret: ci/class\n"
               "      idle_timeout: 30m\n");
  ASSERT_THAT(problems_of(text), IsEmpty());
  const auto config = std::get<ScaleConfig>(parse_scale_config(text, "/srv"));
  const auto& groups = std::get<capacity::ClassGroups>(config.classes.at(0).capacity);
  ASSERT_EQ(groups.in_order.size(), 1U);
  const auto& group = groups.in_order[0];
  EXPECT_EQ(group.group, "runners");
  EXPECT_EQ(group.region, "eu-west-1");
  EXPECT_EQ(group.token_secret, "ci/class");
  EXPECT_EQ(group.idle_timeout, std::chrono::minutes(30));
  const auto& policy = config.classes.at(0).managed.policy;
  EXPECT_TRUE(policy.reaps);
  EXPECT_FALSE(policy.drains);
  EXPECT_EQ(policy.longest_life, std::chrono::minutes(330));
  text.replace(text.find("      name: runners\n"), 20, "");
  EXPECT_THAT(problems_of(text), Contains(HasSubstr("'name' is missing")));
}

std::string with_groups(std::string_view section) {
  return fmt::format(
      "circleci: {{token_variable: TOKEN}}\nstate_directory: scaler\nresource_classes:\n"
      "  acme/one:\n    max: 8\n    auto_scaling_group:\n{}",
      section);
}

TEST(ScaleGroups, ReadsSeveralGroupsInOrderOfPreference) {
  const auto text = with_groups(
      "      region: eu-west-1\n      mode: continuous\n      groups:\n"
      "        - {name: spot, max: 5}\n        - {name: spot, region: us-east-1, max: 20}\n");
  ASSERT_THAT(problems_of(text), IsEmpty());
  const auto config = std::get<ScaleConfig>(parse_scale_config(text, "/srv"));
  const auto& [groups, single_task] =
      std::get<capacity::ClassGroups>(config.classes.at(0).capacity);
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_FALSE(single_task || groups[0].single_task);
  EXPECT_EQ(groups[0].region, "eu-west-1");
  EXPECT_EQ(groups[1].region, "us-east-1");
  const auto& managed = config.classes.at(0).managed.groups;
  ASSERT_EQ(managed.size(), 2U);
  EXPECT_EQ(managed[0].name, "eu-west-1/spot");
  EXPECT_EQ(managed[0].most, 5);
  EXPECT_EQ(managed[1].name, "us-east-1/spot");
  EXPECT_EQ(managed[1].most, 8) << "the class's";
}

TEST(ScaleGroups, RefusesGroupsThatCannotBe) {
  constexpr auto kOf = "resource_classes.acme/one.auto_scaling_group.groups";
  const auto problem = [&](std::string_view section) {
    const auto found = problems_of(with_groups(section));
    return found.size() == 1 ? found[0] : join(found, " and ");
  };
  EXPECT_THAT(problem("      groups: []\n"),
              HasSubstr(fmt::format("{}: expected a list of 1 to 10 groups", kOf)));
  EXPECT_THAT(problem("      groups: spot\n"), HasSubstr("expected a list of 1 to 10 groups"));
  EXPECT_THAT(problem("      groups: [{region: eu-west-1}]\n"),
              HasSubstr(fmt::format("{}[0]: 'name' is missing", kOf)));
  EXPECT_THAT(
      problem("      groups: [{name: a, max: 0}]\n"),
      HasSubstr(fmt::format("{}[0].max: expected a whole number from 1 to 1000, found '0'", kOf)));
  EXPECT_THAT(problem("      groups: [{name: a, region: xx}]\n"),
              HasSubstr(fmt::format("{}[0].region: 'xx' is not a region such as eu-west-1", kOf)));
  EXPECT_THAT(problem("      groups: [{name: a, mode: continuous}]\n"), HasSubstr("mode"));
  EXPECT_THAT(problem("      name: a\n      groups: [{name: b}]\n"),
              HasSubstr("is one group as well as 'groups': put it into the list"));
  EXPECT_THAT(problem("      groups: [{name: a}, {name: a}]\n"),
              HasSubstr("a is named twice: name each group once"));
}

TEST(ScaleGroups, AWrongRegionIsToldOnce) {
  EXPECT_THAT(problems_of(with_groups("      name: a\n      region: moon\n")),
              ElementsAre(HasSubstr("region: 'moon' is not a region such as eu-west-1")));
  EXPECT_THAT(
      problems_of(with_groups("      region: moon\n      groups: [{name: a}, {name: b}]\n")),
      ElementsAre(HasSubstr("region: 'moon' is not a region such as eu-west-1")));
}

TEST(ScaleGroups, EachClassHasAGroupOfItsOwn) {
  const auto with = [](std::string_view first, std::string_view second) {
    return problems_of(fmt::format(
        "circleci: {{token_variable: TOKEN}}\nstate_directory: scaler\nresource_classes:\n"
        "  acme/one: {{max: 1, auto_scaling_group: {{{}}}}}\n"
        "  acme/two: {{max: 1, auto_scaling_group: {{{}}}}}\n",
        first, second));
  };
  constexpr auto kTold =
      "f:5:3: resource_classes.acme/two: runners is the group of acme/one already: give each class "
      "a group of its own";
  EXPECT_THAT(with("name: runners", "name: runners"), ElementsAre(kTold));
  EXPECT_THAT(with("name: runners, region: eu-west-1", "region: eu-west-1, name: runners"),
              ElementsAre(kTold));
  EXPECT_THAT(with("name: runners, region: eu-west-1", "name: runners, region: us-east-1"),
              IsEmpty());
  EXPECT_THAT(with("name: runners", "name: others"), IsEmpty());
  EXPECT_THAT(with("groups: [{name: others}, {name: runners}]", "name: runners"),
              ElementsAre(kTold));
}

TEST(ScaleGroups, AContinuousGroupHasNoLongestLife) {
  EXPECT_THAT(
      problems_of("circleci: {token_variable: TOKEN}\nstate_directory: scaler\n"
                  "resource_classes:\n  acme/one:\n    max: 1\n    auto_scaling_group:\n"
                  "      name: runners\n      mode: continuous\n      longest_life: 6h\n"),
      ElementsAre("f:9:7: resource_classes.acme/one.auto_scaling_group.longest_life: is for "
                  "single-task instances, as a continuous one has no longest life: remove it"));
}

TEST(ScaleGroups, AGroupHasNoScaleInDelay) {
  const auto with = [](std::string_view key) {
    return problems_of(fmt::format(
        "circleci: {{token_variable: TOKEN}}\nstate_directory: scaler\n"
        "resource_classes:\n  acme/one: {{max: 1, {}, auto_scaling_group: {{name: r}}}}\n",
        key));
  };
  EXPECT_THAT(with("warm: 1, launch_rate: {launches: 1, per: 1m}"), IsEmpty());
  EXPECT_THAT(with("scale_in_rate: {drains: 1, per: 1m}"),
              ElementsAre(HasSubstr("acme/one.scale_in_rate: is for instances that can be asked")));
  EXPECT_THAT(with("scale_in_delay: 1m"),
              ElementsAre("f:4:22: resource_classes.acme/one.scale_in_delay: is for instances that "
                          "can be asked to end, and those of a group end by their own idle "
                          "time-out: remove it"));
}

}  // namespace
}  // namespace muster::cli
