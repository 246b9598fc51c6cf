#include "cli/scale_memory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/core.h>

namespace muster::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

ScaleConfig config_of(std::string_view first, std::string_view second) {
  const auto text = fmt::format(
      "circleci: {{token_variable: TOKEN}}\nlease: {{table: muster}}\nresource_classes:\n"
      "  acme/one: {{max: 1, auto_scaling_group: {{{}}}}}\n"
      "  acme/two: {{max: 1, auto_scaling_group: {{{}}}}}\n",
      first, second);
  return std::get<ScaleConfig>(parse_scale_config(text, "/srv"));
}

Result<std::string> here() {
  return std::string("eu-west-1");
}

TEST(LeaseKeys, AreThoseOfTheGroups) {
  const auto keys = lease_keys(config_of("name: a", "name: a, region: us-east-1"), here);
  ASSERT_TRUE(keys) << keys.error().message;
  EXPECT_THAT(*keys, ElementsAre(Pair("acme/one", ElementsAre("eu-west-1/a")),
                                 Pair("acme/two", ElementsAre("us-east-1/a"))));
}

TEST(LeaseKeys, AreRefusedIfTwoClassesTurnOutToNameOneGroup) {
  const auto keys = lease_keys(config_of("name: a", "name: a, region: eu-west-1"), here);
  ASSERT_FALSE(keys);
  EXPECT_EQ(keys.error().kind, ErrorKind::invalid);
  EXPECT_THAT(keys.error().message, HasSubstr("acme/one and acme/two name one group, eu-west-1/a"));
}

TEST(LeaseKeys, AreInOrderHoweverTheGroupsAreListed) {
  for (const auto* groups : {"groups: [{name: b}, {name: a, region: us-east-1}]",
                             "groups: [{name: a, region: us-east-1}, {name: b}]"}) {
    const auto keys = lease_keys(config_of(groups, "name: c"), here);
    ASSERT_TRUE(keys) << keys.error().message;
    EXPECT_THAT(keys->at("acme/one"), ElementsAre("eu-west-1/b", "us-east-1/a"));
  }
  const auto twice = config_of("groups: [{name: a}, {name: a, region: eu-west-1}]", "name: c");
  EXPECT_THAT(lease_keys(twice, here).error().message, HasSubstr("acme/one names one group twice"));
  const auto shared = config_of("groups: [{name: a}, {name: c, region: eu-west-1}]", "name: c");
  EXPECT_THAT(lease_keys(shared, here).error().message, HasSubstr("eu-west-1/c"));
}

TEST(LeaseKeys, NeedTheRegionOnlyWhereNoneIsWritten) {
  const auto unknown = []() -> Result<std::string> {
    return Error{ErrorKind::unavailable, "no region"};
  };
  EXPECT_TRUE(
      lease_keys(config_of("name: a, region: eu-west-1", "name: b, region: eu-west-1"), unknown));
  EXPECT_FALSE(lease_keys(config_of("name: a, region: eu-west-1", "name: b"), unknown));
}

}  // namespace
}  // namespace muster::cli
