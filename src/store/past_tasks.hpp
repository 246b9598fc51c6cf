#pragma once

// The tasks of a server's history, for whoever studies them: read beside the server, which may be
// at work. Nothing is written.

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"

namespace muster::store {

// Of the latest attempt, if it was queued several times.
struct TaskTimes {
  std::string resource_class;
  std::optional<WallTime> queued_at;   // nothing: an earlier job was not over
  std::optional<WallTime> started_at;  // nothing: it has not run
  std::optional<WallTime> ended_at;    // nothing: it has not ended
};

// Each of the muster.db of a data directory, in any order. Ends with the first error of `visit`.
Result<void> each_task(const std::filesystem::path& data_directory,
                       const std::function<Result<void>(const TaskTimes&)>& visit);

}  // namespace muster::store
