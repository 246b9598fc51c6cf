// What became of pipelines. See pipeline_view.hpp.

#include <fmt/format.h>

#include "client/output_choice.hpp"
#include "client/pipeline_view.hpp"
#include "client/pipeline_words.hpp"

namespace muster::client {

using protocol::JobStatus;
using protocol::PipelineStatus;
using protocol::StepState;
using protocol::WorkflowStatus;

std::vector<std::string> result_table(const PipelineStatus& status, std::size_t width) {
  std::vector<std::vector<std::string>> rows{{"JOB", "WAIT", "RUN", "RUNNER", "RESULT"}};
  each_job(status, [&](const WorkflowStatus&, const JobStatus& job, const std::string& name) {
    for (const auto& task : job.tasks) {
      const bool waited = task.queued_at && task.started_at;
      rows.push_back({task_name(name, job, task),
                      waited ? humanize(*task.started_at - *task.queued_at) : "-",
                      task.ended_at && task.started_at ? run_time(task, *task.ended_at) : "-",
                      task.runner.empty() ? "-" : task.runner, task.state});
    }
    if (job.tasks.empty()) rows.push_back({name, "-", "-", "-", job.state});
  });
  return table(rows, width);
}

std::vector<Failure> failures(const PipelineStatus& status) {
  std::vector<Failure> found;
  each_job(status,
           [&](const WorkflowStatus& workflow, const JobStatus& job, const std::string& name) {
             for (const auto& task : job.tasks) {
               if (task.state != "failed" && task.state != "timedout" &&
                   task.state != "infrastructure_fail") {
                 continue;
               }
               auto& failure = found.emplace_back(Failure{task_name(name, job, task),
                                                          choice_of(status, workflow, job, task),
                                                          task.id,
                                                          task.state,
                                                          whole(task.message),
                                                          false,
                                                          {}});
               for (const auto& step : task.steps) {
                 if (step.state != StepState::failed && step.state != StepState::timedout) continue;
                 failure.step = step;
                 failure.has_step = true;
                 break;
               }
             }
           });
  return found;
}

std::string headline(const Failure& failure) {
  const auto because = failure.message.empty() ? "" : ": " + failure.message;
  if (!failure.has_step) {
    const auto* how = failure.state == "timedout" ? "timed out" : "failed";
    return fmt::format("{} {}{}", failure.task, how, because);
  }
  const auto& step = failure.step;
  // Only its runner knows whether a step was silent or ran for too long, and says so.
  if (step.state == StepState::timedout && !failure.message.empty()) {
    return fmt::format("{}: {}", failure.task, failure.message);
  }
  const auto how = step.state == StepState::timedout ? " timed out"
                   : step.exit_code ? fmt::format(" failed with exit code {}", *step.exit_code)
                                    : " failed";
  return fmt::format("{}: step '{}'{}{}", failure.task, step_name(step.name), how, because);
}

std::vector<std::string> list_pipelines(const protocol::PipelineList& list, WallTime now) {
  std::vector<std::vector<std::string>> rows{
      {"NUMBER", "STATE", "AGE", "PROJECT", "BRANCH", "COMMIT", "SUBJECT"}};
  for (const auto& item : list.items) {
    rows.push_back({std::to_string(item.number), item.state, humanize(now - item.created_at),
                    item.project, item.branch, item.revision.substr(0, 8), item.subject});
  }
  return table(rows);
}

}  // namespace muster::client
