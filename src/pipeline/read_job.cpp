#include "pipeline/read_job.hpp"

#include <fmt/core.h>

#include "base/text.hpp"
#include "pipeline/names.hpp"
#include "pipeline/read_parts.hpp"
#include "pipeline/read_step.hpp"

namespace muster::pipeline {

using yaml::MapReader;
using yaml::Problems;
using yaml::Value;

namespace {

constexpr std::size_t kMostSteps = 1'000;
constexpr std::string_view kOtherExecutors[] = {"docker", "macos", "executor"};
constexpr std::string_view kUnsupportedKeys[] = {"parameters",         "type",     "retention",
                                                 "circleci_ip_ranges", "branches", "description"};
constexpr std::string_view kOnlyMachine =
    "only 'machine: true' is supported on self-hosted runners";

bool is_true(const Value& value) {
  Problems ignored;
  return as_boolean(value, "", ignored) == true;
}

void check_executor(MapReader& job) {
  bool has_other = false;
  for (const auto key : kOtherExecutors) {
    if (!job.take(key)) continue;
    has_other = true;
    job.problem_at(key, std::string(kOnlyMachine));
  }
  const auto* machine = has_other ? job.take("machine") : job.require("machine");
  if (machine && !is_true(*machine)) job.problem_at("machine", std::string(kOnlyMachine));
}

std::string read_resource_class(MapReader& job, Problems& problems) {
  const auto* value = job.require("resource_class");
  if (!value) return {};
  const auto path = job.path_of("resource_class");
  auto name = as_text(*value, path, problems);
  if (name && !is_resource_class(*name)) {
    report(problems, {value->at, path,
                      fmt::format("{} is not a resource class such as my-org/linux-large",
                                  describe(*value))});
  }
  return name.value_or("");
}

std::vector<Step> read_steps(MapReader& job, Problems& problems) {
  const auto* value = job.require("steps");
  if (!value) return {};
  const auto path = job.path_of("steps");
  const auto refuse = [&](std::string why) {
    report(problems, {value->at, path, std::move(why)});
    return std::vector<Step>();
  };
  if (value->kind != Value::Kind::sequence) {
    return refuse(fmt::format("expected a list of steps, found {}", describe(*value)));
  }
  if (value->items.empty()) return refuse("a job needs at least one step");
  if (value->items.size() > kMostSteps) {
    return refuse(fmt::format("a job has at most {} steps", kMostSteps));
  }
  std::vector<Step> steps;
  for (std::size_t i = 0; i < value->items.size(); ++i) {
    auto step = read_step(value->items[i], fmt::format("{}[{}]", path, i), problems);
    if (step) steps.push_back(std::move(*step));
  }
  return steps;
}

}  // namespace

Job read_job(const yaml::Entry& entry, Problems& problems) {
  MapReader reader(entry.value, "jobs." + printable(entry.key, 60), problems);
  if (!is_job_name(entry.key)) {
    report(problems, {entry.at, reader.path(),
                      "a job's name is a letter, then letters, digits, blanks, _ and -"});
  }
  Job job{.name = entry.key};
  check_executor(reader);
  job.resource_class = read_resource_class(reader, problems);
  job.environment = read_environment(reader, problems);
  job.working_directory =
      read_text(reader, "working_directory", problems).value_or(job.working_directory);
  job.shell = read_text(reader, "shell", problems).value_or(job.shell);
  job.parallelism = static_cast<int>(reader.integer("parallelism", {1, 256}).value_or(1));
  job.steps = read_steps(reader, problems);
  refuse_unsupported(reader, kUnsupportedKeys);
  reader.finish();
  return job;
}

}  // namespace muster::pipeline
