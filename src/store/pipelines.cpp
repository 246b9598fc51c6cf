#include "store/pipelines.hpp"

#include <fmt/core.h>

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "protocol/json.hpp"

namespace muster::store {
namespace {

// What a person sees of a pipeline or workflow: it runs until nothing in it can change.
std::string overall(std::span<const TaskState> states) {
  const auto state = combine(states);
  if (!is_final(state)) return "running";
  const bool stopped = state == TaskState::success || state == TaskState::canceled;
  return std::string(stopped ? to_string(state) : "failed");
}

// The words of a finished or running step, as protocol::StepState orders them.
protocol::StepState step_state(std::string_view word) {
  if (word == "success") return protocol::StepState::success;
  if (word == "failed") return protocol::StepState::failed;
  if (word == "canceled") return protocol::StepState::canceled;
  if (word == "timedout") return protocol::StepState::timedout;
  if (word == "background") return protocol::StepState::background;
  return protocol::StepState::running;
}

}  // namespace

// --- In -------------------------------------------------------------------------------------

protocol::PipelineCreated Pipelines::create(const protocol::SubmitPipeline& submission,
                                            const pipeline::Config& config, WallTime now) {
  const auto id = new_uuid();
  db_->execute(
      "INSERT INTO pipeline (id, project, branch, revision, source_sha256, subject, created_at) "
      "VALUES (?, ?, ?, ?, ?, ?, ?)",
      id, submission.project, submission.branch, submission.revision, submission.source_sha256,
      submission.subject, now);
  const auto number = db_->last_insert_id();
  std::int64_t position = 0;
  for (const auto& workflow : config.workflows) add_workflow(id, position++, workflow, config);

  std::vector<std::string> workflow_ids;
  for (auto rows =
           db_->query("SELECT id FROM workflow WHERE pipeline_id = ? ORDER BY position", id);
       rows.next();) {
    workflow_ids.push_back(rows.text(0));
  }
  for (const auto& workflow_id : workflow_ids) queue_->advance(workflow_id, now);
  return protocol::PipelineCreated{id, number, "created", now};
}

void Pipelines::add_workflow(const std::string& pipeline_id, std::int64_t position,
                             const pipeline::Workflow& workflow, const pipeline::Config& config) {
  const auto workflow_id = new_uuid();
  db_->execute("INSERT INTO workflow VALUES (?, ?, ?, ?)", workflow_id, pipeline_id, position,
               workflow.name);
  std::map<std::string, std::string> job_ids;
  std::int64_t job_position = 0;
  for (const auto& place : workflow.jobs) {
    job_ids[place.name] = add_job(workflow_id, job_position++, place, config.jobs.at(place.job));
  }
  for (const auto& place : workflow.jobs) {
    for (const auto& required : place.requires_jobs) {
      db_->execute("INSERT OR IGNORE INTO requirement VALUES (?, ?)", job_ids.at(place.name),
                   job_ids.at(required));
    }
  }
}

std::string Pipelines::add_job(const std::string& workflow_id, std::int64_t position,
                               const pipeline::WorkflowJob& place, const pipeline::Job& job) {
  auto id = new_uuid();
  db_->execute("INSERT INTO job (id, workflow_id, position, name, spec) VALUES (?, ?, ?, ?, ?)", id,
               workflow_id, position, place.name, protocol::to_json(job));
  for (int slice = 0; slice < job.parallelism; ++slice) {
    db_->execute(
        "INSERT INTO task (id, job_id, slice, resource_class, state) VALUES (?, ?, ?, ?, ?)",
        new_uuid(), id, slice, job.resource_class, to_string(TaskState::blocked));
  }
  return id;
}

bool Pipelines::cancel(const std::string& id, WallTime now) {
  std::vector<std::string> task_ids;
  for (auto rows = db_->query(
           "SELECT task.id FROM task JOIN job ON job.id = task.job_id "
           "JOIN workflow ON workflow.id = job.workflow_id WHERE workflow.pipeline_id = ?",
           id);
       rows.next();) {
    task_ids.push_back(rows.text(0));
  }
  bool canceled = false;
  for (const auto& task_id : task_ids) {
    if (queue_->cancel_task(task_id, now)) canceled = true;
  }
  return canceled;
}

// --- Out ------------------------------------------------------------------------------------

std::optional<std::string> Pipelines::find(const std::string& id_or_number) {
  auto rows = db_->query("SELECT id FROM pipeline WHERE id = ?1 OR number = ?2", id_or_number,
                         parse_int(id_or_number).value_or(-1));
  return rows.next() ? std::optional(rows.text(0)) : std::nullopt;
}

protocol::PipelineStatus Pipelines::status(const std::string& id) {
  protocol::PipelineStatus status;
  {
    auto rows = db_->query(
        "SELECT number, project, branch, revision, subject, created_at FROM pipeline WHERE id = ?",
        id);
    rows.next();
    status.id = id;
    status.number = rows.integer(0);
    status.project = rows.text(1);
    status.branch = rows.text(2);
    status.revision = rows.text(3);
    status.subject = rows.text(4);
    status.created_at = rows.time(5);
  }
  status.workflows = workflows(id);
  status.state = overall(task_states(id));
  return status;
}

protocol::PipelineStatus Pipelines::foreseen_status(const std::string& id, WallTime now) {
  auto foreseen = status(id);
  for (auto& workflow : foreseen.workflows) {
    for (auto& job : workflow.jobs) {
      if (task_state(job.state) != TaskState::blocked) continue;
      job.expected_at = queue_->foresight().queued_at(job.id, now);
    }
  }
  return foreseen;
}

std::vector<protocol::WorkflowStatus> Pipelines::workflows(const std::string& pipeline_id) {
  std::vector<protocol::WorkflowStatus> items;
  for (auto rows = db_->query(
           "SELECT id, name FROM workflow WHERE pipeline_id = ? ORDER BY position", pipeline_id);
       rows.next();) {
    items.push_back({rows.text(0), rows.text(1), "", {}});
  }
  for (auto& item : items) {
    item.jobs = jobs(item.id);
    std::vector<TaskState> states;
    for (const auto& job : item.jobs) states.push_back(task_state(job.state));
    item.state = overall(states);
  }
  return items;
}

std::vector<protocol::JobStatus> Pipelines::jobs(const std::string& workflow_id) {
  std::vector<protocol::JobStatus> items;
  for (auto rows = db_->query(
           "SELECT job.id, job.number, job.name, json_extract(job.spec, '$.resource_class') "
           "FROM job WHERE workflow_id = ? ORDER BY position",
           workflow_id);
       rows.next();) {
    items.push_back({rows.text(0), rows.integer(1), rows.text(2), "", rows.text(3), {}, {}});
  }
  for (auto& item : items) {
    item.requires_jobs = requirements(item.id);
    item.tasks = tasks(item.id);
    std::vector<TaskState> states;
    for (const auto& task : item.tasks) states.push_back(task_state(task.state));
    item.state = to_string(combine(states));
  }
  return items;
}

std::vector<std::string> Pipelines::requirements(const std::string& job_id) {
  std::vector<std::string> names;
  for (auto rows = db_->query("SELECT job.name FROM requirement JOIN job ON job.id = required_id "
                              "WHERE job_id = ? ORDER BY job.position",
                              job_id);
       rows.next();) {
    names.push_back(rows.text(0));
  }
  return names;
}

std::vector<protocol::TaskStatus> Pipelines::tasks(const std::string& job_id) {
  std::vector<protocol::TaskStatus> items;
  for (auto rows = db_->query(
           "SELECT id, slice, state, attempt, runner, message, queued_at, started_at, ended_at "
           "FROM task WHERE job_id = ? ORDER BY slice",
           job_id);
       rows.next();) {
    items.push_back({.id = rows.text(0),
                     .index = rows.integer(1),
                     .state = rows.text(2),
                     .attempt = rows.integer(3),
                     .runner = rows.text(4),
                     .message = rows.text(5),
                     .queued_at = rows.optional_time(6),
                     .started_at = rows.optional_time(7),
                     .ended_at = rows.optional_time(8)});
  }
  for (auto& item : items) item.steps = steps(item.id, item.attempt);
  return items;
}

std::vector<protocol::StepStatus> Pipelines::steps(const std::string& task_id,
                                                   std::int64_t attempt) {
  std::vector<protocol::StepStatus> items;
  for (auto rows = db_->query("SELECT position, name, state, exit_code, started_at, ended_at "
                              "FROM step WHERE task_id = ? AND attempt = ? ORDER BY position",
                              task_id, attempt);
       rows.next();) {
    const auto size = outputs_->size({task_id, attempt, rows.integer(0)});
    items.push_back({.index = rows.integer(0),
                     .name = rows.text(1),
                     .state = step_state(rows.text(2)),
                     .exit_code = rows.optional_integer(3),
                     .started_at = rows.optional_time(4),
                     .ended_at = rows.optional_time(5),
                     .output_size = static_cast<std::int64_t>(size)});
  }
  return items;
}

std::optional<Pipelines::TaskPlace> Pipelines::place(const std::string& task_id) {
  TaskPlace place;
  std::int64_t attempt = 0;
  {
    auto rows = db_->query(
        "SELECT pipeline.number, job.name, task.slice, task.attempt FROM task "
        "JOIN job ON job.id = task.job_id JOIN workflow ON workflow.id = job.workflow_id "
        "JOIN pipeline ON pipeline.id = workflow.pipeline_id WHERE task.id = ?",
        task_id);
    if (!rows.next()) return std::nullopt;
    place.pipeline_number = rows.integer(0);
    place.job = rows.text(1);
    place.slice = rows.integer(2);
    attempt = rows.integer(3);
  }
  place.steps = steps(task_id, attempt);
  return place;
}

std::optional<Pipelines::Ending> Pipelines::ending(const std::string& id) {
  const auto state = overall(task_states(id));
  auto rows = db_->query("SELECT number FROM pipeline WHERE id = ?", id);
  if (state == "running" || !rows.next()) return std::nullopt;
  return Ending{rows.integer(0), state};
}

std::vector<protocol::PipelineItem> Pipelines::newest(std::int64_t limit) {
  std::vector<protocol::PipelineItem> items;
  for (auto rows = db_->query(
           "SELECT id, number, project, branch, revision, subject, created_at FROM pipeline "
           "ORDER BY number DESC LIMIT ?",
           limit);
       rows.next();) {
    items.push_back({rows.text(0), rows.integer(1), "", rows.text(2), rows.text(3), rows.text(4),
                     rows.text(5), rows.time(6)});
  }
  for (auto& item : items) item.state = overall(task_states(item.id));
  return items;
}

std::vector<TaskState> Pipelines::task_states(const std::string& pipeline_id) {
  std::vector<TaskState> states;
  for (auto rows = db_->query(
           "SELECT DISTINCT task.state FROM task JOIN job ON job.id = task.job_id "
           "JOIN workflow ON workflow.id = job.workflow_id WHERE workflow.pipeline_id = ? "
           "AND NOT EXISTS (SELECT 1 FROM workflow AS later WHERE later.pipeline_id = "
           "workflow.pipeline_id AND later.name = workflow.name AND "
           "later.position > workflow.position)",
           pipeline_id);
       rows.next();) {
    states.push_back(task_state(rows.text(0)));
  }
  return states;
}

}  // namespace muster::store
