#pragma once

// One claimed task, from the claim to the acknowledged end.

#include <stop_token>

#include "agent/control_plane.hpp"
#include "agent/runner_setup.hpp"

namespace muster::agent {

// Returns when the server knows the result, or never will. `end_now` ends the work. False if the
// runner could not run it, as it probably cannot run the next one.
bool run_task(const RunnerSetup& setup, ControlPlane& server, const protocol::ClaimedTask& task,
              std::stop_token end_now);

}  // namespace muster::agent
