#pragma once

// The plots of a study's page. Pure.

#include <string>

#include "study/study.hpp"

namespace muster::study {

// The wait that 95 % of the tasks did not exceed, against the instance-hours or, with a price, the
// cost: one point a policy, each with its name.
std::string wait_against_cost(const TraceResult& result, const Terms& terms);

// What the plots of several policies have in common, so that they can be compared. A queue that is
// many times as long as the others has a scale of its own, and says so.
struct CurveLimits {
  Millis end{};
  Millis last_queued{};
  double most_waiting = 1;
  double most_instances = 1;
};
CurveLimits limits_of(const TraceResult& result);

// Tasks that wait, and below it instances: desired, actual, busy; over time. On the average of each
// span, and how many there were at most.
std::string over_time(const PolicyResult& policy, const CurveLimits& limits);

}  // namespace muster::study
