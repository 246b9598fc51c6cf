#pragma once

// Pipelines: taken in whole, and told whole. Belongs to one thread, inside its transaction.

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "db/database.hpp"
#include "pipeline/model.hpp"
#include "protocol/messages.hpp"
#include "store/files.hpp"
#include "store/queue.hpp"
#include "store/rerun.hpp"

namespace muster::store {

class Pipelines {
 public:
  Pipelines(db::Database& database, Queue& queue, const OutputFiles& outputs)
      : db_(&database), queue_(&queue), outputs_(&outputs) {}

  // `config` is `submission.config`, compiled. Whether its classes exist is for the
  // caller to see. Its first jobs
  // are queued.
  protocol::PipelineCreated create(const protocol::SubmitPipeline& submission,
                                   const pipeline::Config& config, WallTime now);

  // By id or number.
  std::optional<std::string> find(const std::string& id_or_number);
  protocol::PipelineStatus status(const std::string& id);
  // With the times at which blocked jobs are expected to be queued.
  protocol::PipelineStatus foreseen_status(const std::string& id, WallTime now);
  // The pipeline's number and final state; nothing while it runs.
  struct Ending {
    std::int64_t number = 0;
    std::string state;
  };
  std::optional<Ending> ending(const std::string& id);
  std::vector<protocol::PipelineItem> newest(std::int64_t limit);

  // Where a task belongs, and the steps of its latest attempt.
  struct TaskPlace {
    std::int64_t pipeline_number = 0;
    std::string job;
    std::int64_t slice = 0;
    std::vector<protocol::StepStatus> steps;
  };
  std::optional<TaskPlace> place(const std::string& task_id);

  // See rerun.hpp.
  Result<void> rerun(const std::string& id, const RerunChoice& choice, WallTime now) {
    return store::rerun(*db_, *queue_, id, choice, now);
  }

  // Ends what is queued or blocked; asks for the end of what runs. Whether there was any that was
  // not to end already.
  bool cancel(const std::string& id, WallTime now);

 private:
  void add_workflow(const std::string& pipeline_id, std::int64_t position,
                    const pipeline::Workflow& workflow, const pipeline::Config& config);
  std::string add_job(const std::string& workflow_id, std::int64_t position,
                      const pipeline::WorkflowJob& place, const pipeline::Job& job);
  // Each that occurs, once; of the latest workflow of each name.
  std::vector<TaskState> task_states(const std::string& pipeline_id);
  std::vector<protocol::WorkflowStatus> workflows(const std::string& pipeline_id);
  std::vector<protocol::JobStatus> jobs(const std::string& workflow_id);
  std::vector<std::string> requirements(const std::string& job_id);
  std::vector<protocol::TaskStatus> tasks(const std::string& job_id);
  std::vector<protocol::StepStatus> steps(const std::string& task_id, std::int64_t attempt);

  db::Database* db_;
  Queue* queue_;
  const OutputFiles* outputs_;
};

}  // namespace muster::store
