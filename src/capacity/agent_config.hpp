#pragma once

// The configuration that a local instance's agent reads from its standard input.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace muster::capacity {

// When a continuous one gives way to a fresh one, between two tasks. Absent: never.
struct Recycling {
  std::optional<Millis> after;
  std::optional<std::int64_t> after_tasks;
};

// What its jobs are kept in, in the words of its own configuration.
struct Isolation {
  std::string kind = "none";
  std::string network = "shared";
  std::string image;  // empty: none is needed
  std::vector<std::filesystem::path> hidden;
};

struct AgentSettings {
  std::string server_url;
  std::filesystem::path ca_file;     // the only authorities trusted; empty: the system's
  std::filesystem::path token_file;  // of the resource class; read at each launch
  bool single_task = true;
  std::int64_t slots = 1;  // agents of an instance
  Millis idle_timeout = std::chrono::seconds(10);
  std::optional<Millis> idle_after_task;  // the same, once it has had one; absent: idle_timeout
  Millis max_run_time = std::chrono::hours(5);
  Recycling recycling;
  Isolation isolation;
  std::map<std::string, std::string> environment;  // of its agents, beside what all get
};

// The keys of CircleCI's machine runner 3, and those of isolation. Holds `token`: never write it to
// a file or a log.
std::string agent_config(const AgentSettings& settings, const std::string& token,
                         const std::string& runner_name,
                         const std::filesystem::path& working_directory);

}  // namespace muster::capacity
