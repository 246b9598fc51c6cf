#include "scaling/spend.hpp"

#include <algorithm>

#include "scaling/boots.hpp"
#include "scaling/judge_demand.hpp"

namespace muster::scaling {

namespace {

// How far the clock has moved beyond what is believed to have passed: below zero if it was set
// back.
Millis leap_between(WallTime from, WallTime to) {
  const auto elapsed = between(from, to);
  return elapsed - std::clamp(elapsed, Millis(0), kLongestStep);
}

}  // namespace

std::int64_t limit_of(const SpendCap& cap) {
  constexpr std::int64_t kHour = Millis(std::chrono::hours(1)).count();
  return std::clamp<std::int64_t>(cap.instance_hours, 0, 1'000'000'000) * kHour;
}

SpendUntilNow spend_until_now(const Spend& before, const SpendCap& cap, std::int64_t living,
                              WallTime now) {
  auto memory = before;
  const auto since = memory.counted_until.value_or(now);
  const auto leap = leap_between(since, now);
  if (leap != Millis(0)) {
    for (auto& used : memory.used) used.until = later(used.until, leap);
  }
  const auto step = std::clamp(between(later(since, leap), now), Millis(0), kLongestStep);
  memory.used = still_counted(std::move(memory.used), cap.per, now);
  const auto lived = std::clamp<std::int64_t>(memory.living, 0, kMostInstances) * step.count();
  const bool due =
      !memory.counted_until || leap != Millis(0) || step >= kSpendKept || living != memory.living;
  if (!due) {
    auto used = memory.used;
    add_use(used, lived, cap.per, now);
    return {std::move(memory), sum_of(used)};
  }
  add_use(memory.used, lived, cap.per, now);
  memory.counted_until = now;
  memory.living = living;
  const auto used = sum_of(memory.used);
  return {std::move(memory), used};
}

namespace {

// What was kept comes from a file, and may be absurd.
constexpr Millis kLongest = std::chrono::hours(1'000);
constexpr Millis kMostEach = std::chrono::hours(10'000);

Millis boot_of(const Turnover& turnover) {
  constexpr Millis kLeast = std::chrono::minutes(1);
  return std::clamp(turnover.boot, kLeast, kLongest);
}

Millis task_of(const Turnover& turnover) {
  if (turnover.ended <= 0) return std::chrono::hours(1);
  return std::clamp(Millis(turnover.run_time / turnover.ended), Millis(0), kLongest);
}

std::int64_t left_of(const Policy& policy, const Outlook& outlook) {
  constexpr std::int64_t kMostUsed = 1'000'000'000'000'000'000;
  return limit_of(*policy.spend_cap) - std::clamp<std::int64_t>(outlook.used, 0, kMostUsed);
}

std::int64_t product(std::int64_t many, Millis each) {
  return std::clamp<std::int64_t>(many, 0, kMostTasks) *
         std::clamp(each, Millis(0), kMostEach).count();
}

// Whether nothing but the end of the queue ends it.
bool works_on(const Policy& policy) {
  return policy.reuses && !policy.drains;
}

// Each of those that are there is taken to need one, and who is busy and takes another task two.
std::int64_t lives_of(const Policy& policy, const Counts& there) {
  return there.live() + (policy.reuses ? there.busy : 0);
}

std::int64_t launches_for_lives(const Policy& policy, const Outlook& outlook,
                                const Turnover& turnover) {
  const auto life = expected_life(turnover);
  return left_of(policy, outlook) / life.count() - lives_of(policy, outlook.there);
}

std::int64_t launches_for_work(const Policy& policy, const Outlook& outlook,
                               const Turnover& turnover) {
  const auto boot = boot_of(turnover);
  const auto left = left_of(policy, outlook);
  const auto for_boots = left - product(outlook.tasks, task_of(turnover));
  const auto for_ever = left / std::max<std::int64_t>(policy.spend_cap->per.count(), 1);
  return std::max(for_boots / boot.count() - outlook.there.booting,
                  for_ever - outlook.there.live());
}

}  // namespace

Outlook outlook_of(const Demand& demand, Counts there, std::int64_t used, std::int64_t launches) {
  const auto* reading = std::get_if<DemandReading>(&demand);
  const auto tasks = reading == nullptr
                         ? there.busy
                         : std::clamp<std::int64_t>(reading->unclaimed, 0, kMostTasks) +
                               std::clamp<std::int64_t>(reading->running, 0, kMostTasks);
  there.booting += launches;
  return {used, there, tasks};
}

Millis expected_life(const Turnover& turnover) {
  return turnover.ended > 0 ? task_of(turnover) + boot_of(turnover) : task_of(turnover);
}

std::int64_t launches_within(const Policy& policy, const Outlook& outlook,
                             const Turnover& turnover) {
  if (left_of(policy, outlook) <= 0) return 0;
  const std::int64_t one_if_none = outlook.there.live() <= 0 ? 1 : 0;
  const auto enough_for = works_on(policy) ? launches_for_work(policy, outlook, turnover)
                                           : launches_for_lives(policy, outlook, turnover);
  return std::max(enough_for, one_if_none);
}

std::optional<WallTime> next_launch_at(const Policy& policy, const Window& used,
                                       const Outlook& outlook, const Turnover& turnover) {
  const auto& cap = *policy.spend_cap;
  const auto& there = outlook.there;
  std::int64_t needed = 1;
  if (there.live() > 0 && works_on(policy)) {
    const auto for_work =
        product(outlook.tasks, task_of(turnover)) + product(there.booting + 1, boot_of(turnover));
    needed = std::min(for_work, product(there.live() + 1, cap.per));
  } else if (there.live() > 0) {
    needed = product(lives_of(policy, there) + 1, expected_life(turnover));
  }
  return falls_below(used, limit_of(cap) - needed + 1, cap.per);
}

std::int64_t may_go_on(const Policy& policy, const Outlook& outlook, const Turnover& turnover) {
  const auto left = left_of(policy, outlook);
  if (left <= 0) return 0;
  if (turnover.ended <= 0) return kMostInstances;
  const auto tasks = left / std::max<std::int64_t>(task_of(turnover).count(), 1);
  return std::max<std::int64_t>(tasks - outlook.there.live(), 0);
}

std::optional<WallTime> fewer_go_on_at(const Policy& policy, const Outlook& outlook,
                                       const Turnover& turnover, WallTime now) {
  const auto& there = outlook.there;
  if (!policy.reuses || !policy.drains || there.busy <= 0) return std::nullopt;
  const auto needed =
      turnover.ended > 0 ? product(there.live() + there.busy, task_of(turnover)) : 0;
  const auto spare = left_of(policy, outlook) - needed;
  if (spare < 0) return std::nullopt;
  return later(now, Millis(spare / there.live() + 1));
}

}  // namespace muster::scaling
