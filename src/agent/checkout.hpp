#pragma once

// The `checkout` step: exactly the submitted commit, from the pack that the server holds.

#include <filesystem>

#include "agent/control_plane.hpp"
#include "agent/job_environment.hpp"
#include "agent/launcher.hpp"

namespace muster::agent {

// Fetches the pack to `file`, in a private directory, and checks its sum. Tries until it has an
// answer or `stop` is requested; a pack that the server does not have is an error at once.
Result<void> fetch_source(ControlPlane& server, const Attempt& attempt, const std::string& sha256,
                          const std::filesystem::path& file, std::stop_token stop);

// Makes a repository of `directory`, or uses the one there, and checks out the task's commit, on
// its branch if that is a good name. Run as the job's user.
JobCommand checkout_command(const protocol::ClaimedTask& task, Variables environment,
                            const std::filesystem::path& directory,
                            const std::filesystem::path& pack);

}  // namespace muster::agent
