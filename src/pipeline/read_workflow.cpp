#include "pipeline/read_workflow.hpp"

#include <algorithm>
#include <set>

#include <fmt/core.h>

#include "base/text.hpp"
#include "pipeline/names.hpp"
#include "pipeline/read_parts.hpp"

namespace muster::pipeline {

using yaml::MapReader;
using yaml::Position;
using yaml::Problems;
using yaml::Value;

namespace {

constexpr std::size_t kMostJobs = 1'000;
constexpr std::string_view kUnsupportedKeys[] = {"triggers", "when", "unless", "max_auto_reruns"};
constexpr std::string_view kUnsupportedJobKeys[] = {
    "name",      "context",         "filters",         "type",          "matrix",
    "pre-steps", "post-steps",      "serial-group",    "override-with", "when",
    "unless",    "max_auto_reruns", "auto_rerun_delay"};

// Looks for jobs that wait for one another, depth first. Every required name must be there.
class CycleFinder {
 public:
  explicit CycleFinder(const Workflow& workflow) {
    for (const auto& job : workflow.jobs) places_[job.name] = {&job};
  }

  // The names along a cycle, the first again at the end; empty if there is none.
  std::vector<std::string> find() {
    for (const auto& [name, place] : places_) {
      if (visit(name)) return path_;
    }
    return {};
  }

 private:
  enum class State { unseen, open, done };
  struct Place {
    const WorkflowJob* job = nullptr;
    State state = State::unseen;
  };

  bool visit(const std::string& name) {
    auto& place = places_[name];
    if (place.state == State::done) return false;
    path_.push_back(name);
    if (place.state == State::open) return drop_what_leads_to_the_cycle();
    place.state = State::open;
    for (const auto& required : place.job->requires_jobs) {
      if (visit(required)) return true;
    }
    place.state = State::done;
    path_.pop_back();
    return false;
  }

  bool drop_what_leads_to_the_cycle() {
    path_.erase(path_.begin(), std::find(path_.begin(), path_.end(), path_.back()));
    return true;
  }

  std::map<std::string, Place> places_;
  std::vector<std::string> path_;
};

class WorkflowReader {
 public:
  WorkflowReader(const yaml::Entry& entry, const std::map<std::string, Job>& jobs,
                 Problems& problems)
      : entry_(entry),
        jobs_(jobs),
        problems_(problems),
        map_(entry.value, "workflows." + printable(entry.key, 60), problems) {}

  Workflow read() {
    workflow_.name = entry_.key;
    if (trim(entry_.key).empty() || entry_.key.size() > kLongestName) {
      refuse(entry_.at, map_.path(),
             fmt::format("a workflow's name has 1 to {} bytes", kLongestName));
    }
    read_jobs();
    refuse_unsupported(map_, kUnsupportedKeys);
    map_.finish();
    check_requires();
    refuse_cycle();
    return std::move(workflow_);
  }

 private:
  // A name in a list of `requires`.
  struct Require {
    std::size_t job;  // index of the job that requires
    std::string name;
    Position at;
    std::string path;
  };

  void refuse(Position at, const std::string& path, std::string why) {
    report(problems_, {at, path, std::move(why)});
  }

  void read_jobs() {
    const auto* value = map_.require("jobs");
    if (!value) return;
    const auto path = map_.path_of("jobs");
    if (value->kind != Value::Kind::sequence) {
      return refuse(value->at, path,
                    fmt::format("expected a list of jobs, found {}", describe(*value)));
    }
    if (value->items.empty()) return refuse(value->at, path, "a workflow needs at least one job");
    if (value->items.size() > kMostJobs) {
      return refuse(value->at, path, fmt::format("a workflow has at most {} jobs", kMostJobs));
    }
    for (std::size_t i = 0; i < value->items.size(); ++i) {
      read_entry(value->items[i], fmt::format("{}[{}]", path, i));
    }
  }

