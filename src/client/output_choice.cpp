#include "client/output_choice.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/shell_word.hpp"
#include "base/text.hpp"
#include "client/pipeline_words.hpp"

namespace muster::client {
namespace {

using protocol::JobStatus;
using protocol::PipelineStatus;
using protocol::StepState;
using protocol::StepStatus;
using protocol::TaskStatus;
using protocol::WorkflowStatus;

Error not_found(std::string message) {
  return {ErrorKind::not_found, std::move(message)};
}

bool means(const std::string& wanted, const WorkflowStatus& workflow, const JobStatus& job,
           const TaskStatus& task) {
  for (const auto& name : {job.name, workflow.name + "/" + job.name}) {
    if (wanted == name || wanted == fmt::format("{}/{}", name, task.index + 1)) return true;
  }
  return wanted.empty();
}

bool means(const std::string& wanted, const StepStatus& step) {
  if (const auto number = parse_int(wanted)) return *number == step.index + 1;
  return wanted.empty() || wanted == step.name || wanted == step_name(step.name);
}

Error no_such_job(const PipelineStatus& status, const std::string& wanted) {
  std::vector<std::string> names;
  for (const auto& workflow : status.workflows) {
    for (const auto& job : workflow.jobs) {
      if (job.tasks.empty()) continue;
      auto name = choice_of(status, workflow, job, job.tasks.front());
      if (job.tasks.size() > 1) {
        name += " to " + choice_of(status, workflow, job, job.tasks.back());
      }
      names.push_back(whole(name));
    }
  }
  return not_found(fmt::format("pipeline {} has no job '{}'; it has: {}", status.number,
                               printable(wanted), join(names, ", ")));
}

Error no_such_step(const ChosenTask& chosen, const std::string& wanted) {
  const auto& steps = chosen.task.steps;
  if (steps.empty()) {
    return not_found(
        fmt::format("no step of {} has run yet: it is {}", chosen.name, whole(chosen.task.state)));
  }
  std::vector<std::string> names;
  names.reserve(steps.size());
  for (const auto& step : steps) {
    names.push_back(fmt::format("{} '{}'", step.index + 1, step_name(step.name)));
  }
  return not_found(fmt::format("{} has run no step '{}'; it has run: {}", chosen.name,
                               printable(wanted), join(names, ", ")));
}

std::string ending(const StepStatus& step) {
  switch (step.state) {
    case StepState::running:
      return "running for";
    case StepState::success:
      return "success after";
    case StepState::failed:
      return step.exit_code ? fmt::format("failed with exit code {} after", *step.exit_code)
                            : "failed after";
    case StepState::canceled:
      return "canceled after";
    case StepState::timedout:
      return "timed out after";
    case StepState::background:
      return step.ended_at ? "ran in the background for" : "in the background for";
  }
  return "";
}

}  // namespace

Result<std::vector<ChosenTask>> choose_output(const PipelineStatus& status, const std::string& job,
                                              const std::string& step) {
  std::vector<ChosenTask> chosen;
  for (const auto& workflow : status.workflows) {
    for (const auto& each : workflow.jobs) {
      const auto name = job_name(status, workflow, each);
      for (const auto& task : each.tasks) {
        if (means(job, workflow, each, task)) chosen.push_back({task_name(name, each, task), task});
      }
    }
  }
  if (chosen.empty()) return no_such_job(status, job);
  if (step.empty()) return chosen;
  const auto first = chosen.front();
  for (auto& each : chosen) {
    std::erase_if(each.task.steps, [&](const auto& ran) { return !means(step, ran); });
  }
  std::erase_if(chosen, [](const auto& each) { return each.task.steps.empty(); });
  if (chosen.empty()) return no_such_step(first, step);
  return chosen;
}

std::string choice_of(const PipelineStatus& status, const WorkflowStatus& workflow,
                      const JobStatus& job, const TaskStatus& task) {
  auto choice = status.workflows.size() == 1 ? job.name : workflow.name + "/" + job.name;
  if (job.tasks.size() > 1) choice += fmt::format("/{}", task.index + 1);
  return choice;
}

std::string output_command(std::int64_t pipeline, const std::string& choice,
                           const StepStatus& step) {
  return fmt::format("muster pipeline output {} {} --step {}", pipeline, shell_word(whole(choice)),
                     step.index + 1);
}

std::string step_heading(const std::string& task, const StepStatus& step, WallTime now) {
  auto heading = fmt::format("{}, step {}: {}", task, step.index + 1, step_name(step.name));
  if (!step.started_at) return heading;
  return heading + fmt::format(" ({} {})", ending(step),
                               humanize(step.ended_at.value_or(now) - *step.started_at));
}

}  // namespace muster::client
