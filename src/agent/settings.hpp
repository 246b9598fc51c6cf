#pragma once

// What a runner is told: the YAML of CircleCI's machine runner 3 and its environment variables,
// which win. A key that means nothing here is named in a warning, one that is not theirs refused.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "agent/isolation.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "yaml/reader.hpp"

namespace muster::agent {

// When a runner that takes one task after the other gives way to a fresh one: after the task that
// it then runs, and never in the midst of it. Absent: never.
struct Recycling {
  std::optional<Millis> after;  // since its start; up to a tenth less, lest all go at once
  std::optional<std::int64_t> after_tasks;
};

struct Settings {
  std::string url;                // of the server: scheme, host, port
  std::string token;              // of a resource class. A secret
  std::filesystem::path ca_file;  // PEM: the only authorities trusted; empty: the system's
  std::string name;
  std::string resource_class;  // that it was started for; empty: whichever the token is of
  std::filesystem::path state_directory;  // for the files of its tasks; empty: the usual one
  std::filesystem::path file;  // that these are from; empty: none. No job in isolation sees it
  log::Settings logging;
  std::vector<std::string> command_prefix;  // put before every command of a job
  Isolation isolation;                      // never beside a prefix
  std::string working_directory;  // empty: a fresh one for each task. %s stands for the task's id
  bool cleanup_working_directory = false;
  bool single_task = false;
  Millis max_run_time = std::chrono::hours(5);
  std::optional<Millis> idle_timeout;     // absent: waits for ever
  std::optional<Millis> idle_after_task;  // the same, once it has had one; absent: idle_timeout
  Recycling recycling;
};

// Who jobs run as where the runner is root and nobody says otherwise.
inline constexpr const char* kUsualJobUser = "nobody";

struct LoadedSettings {
  Settings settings;
  std::vector<std::string> warnings;  // to be logged once logging is configured
};

using Variables = std::map<std::string, std::string>;

// Of our own, because CircleCI's YAML has no such keys; but that `api.ca_file` is the first one's.
inline constexpr const char* kAuthoritiesVariable = "MUSTER_CA_FILE";
inline constexpr const char* kClassVariable = "MUSTER_RESOURCE_CLASS";
inline constexpr const char* kStateVariable = "MUSTER_AGENT_STATE";
inline constexpr const char* kIdleVariable = "MUSTER_IDLE_AFTER_TASK";
inline constexpr const char* kRecycleVariable = "MUSTER_RECYCLE_AFTER";
inline constexpr const char* kIsolationPrefix = "MUSTER_ISOLATION";  // of four
inline constexpr const char* kRecycleTasksVariable = "MUSTER_RECYCLE_AFTER_TASKS";

// Pure. `hostname` is the runner's name where none is given.
std::variant<LoadedSettings, yaml::Problems> read_settings(std::string_view text,
                                                           const Variables& variables,
                                                           const std::string& hostname);

// Our environment's variables that speak to a runner. The token is removed from the environment.
Variables take_variables();

// Whether the text itself holds a token, which may come from a variable instead.
bool holds_token(std::string_view text);

// The text of the file, or of standard input ("-"). A file that holds a token and that others can
// read is refused where we are root, and named in a warning where we are not.
Result<std::string> read_settings_file(const std::string& path);

}  // namespace muster::agent
