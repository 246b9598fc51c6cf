#pragma once

// A trace: which tasks were queued when, and how long each ran. From CSV, and to it. Pure.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "simulation/world.hpp"

namespace muster::study {

// Where a task stands among others: each of a stage is queued when all of the stage before have
// ended, unless one of them has failed.
struct InPipeline {
  std::int64_t pipeline = 0;
  std::int64_t stage = 0;
  Millis took_before{};  // such tasks, as far as the queue's keeper knows
  bool fails = false;
  bool comes = true;  // no task that it needs fails
};

struct TraceTask {
  std::size_t resource_class = 0;  // an index into Trace::classes
  Millis at{};                     // from any beginning; in a pipeline: had none waited
  Millis duration{};
  std::optional<InPipeline> place = {};

  bool comes() const { return !place || place->comes; }
};

struct Trace {
  std::vector<std::string> classes;
  std::vector<TraceTask> tasks;       // in the order in which they were queued
  std::optional<WallTime> beginning;  // when `at` is zero, if that is known
  std::int64_t left_out = 0;          // jobs of an export that have no start, no end or no class
  bool is_export = false;             // it is one of CircleCI's usage exports, or several

  Millis span() const;  // from the first task to the end of the last, had none waited
  Millis work() const;  // of all tasks together
  bool has_pipelines() const;
  std::int64_t tasks_that_come() const;
  // Without the tasks of other classes than these.
  Trace only(const std::vector<std::string>& wanted) const;
  using ByClass = std::map<std::string, std::vector<simulation::Arrival>>;
  // Those that come, since the first task was queued, as if none waited.
  ByClass by_class() const;
  // All of them, and which blocks which.
  ByClass with_pipelines() const;
};

// What a trace may hold at most.
inline constexpr std::size_t kLargestTrace = std::size_t(256) << 20;  // bytes
inline constexpr std::size_t kMostTraceTasks = 2'000'000;
inline constexpr std::size_t kMostTraceClasses = 500;
inline constexpr Millis kLongestTask = std::chrono::hours(24 * 30);
inline constexpr Millis kLongestTrace = std::chrono::hours(24 * 366 * 3);

// With the header resource_class,queued_at,duration: in order of queued_at, which is RFC 3339 or
// seconds; the duration is in seconds. Or CircleCI's usage export, which is known by its header,
// in any order. Other columns do not matter. An error names the line, and why.
Result<Trace> parse_trace(std::string_view text);

// Several exports are one trace, as CircleCI gives one in parts. An error if that is too large, or
// too long.
Result<Trace> merged(const std::vector<Trace>& exports);

// In the first of these forms: with dates, if the beginning is known.
std::string to_csv(const Trace& trace);

}  // namespace muster::study
