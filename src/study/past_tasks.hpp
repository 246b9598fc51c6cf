#pragma once

// A trace of tasks that have run: those that somebody wants, in the order in which they were
// queued. Pure.

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "study/trace.hpp"

namespace muster::study {

struct Wanted {
  std::string resource_class;     // empty: all
  std::optional<WallTime> since;  // of when a task was queued; included
  std::optional<WallTime> until;  // and not

  bool covers(const std::string& name) const {
    return resource_class.empty() || name == resource_class;
  }
  bool covers(WallTime queued_at) const {
    return (!since || queued_at >= *since) && (!until || queued_at < *until);
  }
};

// Takes tasks in any order; a trace that would be too large for parse_trace() is an error.
class PastTasks {
 public:
  explicit PastTasks(Wanted wanted) : wanted_(std::move(wanted)) {}

  // So many that are alike. Others than those that are wanted are left out.
  Result<void> take(const std::string& resource_class, WallTime queued_at, Millis duration,
                    std::int64_t count = 1);
  // Left out: they would have run for longer than kLongestTask.
  std::int64_t absurd() const { return absurd_; }

  Result<Trace> trace() &&;

 private:
  Wanted wanted_;
  Trace trace_;
  std::map<std::string, std::size_t> numbers_;  // of the classes
  std::int64_t absurd_ = 0;
};

}  // namespace muster::study
