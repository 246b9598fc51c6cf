#pragma once

// What is on disk of one local instance: DIRECTORY/instance.json, written whole or not at all.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "process/child.hpp"

namespace muster::capacity {

struct InstanceRecord {
  std::string id;
  std::string resource_class;
  WallTime launched_at{};
  bool single_task = true;
  bool draining = false;  // it was asked to end, or is about to be: never ask again
  std::vector<process::Identity> processes;  // of its agents; none until they have been started

  friend bool operator==(const InstanceRecord&, const InstanceRecord&) = default;
};

Result<void> write_record(const std::filesystem::path& directory, const InstanceRecord& record);
Result<InstanceRecord> read_record(const std::filesystem::path& directory);

// The directories below `instances`, by name. One that holds no record at all is what is left of
// a launch that never began or a removal that never finished.
struct FoundInstance {
  std::filesystem::path directory;
  std::optional<Result<InstanceRecord>> record;
};
Result<std::vector<FoundInstance>> find_instances(const std::filesystem::path& instances);

// Whether any process that the record names still runs.
bool is_alive(const InstanceRecord& record);

}  // namespace muster::capacity
