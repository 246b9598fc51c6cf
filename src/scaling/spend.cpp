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

}  // namespace muster::scaling
