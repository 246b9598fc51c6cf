#pragma once

// What all tasks of a runner have in common.

#include <filesystem>
#include <optional>

#include "agent/settings.hpp"
#include "process/child.hpp"

namespace muster::agent {

struct RunnerSetup {
  Settings settings;
  std::optional<process::User> user;  // who jobs run as; nobody else than we if absent
  std::filesystem::path state;
};

}  // namespace muster::agent
