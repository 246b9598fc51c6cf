// The checkers of what only a world tells: each is seen to hold, and to be broken.

#include "simulation/world_invariants.hpp"

#include <gmock/gmock.h>

#include "base/log.hpp"
#include "simulation/world.hpp"

namespace muster::simulation {
namespace {

using scaling::Invariant;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr WallTime kNow{std::chrono::hours(500'000)};

struct Pass {
  scaling::Snapshot snapshot;
  scaling::Decision decision;
  Truth truth;

  std::vector<scaling::Violation> judge() const {
    return violations_in_truth(snapshot, decision, truth);
  }
};

// Two wait, nothing runs, one is there and free: one is launched.
Pass a_pass() {
  Pass pass;
  pass.snapshot.now = kNow;
  pass.snapshot.policy.max = 9;
  pass.snapshot.demand = scaling::DemandReading{2, 0, kNow};
  pass.snapshot.instances = {{"idle", scaling::InstanceState::idle, kNow}};
  pass.decision = scaling::decide(pass.snapshot);
  pass.truth = {.unused = 2};
  return pass;
}

TEST(InTruth, WhoHasHadNoTaskIsThereForOneThatWaits) {
  auto pass = a_pass();
  ASSERT_EQ(pass.decision.launch, 1);
  EXPECT_THAT(pass.judge(), IsEmpty());
  pass.truth.unused = 3;
  ASSERT_EQ(pass.judge().size(), 1U);
  EXPECT_EQ(pass.judge()[0].invariant, Invariant::frugal);
  EXPECT_EQ(pass.judge()[0].what, "3 have not had a task where 2 are needed");
}

TEST(InTruth, NothingIsLaunchedBeyondTheSpendCap) {
  auto pass = a_pass();
  pass.snapshot.policy.spend_cap = scaling::SpendCap{10, std::chrono::hours(24)};
  pass.truth.used = std::chrono::hours(11) - Millis(1);
  EXPECT_THAT(pass.judge(), IsEmpty());
  pass.truth.used += Millis(1);
  ASSERT_EQ(pass.judge().size(), 1U);
  EXPECT_EQ(pass.judge()[0].invariant, Invariant::bounded);
  pass.decision.launch = 0;
  EXPECT_THAT(pass.judge(), IsEmpty()) << "what lives goes on";
}

TEST(InTruth, OrIsSpare) {
  auto pass = a_pass();
  pass.truth.unused = 4;
  EXPECT_EQ(pass.judge().size(), 1U);
  auto min = pass, headroom = pass, warm = pass;
  min.snapshot.policy.min = 4;
  headroom.snapshot.policy.headroom = 2;
  warm.snapshot.policy.warm.least = 2;
  for (auto* spare : {&min, &headroom, &warm}) {
    EXPECT_THAT(spare->judge(), IsEmpty());
    ++spare->truth.unused;
    EXPECT_EQ(spare->judge().size(), 1U);
  }
}

TEST(InTruth, OrLooksBusy) {
  auto pass = a_pass();
  pass.snapshot.demand = scaling::DemandReading{2, 3, kNow};
  pass.truth = {.unused = 3, .running = 2};
  EXPECT_THAT(pass.judge(), IsEmpty());
  pass.truth.running = 3;
  EXPECT_EQ(pass.judge().size(), 1U);
}

TEST(InTruth, OrHasComeInsteadOfBeingWithdrawn) {
  auto pass = a_pass();
  pass.decision.withdraw = 1;
  pass.truth.unused = 3;
  EXPECT_THAT(pass.judge(), IsEmpty());
  pass.truth.unused = 4;
  EXPECT_EQ(pass.judge().size(), 1U);
}

TEST(InTruth, AnInstanceOfSeveralSlotsIsThereForSeveral) {
  auto pass = a_pass();
  pass.truth.slots = 2;
  EXPECT_EQ(pass.judge().size(), 1U);
  pass.truth.unused = 1;
  EXPECT_THAT(pass.judge(), IsEmpty());
}

TEST(InTruth, NobodyIsThereForAnUnknownQueue) {
  auto pass = a_pass();
  pass.snapshot.demand = scaling::DemandUnknown{"no answer"};
  EXPECT_EQ(pass.judge().size(), 1U);
}

// What is launched is all that can be too much.
TEST(InTruth, WhoLaunchesNothingIsNotJudged) {
  auto pass = a_pass();
  pass.decision.launch = 0;
  pass.truth.unused = 9;
  EXPECT_THAT(pass.judge(), IsEmpty());
}

TEST(AtRest, NothingIsLeft) {
  EXPECT_THAT(violations_at_rest({}), IsEmpty());
  EXPECT_THAT(violations_at_rest({.left = 2, .kept = 2}), IsEmpty());
  const auto only = [](const Remains& remains) {
    const auto found = violations_at_rest(remains);
    EXPECT_EQ(found.size(), 1U);
    return found.at(0).invariant;
  };
  EXPECT_EQ(only({.unfinished = 1}), Invariant::live);
  EXPECT_EQ(only({.left = 3, .kept = 2}), Invariant::restartable);
  EXPECT_EQ(only({.remembered = 1}), Invariant::restartable);
}

TEST(AtRest, WhoeverIsInTheMemoryIsRemembered) {
  fleet::ClassMemory memory;
  EXPECT_EQ(remembered_in(memory), 0);
  memory.first_seen = {{"a", kNow}};
  memory.connected = {"a"};
  memory.expected = {{"b", kNow}};
  memory.anothers = {"c"};
  memory.state.given_up = {"d"};
  EXPECT_EQ(remembered_in(memory), 4);
}

// --- and whole worlds are held to them ----------------------------------------------------------

class JudgedWorld : public testing::Test {
 protected:
  static void SetUpTestSuite() { static_cast<void>(log::configure({.format = log::Format::none})); }

  std::vector<std::string> run(const scaling::Policy& wanted, Millis end) {
    World world(conditions, arrivals, 1);
    world.scaled_by_us(wanted);
    return world.run(end).violations;
  }

  Conditions conditions;
  std::vector<Arrival> arrivals{8, {Millis(0), std::chrono::seconds(100)}};
  scaling::Policy policy{.max = 10, .reaps = true, .drains = false};
};

// It takes each instance for one of a single slot.
TEST_F(JudgedWorld, TellsOfAScalerThatLaunchesTooMany) {
  conditions.habits = {.single_task = false, .slots = 4};
  policy.slots = 4;
  EXPECT_THAT(run(policy, std::chrono::hours(24)), IsEmpty());
  policy.slots = 1;
  EXPECT_THAT(run(policy, std::chrono::hours(24)),
              testing::Contains(HasSubstr("S6: 8 have not had a task where 2 are needed")));
}

// Nobody may end those that never connect, nor do they end by themselves.
TEST_F(JudgedWorld, TellsOfInstancesThatAreLeft) {
  conditions.faults.boot_never_connects = 1000;
  conditions.mended_after = std::chrono::minutes(1);
  EXPECT_THAT(run(policy, std::chrono::hours(24)), IsEmpty());
  policy.reaps = false;
  EXPECT_THAT(run(policy, std::chrono::hours(24)),
              testing::Contains(HasSubstr("S8: 8 instances left for ever, of 0 that may be")));
}

}  // namespace
}  // namespace muster::simulation
