#include "agent/job_environment.hpp"

#include "base/text.hpp"
#include "process/child.hpp"

namespace muster::agent {

Variables with(Variables environment, const Variables& added) {
  for (const auto& [name, value] : added) environment[name] = value;
  return environment;
}

std::string job_path(const std::string& path, const std::string& hidden_home) {
  const auto is_hidden = [&](const std::string& entry) {
    return hidden_home.size() > 1 && (entry + "/").starts_with(hidden_home + "/");
  };
  std::vector<std::string> kept;
  for (const auto& entry : split(path, ':')) {
    if (entry.starts_with('/') && !is_hidden(entry)) kept.push_back(entry);
  }
  return kept.empty() ? std::string(process::kStandardPath) : join(kept, ":");
}

Variables job_environment(const protocol::ClaimedTask& task, const Places& places,
                          const JobPlace& place, Variables plain) {
  Variables own = {
      {"BASH_ENV", places.bash_env.string()},
      {"CI", "true"},
      {"CIRCLECI", "true"},
      {"CIRCLE_BRANCH", task.branch},
      {"CIRCLE_BUILD_NUM", std::to_string(task.job_number)},
      {"CIRCLE_JOB", task.job.name},
      {"CIRCLE_NODE_INDEX", std::to_string(task.index)},
      {"CIRCLE_NODE_TOTAL", std::to_string(task.job.parallelism)},
      {"CIRCLE_PIPELINE_ID", task.pipeline_id},
      {"CIRCLE_PROJECT_REPONAME", task.project},
      {"CIRCLE_SHA1", task.revision},
      {"CIRCLE_SHELL_ENV", places.bash_env.string()},
      {"CIRCLE_WORKFLOW_ID", task.workflow_id},
      {"CIRCLE_WORKFLOW_JOB_ID", task.job_id},
      {"CIRCLE_WORKING_DIRECTORY", place.directory.string()},
      {"HOME", places.home.string()},
      {"PATH", job_path(plain["PATH"], place.hidden_home)},
      {"TERM", "dumb"},
  };
  if (place.has_own_path) {
    own.erase("PATH");
    plain.erase("PATH");
  }
  if (!place.user.empty()) own["USER"] = own["LOGNAME"] = place.user;
  return with(with(std::move(plain), own), task.job.environment);
}

std::vector<std::string> shell_command(const std::string& shell, const std::string& command,
                                       bool has_bash) {
  std::vector<std::string> words;
  for (const auto& word : split(shell, ' ')) {
    if (!trim(word).empty()) words.emplace_back(trim(word));
  }
  const std::vector<std::string> standard = {"/bin/bash", "-eo", "pipefail"};
  if (words.empty() || (words == standard && !has_bash)) {
    words = has_bash ? standard : std::vector<std::string>{"/bin/sh", "-e"};
  }
  words.emplace_back("-c");
  words.push_back(command);
  return words;
}

}  // namespace muster::agent
