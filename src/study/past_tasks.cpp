#include "study/past_tasks.hpp"

#include <algorithm>

#include <fmt/core.h>

namespace muster::study {

namespace {

Error too_much(std::string message) {
  return {ErrorKind::too_large, std::move(message)};
}

}  // namespace

Result<void> PastTasks::take(const std::string& resource_class, WallTime queued_at, Millis duration,
                             std::int64_t count) {
  if (!wanted_.covers(resource_class) || !wanted_.covers(queued_at)) return ok();
  if (duration > kLongestTask) {
    absurd_ += count;
    return ok();
  }
  if (count > static_cast<std::int64_t>(kMostTraceTasks - trace_.tasks.size())) {
    return too_much(fmt::format("more than {} tasks; take a shorter time by --since and --until",
                                kMostTraceTasks));
  }
  const auto [known, is_new] = numbers_.try_emplace(resource_class, trace_.classes.size());
  if (is_new && trace_.classes.size() == kMostTraceClasses) {
    return too_much(
        fmt::format("more than {} resource classes; take one by --class", kMostTraceClasses));
  }
  if (is_new) trace_.classes.push_back(resource_class);
  const auto at = queued_at.time_since_epoch();
  trace_.tasks.insert(trace_.tasks.end(), static_cast<std::size_t>(count),
                      {known->second, at, std::max(duration, Millis(0))});
  return ok();
}

Result<Trace> PastTasks::trace() && {
  auto& tasks = trace_.tasks;
  std::ranges::stable_sort(tasks, {}, &TraceTask::at);
  if (!tasks.empty() && tasks.back().at - tasks.front().at > kLongestTrace) {
    return too_much(
        fmt::format("from the first task to the last it is more than {} days; take a "
                    "shorter time by --since and --until",
                    kLongestTrace / std::chrono::hours(24)));
  }
  trace_.beginning = WallTime();
  return std::move(trace_);
}

}  // namespace muster::study
