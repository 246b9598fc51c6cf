#pragma once

// /etc/muster/instance.yaml: what an instance knows of itself beside what EC2 tells it. Nothing in
// it is secret. docs/configuration.md has the table of keys.

#include <string>
#include <string_view>
#include <variant>

#include "base/time.hpp"
#include "yaml/reader.hpp"

namespace muster::instance {

enum class Runner { circleci, muster };

struct Config {
  std::string group;         // the Auto Scaling group
  std::string token_secret;  // name or ARN in Secrets Manager
  std::string resource_class;
  Runner runner = Runner::circleci;
  std::string runner_version;  // of CircleCI's package; empty: the newest. boot reads it
  std::string api_url;
  Millis idle_timeout = std::chrono::minutes(1);
  Millis max_run_time = std::chrono::hours(5);
  std::string job_user = "ci";
  std::string log_group;  // empty: the reason of an end is recorded in our own log only
};

// Pure.
std::variant<Config, yaml::Problems> read_config(std::string_view text);

}  // namespace muster::instance
