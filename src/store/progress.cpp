#include "store/progress.hpp"

#include <algorithm>

namespace muster::store {

NextJobs next_jobs(const std::vector<JobProgress>& jobs) {
  std::vector<TaskState> states;
  for (const auto& job : jobs) states.push_back(job.state);

  NextJobs next;
  const auto succeeded = [&](std::size_t i) { return states[i] == TaskState::success; };
  const auto cannot_succeed = [&](std::size_t i) { return is_final(states[i]) && !succeeded(i); };

  // Jobs may be listed before those they require, so go round until nothing changes.
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      const auto& required = jobs[i].requirements;
      if (states[i] != TaskState::blocked) continue;
      if (std::any_of(required.begin(), required.end(), cannot_succeed)) {
        next.skip.push_back(i);
        states[i] = TaskState::not_run;
        changed = true;
      } else if (std::all_of(required.begin(), required.end(), succeeded)) {
        next.release.push_back(i);
        states[i] = TaskState::queued;
        changed = true;
      }
    }
  }
  return next;
}

}  // namespace muster::store
