#pragma once

// The one place where the life of a task is written down. Pure.
//
//   blocked ─released─> queued ─claimed─> running ─┬─> success, failed, timedout, canceled,
//      │                  │  ^               │     └─> infrastructure_fail
//      │                  │  └───requeued────┘
//      ├─skipped─> not_run│
//      └─canceled─────────┴─> canceled

#include <optional>
#include <span>
#include <string_view>

namespace muster::store {

enum class TaskState {
  blocked,  // an earlier job must succeed first
  queued,
  running,
  success,
  failed,
  canceled,
  timedout,
  infrastructure_fail,
  not_run,  // an earlier job did not succeed
};

enum class TaskEvent {
  released,
  skipped,
  claimed,
  succeeded,
  failed,
  timed_out,
  canceled,
  infrastructure_failed,
  requeued,
};

std::string_view to_string(TaskState state);
std::string_view to_string(TaskEvent event);
// Words of a database of ours; throws std::invalid_argument for any other.
TaskState task_state(std::string_view word);

// Nothing: the event cannot happen in that state.
std::optional<TaskState> next(TaskState state, TaskEvent event);

bool is_final(TaskState state);

// What a job is, given its tasks (at least one); what a workflow is, given its jobs.
TaskState combine(std::span<const TaskState> states);

}  // namespace muster::store
