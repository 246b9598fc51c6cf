#pragma once

// The queue: who waits, who runs what, and until when. Every change of a task's state happens
// here, by the machine of task_state.hpp. Belongs to one thread, inside its transaction.

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "db/database.hpp"
#include "protocol/messages.hpp"
#include "store/attempt.hpp"
#include "store/changes.hpp"
#include "store/files.hpp"
#include "store/foresight.hpp"
#include "store/runners.hpp"
#include "store/steps.hpp"
#include "store/task_state.hpp"
#include "store/task_tokens.hpp"

namespace muster::store {

// Milliseconds in which the server ran, over all its starts: leases are measured in it, so that
// nobody's lease ends because the server was away.
using ServiceTime = std::chrono::duration<std::int64_t, std::milli>;

struct Now {
  WallTime wall{};
  ServiceTime service{};
};

class Queue {
 public:
  Queue(db::Database& database, Runners& runners, OutputFiles& outputs, Changes& changes,
        std::string token_key, Millis lease)
      : db_(&database),
        runners_(&runners),
        changes_(&changes),
        foresight_(database),
        steps_(database, outputs),
        task_tokens_(std::move(token_key)),
        lease_(lease) {}

  Millis lease() const { return lease_; }
  Foresight& foresight() { return foresight_; }
  Steps& steps() { return steps_; }

  // The next task of the class; nothing, if there is none, or the runner was drained. Asked again
  // with the same request id it gives the same task; conflict, if that was withdrawn or its attempt
  // has ended.
  Result<std::optional<protocol::ClaimedTask>> claim(const std::string& resource_class,
                                                     const protocol::ClaimRequest& request,
                                                     const Now& now);
  // The task that the request was given, if any; if none, it never will be given one.
  Result<std::optional<protocol::ClaimedTask>> withdraw(const std::string& resource_class,
                                                        const std::string& request_id,
                                                        const Now& now);

  const TaskTokens& task_tokens() const { return task_tokens_; }
  // That its agent may still have something to say: its task has not ended, or not long ago.
  bool may_be_heard(const Attempt& attempt, WallTime now);
  // Conflict, with the reason in words, unless this attempt is the one that runs.
  Result<void> check_live(const Attempt& attempt);

  // For a live attempt.
  Result<void> renew_lease(const Attempt& attempt, const Now& now);
  bool is_cancel_requested(const Attempt& attempt);
  Result<void> update_step(const Attempt& attempt, std::int64_t position,
                           const protocol::StepUpdate& update, WallTime now);
  Result<void> check_step(const Attempt& attempt, std::int64_t position);
  // An infrastructure_fail is queued again if the class allows another attempt.
  Result<void> finish(const Attempt& attempt, const protocol::FinishRequest& request, WallTime now);
  std::string source_of(const Attempt& attempt);
  // So many bytes were added to a step's output. It is the attempt's first if no step had any.
  void output_grew(const Attempt& attempt, std::uint64_t bytes, bool is_first, WallTime now);

  struct LatestAttempt {
    Attempt attempt;
    TaskState state = TaskState::blocked;  // of the task
    std::string runner = {};               // empty: none has it
  };
  std::optional<LatestAttempt> latest_attempt(const std::string& task_id);
  // Of those that the job declares, or the one after them, which is the server's.
  bool has_step(const LatestAttempt& latest, std::int64_t position);
  // Nothing more will be added to the step's output.
  bool has_step_ended(const LatestAttempt& latest, std::int64_t position);

  // Ends or queues again every task whose lease has lapsed.
  void end_lapsed(const Now& now);
  // Output is in no transaction. If a process ended in the midst of one in which a lease lapsed,
  // the attempt lives, and its output goes on where it was: without what was noted there.
  void take_back_notes_of_before();
  void forget_old_claims(WallTime now);

  // Queues the jobs of a workflow that may start; skips those that never will.
  void advance(const std::string& workflow_id, WallTime now);
  // Whether that changes anything: it has not ended, and is not to be ended already.
  bool cancel_task(const std::string& task_id, WallTime now);

  protocol::ClassDemand demand(const std::string& resource_class, WallTime now);
  std::int64_t unclaimed(const std::string& resource_class);
  std::int64_t running(const std::string& resource_class);
  bool is_anything_running();
  bool queued_at_least(std::int64_t count);  // tasks of all classes

  // Of a class that has tasks which wait or run.
  struct Census {
    std::int64_t queued = 0;
    std::int64_t running = 0;
    std::int64_t busy_runners = 0;
    std::optional<WallTime> next_queued_at;  // of the task that is claimed next
  };
  // By class. It looks at each such task, in an index that has all it needs.
  std::map<std::string, Census> census();

 private:
  struct Task {
    std::string id, job_id, workflow_id, pipeline_id, resource_class, runner;
    TaskState state = TaskState::blocked;
    std::int64_t attempt = 0;
    bool cancel_requested = false;
    std::optional<WallTime> queued_at, started_at;
    Attempt latest() const { return {id, attempt}; }
  };
  void note_milestone(const Task& task, TaskEvent event, TaskState state, WallTime now);
  std::optional<Task> load(const std::string& task_id);
  void transition(const Task& task, TaskEvent event, const std::string& message, WallTime now);
  void enqueue(const Task& task, WallTime now);
  bool is_decided(const std::string& job_id);
  void advance_behind(const Task& task, WallTime now);
  void end_lapsed(const Task& task, WallTime now);
  std::optional<std::string> first_queued(const std::string& resource_class);
  Result<protocol::ClaimedTask> give(const std::string& task_id, const std::string& runner,
                                     const Now& now);
  Result<std::optional<protocol::ClaimedTask>> answer_again(const std::string& resource_class,
                                                            const Attempt& given);
  protocol::ClaimedTask describe(const Attempt& attempt);
  std::int64_t max_requeues(const std::string& resource_class);
  bool may_run_again(const Task& task);
  void queue_again(const Task& task, const std::string& why, WallTime now);
  std::string lapse_in_words(const Task& task);

  db::Database* db_;
  Runners* runners_;
  Changes* changes_;
  Foresight foresight_;
  Steps steps_;
  TaskTokens task_tokens_;
  Millis lease_;
};

}  // namespace muster::store
