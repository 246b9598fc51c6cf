#include "pipeline/compile.hpp"

#include <fmt/core.h>

#include "pipeline/expressions.hpp"
#include "pipeline/read_job.hpp"
#include "pipeline/read_parts.hpp"
#include "pipeline/read_workflow.hpp"

namespace muster::pipeline {

using yaml::MapReader;
using yaml::Problems;
using yaml::Value;

namespace {

constexpr std::size_t kMostJobs = 1'000;
constexpr std::size_t kMostWorkflows = 100;
constexpr std::int64_t kMostTasks = 10'000;
constexpr std::string_view kUnsupportedKeys[] = {
    "orbs",  "commands",     "executors", "parameters", "job-groups",
    "setup", "experimental", "examples",  "display",    "description"};

void check_version(MapReader& top) {
  const auto* version = top.require("version");
  if (version && version->text != "2.1") {
    top.problem_at("version", "only version 2.1 is supported");
  }
}

// The entries of the mapping at `key`; none if there are too few or too many.
std::vector<yaml::Entry> read_entries(MapReader& top, const Value& value, std::string_view key,
                                      std::size_t most, Problems& problems) {
  const MapReader checked(value, top.path_of(key), problems);
  const auto count = value.entries.size();
  if (count > 0 && count <= most) return value.entries;
  const bool is_empty = value.kind == Value::Kind::mapping || value.kind == Value::Kind::null;
  if (count > most) {
    top.problem_at(key, fmt::format("there are {} {}; at most {} are allowed", count, key, most));
  } else if (is_empty) {
    top.problem_at(key, fmt::format("there are no {}", key));
  }
  return {};
}

std::map<std::string, Job> read_jobs(MapReader& top, Problems& problems) {
  std::map<std::string, Job> jobs;
  const auto* value = top.require("jobs");
  if (!value) return jobs;
  for (const auto& entry : read_entries(top, *value, "jobs", kMostJobs, problems)) {
    jobs[entry.key] = read_job(entry, problems);
  }
  return jobs;
}

// Without `workflows`, CircleCI runs the job of this name, and no other.
std::vector<Workflow> implicit_workflow(MapReader& top, const std::map<std::string, Job>& jobs) {
  if (!jobs.contains("build")) {
    top.problem("'workflows' is missing, and there is no job 'build' to run without it");
    return {};
  }
  return {{.name = "workflow", .jobs = {{.name = "build", .job = "build"}}}};
}

// `version: 2` stands among the workflows of many configs; CircleCI ignores it in version 2.1.
bool is_version_key(const yaml::Entry& entry) {
  return entry.key == "version" && entry.value.kind == Value::Kind::scalar;
}

std::vector<Workflow> read_workflows(MapReader& top, const std::map<std::string, Job>& jobs,
                                     Problems& problems) {
  const auto* value = top.take("workflows");
  if (!value) return implicit_workflow(top, jobs);
  auto entries = read_entries(top, *value, "workflows", kMostWorkflows, problems);
  const bool has_version = std::erase_if(entries, is_version_key) > 0;
  if (has_version && entries.empty()) top.problem_at("workflows", "there are no workflows");
  std::vector<Workflow> workflows;
  for (const auto& entry : entries) workflows.push_back(read_workflow(entry, jobs, problems));
  return workflows;
}

void check_task_count(const Config& config, MapReader& top) {
  std::int64_t tasks = 0;
  for (const auto& workflow : config.workflows) {
    for (const auto& place : workflow.jobs) tasks += config.jobs.at(place.job).parallelism;
  }
  if (tasks <= kMostTasks) return;
  top.problem_at("workflows",
                 fmt::format("there are {} tasks; at most {} are allowed", tasks, kMostTasks));
}

Config read_config(const Value& document, Problems& problems) {
  MapReader top(document, "", problems);
  Config config;
  check_version(top);
  config.jobs = read_jobs(top, problems);
  config.workflows = read_workflows(top, config.jobs, problems);
  refuse_unsupported(top, kUnsupportedKeys);
  top.finish();
  check_task_count(config, top);
  return config;
}

}  // namespace

std::variant<Config, Problems> compile(std::string_view text) {
  auto document = yaml::parse_located(text, {.bytes = kLongestConfig});
  if (!document) return Problems{{document.error().at, "", document.error().message}};
  if (document->kind == Value::Kind::null) {
    return Problems{{{1, 1}, "", "the file is empty: it needs 'version: 2.1' and jobs"}};
  }
  Problems problems;
  resolve_expressions(*document, problems);
  auto config = read_config(*document, problems);
  if (problems.empty()) return config;
  sort_by_position(problems);
  return problems;
}

}  // namespace muster::pipeline
