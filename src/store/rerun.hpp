#pragma once

// Runs workflows that have ended again: each as a new workflow of the same pipeline, from the same
// source. The pipeline is then what the latest workflow of each name is.

#include <optional>
#include <string>

#include "base/result.hpp"
#include "db/database.hpp"
#include "store/queue.hpp"

namespace muster::store {

struct RerunChoice {
  std::optional<std::string> workflow_id;  // absent: the latest of each name
  bool from_failed = false;                // only the jobs that did not succeed
};

// Inside a transaction. not_found, if the pipeline has no such workflow; conflict, if one of them
// has not ended or was run again since, if nothing is left to run, or a job's class is gone.
Result<void> rerun(db::Database& database, Queue& queue, const std::string& pipeline_id,
                   const RerunChoice& choice, WallTime now);

}  // namespace muster::store
