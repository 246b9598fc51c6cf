#pragma once

// Which steps of a pipeline `muster pipeline output` prints, and how a person asks for one. Pure.

#include <string>
#include <vector>

#include "base/result.hpp"
#include "protocol/messages.hpp"

namespace muster::client {

// A task, with those of its steps that were asked for.
struct ChosenTask {
  std::string name;  // as people call it: "test 2/4"
  protocol::TaskStatus task;
};

// `job` is JOB, WORKFLOW/JOB, or one of these and /INDEX for one task of several, from 1; empty:
// all tasks. `step` is a number, from 1, or a name; empty: all that ran. An error says what there
// is.
Result<std::vector<ChosenTask>> choose_output(const protocol::PipelineStatus& status,
                                              const std::string& job, const std::string& step);

// The shortest `job` of the above that means this task alone: "test/2".
std::string choice_of(const protocol::PipelineStatus& status,
                      const protocol::WorkflowStatus& workflow, const protocol::JobStatus& job,
                      const protocol::TaskStatus& task);

// "muster pipeline output 7 test/2 --step 3", for a shell.
std::string output_command(std::int64_t pipeline, const std::string& choice,
                           const protocol::StepStatus& step);

// "test 2/4, step 3: npm test (failed with exit code 1 after 3.2 s)"
std::string step_heading(const std::string& task, const protocol::StepStatus& step, WallTime now);

}  // namespace muster::client
