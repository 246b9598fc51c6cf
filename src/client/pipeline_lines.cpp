// A pipeline line by line, as it changes. See pipeline_view.hpp.

#include <map>

#include <fmt/format.h>

#include "client/pipeline_view.hpp"
#include "client/pipeline_words.hpp"

namespace muster::client {

using protocol::JobStatus;
using protocol::PipelineStatus;
using protocol::TaskStatus;
using protocol::WorkflowStatus;

namespace {

struct Entry {
  std::string id;
  std::string name;
  std::string state;
  std::string detail;
  std::int64_t attempt = 0;
  bool shown = true;
};

Entry entry_of(const JobStatus& job, const std::string& name, const TaskStatus& task) {
  // Of a slice that nobody has claimed yet, the job's own line says it all.
  const bool shown = job.tasks.size() == 1 || task.attempt > 0;
  return {task.id, task_name(name, job, task), task.state, detail(task), task.attempt, shown};
}

// Jobs and tasks in their order; a job with one task is that task. That a job with several runs is
// what its slices say.
std::vector<Entry> entries(const PipelineStatus& status) {
  std::vector<Entry> all;
  each_job(status, [&](const WorkflowStatus&, const JobStatus& job, const std::string& name) {
    for (const auto& task : job.tasks) all.push_back(entry_of(job, name, task));
    if (job.tasks.size() == 1) return;
    const auto slices = job.tasks.empty() ? "" : fmt::format("{} slices", job.tasks.size());
    all.push_back({job.id, name, job.state, slices, 0, job.state != "running"});
  });
  all.push_back({status.id, fmt::format("pipeline {}", status.number), status.state, ""});
  return all;
}

// The same for every line about this pipeline; a longer name takes the room that it needs.
std::size_t name_width(const PipelineStatus& status) {
  constexpr std::size_t kWidest = 40;
  std::size_t width = 0;
  for (const auto& entry : entries(status)) width = std::max(width, columns(entry.name));
  return std::min(width, kWidest);
}

}  // namespace

std::vector<std::string> changes(const PipelineStatus* before, const PipelineStatus& after,
                                 WallTime now) {
  std::map<std::string, Entry> known;
  if (before != nullptr) {
    for (const auto& entry : entries(*before)) known[entry.id] = entry;
  }
  const auto width = name_width(after);
  const auto states = state_width(after);
  std::vector<std::string> lines;
  for (const auto& entry : entries(after)) {
    const auto found = known.find(entry.id);
    const bool same = found != known.end() && found->second.state == entry.state &&
                      found->second.attempt == entry.attempt;
    if (same || !entry.shown) continue;
    const auto line =
        fmt::format("[{:>10}]  {}  {}  {}", humanize(now - after.created_at),
                    padded(entry.name, width), padded(whole(entry.state), states), entry.detail);
    lines.emplace_back(line.substr(0, line.find_last_not_of(' ') + 1));
  }
  return lines;
}

}  // namespace muster::client
