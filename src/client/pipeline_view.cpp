#include "client/pipeline_view.hpp"

#include <map>

#include <fmt/format.h>

#include "base/text.hpp"

namespace muster::client {
namespace {

using protocol::JobStatus;
using protocol::PipelineStatus;
using protocol::StepState;
using protocol::TaskStatus;

constexpr auto kBold = "1";
constexpr auto kDim = "2";

struct Look {
  std::string_view mark;
  std::string_view color;
};

Look look_of(std::string_view state) {
  if (state == "success") return {"✓", "32"};
  if (state == "running") return {"●", "36"};
  if (state == "failed" || state == "timedout" || state == "infrastructure_fail") {
    return {"✗", "31"};
  }
  if (state == "canceled") return {"⊘", "33"};
  if (state == "queued") return {"○", "33"};
  return {"·", kDim};
}

// "test", or "test 2/4" if the job has several.
std::string task_name(const JobStatus& job, const TaskStatus& task) {
  const auto name = printable(job.name);
  if (job.tasks.size() == 1) return name;
  return fmt::format("{} {}/{}", name, task.index + 1, job.tasks.size());
}

// How long it has been running, or ran; empty if it never did.
std::string run_time(const TaskStatus& task, WallTime now) {
  if (!task.started_at) return "";
  return humanize(task.ended_at.value_or(now) - *task.started_at);
}

// From the first start to the last end of its tasks.
std::string run_time(const JobStatus& job, WallTime now) {
  TaskStatus whole;
  bool open = false;
  for (const auto& task : job.tasks) {
    if (!task.started_at) continue;
    whole.started_at = std::min(whole.started_at.value_or(*task.started_at), *task.started_at);
    if (task.ended_at)
      whole.ended_at = std::max(whole.ended_at.value_or(*task.ended_at), *task.ended_at);
    open = open || !task.ended_at;
  }
  if (open) whole.ended_at.reset();
  return run_time(whole, now);
}

// A step without a name of its own is called by its command, which may be a whole script.
std::string step_name(const std::string& name) {
  const auto first = trim(std::string_view(name).substr(0, name.find('\n')));
  const auto line = printable(first, 40);
  return first.size() == name.size() || line.ends_with("…") ? line : line + " …";
}

// What is worth knowing about a task beside its state.
std::string detail(const TaskStatus& task) {
  std::string text = printable(task.runner);
  if (task.attempt > 1) text += fmt::format(" (attempt {})", task.attempt);
  if (!task.message.empty()) text += "  " + printable(task.message);
  return text;
}

// With what it is doing just now.
std::string present(const TaskStatus& task) {
  const bool busy = task.state == "running" && !task.steps.empty();
  return detail(task) + (busy ? "  " + step_name(task.steps.back().name) : "");
}

// Exactly `width` columns.
std::string cell(const std::string& text, std::size_t width) {
  return padded(Line(Style{.width = width}).add(text).text(), width);
}

constexpr std::size_t kJobIndent = 4;
constexpr std::size_t kTaskIndent = 6;

struct Layout {
  Style style;
  std::size_t names;  // columns for indent and name
};

Layout layout_of(const PipelineStatus& status, const Style& style) {
  constexpr std::size_t kWidest = 36;
  std::size_t widest = kTaskIndent + 5;  // "10/12"
  for (const auto& workflow : status.workflows) {
    for (const auto& job : workflow.jobs) {
      widest = std::max(widest, kJobIndent + columns(printable(job.name)));
    }
  }
  return {style, std::min(widest, kWidest)};
}

std::string row(std::size_t indent, const std::string& name, const std::string& state,
                const std::string& time, const std::string& rest, const Layout& layout) {
  const auto look = look_of(state);
  Line line(layout.style);
  line.add(std::string(indent, ' ')).add(look.mark, look.color).add(" ");
  line.add(cell(name, layout.names - indent)).add("  ");
  line.add(padded(printable(state), 8), look.color).add("  ");
  line.add(padded(time, 11), kDim);
  if (!rest.empty()) line.add("  ").add(rest, kDim);
  return line.text();
}

void render_job(const JobStatus& job, WallTime now, const Layout& layout,
                std::vector<std::string>& lines) {
  const bool single = job.tasks.size() == 1;
  auto rest = single ? present(job.tasks.front()) : "";
  if (job.state == "blocked") rest = "after " + printable(join(job.requires_jobs, ", "));
  if (job.state == "queued") rest = "for a runner of " + printable(job.resource_class);
  lines.push_back(
      row(kJobIndent, printable(job.name), job.state, run_time(job, now), rest, layout));
  if (single) return;
  for (const auto& task : job.tasks) {
    if (task.state == job.state && !task.started_at) continue;  // says nothing new
    const auto name = fmt::format("{}/{}", task.index + 1, job.tasks.size());
    lines.push_back(row(kTaskIndent, name, task.state, run_time(task, now), present(task), layout));
  }
}

std::string title(const PipelineStatus& status, const Style& style) {
  Line line(style);
  line.add(fmt::format("Pipeline {}", status.number), kBold);
  line.add("  " + printable(status.project)).add("  ");
  line.add(printable(status.state), look_of(status.state).color);
  if (!status.branch.empty()) line.add("  " + printable(status.branch), kDim);
  line.add("  " + printable(status.revision.substr(0, 8)), kDim);
  return line.add("  " + printable(status.subject), kDim).text();
}

template <class Visit>
void each_job(const PipelineStatus& status, const Visit& visit) {
  for (const auto& workflow : status.workflows) {
    for (const auto& job : workflow.jobs) visit(workflow, job);
  }
}

}  // namespace

bool has_ended(const PipelineStatus& status) {
  return status.state == "success" || status.state == "failed" || status.state == "canceled";
}

bool was_successful(const PipelineStatus& status) {
  return status.state == "success";
}

std::vector<std::string> render(const PipelineStatus& status, WallTime now, const Style& style) {
  const auto layout = layout_of(status, style);
  std::vector<std::string> lines{title(status, style)};
  for (const auto& workflow : status.workflows) {
    lines.push_back(Line(style).add("  " + printable(workflow.name), kBold).text());
    for (const auto& job : workflow.jobs) render_job(job, now, layout, lines);
  }
  return lines;
}

namespace {

struct Entry {
  std::string id;
  std::string name;
  std::string state;
  std::string detail;
  std::int64_t attempt = 0;
  bool shown = true;
};

Entry entry_of(const JobStatus& job, const TaskStatus& task) {
  // Of a slice that nobody has claimed yet, the job's own line says it all.
  const bool shown = job.tasks.size() == 1 || task.attempt > 0;
  return {task.id, task_name(job, task), task.state, detail(task), task.attempt, shown};
}

// Jobs and tasks in their order; a job with one task is that task. That a job with several runs is
// what its slices say.
std::vector<Entry> entries(const PipelineStatus& status) {
  std::vector<Entry> all;
  each_job(status, [&](const auto&, const JobStatus& job) {
    for (const auto& task : job.tasks) all.push_back(entry_of(job, task));
    if (job.tasks.size() == 1) return;
    const auto slices = job.tasks.empty() ? "" : fmt::format("{} slices", job.tasks.size());
    all.push_back({job.id, printable(job.name), job.state, slices, 0, job.state != "running"});
  });
  all.push_back({status.id, fmt::format("pipeline {}", status.number), status.state, ""});
  return all;
}

// The same for every line about this pipeline.
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
  std::vector<std::string> lines;
  for (const auto& entry : entries(after)) {
    const auto found = known.find(entry.id);
    const bool same = found != known.end() && found->second.state == entry.state &&
                      found->second.attempt == entry.attempt;
    if (same || !entry.shown) continue;
    const auto line =
        fmt::format("[{:>10}]  {}  {}  {}", humanize(now - after.created_at),
                    cell(entry.name, width), padded(printable(entry.state), 8), entry.detail);
    lines.emplace_back(line.substr(0, line.find_last_not_of(' ') + 1));
  }
  return lines;
}

std::vector<std::string> result_table(const PipelineStatus& status) {
  std::vector<std::vector<std::string>> rows{{"JOB", "WAIT", "RUN", "RUNNER", "RESULT"}};
  each_job(status, [&](const auto&, const JobStatus& job) {
    for (const auto& task : job.tasks) {
      const bool waited = task.queued_at && task.started_at;
      rows.push_back({task_name(job, task),
                      waited ? humanize(*task.started_at - *task.queued_at) : "-",
                      task.ended_at && task.started_at ? run_time(task, *task.ended_at) : "-",
                      task.runner.empty() ? "-" : task.runner, task.state});
    }
    if (job.tasks.empty()) rows.push_back({job.name, "-", "-", "-", job.state});
  });
  return table(rows);
}

std::vector<Failure> failures(const PipelineStatus& status) {
  std::vector<Failure> found;
  each_job(status, [&](const auto&, const JobStatus& job) {
    for (const auto& task : job.tasks) {
      if (task.state != "failed" && task.state != "timedout" &&
          task.state != "infrastructure_fail") {
        continue;
      }
      auto& failure = found.emplace_back(
          Failure{task_name(job, task), task.id, printable(task.message), false, {}});
      for (const auto& step : task.steps) {
        if (step.state != StepState::failed && step.state != StepState::timedout) continue;
        failure.step = step;
        failure.has_step = true;
        break;
      }
    }
  });
  return found;
}

std::string headline(const Failure& failure) {
  const auto because = failure.message.empty() ? "" : ": " + failure.message;
  if (!failure.has_step) return fmt::format("{} failed{}", failure.task, because);
  const auto& step = failure.step;
  const auto how = step.state == StepState::timedout ? " was silent or ran for too long"
                   : step.exit_code ? fmt::format(" failed with exit code {}", *step.exit_code)
                                    : " failed";
  return fmt::format("{}: step '{}'{}{}", failure.task, step_name(step.name), how, because);
}

std::vector<std::string> list_pipelines(const protocol::PipelineList& list, WallTime now) {
  std::vector<std::vector<std::string>> rows{
      {"NUMBER", "STATE", "AGE", "PROJECT", "BRANCH", "COMMIT", "SUBJECT"}};
  for (const auto& item : list.items) {
    rows.push_back({std::to_string(item.number), item.state, humanize(now - item.created_at),
                    item.project, item.branch, item.revision.substr(0, 8), item.subject});
  }
  return table(rows);
}

}  // namespace muster::client
