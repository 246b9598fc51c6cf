#include "scaling/judge_demand.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "scaling/boots.hpp"

namespace muster::scaling {

bool is_absurd(const DemandReading& demand) {
  const auto absurd = [](std::int64_t count) { return count < 0 || count > kMostTasks; };
  return absurd(demand.unclaimed) || absurd(demand.running);
}

std::string in_words(WallTime time) {
  constexpr WallTime kFirst{std::chrono::sys_days(std::chrono::year(0) / 1 / 1)};
  constexpr WallTime kLast{std::chrono::sys_days(std::chrono::year(9999) / 12 / 31)};
  return format_rfc3339(std::clamp(time, kFirst, kLast));
}

std::optional<Reason> reason_to_hold(const Snapshot& snapshot) {
  if (const auto* unknown = std::get_if<DemandUnknown>(&snapshot.demand)) {
    return Reason{Rule::demand_unknown, 0, 0, "", "the queue is unknown: " + unknown->why};
  }
  const auto& demand = std::get<DemandReading>(snapshot.demand);
  if (is_absurd(demand)) {
    return Reason{Rule::demand_unknown, 0, 0, "",
                  fmt::format("the queue is unknown: {} waiting and {} running cannot be",
                              demand.unclaimed, demand.running)};
  }
  // A reading far in the future is as useless as an old one: a clock has jumped.
  const auto age = snapshot.policy.demand_max_age;
  if (later(demand.read_at, age) < snapshot.now || later(snapshot.now, age) < demand.read_at) {
    return Reason{
        Rule::demand_stale, 0, 0, "",
        fmt::format("the queue was read at {}, which is too long ago", in_words(demand.read_at))};
  }
  return std::nullopt;
}

}  // namespace muster::scaling
