#pragma once

// The environment of a job's commands. Pure.
//
// Nothing of the agent's own is in it but `plain`. Later wins: plain, what describes the task
// (CIRCLE_*), the job's `environment`, the step's. Values are taken as they are written.

#include <filesystem>
#include <map>
#include <string>

#include "agent/workspace.hpp"
#include "protocol/messages.hpp"

namespace muster::agent {

struct JobPlace {
  std::filesystem::path directory;  // where the job works
  std::string user;                 // empty: unknown, behind a command prefix
};

Variables job_environment(const protocol::ClaimedTask& task, const Places& places,
                          const JobPlace& place, Variables plain);

Variables with(Variables environment, const Variables& added);

// The words of a `shell`, and the command: "/bin/bash -eo pipefail" becomes
// {/bin/bash, -eo, pipefail, -c, COMMAND}. The default shell becomes /bin/sh where there is no
// bash; only some of those know pipefail, so it is left out.
std::vector<std::string> shell_command(const std::string& shell, const std::string& command,
                                       bool has_bash);

}  // namespace muster::agent
