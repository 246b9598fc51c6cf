#pragma once

// What a transaction changed that somebody may be waiting for. Collected by the store's parts,
// taken by the server before it commits, as those who wait are answered in the same transaction;
// nothing of it leaves before the commit.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "store/task_state.hpp"

namespace muster::store {

// What has happened to a task, for those who count such things.
struct Milestone {
  enum class What { claimed, first_step, first_output, requeued, ended };
  What what = What::ended;
  std::string resource_class;
  Millis after{};  // claimed: since it was queued; the first: since it was claimed
  TaskState result = TaskState::queued;  // of one that has ended
};

struct Changes {
  void add(Changes&& later);

  std::map<std::string, std::int64_t> queued;  // resource class → tasks that became claimable
  std::set<std::string> demand;                // classes whose queue or runners changed
  std::set<std::pair<std::string, std::string>> drained;  // class and name of runners
  std::set<std::string> pipelines;                        // ids
  std::set<std::string> perhaps_ended;   // ids of pipelines of which a task has ended
  std::set<std::string> canceled_tasks;  // ids of running tasks that should end
  bool fleets = false;                   // a scaler has reported
  std::set<std::string> outputs;         // ids of tasks whose output grew or ended
  std::vector<Milestone> milestones;
  std::uint64_t output_bytes = 0;                   // that were added to outputs
  std::vector<std::function<void()>> after_commit;  // what to log of it: false if it is undone
};

}  // namespace muster::store
