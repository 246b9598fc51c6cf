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

constexpr int kLeftOutFirst = 4;

struct Look {
  std::string_view mark;
  std::string_view color;
  int rank;  // up to kLeftOutFirst: what goes where there is no room
};

Look look_of(std::string_view state) {
  if (state == "success") return {"✓", "32", kLeftOutFirst};
  if (state == "running") return {"●", "36", 0};
  if (state == "failed" || state == "timedout" || state == "infrastructure_fail") {
    return {"✗", "31", 1};
  }
  if (state == "canceled") return {"⊘", "33", kLeftOutFirst};
  if (state == "queued") return {"○", "33", 2};
  return {"·", kDim, 3};
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

struct Row {
  std::string text;
  int rank = 0;  // as in Look
};

struct Layout {
  Style style;
  std::size_t names;   // columns for indent and name
  std::size_t states;  // for a state
};

Layout layout_of(const PipelineStatus& status, const Style& style) {
  const auto states = state_width(status);
  const auto other = states + 19;    // columns for mark, state and time
  constexpr std::size_t kRest = 24;  // for the present step, at least
  constexpr std::size_t kLeast = 20;
  std::size_t widest = kTaskIndent + 5;  // "10/12"
  for (const auto& workflow : status.workflows) {
    for (const auto& job : workflow.jobs) {
      widest = std::max(widest, kJobIndent + columns(whole(job.name)));
    }
  }
  if (style.width == kUnlimited) return {style, widest, states};
  const auto most = std::max(style.width, other + kRest + kLeast) - other - kRest;
  return {style, std::min(widest, most), states};
}

Row row(std::size_t indent, const std::string& name, const std::string& state,
        const std::string& time, const std::string& rest, const Layout& layout) {
  const auto look = look_of(state);
  Line line(layout.style);
  line.add(std::string(indent, ' ')).add(look.mark, look.color).add(" ");
  line.add(cell(name, layout.names - indent)).add("  ");
  const bool more = !rest.empty();  // else no blanks at the end
  line.add(more || !time.empty() ? padded(whole(state), layout.states) + "  " : whole(state),
           look.color);
  line.add(more ? padded(time, 11) + "  " : time, kDim).add(rest, kDim);
  return {line.text(), look.rank};
}

void render_job(const JobStatus& job, WallTime now, const Layout& layout, std::vector<Row>& rows) {
  const bool single = job.tasks.size() == 1;
  auto rest = single ? present(job.tasks.front()) : "";
  if (job.state == "blocked") rest = "after " + whole(join(job.requires_jobs, ", "));
  if (job.state == "queued") rest = "for a runner of " + whole(job.resource_class);
  rows.push_back(row(kJobIndent, whole(job.name), job.state, run_time(job, now), rest, layout));
  if (single) return;
  for (const auto& task : job.tasks) {
    if (task.state == job.state && !task.started_at) continue;  // says nothing new
    const auto name = fmt::format("{}/{}", task.index + 1, job.tasks.size());
    rows.push_back(row(kTaskIndent, name, task.state, run_time(task, now), present(task), layout));
  }
}

std::string title(const PipelineStatus& status, const Style& style) {
  Line line(style);
  line.add(fmt::format("Pipeline {}", status.number), kBold);
  line.add("  " + whole(status.project)).add("  ");
  line.add(whole(status.state), look_of(status.state).color);
  if (!status.branch.empty()) line.add("  " + whole(status.branch), kDim);
  line.add("  " + whole(status.revision.substr(0, 8)), kDim);
  return line.add("  " + whole(status.subject), kDim).text();
}

// At most `room` of them, in their order; the last then says how many are missing.
std::vector<std::string> fitted(std::vector<Row> rows, std::size_t room) {
  const auto all = rows.size();
  if (all > room) {
    for (int rank = kLeftOutFirst; rank >= 0; --rank) {
      for (auto at = rows.size(); at-- > 1 && rows.size() >= room;) {
        if (rows[at].rank == rank) rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(at));
      }
    }
  }
  std::vector<std::string> lines;
  lines.reserve(rows.size() + 1);
  for (auto& row : rows) lines.push_back(std::move(row.text));
  if (lines.size() < all) lines.push_back(fmt::format("  … {} more lines", all - lines.size()));
  lines.resize(std::min(lines.size(), room));
  return lines;
}

}  // namespace

bool has_ended(const PipelineStatus& status) {
  return status.state == "success" || status.state == "failed" || status.state == "canceled";
}

bool only_waits(const PipelineStatus& status) {
  bool waits = false;
  for (const auto& workflow : status.workflows) {
    for (const auto& job : workflow.jobs) {
      for (const auto& task : job.tasks) {
        if (task.state == "running") return false;
        waits = waits || task.state == "queued";
      }
    }
  }
  return waits;
}

bool was_successful(const PipelineStatus& status) {
  return status.state == "success";
}

std::vector<std::string> render(const PipelineStatus& status, WallTime now, const Style& style,
                                std::size_t rows) {
  const auto layout = layout_of(status, style);
  std::vector<Row> tree{{title(status, style)}};
  for (const auto& workflow : status.workflows) {
    tree.push_back({Line(style).add("  " + whole(workflow.name), kBold).text()});
    for (const auto& job : workflow.jobs) render_job(job, now, layout, tree);
  }
  return fitted(std::move(tree), rows);
}

}  // namespace muster::client
