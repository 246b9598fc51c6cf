#include "client/pipeline_words.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.hpp"

namespace muster::client {

using protocol::JobStatus;
using protocol::TaskStatus;

std::string job_name(const protocol::PipelineStatus& status,
                     const protocol::WorkflowStatus& workflow, const JobStatus& job) {
  if (status.workflows.size() == 1) return whole(job.name);
  return whole(workflow.name) + " › " + whole(job.name);
}

std::string task_name(const std::string& job_name, const JobStatus& job, const TaskStatus& task) {
  if (job.tasks.size() == 1) return job_name;
  return fmt::format("{} {}/{}", job_name, task.index + 1, job.tasks.size());
}

std::string step_name(const std::string& name) {
  const auto first = trim(std::string_view(name).substr(0, name.find('\n')));
  const auto line = whole(first);
  return first.size() == name.size() || line.ends_with("…") ? line : line + " …";
}

std::string detail(const TaskStatus& task) {
  std::string text = whole(task.runner);
  if (task.attempt > 1) text += fmt::format(" (attempt {})", task.attempt);
  if (!task.message.empty()) text += "  " + whole(task.message);
  return text;
}

std::string run_time(const TaskStatus& task, WallTime now) {
  if (!task.started_at) return "";
  return humanize(task.ended_at.value_or(now) - *task.started_at);
}

std::size_t state_width(const protocol::PipelineStatus& status) {
  std::size_t width = 8;  // "canceled": what most states need, so that few lines ever move
  for (const auto& workflow : status.workflows) {
    for (const auto& job : workflow.jobs) {
      width = std::max(width, columns(whole(job.state)));
      for (const auto& task : job.tasks) width = std::max(width, columns(whole(task.state)));
    }
  }
  return width;
}

std::string run_time(const JobStatus& job, WallTime now) {
  TaskStatus whole;
  bool open = false;
  for (const auto& task : job.tasks) {
    if (!task.started_at) continue;
    whole.started_at = std::min(whole.started_at.value_or(*task.started_at), *task.started_at);
    if (task.ended_at)
      whole.ended_at = std::max(whole.ended_at.value_or(*task.ended_at), *task.ended_at);
    open = open || !task.ended_at;
  }
  if (open) whole.ended_at.reset();
  return run_time(whole, now);
}

}  // namespace muster::client