  // Either the name of a job, or a mapping from that one name to options.
  void read_entry(const Value& value, const std::string& path) {
    if (value.kind == Value::Kind::scalar) {
      add_job(value.text, value.at, path);
    } else if (value.kind == Value::Kind::mapping && value.entries.size() == 1) {
      const auto& [name, at, options] = value.entries.front();
      if (add_job(name, at, path)) read_options(options, path + "." + printable(name, 60));
    } else {
      refuse(value.at, path, "expected a job's name, or one name with options below it");
    }
  }

  bool add_job(const std::string& name, Position at, const std::string& path) {
    const auto shown = printable(name, 60);
    if (!jobs_.contains(name)) {
      refuse(at, path, fmt::format("there is no job '{}'{}", shown, nearest_of(job_names(), name)));
      return false;
    }
    if (!names_.insert(name).second) {
      refuse(at, path, fmt::format("the job '{}' is there twice", shown));
      return false;
    }
    workflow_.jobs.push_back({.name = name, .job = name});
    positions_.push_back(at);
    return true;
  }

  void read_options(const Value& value, const std::string& path) {
    MapReader options(value, path, problems_);
    if (const auto* required = options.take("requires")) {
      read_requires(*required, options.path_of("requires"));
    }
    refuse_unsupported(options, kUnsupportedJobKeys);
    options.finish();
  }

  void read_requires(const Value& value, const std::string& path) {
    if (value.kind != Value::Kind::sequence) {
      return refuse(value.at, path,
                    fmt::format("expected a list of job names, found {}", describe(value)));
    }
    for (std::size_t i = 0; i < value.items.size(); ++i) {
      const auto& item = value.items[i];
      const auto item_path = fmt::format("{}[{}]", path, i);
      if (item.kind == Value::Kind::mapping) {
        refuse(item.at, item_path, "a required status is not supported yet");
      } else if (const auto name = as_text(item, item_path, problems_)) {
        requires_.push_back({workflow_.jobs.size() - 1, *name, item.at, item_path});
      }
    }
  }

  // Only once all jobs are known: a job may require one that stands below it.
  void check_requires() {
    for (const auto& [index, name, at, path] : requires_) {
      auto& job = workflow_.jobs[index];
      const auto shown = printable(name, 60);
      if (name == job.name) {
        refuse(at, path, fmt::format("the job '{}' requires itself", shown));
      } else if (!names_.contains(name)) {
        refuse(at, path,
               fmt::format("there is no job '{}' in this workflow{}", shown,
                           nearest_of({names_.begin(), names_.end()}, name)));
      } else if (seen_requires_.insert({index, name}).second) {
        job.requires_jobs.push_back(name);
      }
    }
  }

  void refuse_cycle() {
    const auto cycle = CycleFinder(workflow_).find();
    if (cycle.empty()) return;
    const auto first = std::find_if(workflow_.jobs.begin(), workflow_.jobs.end(),
                                    [&](const auto& job) { return job.name == cycle.front(); });
    refuse(positions_[static_cast<std::size_t>(first - workflow_.jobs.begin())],
           map_.path_of("jobs"),
           fmt::format("these jobs wait for one another: {}", join(cycle, " -> ")));
  }

  std::string nearest_of(const std::vector<std::string_view>& names, std::string_view name) const {
    return problems_.size() < yaml::kMostProblems ? did_you_mean(name, names) : "";
  }

  std::vector<std::string_view> job_names() const {
    std::vector<std::string_view> names;
    for (const auto& [name, job] : jobs_) names.push_back(name);
    return names;
  }

  const yaml::Entry& entry_;
  const std::map<std::string, Job>& jobs_;
  Problems& problems_;
  MapReader map_;
  Workflow workflow_;
  std::set<std::string> names_;      // of the jobs in the workflow
  std::vector<Position> positions_;  // of the same
  std::vector<Require> requires_;
  std::set<std::pair<std::size_t, std::string>> seen_requires_;
};

}  // namespace

Workflow read_workflow(const yaml::Entry& entry, const std::map<std::string, Job>& jobs,
                       Problems& problems) {
  return WorkflowReader(entry, jobs, problems).read();
}

}  // namespace muster::pipeline
