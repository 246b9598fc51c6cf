#include "scaling/turnover.hpp"

#include <algorithm>

#include "scaling/boots.hpp"
#include "scaling/judge_demand.hpp"

namespace muster::scaling {

namespace {

constexpr std::int64_t kEndedKept = 64;  // older ones weigh half as much after so many
// Past these nothing is believed, so that no product below overflows.
constexpr std::int64_t kMostRunTime = 1'000'000'000'000'000;
constexpr Millis kLongestStep = std::chrono::hours(24);
constexpr Millis kLongestBoot = std::chrono::hours(1);
constexpr int kWeight = 4;  // the latest boot counts for a quarter

std::int64_t believable(std::int64_t count, std::int64_t most = kMostTasks) {
  return std::clamp<std::int64_t>(count, 0, most);
}

// What was kept comes from a file.
Turnover believable(Turnover kept) {
  kept.boot = std::clamp(kept.boot, Millis(0), kLongestBoot);
  kept.ended = believable(kept.ended);
  kept.run_time = believable(kept.run_time, kMostRunTime);
  kept.unclaimed = believable(kept.unclaimed);
  kept.running = believable(kept.running);
  return kept;
}

// What has waited and is gone has run, or was cancelled: then nothing ended, and nothing was
// learned of how long tasks take. It counts up to what runs at one time.
std::int64_t ended_between(const Turnover& before, const DemandReading& reading) {
  const auto fewer_run = before.running - reading.running;
  const auto fewer_there = fewer_run + before.unclaimed - reading.unclaimed;
  const auto could = std::max(before.running, reading.running);
  return std::max({std::int64_t{0}, fewer_run, std::min(fewer_there, could)});
}

void learn_boot(Turnover& turnover, Millis took, const Policy& policy) {
  const auto most = std::clamp(policy.boot_timeout, Millis(1), kLongestBoot);
  took = std::clamp(took, Millis(1), most);
  turnover.boot =
      turnover.boot > Millis(0) ? turnover.boot + (took - turnover.boot) / kWeight : took;
}

void learn_run_time(Turnover& turnover, std::int64_t ended, WallTime now) {
  const auto step =
      std::clamp(between(turnover.counted_at.value_or(now), now), Millis(0), kLongestStep);
  turnover.run_time += step.count() * turnover.running;
  turnover.ended += ended;
  while (turnover.ended > kEndedKept) turnover.ended /= 2, turnover.run_time /= 2;
  turnover.run_time = believable(turnover.run_time, kMostRunTime);
}

// The oldest are claimed first.
void keep_youngest(Window& waiting, std::int64_t most) {
  auto gone = sum_of(waiting) - most;
  for (auto& some : waiting) {
    const auto here = std::clamp<std::int64_t>(gone, 0, some.amount);
    some.amount -= here;
    gone -= here;
  }
  std::erase_if(waiting, [](const auto& some) { return some.amount <= 0; });
}

}  // namespace

Turnover turnover_after(const Turnover& before, const DemandReading& reading,
                        const std::optional<Millis>& boot_took, const Policy& policy,
                        WallTime now) {
  auto next = believable(before);
  if (boot_took) learn_boot(next, *boot_took, policy);
  const bool same =
      next.counted_at && next.unclaimed == reading.unclaimed && next.running == reading.running;
  if (same) return next;
  const auto ended = next.counted_at ? ended_between(next, reading) : 0;
  learn_run_time(next, ended, now);
  next.recent = still_counted(std::move(next.recent), next.boot, now);
  add_use(next.recent, ended, next.boot, now);
  next.waiting = still_counted(std::move(next.waiting), next.boot, now);
  keep_youngest(next.waiting, reading.unclaimed);
  add_use(next.waiting, reading.unclaimed - next.unclaimed, next.boot, now);
  next.counted_at = now;
  next.unclaimed = reading.unclaimed;
  next.running = reading.running;
  return next;
}

// Of tasks that take `mean` on the average, about boot / (boot + mean) end within a boot: fewer
// than if every moment were equally likely to be a task's last, as young ones seldom end.
SoonFree soon_free(const Turnover& turnover, std::int64_t busy, WallTime now) {
  const auto boot = turnover.boot;
  if (boot <= Millis(0) || turnover.ended <= 0) return {};
  const auto in_boots = boot.count() * turnover.ended;
  SoonFree soon;
  soon.expected = believable(busy) * in_boots / (in_boots + turnover.run_time);
  soon.ended = sum_of(still_counted(turnover.recent, boot, now));
  soon.patient = sum_of(still_counted(turnover.waiting, boot, now));
  return soon;
}

std::optional<WallTime> fewer_soon_free_at(const Turnover& turnover, WallTime now) {
  std::optional<WallTime> first;
  for (const auto* window : {&turnover.recent, &turnover.waiting}) {
    for (const auto& some : still_counted(*window, turnover.boot, now)) {
      const auto gone = later(some.until, turnover.boot);
      if (!first || gone < *first) first = gone;
    }
  }
  return first;
}

}  // namespace muster::scaling
