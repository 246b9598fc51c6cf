#pragma once

// A pipeline's status as text for people. Pure: time is an argument. Names are made printable.

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "client/terminal_text.hpp"
#include "protocol/messages.hpp"

namespace muster::client {

bool has_ended(const protocol::PipelineStatus& status);
// Whether there are tasks in the queue, and none that runs.
bool only_waits(const protocol::PipelineStatus& status);
bool was_successful(const protocol::PipelineStatus& status);

// The tree of workflows, jobs and, for parallel jobs, tasks, in at most `rows` lines (at least
// one). Where they do not suffice, what is over is left out first and what runs last.
std::vector<std::string> render(const protocol::PipelineStatus& status, WallTime now,
                                const Style& style, std::size_t rows = kUnlimited);

// A line for each job and task whose state is another than `before`; for all, if that is null.
std::vector<std::string> changes(const protocol::PipelineStatus* before,
                                 const protocol::PipelineStatus& after, WallTime now);

// What became of each task: job, wait, run, runner, result.
std::vector<std::string> result_table(const protocol::PipelineStatus& status,
                                      std::size_t width = kUnlimited);

// A task that failed, and the step that did it, if one did.
struct Failure {
  std::string task;    // as people call it: "test 2/4"
  std::string choice;  // as `muster pipeline output` wants it: "test/2"
  std::string task_id;
  std::string state;    // of the task
  std::string message;  // the server's words, if it has any
  bool has_step = false;
  protocol::StepStatus step;
};
std::vector<Failure> failures(const protocol::PipelineStatus& status);
std::string headline(const Failure& failure);

// One line a pipeline, newest first.
std::vector<std::string> list_pipelines(const protocol::PipelineList& list, WallTime now);

}  // namespace muster::client
