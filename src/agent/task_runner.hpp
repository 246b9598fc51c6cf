#pragma once

// One claimed task, from the claim to the acknowledged end.

#include <filesystem>
#include <optional>
#include <stop_token>

#include "agent/control_plane.hpp"
#include "agent/settings.hpp"
#include "process/child.hpp"

namespace muster::agent {

struct RunnerSetup {
  Settings settings;
  std::optional<process::User> user;  // who jobs run as; nobody else than we if absent
  std::filesystem::path state;
};

// Returns when the server knows the result, or never will. `end_now` ends the work.
void run_task(const RunnerSetup& setup, ControlPlane& server, const protocol::ClaimedTask& task,
              std::stop_token end_now);

}  // namespace muster::agent
