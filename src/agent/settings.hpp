#pragma once

// What a runner is told: the YAML of CircleCI's machine runner 3 and its environment variables,
// which win. A key that means nothing here is named in a warning, one that is not theirs refused.

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/log.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "yaml/reader.hpp"

namespace muster::agent {

struct Settings {
  std::string url;    // of the server: scheme, host, port
  std::string token;  // of a resource class. A secret
  std::string name;
  log::Settings logging;
  std::vector<std::string> command_prefix;  // put before every command of a job
  std::string working_directory;  // empty: a fresh one for each task. %s stands for the task's id
  bool cleanup_working_directory = false;
  bool single_task = false;
  Millis max_run_time = std::chrono::hours(5);
  std::optional<Millis> idle_timeout;  // absent: waits for ever
};

struct LoadedSettings {
  Settings settings;
  std::vector<std::string> warnings;  // to be logged once logging is configured
};

using Variables = std::map<std::string, std::string>;

// Pure. `hostname` is the runner's name where none is given.
std::variant<LoadedSettings, yaml::Problems> read_settings(std::string_view text,
                                                           const Variables& variables,
                                                           const std::string& hostname);

// Our environment's variables that speak to a runner. The token is removed from the environment.
Variables take_variables();

// The text of the file, or of standard input ("-"). Refuses, as root, a file that others can
// read: it holds the token.
Result<std::string> read_settings_file(const std::string& path);

}  // namespace muster::agent
