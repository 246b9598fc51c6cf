#pragma once

// The runner as a program: signals, who jobs run as, and the claim loop.

#include <string>

#include "agent/settings.hpp"
#include "base/result.hpp"

namespace muster::agent {

// Before any other thread starts. Returns when the runner is done: after its task (single-task),
// its idle_timeout, or a signal. `job_user` is who jobs run as if we are root and there is no
// command prefix.
Result<void> run_agent(const Settings& settings, const std::string& job_user);

std::string own_hostname();

}  // namespace muster::agent
