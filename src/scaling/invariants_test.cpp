// The invariants of docs/scaling.md, checked on snapshots that nobody thought of.

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "scaling/invariants.hpp"

namespace muster::scaling {
namespace {

constexpr WallTime kNow{std::chrono::hours(500'000)};

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  std::int64_t roll(std::int64_t least, std::int64_t most) {
    return std::uniform_int_distribution<std::int64_t>(least, most)(engine_);
  }
  bool chance(int percent) { return roll(1, 100) <= percent; }
  Millis millis(std::int64_t least, std::int64_t most) { return Millis(roll(least, most)); }

  std::int64_t absurd() {
    using Limits = std::numeric_limits<std::int64_t>;
    const std::int64_t choices[] = {Limits::min(),
                                    Limits::max(),
                                    -1,
                                    0,
                                    1,
                                    Limits::max() / 2,
                                    roll(Limits::min(), Limits::max())};
    return choices[roll(0, std::size(choices) - 1)];
  }

 private:
  std::mt19937_64 engine_;
};

Demand some_demand(Dice& dice) {
  if (dice.chance(10)) return DemandUnknown{"no answer"};
  const auto age = dice.chance(10) ? Millis(std::chrono::minutes(3)) : dice.millis(0, 100'000);
  return DemandReading{dice.roll(0, 12), dice.roll(0, 12), kNow - age};
}

Rate some_rate(Dice& dice) {
  return {dice.roll(1, 5), dice.millis(1'000, 120'000)};
}

Window some_use(Dice& dice) {
  Window window;
  for (auto age = dice.roll(0, 200'000); age > -10'000; age -= dice.roll(1, 100'000)) {
    window.push_back({kNow - Millis(age), dice.roll(0, 3)});
  }
  return window;
}

void add_groups(Dice& dice, Snapshot& snapshot) {
  const auto groups = dice.roll(1, 3);
  for (std::int64_t i = 0; i < groups; ++i) {
    const auto name = "group" + std::to_string(i);
    snapshot.groups.push_back({.name = name,
                               .most = dice.roll(0, 8),
                               .came = dice.chance(30),
                               .refused = dice.chance(30) ? "no capacity" : ""});
    if (!dice.chance(40)) continue;
    snapshot.state.shortages.push_back(
        {name, dice.roll(1, 80), kNow + dice.millis(-600'000, 600'000), "no capacity"});
  }
  for (auto& instance : snapshot.instances) instance.group = dice.roll(0, groups - 1);
}

void add_foreseen(Dice& dice, Snapshot& snapshot) {
  snapshot.policy.foresight = true;
  if (dice.chance(80)) snapshot.state.turnover.boot = dice.millis(0, 120'000);
  for (auto left = dice.roll(0, 4); left > 0; --left) {
    const auto tasks = dice.roll(0, 5);
    snapshot.foreseen.push_back({kNow + dice.millis(-90'000, 180'000), tasks, dice.roll(0, tasks)});
  }
}

Snapshot some_snapshot(Dice& dice) {
  Snapshot snapshot;
  snapshot.now = kNow;
  snapshot.demand = some_demand(dice);
  snapshot.policy.min = dice.roll(0, 3);
  snapshot.policy.max = dice.roll(0, 10);
  if (dice.chance(50)) snapshot.policy.slots = dice.roll(2, 5);
  if (dice.chance(30)) snapshot.policy.headroom = dice.roll(1, 4);
  if (dice.chance(30)) {
    snapshot.policy.warm = {dice.roll(0, 150), dice.roll(0, 3), dice.roll(0, 5)};
  }
  if (dice.chance(50)) snapshot.policy.scale_in_delay = dice.millis(1, 60'000);
  if (dice.chance(50))
    snapshot.state.surplus = Surplus{kNow - dice.millis(0, 90'000), dice.roll(1, 4)};
  if (dice.chance(30)) {
    snapshot.policy.launch_rate = some_rate(dice);
    snapshot.state.launches = some_use(dice);
  }
  if (dice.chance(30)) {
    snapshot.policy.scale_in_rate = some_rate(dice);
    snapshot.state.drains = some_use(dice);
  }
  if (dice.chance(30)) {
    snapshot.policy.spend_cap = SpendCap{dice.roll(0, 2), dice.millis(60'000, 7'200'000)};
    auto& spend = snapshot.state.spend;
    spend.used = some_use(dice);
    for (auto& used : spend.used) used.amount *= 1'000'000;
    if (dice.chance(80)) spend.counted_until = kNow - dice.millis(-10'000, 900'000);
    spend.living = dice.roll(0, 12);
  }
  if (dice.chance(50)) {
    snapshot.policy.soon_free = true;
    if (dice.chance(30)) snapshot.boot_took = dice.millis(0, 120'000);
    snapshot.state.turnover = {dice.millis(0, 120'000), dice.roll(0, 64),
                               dice.roll(0, 9'000'000), some_use(dice),
                               some_use(dice),          kNow - dice.millis(0, 9'000),
                               dice.roll(0, 12),        dice.roll(0, 12)};
  }
  if (dice.chance(50)) add_foreseen(dice, snapshot);
  if (dice.chance(30)) snapshot.plan_share = PlanShare{20, dice.roll(0, 20)};
  snapshot.policy.reaps = dice.chance(50);
  snapshot.policy.drains = dice.chance(80);
  snapshot.policy.reuses = dice.chance(50);
  if (dice.chance(50)) snapshot.policy.longest_life = dice.millis(300'000, 400'000);
  if (dice.chance(50)) snapshot.state.given_up_at = kNow - dice.millis(0, 100'000);
  if (const auto* read = std::get_if<DemandReading>(&snapshot.demand); read && dice.chance(30)) {
    snapshot.state.reaped_at = read->read_at - Millis(dice.roll(0, 1));
  }
  if (const auto* read = std::get_if<DemandReading>(&snapshot.demand); read && dice.chance(70)) {
    snapshot.state.waiting_since = read->read_at - dice.millis(0, 90'000);
  }
  if (const auto* read = std::get_if<DemandReading>(&snapshot.demand); read && dice.chance(70)) {
    snapshot.state.quiet_since = read->read_at - dice.millis(0, 90'000);
  }
  const auto instances = dice.roll(0, 12);
  for (std::int64_t i = 0; i < instances; ++i) {
    const auto state = static_cast<InstanceState>(dice.roll(0, 7));
    const auto id = "i" + std::to_string(i);
    const bool requested = state == InstanceState::booting && dice.chance(30);
    snapshot.instances.push_back({id, state, kNow - dice.millis(0, 400'000), requested});
    snapshot.instances.back().slots =
        dice.roll(1, snapshot.policy.slots + (dice.chance(20) ? 2 : 0));
    if (state == InstanceState::busy) snapshot.instances.back().running = dice.roll(0, 5);
    if (dice.chance(30)) snapshot.instances.back().used_at = kNow - dice.millis(-10'000, 400'000);
    if (dice.chance(10)) snapshot.state.given_up.push_back(id);
  }
  if (dice.chance(50)) add_groups(dice, snapshot);
  if (dice.chance(20)) snapshot.failed_boots.push_back("gone");
  if (dice.chance(10)) snapshot.returned_boots = dice.roll(1, 3);
  if (dice.chance(20)) snapshot.unlisted_at_work = dice.roll(-1, 4);
  if (dice.chance(5)) snapshot.failed_launches = dice.roll(1, 3);
  snapshot.any_boot_succeeded = dice.chance(20);
  if (dice.chance(30)) {
    snapshot.state.failed_boots_in_a_row = dice.roll(1, 80);
    snapshot.state.backoff_until = kNow + dice.millis(-10'000, 600'000);
  }
  return snapshot;
}

testing::AssertionResult all_hold(const Snapshot& snapshot, const Decision& decision) {
  const auto found = violations(snapshot, decision);
  if (found.empty()) return testing::AssertionSuccess();
  auto failure = testing::AssertionFailure();
  for (const auto& [invariant, what] : found)
    failure << to_string(invariant) << ": " << what << "; ";
  return failure;
}

TEST(Invariants, HoldForRandomSnapshots) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Dice dice(seed);
  for (int round = 0; round < 5'000 && !testing::Test::HasFailure(); ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    const auto snapshot = some_snapshot(dice);
    const auto decision = decide(snapshot);
    EXPECT_FALSE(decision.reasons.empty());
    EXPECT_TRUE(all_hold(snapshot, decision));
  }
}

// Without the policy, or without anything that is foreseen, decisions are what they would be.
TEST(Invariants, NothingForeseenChangesNothing) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Dice dice(seed);
  for (int round = 0; round < 2'000 && !testing::Test::HasFailure(); ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    auto off = some_snapshot(dice);
    off.policy.foresight = false;
    auto nothing = off;
    nothing.policy.foresight = true;
    nothing.foreseen = {{kNow + std::chrono::hours(2), 5, 0}, {kNow - std::chrono::hours(1), 5, 0}};
    const auto one = decide(off);
    const auto other = decide(nothing);
    EXPECT_EQ(one.launch, other.launch);
    EXPECT_EQ(one.withdraw, other.withdraw);
    EXPECT_EQ(one.drain, other.drain);
    EXPECT_EQ(one.reap, other.reap);
    EXPECT_EQ(one.reasons, other.reasons);
  }
}

// Only launches come of it: no more than are foreseen, and nobody ends who would else have stayed.
TEST(Invariants, ForesightAddsLaunchesAndEndsNobody) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Dice dice(seed);
  std::int64_t added = 0;
  for (int round = 0; round < 2'000 && !testing::Test::HasFailure(); ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    auto with = some_snapshot(dice);
    add_foreseen(dice, with);
    auto without = with;
    without.policy.foresight = false;
    const auto one = decide(with);
    const auto other = decide(without);
    const auto most = foreseen_within(one.next.turnover.boot, with.foreseen, false, with.now);
    EXPECT_GE(one.launch, other.launch);
    EXPECT_LE(one.launch - other.launch, most);
    EXPECT_LE(one.withdraw, other.withdraw);
    EXPECT_LE(one.drain.size(), other.drain.size());
    EXPECT_EQ(one.reap, other.reap);
    added += one.launch - other.launch;
  }
  EXPECT_GT(added, 0);
}

// Nothing overflows or runs away, whatever the numbers are (the sanitizers watch).
TEST(Invariants, DecideIsTotal) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Dice dice(seed);
  const auto time = [&] { return WallTime(Millis(dice.absurd())); };
  for (int round = 0; round < 5'000 && !testing::Test::HasFailure(); ++round) {
    auto snapshot = some_snapshot(dice);
    if (dice.chance(70)) snapshot.demand = DemandReading{dice.absurd(), dice.absurd(), time()};
    for (auto& instance : snapshot.instances) instance.launched_at = time();
    auto& policy = snapshot.policy;
    policy.min = dice.absurd(), policy.max = dice.absurd(), policy.headroom = dice.absurd();
    for (auto* duration : {&policy.boot_timeout, &policy.boot_backoff_first,
                           &policy.boot_backoff_most, &policy.demand_max_age}) {
      *duration = Millis(dice.absurd());
    }
    policy.longest_life = Millis(dice.absurd());
    snapshot.unlisted_at_work = dice.absurd();
    policy.warm = {dice.absurd(), dice.absurd(), dice.absurd()};
    policy.scale_in_delay = Millis(dice.absurd());
    policy.spend_cap = SpendCap{dice.absurd(), Millis(dice.absurd())};
    policy.launch_rate = Rate{dice.absurd(), Millis(dice.absurd())};
    policy.scale_in_rate = Rate{dice.absurd(), Millis(dice.absurd())};
    snapshot.state = {
        dice.absurd(),
        time(),
        {},
        time(),
        time(),
        time(),
        time(),
        Surplus{time(), dice.absurd()},
        Window{{time(), dice.absurd()}, {time(), dice.absurd()}},
        Window{{time(), dice.absurd()}},
        Spend{{{time(), dice.absurd()}, {time(), dice.absurd()}}, time(), dice.absurd()},
        Turnover{Millis(dice.absurd()), dice.absurd(), dice.absurd(),
                 Window{{time(), dice.absurd()}}, Window{{time(), dice.absurd()}}, time(),
                 dice.absurd(), dice.absurd()}};
    policy.shortage_backoff_first = Millis(dice.absurd());
    policy.shortage_backoff_most = Millis(dice.absurd());
    policy.slots = dice.absurd();
    for (auto& instance : snapshot.instances) {
      instance.slots = dice.absurd(), instance.running = dice.absurd();
      instance.group = dice.absurd();
      instance.used_at = time();
    }
    for (auto& group : snapshot.groups) group.most = dice.absurd();
    if (!snapshot.groups.empty()) {
      snapshot.state.shortages = {{"group0", dice.absurd(), time(), "no capacity"}};
    }
    snapshot.boot_took = Millis(dice.absurd());
    policy.foresight = dice.chance(50);
    for (auto& foreseen : snapshot.foreseen) foreseen = {time(), dice.absurd(), dice.absurd()};
    policy.soon_free = dice.chance(50);
    snapshot.failed_launches = dice.absurd();
    snapshot.returned_boots = dice.absurd();
    if (dice.chance(50)) snapshot.plan_share = PlanShare{dice.absurd(), dice.absurd()};
    snapshot.now = time();
    const auto decision = decide(snapshot);
    EXPECT_FALSE(decision.reasons.empty());
    EXPECT_GE(decision.launch, 0);
    for (const auto& reason : decision.reasons) EXPECT_FALSE(describe(reason).empty());
    const bool holds = std::ranges::any_of(decision.reasons, is_hold);
    EXPECT_TRUE(!holds || (decision.drain.empty() && decision.reap.empty()));
  }
}

}  // namespace
}  // namespace muster::scaling
