#pragma once

// muster.yaml: what `muster scale` and `muster plan` read. docs/scaling.md has the table of keys.

#include <filesystem>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "capacity/agent_config.hpp"
#include "demand/server_access.hpp"
#include "fleet/observe.hpp"
#include "yaml/reader.hpp"

namespace muster::cli {

struct ScaledClass {
  fleet::ManagedClass managed;
  capacity::AgentSettings agent;
};

// A token file that the configuration names.
struct NamedTokenFile {
  std::filesystem::path file;
  yaml::Position at;  // in the configuration
  std::string key;    // "server.token_file"
  std::string owner;  // as 'muster token create' names it: a resource class, or "--personal"
};

struct ScaleConfig {
  demand::ServerAccess server;
  std::filesystem::path state_directory;
  std::vector<ScaledClass> classes;  // in the order of the file
  std::vector<NamedTokenFile> token_files;

  std::vector<std::string> class_names() const;
  std::vector<fleet::ManagedClass> managed_classes() const;
};

// Pure. Relative paths are taken from `directory`.
std::variant<ScaleConfig, yaml::Problems> parse_scale_config(
    std::string_view text, const std::filesystem::path& directory);

// What keeps the named token files from being used: each must be a regular file that holds a token.
// That others may read one is a problem if `as_root`, and else a warning in the log.
yaml::Problems check_token_files(const ScaleConfig& config, bool as_root);

// The configuration in `file`, its token files checked; or the exit code, once it is said on
// standard error what is wrong.
tl::expected<ScaleConfig, int> load_scale_config(const std::string& file);

}  // namespace muster::cli
