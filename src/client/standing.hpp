#pragma once

// Where a pipeline's tasks stand, and what each waits for. Pure.

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "protocol/messages.hpp"

namespace muster::client {

struct Standing {
  std::string name;  // as people call it: "test 2/4"
  std::string resource_class;
  protocol::TaskStatus task;
  std::vector<protocol::JobStatus> after;  // the jobs that it needs and that have not succeeded
  std::optional<WallTime> expected_at;     // blocked, and to be queued then, if anybody can tell

  bool is_queued() const { return task.state == "queued"; }
};

// Of the tasks that `job` means, as choose_output() has it; empty: of all. An error says what there
// is.
Result<std::vector<Standing>> standings_of(const protocol::PipelineStatus& status,
                                           const std::string& job);

// "queued for 40 s: waits for a runner of local/small". Printable.
std::string in_words(const Standing& standing, WallTime now);
// One object.
std::string to_json(const Standing& standing);

}  // namespace muster::client
