#include "scaling/plan_share.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <numeric>
#include <random>

#include "scaling/world_for_tests.hpp"

namespace muster::scaling {
namespace {

using testing::ElementsAre;

constexpr WallTime kNow{std::chrono::hours(500'000)};

TEST(PlanShare, GivesAllWhatTheyWantIfThereIsEnough) {
  EXPECT_THAT(share_plan(20, {{0, 5}, {3, 9}}, 0), ElementsAre(5, 9));
}

TEST(PlanShare, GivesWhoWantsLittleAllOfItAndTheOthersTheSame) {
  EXPECT_THAT(share_plan(20, {{0, 100}, {0, 4}, {0, 100}}, 0), ElementsAre(8, 4, 8));
}

TEST(PlanShare, TakesNothingFromWhoHasIt) {
  EXPECT_THAT(share_plan(20, {{18, 100}, {0, 10}}, 0), ElementsAre(18, 2));
  EXPECT_THAT(share_plan(20, {{30, 100}, {0, 10}}, 0), ElementsAre(30, 0))
      << "it is over the limit";
}

TEST(PlanShare, GivesTheRestInTurn) {
  EXPECT_THAT(share_plan(1, {{0, 9}, {0, 9}, {0, 9}}, 0), ElementsAre(1, 0, 0));
  EXPECT_THAT(share_plan(1, {{0, 9}, {0, 9}, {0, 9}}, 2), ElementsAre(0, 0, 1));
  EXPECT_THAT(share_plan(1, {{0, 9}, {0, 0}, {0, 9}}, 1), ElementsAre(0, 0, 1));
  EXPECT_NE(turn_at(kNow), turn_at(kNow + std::chrono::minutes(1)));
}

TEST(PlanShare, OfNobodyIsNothing) {
  EXPECT_THAT(share_plan(20, {}, 3), ElementsAre());
}

Snapshot waiting(std::int64_t unclaimed, std::int64_t running, std::int64_t idle) {
  Snapshot snapshot;
  snapshot.now = kNow;
  snapshot.demand = DemandReading{unclaimed, running, kNow};
  snapshot.policy.max = 10;
  for (std::int64_t i = 0; i < running + idle; ++i) {
    const auto state = i < running ? InstanceState::busy : InstanceState::idle;
    snapshot.instances.push_back({"i" + std::to_string(i), state, kNow});
  }
  return snapshot;
}

TEST(PlanShare, AClassClaimsWhatItWouldLaunchFor) {
  const auto claim = [](const Snapshot& snapshot) {
    const auto [has, wants] = claim_on_plan(snapshot);
    return std::pair(has, wants);
  };
  EXPECT_EQ(claim(waiting(4, 2, 0)), std::pair(2L, 6L));
  EXPECT_EQ(claim(waiting(1, 2, 3)), std::pair(3L, 3L)) << "nobody needs the other two";
  EXPECT_EQ(claim(waiting(99, 2, 0)), std::pair(2L, 10L)) << "its own maximum";
  auto failing = waiting(4, 2, 0);
  failing.failed_boots = {"x"};
  EXPECT_EQ(claim(failing), std::pair(2L, 2L)) << "what it cannot launch others may use";
  auto warm = waiting(0, 0, 3);
  warm.policy.warm.least = 3;
  EXPECT_EQ(claim(warm), std::pair(0L, 0L)) << "who is free runs nothing";
  auto unknown = waiting(4, 2, 1);
  unknown.demand = DemandUnknown{"no answer"};
  EXPECT_EQ(claim(unknown), std::pair(2L, 2L));
}

// Whoever is kept free while tasks wait for the plan is taken by these, and the class has more than
// its share.
TEST(PlanShare, NobodyIsKeptFreeWhileTasksWaitForThePlan) {
  for (auto world : {World().warm({.least = 2}), World().headroom(2)}) {
    auto waiting = world.bounds(0, 99).with(5, InstanceState::busy).demand(20, 5).snapshot();
    waiting.plan_share = PlanShare{10, 5};
    EXPECT_EQ(decide(waiting).launch, 0);
    waiting.plan_share = PlanShare{10, 7};
    EXPECT_EQ(decide(waiting).launch, 2) << "those of the share";
    waiting.plan_share = PlanShare{40, 25};
    EXPECT_EQ(decide(waiting).launch, 22) << "the plan has room for all that waits";
  }
}

// Case 21: the tasks of one class use up the plan, and idle runners of another wait.
TEST(PlanShare, NoClassUsesUpThePlan) {
  auto greedy = waiting(100, 0, 0);
  greedy.policy.max = 100;
  const auto modest = waiting(5, 0, 0);
  const auto shares = share_plan(20, {claim_on_plan(greedy), claim_on_plan(modest)}, 0);
  greedy.plan_share = PlanShare{20, shares[0]};
  const auto decision = decide(greedy);
  EXPECT_EQ(decision.launch, 15);
  ASSERT_EQ(decision.reasons.size(), 2U);
  EXPECT_EQ(describe(decision.reasons[1]),
            "the plan lets 20 run at once, of which this class has a share of 15, and 0 run: "
            "launch 15 instead of 100");
}

TEST(PlanShare, HoldsForRandomClaims) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto roll = [&](std::uint64_t most) { return static_cast<std::int64_t>(random() % most); };
  for (int round = 0; round < 5'000 && !HasFailure(); ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    std::vector<PlanClaim> claims;
    for (auto left = roll(8); left > 0; --left) {
      const auto has = roll(10);
      claims.push_back({has, has + roll(20)});
    }
    const auto limit = roll(60);
    const auto turn = random() % 10;
    const auto shares = share_plan(limit, claims, turn);
    std::int64_t had = 0;
    std::int64_t wanted = 0;
    for (const auto& claim : claims) had += claim.has, wanted += claim.wants;
    const auto given = std::accumulate(shares.begin(), shares.end(), std::int64_t{0});
    ASSERT_EQ(given, std::max(had, std::min(limit, wanted))) << "all of it is given, and no more";
    for (std::size_t i = 0; i < claims.size(); ++i) {
      ASSERT_GE(shares[i], claims[i].has);
      ASSERT_LE(shares[i], claims[i].wants);
      for (std::size_t k = 0; k < claims.size(); ++k) {
        const bool lacks = shares[i] < claims[i].wants;
        const bool was_given = shares[k] > claims[k].has;
        ASSERT_TRUE(!lacks || !was_given || shares[k] <= shares[i] + 1) << "nobody has more";
      }
    }
    // Once it has been launched for, nothing more is given to anybody.
    for (std::size_t i = 0; i < claims.size(); ++i) claims[i].has = shares[i];
    ASSERT_EQ(share_plan(limit, claims, turn + 1), shares);
  }
}

TEST(PlanShare, IsTotal) {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();
  for (const auto limit : {kLeast, std::int64_t{-1}, std::int64_t{0}, kMost}) {
    const auto shares = share_plan(limit, {{kMost, kLeast}, {kLeast, kMost}, {kMost, kMost}}, 9);
    for (const auto share : shares) EXPECT_GE(share, 0);
  }
  EXPECT_EQ(turn_at(WallTime::min()), 0U);
}

}  // namespace
}  // namespace muster::scaling
