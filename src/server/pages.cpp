#include "server/pages.hpp"

#include <fmt/core.h>

#include "base/text.hpp"

namespace muster::server {
namespace {

constexpr std::size_t kMostRunners = 100;
constexpr Millis kLongestHeartbeat = std::chrono::seconds(30);
// A runner that waits for a task asks again at least every minute.
constexpr Millis kGoneAfter = std::chrono::seconds(90);

constexpr std::string_view kStyle = R"css(
:root { color-scheme: light dark; --line: #8884; --good: #1a7f37; --bad: #cf222e; --busy: #9a6700 }
@media (prefers-color-scheme: dark) { :root { --good: #3fb950; --bad: #f85149; --busy: #d29922 } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 70rem; padding: 1rem }
h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin-top: 2rem }
.table { overflow-x: auto }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .35rem 1.4rem .35rem 0; border-bottom: 1px solid var(--line);
         vertical-align: top }
th { font-weight: 600 } td:last-child, th:last-child { padding-right: 0 } td.number, th.number { text-align: right; font-variant-numeric: tabular-nums }
.success { color: var(--good) } .running, .queued { color: var(--busy) }
.failed, .infrastructure_fail, .timedout { color: var(--bad) }
pre { border: 1px solid var(--line); border-radius: 6px; padding: .8rem; overflow-x: auto;
      font: 13px/1.45 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere }
.quiet { opacity: .75 }
@media (max-width: 40rem) { .why { display: none } }
)css";

std::string page(std::string_view title, std::string_view body) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{0} · Muster</title>\n<style>{1}</style>\n</head>\n<body>\n"
      "<p><a href=\"/\">Muster</a></p>\n<h1>{0}</h1>\n{2}</body>\n</html>\n",
      escape_html(title), kStyle, body);
}

// Text from outside: no control characters, no markup.
std::string shown(std::string_view text) {
  return escape_html(printable(text, 300));
}

std::string state_cell(std::string_view state) {
  return fmt::format("<td class=\"{0}\">{0}</td>", shown(state));
}

std::string number_cell(std::int64_t number) {
  return fmt::format("<td class=\"number\">{}</td>", number);
}

std::string table(std::string_view heads, const std::string& rows, std::string_view when_empty) {
  if (rows.empty()) return fmt::format("<p class=\"quiet\">{}</p>\n", when_empty);
  return fmt::format(
      "<div class=\"table\"><table>\n<thead><tr>{}</tr></thead>\n<tbody>\n{}</tbody>\n"
      "</table></div>\n",
      heads, rows);
}

// What a scaler said last is shown while it speaks: its fleet of an hour ago misleads.
std::string fleet_cells(const protocol::ClassStatus& one, WallTime now) {
  const auto silence = now - one.reported_at.value_or(now);
  if (!one.fleet || silence >= protocol::kLongestScalerSilence) {
    const auto why =
        one.fleet ? "no report for " + humanize(silence) : std::string("no scaler has reported");
    return fmt::format("<td colspan=\"6\"></td><td class=\"quiet\">{}</td>", why);
  }
  std::string cells;
  for (const auto number : {one.fleet->desired, one.fleet->booting, one.fleet->idle,
                            one.fleet->busy, one.fleet->draining, one.fleet->max}) {
    cells += number_cell(number);
  }
  return cells +
         fmt::format("<td class=\"quiet why\">{}</td>", shown(join(one.fleet->reasons, "; ")));
}

std::string class_rows(const protocol::FleetStatus& fleet, WallTime now) {
  std::string rows;
  for (const auto& one : fleet.classes) {
    rows +=
        fmt::format("<tr><td>{}</td>{}{}{}</tr>\n", shown(one.resource_class),
                    number_cell(one.unclaimed), number_cell(one.running), fleet_cells(one, now));
  }
  return rows;
}

std::string runner_state_cell(bool busy, Millis silence) {
  if (!busy) return "<td class=\"quiet\">not busy</td>";
  if (silence < kLongestHeartbeat) return "<td class=\"running\">busy</td>";
  return fmt::format("<td class=\"failed\">busy, no heartbeat for {}</td>", humanize(silence));
}

// Those who are there, the latest contact first. One that is gone would look as if it were idle.
std::string runner_rows(const Overview& overview, WallTime now) {
  auto items = overview.runners.items;
  const auto is_busy = [&](const auto& one) { return overview.busy.contains(one.name); };
  std::erase_if(items, [&](const auto& one) {
    return !is_busy(one) && now - one.last_connected >= kGoneAfter;
  });
  std::sort(items.begin(), items.end(), [](const auto& one, const auto& other) {
    return one.last_connected > other.last_connected;
  });
  if (items.size() > kMostRunners) items.resize(kMostRunners);
  std::string rows;
  for (const auto& one : items) {
    rows += fmt::format("<tr><td>{}</td><td>{}</td>{}", shown(one.name), shown(one.resource_class),
                        runner_state_cell(is_busy(one), now - one.last_connected));
    rows +=
        fmt::format("<td>{} ago</td><td>{}</td><td>{}</td></tr>\n",
                    humanize(now - one.last_connected), shown(one.hostname), shown(one.version));
  }
  return rows;
}

