#pragma once

// Which jobs of a workflow may start, and which never will. Pure.

#include <cstddef>
#include <vector>

#include "store/task_state.hpp"

namespace muster::store {

struct JobProgress {
  TaskState state = TaskState::blocked;   // of all its tasks together
  std::vector<std::size_t> requirements;  // indexes of jobs of the same workflow
};

struct NextJobs {
  std::vector<std::size_t> release;  // all they require has succeeded
  std::vector<std::size_t> skip;     // something they require can no longer succeed
};

// Of the blocked jobs. One call is enough: a job skipped here skips those behind it.
NextJobs next_jobs(const std::vector<JobProgress>& jobs);

}  // namespace muster::store
