// The invariants of docs/scaling.md, checked on snapshots that nobody thought of.

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <set>

#include "scaling/decide.hpp"

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

Snapshot some_snapshot(Dice& dice) {
  Snapshot snapshot;
  snapshot.now = kNow;
  snapshot.demand = some_demand(dice);
  snapshot.policy.min = dice.roll(0, 3);
  snapshot.policy.max = dice.roll(0, 10);
  snapshot.policy.reaps = dice.chance(50);
  snapshot.policy.drains = dice.chance(80);
  if (dice.chance(50)) snapshot.policy.longest_life = dice.millis(300'000, 400'000);
  if (dice.chance(50)) snapshot.state.given_up_at = kNow - dice.millis(0, 100'000);
  const auto instances = dice.roll(0, 12);
  for (std::int64_t i = 0; i < instances; ++i) {
    const auto state = static_cast<InstanceState>(dice.roll(0, 5));
    const auto id = "i" + std::to_string(i);
    const bool requested = state == InstanceState::booting && dice.chance(30);
    snapshot.instances.push_back({id, state, kNow - dice.millis(0, 400'000), requested});
    if (dice.chance(10)) snapshot.state.given_up.push_back(id);
  }
  if (dice.chance(20)) snapshot.failed_boots.push_back("gone");
  if (dice.chance(5)) snapshot.failed_launches = dice.roll(1, 3);
  snapshot.any_boot_succeeded = dice.chance(20);
  if (dice.chance(30)) {
    snapshot.state.failed_boots_in_a_row = dice.roll(1, 80);
    snapshot.state.backoff_until = kNow + dice.millis(-10'000, 600'000);
  }
  return snapshot;
}

bool is_overdue(const Instance& it, const Snapshot& snapshot) {
  return it.state == InstanceState::booting &&
         it.launched_at + snapshot.policy.boot_timeout <= snapshot.now;
}

// The world right after the decision was carried out: what is new, and nothing else.
Snapshot after(const Snapshot& snapshot, const Decision& decision) {
  auto next = snapshot;
  const std::set<std::string> drained(decision.drain.begin(), decision.drain.end());
  const std::set<std::string> reaped(decision.reap.begin(), decision.reap.end());
  std::erase_if(next.instances, [&](const auto& it) { return reaped.contains(it.id); });
  auto withdrawn = decision.withdraw;
  for (const bool overdue : {true, false}) {
    std::erase_if(next.instances, [&](const auto& it) {
      return it.requested && is_overdue(it, snapshot) == overdue && withdrawn-- > 0;
    });
  }
  for (auto& instance : next.instances) {
    if (drained.contains(instance.id)) instance.state = InstanceState::draining;
  }
  for (std::int64_t i = 0; i < decision.launch; ++i) {
    next.instances.push_back({"new" + std::to_string(i), InstanceState::booting, kNow});
  }
  next.state = decision.next;
  next.failed_boots.clear();
  next.failed_launches = 0;
  next.any_boot_succeeded = false;
  return next;
}

bool contains(const std::vector<std::string>& ids, const std::string& id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

bool has(const Decision& decision, Rule rule) {
  return std::any_of(decision.reasons.begin(), decision.reasons.end(),
                     [&](const auto& reason) { return reason.rule == rule; });
}

const Instance* find(const Snapshot& snapshot, const std::string& id) {
  for (const auto& instance : snapshot.instances) {
    if (instance.id == id) return &instance;
  }
  return nullptr;
}

void check_s1_safe(const Snapshot& snapshot, const Decision& decision) {
  for (const auto& id : decision.drain) {
    const auto* instance = find(snapshot, id);
    ASSERT_NE(instance, nullptr) << id;
    const bool perhaps_idle =
        instance->state == InstanceState::idle || instance->state == InstanceState::connected;
    EXPECT_TRUE(perhaps_idle || is_overdue(*instance, snapshot)) << id;
  }
  // Ended is only who never connected, while known ones account for all tasks, or who is older than
  // any task.
  const auto known = count(snapshot.instances);
  const auto* demand = std::get_if<DemandReading>(&snapshot.demand);
  const bool explained =
      demand != nullptr && demand->running <= known.busy + known.connected + known.draining;
  std::int64_t perhaps_busy = 0;
  for (const auto& id : decision.reap) {
    const auto* instance = find(snapshot, id);
    ASSERT_NE(instance, nullptr) << id;
    const auto& life = snapshot.policy.longest_life;
    const bool too_old = life && instance->launched_at + *life <= snapshot.now;
    EXPECT_TRUE((is_overdue(*instance, snapshot) && explained) || too_old) << id;
    EXPECT_FALSE(instance->requested) << id;
    const bool perhaps =
        instance->state == InstanceState::connected || instance->state == InstanceState::draining;
    if (perhaps) ++perhaps_busy;
    EXPECT_NE(instance->state, InstanceState::busy) << id;
    EXPECT_TRUE(snapshot.policy.reaps);
  }
  // Of those of which nobody knows whether they are busy, as many stay as tasks run.
  if (perhaps_busy > 0) {
    ASSERT_NE(demand, nullptr);
    EXPECT_GE(known.connected + known.draining - perhaps_busy, demand->running - known.busy);
  }
  const auto requested =
      std::ranges::count_if(snapshot.instances, [](const auto& it) { return it.requested; });
  EXPECT_LE(decision.withdraw, requested);
  EXPECT_TRUE(decision.withdraw == 0 || decision.launch == 0);
  const auto believable = std::max<std::size_t>(1, snapshot.instances.size() / 10);
  EXPECT_LE(decision.reap.size(), believable);
}

void check_s2_honest(const Decision& decision) {
  if (!has(decision, Rule::demand_unknown) && !has(decision, Rule::demand_stale)) return;
  EXPECT_TRUE(decision.drain.empty());
  EXPECT_TRUE(decision.reap.empty());
  EXPECT_FALSE(has(decision, Rule::unneeded));
  EXPECT_FALSE(has(decision, Rule::queue));
  EXPECT_GE(decision.desired, decision.counts.live());
}

// Idle and in-time booting instances are the whole supply, each counted once (S3), and of those
// that are connected as many as no running task accounts for. What they do not serve is launched,
// unless a named bound stands against it (S5).
void check_s3_and_s5(const Snapshot& snapshot, const Decision& decision) {
  if (has(decision, Rule::demand_unknown) || has(decision, Rule::demand_stale)) return;
  const auto& demand = std::get<DemandReading>(snapshot.demand);
  auto staying = snapshot.instances;
  std::erase_if(staying, [&](const auto& it) {
    return is_overdue(it, snapshot) || contains(decision.reap, it.id);
  });
  const auto there = count(staying);
  const auto engaged = std::clamp<std::int64_t>(demand.running - there.busy, 0, there.connected);
  const auto drained = std::count_if(staying.begin(), staying.end(), [&](const auto& it) {
    return contains(decision.drain, it.id);
  });
  const auto supply = there.idle + there.booting + there.connected - engaged - drained;
  const auto lacking = demand.unclaimed - supply;
  const bool bound = has(decision, Rule::maximum) || has(decision, Rule::backoff);
  if (!bound) {
    EXPECT_GE(decision.launch, lacking);
  }
  if (!bound && !has(decision, Rule::minimum)) {
    EXPECT_EQ(decision.launch, std::max<std::int64_t>(lacking, 0));
  }
}

void check_s4_bounded(const Snapshot& snapshot, const Decision& decision) {
  EXPECT_GE(decision.launch, 0);
  if (decision.launch > 0) {
    EXPECT_LE(decision.desired, snapshot.policy.max);
  }
  if (decision.next.backoff_until) {
    EXPECT_EQ(decision.launch, 0);
  }
}

void check_s7_steady(const Snapshot& snapshot, const Decision& decision) {
  const auto again = decide(after(snapshot, decision));
  EXPECT_TRUE(again.drain.empty());
  if (decision.drain
          .empty()) {  // else one that drains may explain a task, and another is of no use
    EXPECT_TRUE(again.reap.empty());
  }
  if (has(decision, Rule::not_come)) {  // what is withdrawn may be asked for again
    EXPECT_EQ(again.withdraw, 0);
  } else if (decision.reap.empty()) {
    EXPECT_EQ(again.launch, 0);
    EXPECT_EQ(again.next, decision.next);
  } else if (!has(decision, Rule::maximum)) {  // else the dead have made room
    EXPECT_EQ(again.launch, 0);
  }
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
    check_s1_safe(snapshot, decision);
    check_s2_honest(decision);
    check_s3_and_s5(snapshot, decision);
    check_s4_bounded(snapshot, decision);
    check_s7_steady(snapshot, decision);
  }
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
    policy.min = dice.absurd(), policy.max = dice.absurd();
    for (auto* duration : {&policy.boot_timeout, &policy.boot_backoff_first,
                           &policy.boot_backoff_most, &policy.demand_max_age}) {
      *duration = Millis(dice.absurd());
    }
    policy.longest_life = Millis(dice.absurd());
    snapshot.state = {dice.absurd(), time(), {}, time()};
    snapshot.failed_launches = dice.absurd();
    snapshot.now = time();
    const auto decision = decide(snapshot);
    EXPECT_FALSE(decision.reasons.empty());
    EXPECT_GE(decision.launch, 0);
    for (const auto& reason : decision.reasons) EXPECT_FALSE(describe(reason).empty());
    check_s2_honest(decision);
  }
}

}  // namespace
}  // namespace muster::scaling
