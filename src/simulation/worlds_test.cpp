// Thousands of worlds with random faults, each from a seed. A failure prints the seed, what was
// broken, and how it came to that; MUSTER_SEED=… runs that world alone. They are the same worlds
// each time, so that a change is judged by itself alone; MUSTER_FIRST_SEED=… has others
// (script/soak).

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <tuple>

#include <fmt/core.h>

#include "base/log.hpp"
#include "base/text.hpp"
#include "simulation/world.hpp"

namespace muster::simulation {
namespace {

constexpr int kWorlds = 2'000;
// Where a lagging list hides that boots succeed, each of 40 tasks may wait for the longest
// back-off; and each runner that hangs may take the only place until it is too old.
constexpr Millis kEnd = std::chrono::hours(24 * 7);
constexpr Millis kMinute = std::chrono::minutes(1);
// What is older is ended, so no task may last so long. The world of one that hangs goes on until
// then.
constexpr Millis kLongestTask = std::chrono::hours(2);
constexpr Millis kLongestLife = std::chrono::hours(3);

// Every second world is without the fault; in the others it is as likely as `most`.
std::int64_t some(Random& random, std::int64_t most) {
  return random.chance(500) ? random.between(1, most) : 0;
}

Conditions some_conditions(Random& random) {
  Conditions conditions;
  conditions.boot =
      Distribution::lognormal(random.between(Millis(5'000), 2 * kMinute), random.between(0, 500));
  conditions.poll_interval = random.between(Millis(4'000), Millis(60'000));
  conditions.launch_delay = random.between(Millis(0), Millis(8'000));
  conditions.replace_after = Distribution::constant(random.between(Millis(0), 3 * kMinute));
  conditions.max = random.between(1, 12);
  if (random.chance(300)) conditions.reserve = random.between(1, 12);
  conditions.habits.single_task = random.chance(500);
  conditions.habits.idle_timeout = random.between(Millis(10'000), 2 * kMinute);
  auto& faults = conditions.faults;
  faults.boot_never_connects = some(random, 200);
  faults.launch_refused = some(random, 300);
  faults.queue_unreadable = some(random, 300);
  faults.queue_absurd = some(random, 50);
  faults.queue_throttled = some(random, 50);
  faults.runners_cut_off = some(random, 200);
  faults.list_unreadable = some(random, 200);
  faults.call_throttled = some(random, 300);
  faults.spot_interruption = some(random, 100);
  faults.zone_rebalancing = some(random, 200);
  faults.scaler_killed = some(random, 30);
  faults.ledger_full = some(random, 100);
  faults.runner_hangs = some(random, 30);
  // Such a world lasts for hours in which nothing else happens.
  if (faults.runner_hangs > 0) conditions.poll_interval += std::chrono::seconds(20);
  if (random.chance(500)) faults.counts_lag = random.between(Millis(0), Millis(30'000));
  if (random.chance(500)) faults.runners_lag = random.between(Millis(0), kMinute);
  if (random.chance(500)) faults.ghosts_for = random.between(Millis(1), std::chrono::hours(12));
  if (random.chance(500)) faults.list_lag = random.between(Millis(1), kMinute);
  // Rarely beyond the time-out of a boot, and never so late that a boot is believed to be dead.
  if (random.chance(100)) faults.runners_lag = random.between(kMinute, 15 * kMinute);
  if (random.chance(200)) conditions.habits.recycled_after = random.between(2, 5);
  return conditions;
}

std::vector<Arrival> some_arrivals(Random& random) {
  std::vector<Arrival> arrivals;
  const auto gap = Distribution::exponential(random.between(Millis(1'000), 2 * kMinute));
  const auto duration = Distribution::lognormal(random.between(Millis(1'000), 4 * kMinute), 800);
  Millis at{};
  for (auto left = random.between(1, 40); left > 0; --left) {
    if (!random.chance(300)) at += gap.draw(random);  // else together with the one before
    arrivals.push_back({at, std::min(duration.draw(random), kLongestTask)});
    auto& latest = arrivals.back();
    if (random.chance(50)) latest.canceled_after = random.between(Millis(0), 5 * kMinute);
    if (arrivals.size() == 1 || !random.chance(200)) continue;
    latest.at = random.between(Millis(0), Millis(10'000));
    latest.blocked_by = {static_cast<std::size_t>(random.between(0, std::ssize(arrivals) - 2))};
  }
  return arrivals;
}

// Drawn apart, so that the worlds are else what they were: what the source foresees, often wrongly,
// and whether that is heeded.
void add_foresight(std::uint64_t seed, std::vector<Arrival>& arrivals, Conditions& conditions,
                   scaling::Policy& policy) {
  Random random(~seed);
  policy.foresight = random.chance(500);
  conditions.faults.foreseen_wrong = some(random, 200);
  const auto sigma = random.between(0, 1'000);
  for (auto& arrival : arrivals) {
    if (random.chance(900)) {
      arrival.took_before = Distribution::lognormal(arrival.duration, sigma).draw(random);
    }
    arrival.fails = random.chance(100);
  }
}

// Drawn apart likewise: boots are believed to be dead that are not, as they take longer than is
// allowed, or as their runners are listed hours late. In these worlds the counts are of now: of old
// ones nobody can tell whether an instance that no list has ever shown has just begun a task.
// Whether there are such.
bool add_false_deaths(std::uint64_t seed, Conditions& conditions, scaling::Policy& policy) {
  Random random(seed ^ 0x5eed);
  if (random.chance(100)) {
    policy.boot_timeout = random.between(kMinute, std::chrono::minutes(10));
    conditions.faults.runners_lag = random.between(Millis(0), policy.boot_timeout / 2);
    conditions.faults.counts_lag = {};
    return true;
  }
  if (random.chance(100)) {
    conditions.faults.runners_lag = random.between(kMinute, std::chrono::hours(3));
    conditions.faults.counts_lag = {};
    return true;
  }
  return false;
}

// Likewise: instances of several slots, of which the policy knows.
void add_slots(std::uint64_t seed, Conditions& conditions, scaling::Policy& policy) {
  constexpr std::uint64_t kApart = 0x510'75;
  Random random(seed ^ kApart);
  if (conditions.habits.single_task || random.chance(500)) return;
  conditions.habits.slots = policy.slots = random.between(2, 5);
}

// Likewise: readings of another time, and calls that take some, or are not answered. The latter not
// where boots are believed to be dead that are not: such an instance may take a task while it is
// being ended, and the longer that takes the likelier.
void add_calls(std::uint64_t seed, bool false_deaths, Faults& faults) {
  Random random(seed ^ 0xca11);
  faults.queue_stale = random.chance(300) ? random.between(1, 200) : 0;
  if (false_deaths) return;
  if (random.chance(300)) faults.call_takes = random.between(Millis(50), Millis(4'000));
  if (random.chance(300)) faults.call_unanswered = random.between(1, 100);
}

// Likewise: a Spot market that takes instances away whatever they do.
void add_market(std::uint64_t seed, Faults& faults) {
  Random random(seed ^ 0x5b07);
  if (random.chance(300)) faults.taken_at_any_time = random.between(1, 300);
}

// Likewise: instances that can be asked to end, and so wait for long by themselves.
void add_asking(std::uint64_t seed, Conditions& conditions, scaling::Policy& policy) {
  Random random(seed ^ 0xa5c);
  if (!random.chance(250)) return;
  conditions.habits.can_be_asked = policy.drains = true;
  conditions.habits.idle_timeout = random.between(5 * kMinute, 30 * kMinute);
  policy.scale_in_delay = random.between(Millis(1'000), 2 * kMinute);
  if (random.chance(500)) {
    policy.scale_in_rate =
        scaling::Rate{random.between(1, 3), random.between(Millis(10'000), 2 * kMinute)};
  }
}

// Likewise: instances that are kept for ever.
void add_minimum(std::uint64_t seed, Conditions& conditions, scaling::Policy& policy) {
  Random random(seed ^ 0x3119);
  if (!random.chance(150)) return;
  conditions.kept = policy.min = random.between(1, std::min<std::int64_t>(policy.max, 3));
}

// Likewise: a part of each hour has a policy of its own, and perhaps another part another one.
std::vector<scaling::Schedule> some_schedules(std::uint64_t seed, const scaling::Policy& policy) {
  Random random(seed ^ 0x5c4ed);
  std::vector<scaling::Schedule> schedules;
  for (auto left = random.chance(200) ? random.between(1, 2) : 0; left > 0; --left) {
    const auto start = random.between(0, 29);
    const auto cron = [](std::int64_t minute) {
      return *scaling::Cron::parse(fmt::format("{} * * * *", minute));
    };
    schedules.push_back({"hourly", cron(start), cron(start + random.between(1, 20))});
    auto& added = schedules.back();
    added.max = random.between(std::max<std::int64_t>(policy.min, 1), policy.max);
    if (random.chance(300)) added.min = random.between(policy.min, *added.max);
    if (random.chance(300)) added.headroom = random.between(0, 3);
    if (random.chance(300)) added.warm = scaling::Warm{.least = random.between(1, 2)};
  }
  return schedules;
}

scaling::Policy some_policy(Random& random, const Conditions& conditions) {
  scaling::Policy policy;
  policy.max = std::max(conditions.max, conditions.reserve.value_or(0));
  policy.reaps = true;
  policy.drains = false;
  policy.boot_timeout = std::chrono::minutes(10);
  // As muster.yaml has it: of those that take one task after the other no age is too high.
  if (conditions.habits.single_task) policy.longest_life = kLongestLife;
  policy.reuses = !conditions.habits.single_task;
  policy.soon_free = policy.reuses && random.chance(500);
  if (random.chance(250)) policy.headroom = random.between(1, 3);
  if (random.chance(250)) policy.warm = {.percent_of_busy = random.between(1, 100)};
  if (random.chance(250)) {
    policy.launch_rate =
        scaling::Rate{random.between(1, 5), random.between(Millis(10'000), 2 * kMinute)};
  }
  // Always enough for all that arrives, in the end.
  if (random.chance(250)) {
    policy.spend_cap = scaling::SpendCap{random.between(2, 6), std::chrono::hours(1)};
  }
  return policy;
}

struct Told {
  RunTotals totals;
  std::string story;
};

Told run_world(std::uint64_t seed) {
  Random random(seed);
  auto conditions = some_conditions(random);
  auto policy = some_policy(random, conditions);
  auto arrivals = some_arrivals(random);
  add_foresight(seed, arrivals, conditions, policy);
  const bool false_deaths = add_false_deaths(seed, conditions, policy);
  add_slots(seed, conditions, policy);
  add_calls(seed, false_deaths, conditions.faults);
  add_market(seed, conditions.faults);
  add_asking(seed, conditions, policy);
  add_minimum(seed, conditions, policy);
  const fleet::ManagedClass managed{"", policy, some_schedules(seed, policy)};
  World world(conditions, arrivals, random.next());
  world.scaled_by_us(managed);
  if (random.chance(250)) world.scaled_by_us(managed);
  Told told{world.run(kEnd), {}};
  for (const auto& line : world.story()) told.story += "  " + line + "\n";
  return told;
}

// S5 and S8: whatever went wrong, in the end all work is done and nothing lives.
std::string broken_in(const RunTotals& totals) {
  if (!totals.violations.empty()) return join(totals.violations, "; ");
  if (totals.unfinished > 0) return fmt::format("S5: {} tasks never ended", totals.unfinished);
  return "";
}

// S6: where nothing fails and an instance runs one task, each is launched for its own.
std::string needless_in(std::uint64_t seed) {
  Random random(seed);
  auto conditions = some_conditions(random);
  conditions.faults = {};
  conditions.habits.single_task = true;
  auto policy = some_policy(random, conditions);
  policy.headroom = 0;
  policy.warm = {};
  auto arrivals = some_arrivals(random);
  for (auto& arrival : arrivals) arrival.canceled_after.reset();
  World world(conditions, arrivals, random.next());
  world.scaled_by_us(policy);
  const auto totals = world.run(kEnd);
  const auto& group = totals.group;
  if (group.launches == std::ssize(arrivals) && group.wasted == 0) return broken_in(totals);
  return fmt::format("S6: {} launched for {} tasks, {} for nothing", group.launches,
                     arrivals.size(), group.wasted);
}

// What was in all of them together.
struct Contents {
  std::set<scaling::Rule> rules;
  Mishaps mishaps;
  GroupTotals group;
  std::int64_t by_schedule = 0;

  void add(const RunTotals& totals) {
    rules.insert(totals.rules.begin(), totals.rules.end());
    mishaps += totals.mishaps;
    group += totals.group;
    by_schedule += totals.by_schedule;
  }
};

// Thousands of worlds have everything in them that can go wrong. No class has a neighbour.
void expect_all_in(const Contents& all) {
  for (int i = 0; i <= static_cast<int>(scaling::Rule::satisfied); ++i) {
    const auto rule = static_cast<scaling::Rule>(i);
    if (rule == scaling::Rule::plan) continue;
    EXPECT_TRUE(all.rules.contains(rule)) << to_string(rule) << " never speaks";
  }
  const auto& [mishaps, group] = std::tie(all.mishaps, all.group);
  EXPECT_GT(mishaps.absurd, 0);
  EXPECT_GT(mishaps.stale, 0);
  EXPECT_GT(mishaps.of_the_future, 0);
  EXPECT_GT(mishaps.slow, 0);
  EXPECT_GT(mishaps.unanswered, 0);
  EXPECT_GT(mishaps.done_unanswered, 0);
  EXPECT_GT(group.taken.booting, 0);
  EXPECT_GT(group.taken.idle, 0);
  EXPECT_GT(group.taken.busy, 0);
  EXPECT_GT(group.drained, 0);
  EXPECT_GT(group.refused, 0);
  EXPECT_GT(all.by_schedule, 0);
}

struct Failure {
  std::uint64_t seed = 0;
  std::string broken;
  std::string story;
};

// Of so many worlds, run on all processors.
std::optional<Failure> first_failure(std::uint64_t first_seed, int worlds, Contents& contents) {
  std::atomic<int> next = 0;
  std::mutex mutex;
  std::optional<Failure> found;
  const auto work = [&] {
    for (int i = next++; i < worlds; i = next++) {
      const auto seed = first_seed + static_cast<std::uint64_t>(i);
      auto [totals, story] = run_world(seed);
      const auto broken = broken_in(totals);
      const std::lock_guard lock(mutex);
      contents.add(totals);
      if (broken.empty()) continue;
      next = worlds;
      if (!found) found = {seed, broken, std::move(story)};
    }
  };
  {
    std::vector<std::jthread> workers;
    for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i) {
      workers.emplace_back(work);
    }
  }
  return found;
}

std::optional<std::uint64_t> seed_in(const char* variable) {
  const char* told = std::getenv(variable);
  return told == nullptr ? std::nullopt : std::optional(std::strtoull(told, nullptr, 10));
}

class Worlds : public testing::Test {
 protected:
  static void SetUpTestSuite() { static_cast<void>(log::configure({.format = log::Format::none})); }
};

TEST_F(Worlds, KeepTheInvariants) {
  const auto alone = seed_in("MUSTER_SEED");
  const auto first = alone ? *alone : seed_in("MUSTER_FIRST_SEED").value_or(1);
  const int worlds = alone ? 1 : kWorlds;
  Contents contents;
  const auto failure = first_failure(first, worlds, contents);
  ASSERT_FALSE(failure) << failure->broken << "\nrun it alone with MUSTER_SEED=" << failure->seed
                        << ", which ended so:\n"
                        << failure->story;
  if (!alone) expect_all_in(contents);
}

TEST_F(Worlds, LaunchOneForEachTaskWhereNothingFails) {
  const auto first = seed_in("MUSTER_FIRST_SEED").value_or(1);
  for (std::uint64_t seed = first; seed < first + 100; ++seed) {
    ASSERT_EQ(needless_in(seed), "") << "with the seed " << seed;
  }
}

TEST_F(Worlds, AreTheSameFromTheSameSeed) {
  for (const std::uint64_t seed : {1, 2, 3, 4, 5}) {
    const auto first = run_world(seed);
    const auto second = run_world(seed);
    EXPECT_EQ(first.story, second.story);
    EXPECT_EQ(first.totals.waits, second.totals.waits);
    EXPECT_EQ(first.totals.events, second.totals.events);
  }
}

}  // namespace
}  // namespace muster::simulation
