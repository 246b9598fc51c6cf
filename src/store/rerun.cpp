#include "store/rerun.hpp"

#include <map>
#include <vector>

#include <fmt/core.h>

#include "base/crypto.hpp"

namespace muster::store {
namespace {

struct PastJob {
  std::string id;
  std::vector<std::string> classes;  // of each slice
  std::vector<TaskState> states;     // likewise
};

struct PastWorkflow {
  std::string id;
  std::string name;
  std::vector<PastJob> jobs;
};

std::vector<PastJob> jobs_of(db::Database& database, const std::string& workflow_id) {
  std::vector<PastJob> jobs;
  for (auto rows = database.query(
           "SELECT job.id, task.resource_class, task.state FROM job JOIN task ON task.job_id = "
           "job.id WHERE job.workflow_id = ? ORDER BY job.position, task.slice",
           workflow_id);
       rows.next();) {
    if (jobs.empty() || jobs.back().id != rows.text(0)) jobs.push_back({rows.text(0), {}, {}});
    jobs.back().classes.push_back(rows.text(1));
    jobs.back().states.push_back(task_state(rows.text(2)));
  }
  return jobs;
}

// The latest of each name.
std::vector<PastWorkflow> latest_workflows(db::Database& database, const std::string& pipeline_id) {
  std::vector<PastWorkflow> latest;
  for (auto rows = database.query("SELECT id, name, max(position) FROM workflow WHERE pipeline_id "
                                  "= ? GROUP BY name ORDER BY 3",
                                  pipeline_id);
       rows.next();) {
    latest.push_back({rows.text(0), rows.text(1), {}});
  }
  for (auto& workflow : latest) workflow.jobs = jobs_of(database, workflow.id);
  return latest;
}

// As it was submitted: a later one of the name may have only what had failed.
std::vector<PastJob> all_jobs(db::Database& database, const std::string& pipeline_id,
                              const std::string& name) {
  auto rows = database.query(
      "SELECT id FROM workflow WHERE pipeline_id = ? AND name = ? "
      "ORDER BY position LIMIT 1",
      pipeline_id, name);
  rows.next();
  const auto first = rows.text(0);
  return jobs_of(database, first);
}

Result<std::vector<PastWorkflow>> chosen(db::Database& database, const std::string& pipeline_id,
                                         const RerunChoice& choice) {
  auto latest = latest_workflows(database, pipeline_id);
  if (!choice.workflow_id) return latest;
  std::erase_if(latest, [&](const PastWorkflow& one) { return one.id != *choice.workflow_id; });
  if (!latest.empty()) return latest;
  auto rows = database.query("SELECT name FROM workflow WHERE id = ? AND pipeline_id = ?",
                             *choice.workflow_id, pipeline_id);
  if (!rows.next()) return Error{ErrorKind::not_found, "the pipeline has no such workflow"};
  return Error{ErrorKind::conflict,
               fmt::format("workflow {} was run again since; run the latest again", rows.text(0))};
}

Result<void> check_ended(const PastWorkflow& workflow) {
  for (const auto& job : workflow.jobs) {
    if (is_final(combine(job.states))) continue;
    return Error{ErrorKind::conflict,
                 fmt::format("workflow {} still runs; cancel it first, or wait", workflow.name)};
  }
  return ok();
}

Result<void> check_classes(db::Database& database, const PastWorkflow& workflow) {
  for (const auto& job : workflow.jobs) {
    for (const auto& name : job.classes) {
      if (database.query("SELECT 1 FROM resource_class WHERE name = ?", name).next()) continue;
      return Error{ErrorKind::conflict,
                   fmt::format("there is no class {0} any more; make it with 'muster "
                               "resource-class create {0}'",
                               name)};
    }
  }
  return ok();
}

std::string copy_job(db::Database& database, const PastJob& job, const std::string& workflow_id) {
  auto id = new_uuid();
  database.execute(
      "INSERT INTO job (id, workflow_id, position, name, spec) "
      "SELECT ?, ?, position, name, spec FROM job WHERE id = ?",
      id, workflow_id, job.id);
  std::int64_t slice = 0;
  for (const auto& resource_class : job.classes) {
    database.execute(
        "INSERT INTO task (id, job_id, slice, resource_class, state) VALUES (?, ?, ?, ?, ?)",
        new_uuid(), id, slice++, resource_class, to_string(TaskState::blocked));
  }
  return id;
}

// What is required of a job that is not run again it has done.
std::string copy(db::Database& database, const PastWorkflow& workflow,
                 const std::string& pipeline_id) {
  auto id = new_uuid();
  database.execute(
      "INSERT INTO workflow SELECT ?1, ?2, max(position) + 1, ?3 FROM workflow "
      "WHERE pipeline_id = ?2",
      id, pipeline_id, workflow.name);
  std::map<std::string, std::string> copies;
  for (const auto& job : workflow.jobs) copies[job.id] = copy_job(database, job, id);
  for (const auto& [past, now] : copies) {
    std::vector<std::string> required;
    for (auto rows = database.query("SELECT required_id FROM requirement WHERE job_id = ?", past);
         rows.next();) {
      required.push_back(rows.text(0));
    }
    for (const auto& one : required) {
      const auto again = copies.find(one);
      if (again == copies.end()) continue;
      database.execute("INSERT INTO requirement VALUES (?, ?)", now, again->second);
    }
  }
  return id;
}

}  // namespace

Result<void> rerun(db::Database& database, Queue& queue, const std::string& pipeline_id,
                   const RerunChoice& choice, WallTime now) {
  auto workflows = chosen(database, pipeline_id, choice);
  if (!workflows) return workflows.error();
  for (auto& workflow : *workflows) {
    if (auto ended = check_ended(workflow); !ended) return ended;
    if (!choice.from_failed) {
      workflow.jobs = all_jobs(database, pipeline_id, workflow.name);
      continue;
    }
    std::erase_if(workflow.jobs,
                  [](const PastJob& job) { return combine(job.states) == TaskState::success; });
  }
  std::erase_if(*workflows, [](const PastWorkflow& one) { return one.jobs.empty(); });
  if (workflows->empty()) {
    return Error{ErrorKind::conflict, "no job has failed; run all of it again instead"};
  }
  for (const auto& workflow : *workflows) {
    if (auto there = check_classes(database, workflow); !there) return there;
  }
  for (const auto& workflow : *workflows) {
    queue.advance(copy(database, workflow, pipeline_id), now);
  }
  return ok();
}

}  // namespace muster::store
