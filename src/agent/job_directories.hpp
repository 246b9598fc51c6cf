#pragma once

// What a job finds when its first step starts: its working directory, a HOME, and the file of
// $BASH_ENV. Made as the job's user, whom nobody can trick into touching what is not theirs.

#include <filesystem>

#include "agent/job_environment.hpp"
#include "agent/launcher.hpp"
#include "agent/workspace.hpp"

namespace muster::agent {

struct Prepared {
  bool has_bash = true;  // /bin/bash, where the steps run
};

// An error (forbidden) if the job cannot use its working directory.
Result<Prepared> prepare_directories(const Launcher& launcher,
                                     const std::filesystem::path& directory, const Places& places,
                                     const Variables& environment);

}  // namespace muster::agent
