#include "scaling/schedule.hpp"

#include <algorithm>

namespace muster::scaling {

namespace {

// Bounds of the one and of the other must still fit together.
Policy changed_by(const Schedule& schedule, Policy policy) {
  policy.max = schedule.max.value_or(policy.max);
  policy.min = std::min(schedule.min.value_or(policy.min), policy.max);
  policy.headroom = schedule.headroom.value_or(policy.headroom);
  policy.warm = schedule.warm.value_or(policy.warm);
  return policy;
}

std::optional<WallTime> earlier(std::optional<WallTime> one, std::optional<WallTime> other) {
  if (!one || !other) return one ? one : other;
  return std::min(*one, *other);
}

}  // namespace

bool is_in_force(const Schedule& schedule, WallTime now) {
  const auto started = schedule.start.latest(now, schedule.zone);
  const auto ended = schedule.end.latest(now, schedule.zone);
  return started && (!ended || *ended < *started);
}

std::int64_t highest_max(const Policy& always, const std::vector<Schedule>& schedules) {
  auto highest = always.max;
  for (const auto& schedule : schedules) highest = std::max(highest, schedule.max.value_or(0));
  return highest;
}

PolicyNow policy_at(const Policy& always, const std::vector<Schedule>& schedules, WallTime now) {
  PolicyNow found{.policy = always};
  for (const auto& schedule : schedules) {
    const auto changes =
        earlier(schedule.start.next(now, schedule.zone), schedule.end.next(now, schedule.zone));
    found.until = earlier(found.until, changes);
    if (!found.schedule.empty() || !is_in_force(schedule, now)) continue;
    found.policy = changed_by(schedule, always);
    found.schedule = schedule.name;
  }
  return found;
}

}  // namespace muster::scaling