std::string pipeline_rows(const protocol::PipelineList& pipelines, WallTime now) {
  std::string rows;
  for (const auto& one : pipelines.items) {
    rows += fmt::format("<tr><td><a href=\"/pipelines/{0}\">{0}</a></td>", one.number);
    rows += state_cell(one.state);
    rows +=
        fmt::format("<td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n", shown(one.project),
                    shown(one.branch), shown(one.subject), humanize(now - one.created_at) + " ago");
  }
  return rows;
}

std::string duration_cell(std::optional<WallTime> from, std::optional<WallTime> to, WallTime now) {
  if (!from) return "<td></td>";
  return fmt::format("<td class=\"number\">{}</td>", humanize(to.value_or(now) - *from));
}

std::string_view word_of(const protocol::StepStatus& step) {
  switch (step.state) {
    case protocol::StepState::running:
      return "running";
    case protocol::StepState::success:
      return "";
    case protocol::StepState::failed:
      return "failed";
    case protocol::StepState::canceled:
      return "canceled";
    case protocol::StepState::timedout:
      return "timedout";
    case protocol::StepState::background:
      return step.ended_at ? "ran in the background" : "in the background";
  }
  return "";
}

std::string step_line(const std::string& task_id, const protocol::StepStatus& step, WallTime now) {
  auto line = fmt::format("<a href=\"/tasks/{}/steps/{}\">{}</a>", shown(task_id), step.index,
                          shown(step.name));
  if (const auto word = word_of(step); !word.empty()) {
    line += fmt::format(" <span class=\"{}\">{}</span>", word, word);
  }
  if (step.exit_code.value_or(0) != 0) line += fmt::format(" exit {}", *step.exit_code);
  if (step.started_at) {
    line += fmt::format(" <span class=\"quiet\">{}</span>",
                        humanize(step.ended_at.value_or(now) - *step.started_at));
  }
  return line + "<br>";
}

std::string step_lines(const protocol::TaskStatus& task, WallTime now) {
  std::string lines;
  for (const auto& step : task.steps) lines += step_line(task.id, step, now);
  return lines;
}

std::string task_row(const protocol::JobStatus& job, const protocol::TaskStatus& task,
                     WallTime now) {
  const auto slice =
      job.tasks.size() > 1 ? fmt::format(" {}/{}", task.index + 1, job.tasks.size()) : "";
  auto row = fmt::format("<tr><td>{}{}</td>", shown(job.name), slice);
  row += state_cell(task.state);
  row += duration_cell(task.queued_at, task.started_at ? task.started_at : task.ended_at, now);
  row += duration_cell(task.started_at, task.ended_at, now);
  row += fmt::format("<td>{}</td><td>{}{}</td></tr>\n", shown(task.runner), step_lines(task, now),
                     shown(task.message));
  return row;
}

}  // namespace

std::string overview_page(const Overview& overview, WallTime now) {
  auto body = std::string("<h2>Resource classes</h2>\n");
  body += table(
      "<th>Class</th><th class=\"number\">Queue</th><th class=\"number\">Running</th>"
      "<th class=\"number\">Desired</th><th class=\"number\">Booting</th>"
      "<th class=\"number\">Idle</th><th class=\"number\">Busy</th>"
      "<th class=\"number\">Ending</th><th class=\"number\">Max</th>"
      "<th class=\"why\">Why</th>",
      class_rows(overview.fleet, now),
      "None yet. Make one with: muster resource-class create local/small");
  body += "<h2>Pipelines</h2>\n";
  body += table(
      "<th>Number</th><th>State</th><th>Project</th><th>Branch</th><th>Commit</th><th>Created</th>",
      pipeline_rows(overview.pipelines, now), "None yet. In a repository, run: muster run");
  body += "<h2>Runners heard from lately</h2>\n";
  body += table(
      "<th>Name</th><th>Class</th><th>State</th><th>Last contact</th><th>Host</th><th>Version</th>",
      runner_rows(overview, now), "None is there.");
  return page("Overview", body);
}

std::string pipeline_page(const protocol::PipelineStatus& pipeline, WallTime now) {
  auto body = fmt::format("<p>{} · {} · {} · <span class=\"{}\">{}</span></p>\n",
                          shown(pipeline.project), shown(pipeline.branch), shown(pipeline.subject),
                          shown(pipeline.state), shown(pipeline.state));
  for (const auto& workflow : pipeline.workflows) {
    std::string rows;
    for (const auto& job : workflow.jobs) {
      for (const auto& task : job.tasks) rows += task_row(job, task, now);
    }
    body += fmt::format("<h2>{}</h2>\n", shown(workflow.name));
    body += table(
        "<th>Job</th><th>State</th><th class=\"number\">Waited</th><th class=\"number\">Ran</th>"
        "<th>Runner</th><th>Steps</th>",
        rows, "No jobs.");
  }
  return page(fmt::format("Pipeline {}", pipeline.number), body);
}

std::string output_page(const StepOutput& output) {
  auto body = fmt::format("<p><a href=\"/pipelines/{0}\">Pipeline {0}</a> · {1} · slice {2}</p>\n",
                          output.pipeline_number, shown(output.job), output.slice);
  if (output.omitted > 0) {
    body +=
        fmt::format("<p class=\"quiet\">The first {} bytes are not shown.</p>\n", output.omitted);
  }
  body += fmt::format("<pre>{}</pre>\n", escape_html(printable_lines(output.text)));
  return page(printable(output.step, 100), body);
}

}  // namespace muster::server
