#pragma once

// What a transaction changed that somebody may be waiting for. Collected by the store's parts,
// taken by the server before it commits, as those who wait are answered in the same transaction;
// nothing of it leaves before the commit.

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace muster::store {

struct Changes {
  std::map<std::string, std::int64_t> queued;  // resource class → tasks that became claimable
  std::set<std::string> demand;                // classes whose queue or runners changed
  std::set<std::string> pipelines;             // ids
  std::set<std::string> perhaps_ended;         // ids of pipelines of which a task has ended
  std::set<std::string> canceled_tasks;        // ids of running tasks that should end
  bool fleets = false;                         // a scaler has reported
  std::set<std::string> outputs;               // ids of tasks whose output grew or ended
  std::vector<std::function<void()>> after_commit;  // what to log of it: false if it is undone
};

}  // namespace muster::store
