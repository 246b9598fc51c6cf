#pragma once

// From a runner's settings to where the commands of a task run.

#include <memory>
#include <stop_token>
#include <string>

#include "agent/confinement.hpp"
#include "agent/runner_setup.hpp"
#include "agent/workspace.hpp"

namespace muster::agent {

// Null if jobs run without isolation. For the thread that runs the task: what it started dies with
// that. May fetch an image, unless `stop` is requested.
Result<std::unique_ptr<Confinement>> confine(const RunnerSetup& setup, const Places& places,
                                             const std::string& task_id, std::stop_token stop);

// Runs a command as a job's would be, so that a machine which cannot is found before there is a
// task. The error (ErrorKind::invalid) has the cure.
Result<void> try_isolation(const RunnerSetup& setup);

// Removes the containers of tasks whose agent was killed. Before their directories, which they
// hold.
void remove_left_containers(const RunnerSetup& setup);

}  // namespace muster::agent
