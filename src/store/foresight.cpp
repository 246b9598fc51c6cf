#include "store/foresight.hpp"

#include <algorithm>

#include "store/task_state.hpp"

namespace muster::store {

namespace {

constexpr std::size_t kMostRemembered = 10'000;
// The past of a job: so many of its latest runs, and none of before so many pipelines.
constexpr std::int64_t kPipelinesSearched = 1'000;
constexpr std::int64_t kRunsKept = 20;

}  // namespace

std::vector<protocol::ForeseenTasks> Foresight::of(const std::string& resource_class) {
  if (usual_.size() > kMostRemembered) usual_.clear();
  std::map<std::string, protocol::ForeseenTasks> by_last;
  for (const auto& [job_id, tasks] : behind_running(resource_class)) {
    const auto release = release_of(job_id);
    if (!release) continue;
    const std::int64_t freed = release->resource_class == resource_class ? 1 : 0;
    auto& one = by_last[release->task_id];
    one = {release->at, one.tasks + tasks, freed};
  }
  std::vector<protocol::ForeseenTasks> all;
  for (const auto& [task_id, one] : by_last) all.push_back(one);
  std::ranges::stable_sort(all, {}, &protocol::ForeseenTasks::expected_at);
  if (all.size() > protocol::kMostForeseen) all.resize(protocol::kMostForeseen);
  return all;
}

std::optional<WallTime> Foresight::queued_at(const std::string& job_id, WallTime now) {
  if (usual_.size() > kMostRemembered) usual_.clear();
  Times known;
  return queued_at(job_id, now, known);
}

std::optional<WallTime> Foresight::queued_at(const std::string& job_id, WallTime now,
                                             Times& known) {
  if (const auto found = known.find(job_id); found != known.end()) return found->second;
  struct Before {
    std::string task_id;
    std::string job_id;
    TaskState state{};
    std::optional<WallTime> started_at;
  };
  std::vector<Before> upstream;
  for (auto rows = db_->query("SELECT task.id, task.job_id, task.state, task.started_at "
                              "FROM requirement JOIN task ON task.job_id = required_id "
                              "WHERE requirement.job_id = ?",
                              job_id);
       rows.next();) {
    upstream.push_back(
        {rows.text(0), rows.text(1), task_state(rows.text(2)), rows.optional_time(3)});
  }
  auto last = now;
  for (const auto& task : upstream) {
    if (task.state == TaskState::success) continue;
    const auto starts = task.state == TaskState::running   ? task.started_at
                        : task.state == TaskState::queued  ? std::optional(now)
                        : task.state == TaskState::blocked ? queued_at(task.job_id, now, known)
                                                           : std::nullopt;
    const auto usual = starts ? usual_time(task.task_id) : std::nullopt;
    if (!usual) return known[job_id] = std::nullopt;
    last = std::max(last, *starts + *usual);
  }
  return known[job_id] = last;
}

std::vector<std::string> Foresight::classes_behind(const std::string& job_id) {
  std::vector<std::string> classes;
  for (auto rows = db_->query(
           "SELECT DISTINCT task.resource_class FROM job AS this "
           "JOIN job ON job.workflow_id = this.workflow_id "
           "JOIN requirement ON requirement.job_id = job.id AND requirement.required_id = this.id "
           "JOIN task ON task.job_id = job.id WHERE this.id = ? AND task.state = 'blocked'",
           job_id);
       rows.next();) {
    classes.push_back(rows.text(0));
  }
  return classes;
}

// From those that run, of which there are few, to those that they block.
std::vector<Foresight::Blocked> Foresight::behind_running(const std::string& resource_class) {
  std::vector<Blocked> found;
  for (auto rows = db_->query(
           "SELECT task.job_id, count(*) FROM (SELECT DISTINCT requirement.job_id AS id FROM task "
           "JOIN job AS this ON this.id = task.job_id "
           "JOIN job ON job.workflow_id = this.workflow_id "
           "JOIN requirement ON requirement.job_id = job.id AND requirement.required_id = this.id "
           "WHERE task.state = 'running') AS behind JOIN task ON task.job_id = behind.id "
           "WHERE task.state = 'blocked' AND task.resource_class = ? GROUP BY task.job_id",
           resource_class);
       rows.next();) {
    found.push_back({rows.text(0), rows.integer(1)});
  }
  return found;
}

std::optional<Foresight::Release> Foresight::release_of(const std::string& job_id) {
  struct Running {
    Release release;
    WallTime started_at{};
  };
  std::vector<Running> upstream;
  for (auto rows = db_->query("SELECT task.id, task.state, task.started_at, task.resource_class "
                              "FROM requirement JOIN task ON task.job_id = required_id "
                              "WHERE requirement.job_id = ?",
                              job_id);
       rows.next();) {
    const auto state = task_state(rows.text(1));
    if (state == TaskState::success) continue;
    const auto started_at = rows.optional_time(2);
    if (state != TaskState::running || !started_at) return std::nullopt;
    upstream.push_back({{{}, rows.text(0), rows.text(3)}, *started_at});
  }
  std::optional<Release> last;
  for (auto& [release, started_at] : upstream) {
    const auto usual = usual_time(release.task_id);
    if (!usual) return std::nullopt;
    release.at = started_at + *usual;
    if (!last || release.at > last->at) last = std::move(release);
  }
  return last;
}

std::optional<Millis> Foresight::usual_time(const std::string& task_id) {
  const auto known = usual_.find(task_id);
  if (known != usual_.end()) return known->second;
  return usual_[task_id] = usual_time_in_history(task_id);
}

// Four of five of those that succeeded took no longer: an instance that comes a little late costs
// less than one that ends before its task comes. Nothing, if it has not run before, or failed more
// often than not.
std::optional<Millis> Foresight::usual_time_in_history(const std::string& task_id) {
  std::vector<Millis> took;
  std::int64_t failed = 0;
  for (auto rows = db_->query(
           "SELECT past.state, past.ended_at - past.started_at FROM task AS this "
           "JOIN job ON job.id = this.job_id JOIN workflow ON workflow.id = job.workflow_id "
           "JOIN pipeline ON pipeline.id = workflow.pipeline_id "
           "JOIN pipeline AS before ON before.number IN (SELECT number FROM pipeline AS p WHERE "
           "p.number < pipeline.number AND p.number >= pipeline.number - ?2 AND "
           "p.project = pipeline.project) "
           "JOIN workflow AS w ON w.pipeline_id = before.id AND w.name = workflow.name "
           "JOIN job AS j ON j.workflow_id = w.id AND j.name = job.name "
           "JOIN task AS past ON past.job_id = j.id AND past.slice = this.slice "
           "WHERE this.id = ?1 AND past.started_at IS NOT NULL AND past.ended_at IS NOT NULL AND "
           "past.state IN ('success', 'failed', 'timedout') ORDER BY before.number DESC LIMIT ?3",
           task_id, kPipelinesSearched, kRunsKept);
       rows.next();) {
    if (rows.text(0) == "success") {
      took.emplace_back(std::max<std::int64_t>(rows.integer(1), 0));
    } else {
      ++failed;
    }
  }
  if (took.empty() || failed > std::ssize(took)) return std::nullopt;
  const auto most = took.begin() + (4 * std::ssize(took) + 4) / 5 - 1;
  std::ranges::nth_element(took, most);
  return *most;
}

}  // namespace muster::store
