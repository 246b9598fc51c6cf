#pragma once

// muster.yaml: what `muster scale` and `muster plan` read. docs/scaling.md has the table of keys.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "capacity/agent_config.hpp"
#include "capacity/auto_scaling_group.hpp"
#include "capacity/command.hpp"
#include "demand/aws_token.hpp"
#include "demand/command_queue.hpp"
#include "demand/server_access.hpp"
#include "fleet/observe.hpp"
#include "fleet/price.hpp"
#include "yaml/reader.hpp"

namespace muster::cli {

// Where CircleCI's queue is read.
struct CircleCiQueue {
  struct Variable {
    std::string name;
    yaml::Position at;  // of its name in the configuration
  };
  std::string url;
  std::variant<std::filesystem::path, Variable, demand::AwsToken> token;
  Millis poll_interval{};
  std::int64_t requests_per_minute = 0;
  // How many self-hosted tasks the plan lets run at once, as CircleCI does not tell by its API.
  std::optional<std::int64_t> concurrency_limit;
};

// A class's instances: local processes, machines that a program looks after, or those of Auto
// Scaling groups of AWS.
using ClassCapacity =
    std::variant<capacity::AgentSettings, capacity::CommandSettings, capacity::ClassGroups>;

struct ScaledClass {
  fleet::ManagedClass managed;
  ClassCapacity capacity;
};

// Where the scalers of the same groups agree who of them is in charge: a table of DynamoDB.
struct LeaseSettings {
  std::string table;
  std::string region;  // empty: that of the environment
};

// A token file that the configuration names.
struct NamedTokenFile {
  std::filesystem::path file;
  yaml::Position at;  // in the configuration
  std::string key;    // "server.token_file"
  // As 'muster token create' names it: a resource class, or "--personal". Empty: CircleCI's.
  std::string owner;
};

struct ScaleConfig {
  using Queue = std::variant<demand::ServerAccess, CircleCiQueue, demand::CommandQueueSettings>;

  std::filesystem::path file;  // that it was read from; empty: none
  Queue queue;
  yaml::Position ca_file_at;              // of server.ca_file, if the queue has one
  std::filesystem::path state_directory;  // empty: there is a lease, which keeps the memory
  std::optional<LeaseSettings> lease;
  std::vector<ScaledClass> classes;  // in the order of the file
  fleet::Prices prices;
  std::vector<NamedTokenFile> token_files;

  std::vector<std::string> class_names() const;
  std::vector<fleet::ManagedClass> managed_classes() const;
  std::optional<std::int64_t> plan_limit() const;  // how many tasks run at once, if it is known
};

// Pure. Relative paths are taken from `directory`.
std::variant<ScaleConfig, yaml::Problems> parse_scale_config(
    std::string_view text, const std::filesystem::path& directory);

// What keeps the named tokens from being used: a variable must be set, and a file must be a regular
// one that holds a token. And server.ca_file must hold certificates.
// That others may read one is a problem if `as_root`, and else a warning in the log.
yaml::Problems check_tokens(const ScaleConfig& config, bool as_root);

// parse_scale_config() and check_tokens() of this process.
std::variant<ScaleConfig, yaml::Problems> read_scale_config(std::string_view text,
                                                            const std::filesystem::path& directory);

// The configuration in `file`; or the exit code, once it is said on standard error what is wrong.
tl::expected<ScaleConfig, int> load_scale_config(const std::string& file);
// The same, but the tokens are not looked at.
tl::expected<ScaleConfig, int> load_without_tokens(const std::string& file);

}  // namespace muster::cli
