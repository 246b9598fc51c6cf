#pragma once

// The runner as a program: signals, who jobs run as, and the claim loop.

#include <filesystem>
#include <functional>
#include <string>

#include "agent/agent_metrics.hpp"
#include "agent/settings.hpp"
#include "base/file.hpp"
#include "base/result.hpp"

namespace muster::agent {

// Before any other thread starts. Returns when the runner is done: after its task (single-task),
// its idle_timeout, or a signal. `job_user` is who jobs run as if we are root and there is no
// command prefix. `guardian` is the worker's end of process::run_guarded(), whence signals come.
// `begin` is called when all is prepared, before the first claim, and may start threads; an error
// of its is ours.
Result<void> run_agent(const Settings& settings, const std::string& job_user, UniqueFd guardian,
                       AgentMetrics& metrics, const std::function<Result<void>()>& begin);

// As run_agent() does at its start: whether jobs can be isolated here as `settings` say. For who is
// to start such agents. `state` is made and removed.
Result<void> try_isolation(const Settings& settings, const std::string& job_user,
                           const std::filesystem::path& state);

std::string own_hostname();

}  // namespace muster::agent
