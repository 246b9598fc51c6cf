#pragma once

// How the views of a pipeline call its parts. Printable, one line.

#include <string>

#include "base/time.hpp"
#include "client/terminal_text.hpp"
#include "protocol/messages.hpp"

namespace muster::client {

// "test", or "nightly › test" if the pipeline has several workflows.
std::string job_name(const protocol::PipelineStatus& status,
                     const protocol::WorkflowStatus& workflow, const protocol::JobStatus& job);

// The job's name, with " 2/4" if it has several tasks.
std::string task_name(const std::string& job_name, const protocol::JobStatus& job,
                      const protocol::TaskStatus& task);

// A step without a name of its own is called by its command, which may be a whole script.
std::string step_name(const std::string& name);

// What is worth knowing about a task beside its state.
std::string detail(const protocol::TaskStatus& task);

// How long it has been running, or ran; empty if it never did.
std::string run_time(const protocol::TaskStatus& task, WallTime now);
// From the first start to the last end of its tasks.
std::string run_time(const protocol::JobStatus& job, WallTime now);

// Columns that the states of this pipeline take beside each other.
std::size_t state_width(const protocol::PipelineStatus& status);

// With each job its workflow, and its name as above.
template <class Visit>
void each_job(const protocol::PipelineStatus& status, const Visit& visit) {
  for (const auto& workflow : status.workflows) {
    for (const auto& job : workflow.jobs) visit(workflow, job, job_name(status, workflow, job));
  }
}

}  // namespace muster::client
