#include "scaling/spend.hpp"

#include <algorithm>

#include "scaling/boots.hpp"

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

// What was kept comes from a file, and may be absurd.
Millis expected_life(const Turnover& turnover) {
  constexpr Millis kLeast = std::chrono::minutes(1);
  constexpr Millis kMost = std::chrono::hours(1'000);
  if (turnover.ended <= 0) return std::chrono::hours(1);
  const Millis task(turnover.run_time / turnover.ended);
  return std::clamp(task, Millis(0), kMost) + std::clamp(turnover.boot, kLeast, kMost);
}

std::int64_t launches_within(const SpendCap& cap, std::int64_t used, std::int64_t live,
                             Millis life) {
  const auto left = limit_of(cap) - used;
  if (left <= 0) return 0;
  const std::int64_t one_if_none = live <= 0 ? 1 : 0;
  return std::max(left / life.count() - std::max<std::int64_t>(live, 0), one_if_none);
}

std::optional<WallTime> next_launch_at(const Window& used, const SpendCap& cap, std::int64_t live,
                                       Millis life) {
  const auto needed = live <= 0 ? 1 : (live + 1) * life.count();
  return falls_below(used, limit_of(cap) - needed + 1, cap.per);
}

}  // namespace muster::scaling
