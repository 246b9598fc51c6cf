#include "fleet/mix_up.hpp"

#include <gtest/gtest.h>

namespace muster::fleet {
namespace {

constexpr WallTime kConnected{std::chrono::hours(1)};
constexpr WallTime kRead{std::chrono::hours(2)};

ClassDemand with_runners(std::vector<KnownRunner> runners) {
  return {scaling::DemandReading{0, 1, kRead}, std::move(runners)};
}

TEST(MixUp, ARunnerOfAnotherClassIsKnownToThatOfItsInstance) {
  std::map<std::string, ClassDemand> demand{
      {"acme/a", with_runners({{"i-2", std::nullopt, false}})},
      {"acme/b", with_runners({{"i-1", true, false, kConnected}, {"laptop", true, false}})},
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
  EXPECT_EQ(known[1].busy, std::nullopt) << "it runs a task of the other class";
  EXPECT_EQ(known[1].first_connected, kConnected);
  EXPECT_EQ(known[1].last_task(), kRead);
  EXPECT_EQ(demand.at("acme/b").runners->size(), 2U);
}

// By what it has taken lately it is known that it is at work.
TEST(MixUp, WhatItsKeeperKnowsOfARunnerIsKept) {
  const KnownRunner runner{"i-1", std::nullopt, false, kConnected, kRead, kRead - Millis(1)};
  std::map<std::string, ClassDemand> demand{{"acme/a", with_runners({})},
                                            {"acme/b", with_runners({runner})}};
  resolve_mix_ups(demand, {{"i-1", "acme/a", {}}, {"i-2", "acme/b", {}}});
  const auto& known = demand.at("acme/a").runners->at(0);
  EXPECT_EQ(known.last_connected, kRead);
  EXPECT_EQ(known.last_task(), kRead - Millis(1));
}

TEST(MixUp, OfAClassThatIsNotScaledOrKnowsNoRunnersNothingChanges) {
  std::map<std::string, ClassDemand> demand{
      {"acme/a", {scaling::DemandReading{}, std::nullopt}},
      {"acme/b", with_runners({{"i-1", true, false}, {"i-2", true, false}})}};
  const auto found = resolve_mix_ups(demand, {{"i-1", "acme/a", {}}, {"i-2", "acme/unscaled", {}}});
  EXPECT_EQ(found.size(), 2U);
  EXPECT_EQ(demand.at("acme/a").runners, std::nullopt);
}

TEST(MixUp, RunnersOfOneInstanceAreKnownByItsId) {
  const auto found = [](const std::set<std::string, std::less<>>& with_slots) {
    std::map<std::string, ClassDemand> demand{{"acme/a", with_runners({})},
                                              {"acme/b", with_runners({{"i-1.2", true, false}})}};
    const auto mixed_up =
        resolve_mix_ups(demand, {{"i-1", "acme/a", {}}, {"i-2", "acme/b", {}}}, with_slots);
    EXPECT_EQ(demand.at("acme/a").runners->size(), mixed_up.size());
    return mixed_up;
  };
  ASSERT_EQ(found({"acme/a"}).size(), 1U);
  EXPECT_EQ(found({"acme/a"})[0].instance, "i-1");
  EXPECT_TRUE(found({"acme/b"}).empty()) << "an instance with one slot has no such runner";
  EXPECT_TRUE(found({}).empty());
}

}  // namespace
}  // namespace muster::fleet
