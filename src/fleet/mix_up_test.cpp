#include "fleet/mix_up.hpp"

#include <gtest/gtest.h>

namespace muster::fleet {
namespace {

ClassDemand with_runners(std::vector<KnownRunner> runners) {
  return {scaling::DemandReading{0, 1, {}}, std::move(runners)};
}

TEST(MixUp, ARunnerOfAnotherClassIsKnownToThatOfItsInstance) {
  std::map<std::string, ClassDemand> demand{
      {"acme/a", with_runners({{"i-2", std::nullopt, false}})},
      {"acme/b", with_runners({{"i-1", true, false}, {"laptop", true, false}})},
      {"acme/c", {scaling::DemandUnknown{"no answer"}, std::nullopt}}};
  const std::vector<CapacityInstance> live{
      {"i-1", "acme/a", {}}, {"i-2", "acme/a", {}}, {"i-3", "acme/b", {}}};

  const auto found = resolve_mix_ups(demand, live);

  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].instance, "i-1");
  EXPECT_EQ(found[0].launched_for, "acme/a");
  EXPECT_EQ(found[0].runs_for, "acme/b");
  const auto& known = *demand.at("acme/a").runners;
  ASSERT_EQ(known.size(), 2U);
  EXPECT_EQ(known[1].name, "i-1");
  EXPECT_EQ(known[1].busy, std::nullopt) << "it may run a task of the other class";
  EXPECT_EQ(demand.at("acme/b").runners->size(), 2U);
}

TEST(MixUp, OfAClassThatIsNotScaledOrKnowsNoRunnersNothingChanges) {
  std::map<std::string, ClassDemand> demand{
      {"acme/a", {scaling::DemandReading{}, std::nullopt}},
      {"acme/b", with_runners({{"i-1", true, false}, {"i-2", true, false}})}};
  const auto found = resolve_mix_ups(demand, {{"i-1", "acme/a", {}}, {"i-2", "acme/unscaled", {}}});
  EXPECT_EQ(found.size(), 2U);
  EXPECT_EQ(demand.at("acme/a").runners, std::nullopt);
}

}  // namespace
}  // namespace muster::fleet
