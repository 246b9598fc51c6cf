#pragma once

// Two configurations of a scaler, and what is wrong with one.

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cli/scale_config.hpp"

namespace muster::cli {

inline constexpr std::string_view kWhole = R"(server:
  url: http://127.0.0.1:8480
  token_file: token
state_directory: scaler
resource_classes:
  local/small:
    min: 1
    max: 4
    slots: 3
    headroom: 2
    warm: {of_busy: 20%, least: 1, most: 3}
    scale_in_delay: 30s
    launch_rate: {launches: 20, per: 2m}
    scale_in_rate: {drains: 5, per: 90s}
    spend_cap: {instance_hours: 100, per: 24h}
    schedules:
      - name: office hours
        start: 0 8 * * mon-fri
        end: "0 19 * * *"
        time_zone: Europe/Berlin
        max: 9
        warm: 5
      - {name: night, start: 0 22 * * *, end: 0 6 * * *, min: 0}
    boot_timeout: 2m
    local:
      token_file: small.token
      mode: continuous
      idle_timeout: 20s
      idle_after_task: 0s
      recycle_after: 12h
      recycle_after_tasks: 50
      max_run_time: 1h
  local/large:
    max: 2
    local:
      token_file: /etc/large.token
)";

inline constexpr std::string_view kElsewhere = R"(circleci:
  token_variable: CIRCLE_TOKEN
state_directory: scaler
resource_classes:
  acme/linux:
    max: 40
    command:
      program: [./machines, --zone, a]
      timeout: 2m
      longest_life: 6h
)";

// What is wrong with `text`, if it is a file called f.
inline std::vector<std::string> problems_of(std::string_view text) {
  const auto read = parse_scale_config(text, "/srv");
  std::vector<std::string> lines;
  if (const auto* problems = std::get_if<yaml::Problems>(&read)) {
    for (const auto& problem : *problems) lines.push_back(problem.describe_in("f"));
  }
  return lines;
}

}  // namespace muster::cli
