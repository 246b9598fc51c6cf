#pragma once

// A policy that is another one at certain times: more instances in office hours, none at night.
// Pure.

#include <optional>
#include <string>
#include <vector>

#include "scaling/cron.hpp"
#include "scaling/policy.hpp"

namespace muster::scaling {

// From each `start` to the first `end` after it. What it leaves open is as it always is.
struct Schedule {
  std::string name;
  Cron start;
  Cron end;
  TimeZone zone = TimeZone::utc();
  std::optional<std::int64_t> min;
  std::optional<std::int64_t> max;
  std::optional<std::int64_t> headroom;
  std::optional<Warm> warm;
};

bool is_in_force(const Schedule& schedule, WallTime now);

// Of several that are in force, the first listed counts alone.
struct PolicyNow {
  Policy policy;
  std::string schedule;           // its name; empty: none
  std::optional<WallTime> until;  // then another may be in force
};
std::int64_t highest_max(const Policy& always, const std::vector<Schedule>& schedules);
PolicyNow policy_at(const Policy& always, const std::vector<Schedule>& schedules, WallTime now);

}  // namespace muster::scaling
