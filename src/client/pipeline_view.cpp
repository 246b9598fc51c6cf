#include "client/pipeline_view.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.hpp"
#include "client/pipeline_words.hpp"

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

// The step that a task is at; what goes on in the background is so only where there is no other.
std::string present_step(const TaskStatus& task) {
  const auto& steps = task.steps;
  const auto at = std::find_if(steps.rbegin(), steps.rend(), [](const auto& step) {
    return step.state != StepState::background;
  });
  return step_name(at != steps.rend() ? at->name : steps.back().name);
}

// With what it is doing just now: that comes first, where a narrow terminal still shows it.
std::string present(const TaskStatus& task) {
  const bool busy = task.state == "running" && !task.steps.empty();
  return busy ? present_step(task) + "  " + detail(task) : detail(task);
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

}  // namespace muster::client
