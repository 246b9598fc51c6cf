#pragma once

// muster.yaml: what `muster scale` and `muster plan` read. docs/scaling.md has the table of keys.

#include <filesystem>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "capacity/agent_config.hpp"
#include "demand/server_access.hpp"
#include "fleet/observe.hpp"

namespace muster::cli {

struct ScaledClass {
  fleet::ManagedClass managed;
  capacity::AgentSettings agent;
};

struct ScaleConfig {
  demand::ServerAccess server;
  std::filesystem::path state_directory;
  std::vector<ScaledClass> classes;  // in the order of the file

  std::vector<std::string> class_names() const;
  std::vector<fleet::ManagedClass> managed_classes() const;
};

// Relative paths are taken from `directory`. An error lists every problem with its line.
Result<ScaleConfig> parse_scale_config(std::string_view text,
                                       const std::filesystem::path& directory);

Result<ScaleConfig> read_scale_config(const std::filesystem::path& file);

}  // namespace muster::cli
