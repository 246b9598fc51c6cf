#pragma once

// A study: what the tasks of a trace would have waited, and what they would have cost, under each
// of some policies. Pure: the same from the same seed.
//
// Each resource class runs in a world of its own; what came out is summed. All policies meet the
// same tasks, and boots from the same seed.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "study/curves.hpp"
#include "study/policy.hpp"
#include "study/trace.hpp"

namespace muster::study {

// In which world.
struct Terms {
  // From the request for an instance to when its runner asks for work. Paid, as a running task is.
  simulation::Distribution boot = simulation::Distribution::constant(std::chrono::seconds(90));
  // Until a group replaces an instance that ended without giving up its place.
  simulation::Distribution replace_after =
      simulation::Distribution::constant(std::chrono::seconds(60));
  Millis idle_timeout = std::chrono::seconds(10);  // of our own instances
  Millis idle_after_task{};                        // the same, once they have had a task
  std::int64_t max = 1000;                         // instances of a class
  std::uint64_t seed = 1;
  std::optional<std::int64_t> price;  // of an instance-hour, in millionths
  bool curves = false;                // are wanted
};

// Every policy is at work for so long before the first task: a fixed fleet has booted by then.
inline constexpr Millis kLead = std::chrono::minutes(15);

struct PolicyResult {
  std::string name;
  std::vector<Millis> waits;          // of all tasks, sorted
  std::vector<Millis> blocked_waits;  // of those that others had blocked; likewise
  Millis instance_time{};             // from launch to end, of all instances; boots are in it
  Millis busy_time{};                 // of it, with one task or more
  std::int64_t launches = 0;
  std::int64_t wasted_boots = 0;  // instances that ended without a task
  std::uint64_t events = 0;
  std::uint64_t passes = 0;       // of its scaler, that were due
  std::uint64_t passes_made = 0;  // of them, of our own loop: see simulation::Thoroughness
  std::vector<CurvePoint> curve;  // empty, unless wanted
  Millis work_end{};              // when its last task ended, since its curve began

  // Of the time that is paid, what no task ran in; in thousandths.
  std::int64_t idle_permille() const;
  // In millionths.
  std::optional<std::int64_t> cost(const Terms& terms) const;
};

// The nearest rank: the shortest wait that at least so many percent of the tasks did not exceed.
// 100 is the longest. Of no tasks: 0.
Millis percentile(const std::vector<Millis>& sorted, std::int64_t percent);

struct TraceResult {
  std::string name;
  std::int64_t tasks = 0;
  std::int64_t classes = 0;
  std::int64_t left_out = 0;
  Millis span{};
  Millis work{};
  Millis boots_and_work{};  // had every task an instance of its own, booted in the average time
  Millis last_queued{};     // the last task, had none waited; since the curves begin
  // Of the policies' curves, which begin kLead before the first task and go on until all have ended
  // their work, but not for more than twice as long as that had taken, had none waited.
  Millis curve_end{};
  std::vector<PolicyResult> policies;
};

// Called before each policy runs.
using Watcher = std::function<void(const Policy&)>;

// An error, and nothing has run, if a policy cannot scale all classes of the trace; or one if it
// leaves tasks undone, however long it is given.
Result<TraceResult> run_study(const std::string& name, const Trace& trace,
                              const std::vector<Policy>& policies, const Terms& terms,
                              const Watcher& watcher = {});

// Several as if they were one; without curves. All have the same policies.
TraceResult together(const std::vector<TraceResult>& results);

}  // namespace muster::study
