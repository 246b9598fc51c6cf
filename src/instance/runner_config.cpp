#include "instance/runner_config.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.hpp"

namespace muster::instance {

namespace {

// CircleCI's runner has no user of its own for jobs, so that sudo makes them another's. Without -i,
// though its examples have it: that is a login, for which pam_systemd opens a session, outside of
// the runner's unit and with a user manager. All that CircleCI asks of a prefix is that it passes
// on the exit code. The agent changes the user itself, and takes from jobs the way to gain
// privileges; its working directories are fresh.
std::string who_runs_jobs(const Config& config, const std::string& home) {
  if (config.runner == Runner::muster) return "";
  return fmt::format(
      "  command_prefix: [\"sudo\", \"-nHu\", {}, \"--\"]\n"
      "  working_directory: {}\n"
      "  cleanup_working_directory: true\n",
      json_text(config.job_user), json_text(home + "/work"));
}

}  // namespace

Result<std::string> instance_id_in(const std::string& answer) {
  const auto id = trim(answer);
  const bool fits = id.size() > 2 && id.size() <= 40 && id.starts_with("i-") &&
                    std::ranges::all_of(id.substr(2), [](char c) {
                      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                    });
  if (fits) return std::string(id);
  return Error{ErrorKind::unavailable,
               fmt::format("the instance metadata service gave '{}' for the instance's id",
                           printable(answer, 60))};
}

std::string runner_yaml(const Config& config, const std::string& token,
                        const std::string& instance_id, const std::string& home) {
  return fmt::format(
             "# Made by muster instance configure; it holds a token.\n"
             "api:\n"
             "  auth_token: {}\n"
             "  url: {}\n"
             "runner:\n"
             "  name: {}\n"
             "  mode: single-task\n"
             "  idle_timeout: {}\n"
             "  max_run_time: {}\n",
             json_text(token), json_text(config.api_url), json_text(instance_id),
             format_duration(config.idle_timeout), format_duration(config.max_run_time)) +
         who_runs_jobs(config, home);
}

std::string runner_environment(const Config& config) {
  return fmt::format("MUSTER_RESOURCE_CLASS={}\nMUSTER_JOB_USER={}\n", config.resource_class,
                     config.job_user);
}

}  // namespace muster::instance
