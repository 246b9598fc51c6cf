#include "client/standing.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "client/output_choice.hpp"
#include "client/pipeline_words.hpp"

namespace muster::client {
namespace {

using protocol::JobStatus;
using protocol::WorkflowStatus;

std::vector<JobStatus> still_needed(const WorkflowStatus& workflow, const JobStatus& job) {
  std::vector<JobStatus> needed;
  for (const auto& other : workflow.jobs) {
    if (contains(job.requires_jobs, other.name) && other.state != "success") {
      needed.push_back(other);
    }
  }
  return needed;
}

std::string about_when(const std::optional<WallTime>& expected_at, WallTime now) {
  if (!expected_at) return "";
  return *expected_at > now
             ? fmt::format("; expected to be queued in {}", humanize(*expected_at - now))
             : "; expected to be queued at any moment";
}

std::string for_so_long(const std::optional<WallTime>& since, WallTime now) {
  return since && now > *since ? " for " + humanize(now - *since) : "";
}

}  // namespace

Result<std::vector<Standing>> standings_of(const protocol::PipelineStatus& status,
                                           const std::string& job) {
  const auto chosen = choose_output(status, job, "");
  if (!chosen) return chosen.error();
  std::vector<Standing> standings;
  for (const auto& [name, task] : *chosen) {
    Standing standing{name, "", task, {}, {}};
    for (const auto& workflow : status.workflows) {
      for (const auto& each : workflow.jobs) {
        const auto is_its = [&](const auto& other) { return other.id == task.id; };
        if (!std::ranges::any_of(each.tasks, is_its)) continue;
        standing.resource_class = each.resource_class;
        standing.after = still_needed(workflow, each);
        standing.expected_at = each.expected_at;
      }
    }
    standings.push_back(std::move(standing));
  }
  return standings;
}

std::string in_words(const Standing& standing, WallTime now) {
  const auto& task = standing.task;
  if (standing.is_queued()) {
    return fmt::format("queued{}: waits for a runner of {}", for_so_long(task.queued_at, now),
                       whole(standing.resource_class));
  }
  if (task.state == "blocked") {
    std::vector<std::string> jobs;
    for (const auto& job : standing.after) {
      jobs.push_back(fmt::format("{} ({})", whole(job.name), whole(job.state)));
    }
    if (jobs.empty()) return "blocked";
    return "blocked: waits for " + join(jobs, ", ") + about_when(standing.expected_at, now);
  }
  if (task.state == "running") {
    return fmt::format("running{} on {}", for_so_long(task.started_at, now), detail(task));
  }
  const auto more = detail(task);
  return more.empty() ? whole(task.state) : fmt::format("{}: {}", whole(task.state), more);
}

std::string to_json(const Standing& standing) {
  const auto& task = standing.task;
  const auto time = [](const std::optional<WallTime>& at) {
    return at ? json_text(format_rfc3339(*at)) : "null";
  };
  std::vector<std::string> jobs;
  for (const auto& job : standing.after) {
    jobs.push_back(
        fmt::format(R"({{"name":{},"state":{}}})", json_text(job.name), json_text(job.state)));
  }
  return fmt::format(
      R"({{"id":{},"name":{},"resource_class":{},"state":{},"queued_at":{},"started_at":{},)"
      R"("runner":{},"waits_for_jobs":[{}],"expected_at":{}}})",
      json_text(task.id), json_text(standing.name), json_text(standing.resource_class),
      json_text(task.state), time(task.queued_at), time(task.started_at), json_text(task.runner),
      task.state == "blocked" ? join(jobs, ",") : "", time(standing.expected_at));
}

}  // namespace muster::client
