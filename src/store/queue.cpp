#include "store/queue.hpp"

#include <stdexcept>

#include <fmt/core.h>

#include "base/log.hpp"
#include "base/text.hpp"
#include "protocol/json.hpp"
#include "store/progress.hpp"

namespace muster::store {
namespace {

// A retry comes within seconds; an agent that was away asks within its lease.
constexpr auto kClaimsKeptFor = std::chrono::hours(24);
constexpr std::size_t kLongestRequestId = 100;

TaskEvent event_of(protocol::TaskResult result) {
  switch (result) {
    case protocol::TaskResult::success:
      return TaskEvent::succeeded;
    case protocol::TaskResult::failed:
      return TaskEvent::failed;
    case protocol::TaskResult::canceled:
      return TaskEvent::canceled;
    case protocol::TaskResult::timedout:
      return TaskEvent::timed_out;
    case protocol::TaskResult::infrastructure_fail:
      return TaskEvent::infrastructure_failed;
  }
  return TaskEvent::infrastructure_failed;
}

// Never negative: the clock may have been set meanwhile.
Millis since(std::optional<WallTime> begin, WallTime now) {
  return begin ? std::max(now - *begin, Millis(0)) : Millis(0);
}

Error stale(const std::string& why) {
  return {ErrorKind::conflict, fmt::format("this attempt is over: {}", why)};
}

}  // namespace

// --- Claims ---------------------------------------------------------------------------------

Result<std::optional<protocol::ClaimedTask>> Queue::claim(const std::string& resource_class,
                                                          const protocol::ClaimRequest& request,
                                                          const Now& now) {
  if (request.request_id.empty() || request.request_id.size() > kLongestRequestId) {
    return Error{ErrorKind::invalid,
                 fmt::format("request_id has 1 to {} bytes", kLongestRequestId)};
  }
  {
    auto rows =
        db_->query("SELECT task_id, attempt FROM claim WHERE request_id = ?", request.request_id);
    if (rows.next()) {
      if (rows.is_null(0)) return Error{ErrorKind::conflict, "this claim was withdrawn"};
      return answer_again(resource_class, {rows.text(0), rows.integer(1)});
    }
  }
  const auto task_id = first_queued(resource_class);
  if (!task_id || runners_->is_leaving(resource_class, request.name)) return std::nullopt;
  auto given = give(*task_id, request.name, now);
  if (!given) return given.error();
  db_->execute("INSERT INTO claim VALUES (?, ?, ?, ?, ?)", request.request_id, resource_class,
               given->task_id, given->attempt, now.wall);
  return *std::move(given);
}

Result<std::optional<protocol::ClaimedTask>> Queue::withdraw(const std::string& resource_class,
                                                             const std::string& request_id,
                                                             const Now& now) {
  if (request_id.empty() || request_id.size() > kLongestRequestId) {
    return Error{ErrorKind::invalid,
                 fmt::format("request_id has 1 to {} bytes", kLongestRequestId)};
  }
  std::optional<Attempt> given;
  {
    auto rows = db_->query("SELECT task_id, attempt FROM claim WHERE request_id = ?", request_id);
    if (rows.next()) {
      if (rows.is_null(0)) return std::nullopt;
      given = Attempt{rows.text(0), rows.integer(1)};
    }
  }
  if (given) return answer_again(resource_class, *given);
  db_->execute("INSERT INTO claim VALUES (?, ?, ?, ?, ?)", request_id, resource_class, std::nullopt,
               std::nullopt, now.wall);
  return std::nullopt;
}

Result<std::optional<protocol::ClaimedTask>> Queue::answer_again(const std::string& resource_class,
                                                                 const Attempt& given) {
  const auto task = load(given.task_id);
  if (!task || task->resource_class != resource_class) {
    return Error{ErrorKind::conflict, "this request id was used by another resource class"};
  }
  if (auto live = check_live(given); !live) return live.error();
  return describe(given);
}

std::optional<std::string> Queue::first_queued(const std::string& resource_class) {
  auto rows = db_->query(
      "SELECT id FROM task WHERE state = 'queued' AND resource_class = ? "
      "ORDER BY queue_position LIMIT 1",
      resource_class);
  return rows.next() ? std::optional(rows.text(0)) : std::nullopt;
}

Result<protocol::ClaimedTask> Queue::give(const std::string& task_id, const std::string& runner,
                                          const Now& now) {
  auto task = *load(task_id);
  const Attempt attempt{task_id, task.attempt + 1};
  db_->execute(
      "UPDATE task SET attempt = ?, runner = ?, lease_until = ?, started_at = ? "
      "WHERE id = ?",
      attempt.number, runner, (now.service + lease_).count(), now.wall, task_id);
  transition(task, TaskEvent::claimed, "", now.wall);
  for (auto& behind : foresight_.classes_behind(task.job_id)) {
    changes_->demand.insert(std::move(behind));
  }
  runners_->claimed(task.resource_class, runner, now.wall);
  return describe(attempt);
}

protocol::ClaimedTask Queue::describe(const Attempt& attempt) {
  auto rows = db_->query(
      "SELECT task.resource_class, pipeline.id, pipeline.number, workflow.id, workflow.name, "
      "job.id, job.number, task.slice, pipeline.project, pipeline.branch, pipeline.revision, "
      "pipeline.source_sha256, job.spec FROM task JOIN job ON job.id = task.job_id "
      "JOIN workflow ON workflow.id = job.workflow_id "
      "JOIN pipeline ON pipeline.id = workflow.pipeline_id WHERE task.id = ?",
      attempt.task_id);
  if (!rows.next()) throw std::logic_error("a claimed task is not in the database");
  auto job = protocol::from_json<pipeline::Job>(rows.text(12));
  if (!job) throw std::logic_error("a job in the database: " + job.error().message);
  return {.task_id = attempt.task_id,
          .attempt = attempt.number,
          .token = task_tokens_.token_for(attempt),
          .lease_ms = lease_.count(),
          .ends_with_lease = max_requeues(rows.text(0)) > 0,
          .resource_class = rows.text(0),
          .pipeline_id = rows.text(1),
          .pipeline_number = rows.integer(2),
          .workflow_id = rows.text(3),
          .workflow_name = rows.text(4),
          .job_id = rows.text(5),
          .job_number = rows.integer(6),
          .index = rows.integer(7),
          .project = rows.text(8),
          .branch = rows.text(9),
          .revision = rows.text(10),
          .source_sha256 = rows.text(11),
          .job = *std::move(job)};
}

// Not that of a running task, however old it seems: the clock may have jumped just now, and a retry
// that is not known takes another task.
void Queue::forget_old_claims(WallTime now) {
  db_->execute(
      "DELETE FROM claim WHERE answered_at < ? AND NOT EXISTS (SELECT 1 FROM task WHERE "
      "task.id = claim.task_id AND task.attempt = claim.attempt AND task.state = 'running')",
      now - kClaimsKeptFor);
}

// --- Attempts -------------------------------------------------------------------------------

bool Queue::may_be_heard(const Attempt& attempt, WallTime now) {
  constexpr auto kHeardAfterEnd = std::chrono::hours(1);
  return db_
      ->query(
          "SELECT 1 FROM task WHERE id = ? AND attempt >= ? AND "
          "(ended_at IS NULL OR ended_at > ?)",
          attempt.task_id, attempt.number, now - kHeardAfterEnd)
      .next();
}

Result<void> Queue::check_live(const Attempt& attempt) {
  const auto task = load(attempt.task_id);
  if (!task) return Error{ErrorKind::not_found, "not found"};
  if (task->attempt != attempt.number) {
    return stale(fmt::format("the task is at attempt {}", task->attempt));
  }
  if (task->state != TaskState::running) {
    return stale(fmt::format("the task is {}", to_string(task->state)));
  }
  return ok();
}

Result<void> Queue::renew_lease(const Attempt& attempt, const Now& now) {
  if (auto live = check_live(attempt); !live) return live;
  db_->execute("UPDATE task SET lease_until = ? WHERE id = ?", (now.service + lease_).count(),
               attempt.task_id);
  const auto task = *load(attempt.task_id);
  runners_->heard(task.resource_class, task.runner, now.wall);
  return ok();
}

bool Queue::is_cancel_requested(const Attempt& attempt) {
  const auto task = load(attempt.task_id);
  return task && task->cancel_requested;
}

Result<void> Queue::check_step(const Attempt& attempt, std::int64_t position) {
  if (auto live = check_live(attempt); !live) return live.error();
  if (position >= 0 && position < steps_.declared(load(attempt.task_id)->job_id)) return ok();
  return Error{ErrorKind::not_found, fmt::format("the job has no step {}", position)};
}

Result<void> Queue::update_step(const Attempt& attempt, std::int64_t position,
                                const protocol::StepUpdate& update, WallTime now) {
  if (auto good = check_step(attempt, position); !good) return good;
  const bool is_first = !steps_.has_any(attempt);
  if (auto done = steps_.update(attempt, position, update); !done) return done;
  const auto task = *load(attempt.task_id);
  runners_->heard(task.resource_class, task.runner, now);
  changes_->pipelines.insert(task.pipeline_id);
  changes_->outputs.insert(attempt.task_id);
  if (is_first) {
    changes_->milestones.push_back(
        {Milestone::What::first_step, task.resource_class, since(task.started_at, now)});
  }
  return ok();
}

void Queue::output_grew(const Attempt& attempt, std::uint64_t bytes, bool is_first, WallTime now) {
  changes_->outputs.insert(attempt.task_id);
  changes_->output_bytes += bytes;
  if (!is_first) return;
  const auto task = *load(attempt.task_id);
  changes_->milestones.push_back(
      {Milestone::What::first_output, task.resource_class, since(task.started_at, now)});
}

Result<void> Queue::finish(const Attempt& attempt, const protocol::FinishRequest& request,
                           WallTime now) {
  const auto task = load(attempt.task_id);
  if (!task) return Error{ErrorKind::not_found, "not found"};
  const auto event = event_of(request.result);
  const bool infrastructure = event == TaskEvent::infrastructure_failed;
  const bool ended = is_final(task->state) && next(TaskState::running, event) == task->state;
  const bool queued_again = task->state == TaskState::queued && infrastructure;
  const bool repeated = task->attempt == attempt.number && (ended || queued_again);
  if (repeated) return ok();
  if (auto live = check_live(attempt); !live) return live.error();
  if (const auto& last = request.last_step) {
    if (auto done = update_step(attempt, last->index, last->update, now); !done) return done;
  }
  runners_->heard(task->resource_class, task->runner, now);
  const auto message = printable(request.message, 1000);
  if (steps_.end_open(attempt, now)) changes_->outputs.insert(attempt.task_id);
  if (infrastructure && may_run_again(*task)) {
    queue_again(*task, message, now);
  } else {
    transition(*task, event, message, now);
    advance_behind(*task, now);
  }
  return ok();
}

// What its runner could not do another may, as after a lapsed lease. The work has ended: an agent
// says that it has failed when nothing of the job lives any more.
void Queue::queue_again(const Task& task, const std::string& why, WallTime now) {
  transition(
      task, TaskEvent::requeued,
      fmt::format("{} (attempt {} on {}; queued again)",
                  why.empty() ? "the runner could not run it" : why, task.attempt, task.runner),
      now);
}

std::optional<Queue::LatestAttempt> Queue::latest_attempt(const std::string& task_id) {
  const auto task = load(task_id);
  if (!task) return std::nullopt;
  return LatestAttempt{{task_id, task->attempt}, task->state, task->runner};
}

bool Queue::has_step(const LatestAttempt& latest, std::int64_t position) {
  const auto task = load(latest.attempt.task_id);
  return task && position >= 0 && position <= steps_.declared(task->job_id);
}

bool Queue::has_step_ended(const LatestAttempt& latest, std::int64_t position) {
  return is_final(latest.state) || steps_.has_ended(latest.attempt, position);
}

std::string Queue::source_of(const Attempt& attempt) {
  return describe(attempt).source_sha256;
}

// --- Leases ---------------------------------------------------------------------------------

void Queue::end_lapsed(const Now& now) {
  std::vector<std::string> lapsed;
  for (auto rows = db_->query("SELECT id FROM task WHERE state = 'running' AND lease_until <= ?",
                              now.service.count());
       rows.next();) {
    lapsed.push_back(rows.text(0));
  }
  for (const auto& id : lapsed) end_lapsed(*load(id), now.wall);
}

void Queue::end_lapsed(const Task& task, WallTime now) {
  const bool again = may_run_again(task);
  changes_->after_commit.emplace_back([task, again] {
    log::warn("lease lapsed", {{"task", task.id},
                               {"attempt", std::to_string(task.attempt)},
                               {"runner", task.runner},
                               {"queued_again", again ? "yes" : "no"}});
  });
  steps_.note(task.latest(), task.job_id, lapse_in_words(task), now);
  changes_->outputs.insert(task.id);
  transition(task, again ? TaskEvent::requeued : TaskEvent::infrastructure_failed,
             lapse_in_words(task), now);
  if (!again) advance_behind(task, now);
}

std::string Queue::lapse_in_words(const Task& task) {
  return fmt::format("Lost contact with runner {}: no heartbeat for {} (attempt {}{})", task.runner,
                     humanize(lease_), task.attempt, may_run_again(task) ? "; queued again" : "");
}

void Queue::take_back_notes_of_before() {
  std::vector<std::string> running;
  for (auto rows = db_->query("SELECT id FROM task WHERE state = 'running'"); rows.next();) {
    running.push_back(rows.text(0));
  }
  for (const auto& id : running) {
    const auto task = *load(id);
    steps_.take_back_note(task.latest(), task.job_id, lapse_in_words(task));
  }
}

bool Queue::may_run_again(const Task& task) {
  return !task.cancel_requested && task.attempt <= max_requeues(task.resource_class);
}

std::int64_t Queue::max_requeues(const std::string& resource_class) {
  auto rows = db_->query("SELECT max_requeues FROM resource_class WHERE name = ?", resource_class);
  return rows.next() ? rows.integer(0) : 0;
}

// --- States ---------------------------------------------------------------------------------

std::optional<Queue::Task> Queue::load(const std::string& task_id) {
  auto rows = db_->query(
      "SELECT task.job_id, job.workflow_id, workflow.pipeline_id, task.resource_class, "
      "task.runner, task.state, task.attempt, task.cancel_requested, task.queued_at, "
      "task.started_at FROM task "
      "JOIN job ON job.id = task.job_id JOIN workflow ON workflow.id = job.workflow_id "
      "WHERE task.id = ?",
      task_id);
  if (!rows.next()) return std::nullopt;
  return Task{task_id,
              rows.text(0),
              rows.text(1),
              rows.text(2),
              rows.text(3),
              rows.text(4),
              task_state(rows.text(5)),
              rows.integer(6),
              rows.boolean(7),
              rows.optional_time(8),
              rows.optional_time(9)};
}

void Queue::transition(const Task& task, TaskEvent event, const std::string& message,
                       WallTime now) {
  const auto state = next(task.state, event);
  if (!state) {
    throw std::logic_error(fmt::format("task {} is {} and cannot be {}", task.id,
                                       to_string(task.state), to_string(event)));
  }
  db_->execute("UPDATE task SET state = ?1, message = iif(?2 = '', message, ?2) WHERE id = ?3",
               to_string(*state), message, task.id);
  if (*state == TaskState::queued) enqueue(task, now);
  if (is_final(*state)) {
    db_->execute("UPDATE task SET ended_at = ?, lease_until = NULL WHERE id = ?", now, task.id);
    changes_->outputs.insert(task.id);
    if (is_decided(task.job_id)) changes_->perhaps_ended.insert(task.pipeline_id);
  }
  changes_->pipelines.insert(task.pipeline_id);
  changes_->demand.insert(task.resource_class);
  note_milestone(task, event, *state, now);
}

void Queue::note_milestone(const Task& task, TaskEvent event, TaskState state, WallTime now) {
  using What = Milestone::What;
  auto& milestones = changes_->milestones;
  if (event == TaskEvent::claimed) {
    milestones.push_back({What::claimed, task.resource_class, since(task.queued_at, now), state});
  } else if (event == TaskEvent::requeued) {
    milestones.push_back({What::requeued, task.resource_class});
  } else if (is_final(state)) {
    milestones.push_back({What::ended, task.resource_class, {}, state});
  }
}

// A task that is queued again keeps its place in front of those that came after it.
void Queue::enqueue(const Task& task, WallTime now) {
  db_->execute(
      "UPDATE task SET queued_at = ?, started_at = NULL, runner = '', lease_until = NULL, "
      "queue_position = coalesce(queue_position, "
      "(SELECT coalesce(max(queue_position), 0) + 1 FROM task)) WHERE id = ?",
      now, task.id);
  ++changes_->queued[task.resource_class];
}

// Its tasks have all ended. They begin in the order of their slices, so that one which has not is
// found soon from behind.
bool Queue::is_decided(const std::string& job_id) {
  return !db_->query(
                 "SELECT 1 FROM task WHERE job_id = ? AND state IN ('blocked', 'queued', "
                 "'running') ORDER BY slice DESC LIMIT 1",
                 job_id)
              .next();
}

// After the end of a task.
void Queue::advance_behind(const Task& task, WallTime now) {
  if (is_decided(task.job_id)) advance(task.workflow_id, now);
}

void Queue::advance(const std::string& workflow_id, WallTime now) {
  struct Job {
    std::string id;
    std::vector<std::string> tasks;
    std::vector<TaskState> states;
  };
  std::vector<Job> jobs;
  std::map<std::string, std::size_t> index;
  for (auto rows = db_->query(
           "SELECT job.id, task.id, task.state FROM job JOIN task ON task.job_id = job.id "
           "WHERE job.workflow_id = ? ORDER BY job.position, task.slice",
           workflow_id);
       rows.next();) {
    if (index.try_emplace(rows.text(0), jobs.size()).second) jobs.push_back({rows.text(0), {}, {}});
    jobs.back().tasks.push_back(rows.text(1));
    jobs.back().states.push_back(task_state(rows.text(2)));
  }
  std::vector<JobProgress> progress;
  progress.reserve(jobs.size());
  for (const auto& job : jobs) progress.push_back({combine(job.states), {}});
  for (auto rows =
           db_->query("SELECT job_id, required_id FROM requirement JOIN job ON job.id = job_id "
                      "WHERE job.workflow_id = ?",
                      workflow_id);
       rows.next();) {
    progress[index.at(rows.text(0))].requirements.push_back(index.at(rows.text(1)));
  }
  const auto apply = [&](const std::vector<std::size_t>& which, TaskEvent event) {
    for (const auto i : which) {
      for (const auto& task : jobs[i].tasks) transition(*load(task), event, "", now);
    }
  };
  const auto next = next_jobs(progress);
  apply(next.release, TaskEvent::released);
  apply(next.skip, TaskEvent::skipped);
}

bool Queue::cancel_task(const std::string& task_id, WallTime now) {
  const auto task = load(task_id);
  if (!task || is_final(task->state)) return false;
  if (task->state != TaskState::running) {
    transition(*task, TaskEvent::canceled, "", now);
    return true;
  }
  db_->execute("UPDATE task SET cancel_requested = 1 WHERE id = ?", task_id);
  changes_->canceled_tasks.insert(task_id);
  return !task->cancel_requested;
}

// --- Demand ---------------------------------------------------------------------------------

std::int64_t Queue::unclaimed(const std::string& resource_class) {
  auto rows = db_->query("SELECT count(*) FROM task WHERE state = 'queued' AND resource_class = ?",
                         resource_class);
  rows.next();
  return rows.integer(0);
}

std::int64_t Queue::running(const std::string& resource_class) {
  auto rows = db_->query("SELECT count(*) FROM task WHERE state = 'running' AND resource_class = ?",
                         resource_class);
  rows.next();
  return rows.integer(0);
}

bool Queue::is_anything_running() {
  return db_->query("SELECT 1 FROM task WHERE state = 'running' LIMIT 1").next();
}

bool Queue::queued_at_least(std::int64_t count) {
  auto rows =
      db_->query("SELECT count(*) FROM (SELECT 1 FROM task WHERE state = 'queued' LIMIT ?)", count);
  rows.next();
  return rows.integer(0) >= count;
}

std::map<std::string, Queue::Census> Queue::census() {
  std::map<std::string, Census> classes;
  for (auto rows = db_->query("SELECT resource_class, count(*), count(DISTINCT runner) FROM task "
                              "WHERE state = 'running' GROUP BY resource_class");
       rows.next();) {
    auto& counted = classes[rows.text(0)];
    counted.running = rows.integer(1);
    counted.busy_runners = rows.integer(2);
  }
  for (auto rows = db_->query("SELECT resource_class, count(*) FROM task WHERE state = 'queued' "
                              "GROUP BY resource_class");
       rows.next();) {
    classes[rows.text(0)].queued = rows.integer(1);
  }
  for (auto& [name, counted] : classes) {
    if (counted.queued == 0) continue;
    auto rows = db_->query(
        "SELECT queued_at FROM task WHERE state = 'queued' AND "
        "resource_class = ? ORDER BY queue_position LIMIT 1",
        name);
    if (rows.next()) counted.next_queued_at = rows.optional_time(0);
  }
  return classes;
}

protocol::ClassDemand Queue::demand(const std::string& resource_class, WallTime now) {
  protocol::ClassDemand demand{.resource_class = resource_class,
                               .unclaimed = unclaimed(resource_class),
                               .running = running(resource_class)};
  {
    auto rows =
        db_->query("SELECT min(queued_at) FROM task WHERE state = 'queued' AND resource_class = ?",
                   resource_class);
    if (rows.next()) demand.oldest_queued_at = rows.optional_time(0);
  }
  demand.runners = runners_->activity(resource_class, now);
  if (auto foreseen = foresight_.of(resource_class); !foreseen.empty()) {
    demand.foreseen = std::move(foreseen);
  }
  return demand;
}

}  // namespace muster::store
