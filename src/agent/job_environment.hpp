#pragma once

// The environment of a job's commands. Pure.
//
// Nothing of the agent's own is in it but `plain`, of which PATH is filtered and TERM replaced: a
// step has no terminal, whatever the agent was started from. Later wins: plain, what describes the
// task (CIRCLE_*), the job's `environment`, the step's. Values are taken as they are written.

#include <filesystem>
#include <map>
#include <string>

#include "agent/workspace.hpp"
#include "protocol/messages.hpp"

namespace muster::agent {

struct JobPlace {
  std::filesystem::path directory;  // where the job works
  std::string user;                 // empty: unknown, behind a command prefix
  std::string hidden_home;          // the agent's, if jobs run as another user; no part of PATH
  bool has_own_path = false;        // an image's: then none is set
};

// The agent's PATH, so that who starts it decides which tools jobs find: without entries that are
// not absolute, and without those in `hidden_home`, which another user may not enter. Never empty.
std::string job_path(const std::string& path, const std::string& hidden_home);

Variables job_environment(const protocol::ClaimedTask& task, const Places& places,
                          const JobPlace& place, Variables plain);

Variables with(Variables environment, const Variables& added);

// The words of a `shell`, and the command: "/bin/bash -eo pipefail" becomes
// {/bin/bash, -eo, pipefail, -c, COMMAND}. The default shell becomes /bin/sh where there is no
// bash; only some of those know pipefail, so it is left out.
std::vector<std::string> shell_command(const std::string& shell, const std::string& command,
                                       bool has_bash);

}  // namespace muster::agent
