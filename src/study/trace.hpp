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

struct TraceTask {
  std::size_t resource_class = 0;  // an index into Trace::classes
  Millis at{};                     // from any beginning
  Millis duration{};
};

struct Trace {
  std::vector<std::string> classes;
  std::vector<TraceTask> tasks;       // in the order in which they were queued
  std::optional<WallTime> beginning;  // when `at` is zero, if that is known
  std::int64_t never_ran = 0;         // left out: jobs of an export that did not start, or not end

  Millis span() const;  // from the first task to the end of the last, had none waited
  Millis work() const;  // of all tasks together
  // Since the first task was queued.
  std::map<std::string, std::vector<simulation::Arrival>> by_class() const;
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

// In the first of these forms: with dates, if the beginning is known.
std::string to_csv(const Trace& trace);

}  // namespace muster::study
