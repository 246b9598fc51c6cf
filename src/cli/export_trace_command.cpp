// `muster export-trace`: the tasks that have run, as a trace for `muster simulate`. From a server's
// history, or, where another queue is scaled, guessed from the counts in a scaler's log.

#include <cstdio>
#include <filesystem>

#include <fmt/core.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/decision_log.hpp"
#include "cli/output.hpp"
#include "history/seen_tasks.hpp"
#include "store/past_tasks.hpp"
#include "study/past_tasks.hpp"

namespace muster::cli {

namespace {

// How many are not in the trace, and why: in words.
class LeftOut {
 public:
  void add(std::int64_t count, std::string_view why) {
    if (count > 0) words_.push_back(fmt::format("{} {}", count, why));
  }
  std::string in_words() const { return words_.empty() ? "" : "; left out: " + join(words_, ", "); }

 private:
  std::vector<std::string> words_;
};

Result<std::optional<WallTime>> time_of(const std::string& option, const std::string& given) {
  if (given.empty()) return std::optional<WallTime>();
  if (const auto time = parse_rfc3339(given)) return std::optional(*time);
  if (const auto ago = parse_duration(given)) {
    return std::optional(system_clock().wall() - *ago);
  }
  return Error{ErrorKind::invalid,
               fmt::format("{}: '{}' is neither a time such as 2026-01-05T09:00:00Z nor a duration "
                           "such as 168h, for so long ago",
                           option, printable(given, 60))};
}

Result<study::Wanted> wanted_of(const ExportTraceOptions& options) {
  const auto since = time_of("--since", options.since);
  if (!since) return since.error();
  const auto until = time_of("--until", options.until);
  if (!until) return until.error();
  if (*since && *until && **since >= **until) {
    return Error{ErrorKind::invalid,
                 fmt::format("--since is {}, and not before --until, which is {}",
                             format_rfc3339(**since), format_rfc3339(**until))};
  }
  return study::Wanted{options.resource_class, *since, *until};
}

Result<void> read_server(const ExportTraceOptions& options, const study::Wanted& wanted,
                         study::PastTasks& tasks, LeftOut& left_out) {
  const auto& data = options.data_directory;
  std::error_code unreadable;
  if (!std::filesystem::exists(data / "muster.db", unreadable) && !unreadable) {
    return Error{
        ErrorKind::not_found,
        fmt::format("{} has no muster.db: give the --data directory of a muster server, or "
                    "a scaler's decisions by --log",
                    printable(data.string()))};
  }
  std::int64_t never_ran = 0, unfinished = 0;
  const auto read = store::each_task(data, [&](const store::TaskTimes& task) -> Result<void> {
    const auto at = task.queued_at ? task.queued_at : task.ended_at;
    if (!wanted.covers(task.resource_class) || (at && !wanted.covers(*at))) return ok();
    if (!task.ended_at) return ++unfinished, ok();
    if (!task.started_at || !task.queued_at) return ++never_ran, ok();
    return tasks.take(task.resource_class, *task.queued_at, *task.ended_at - *task.started_at);
  });
  left_out.add(never_ran, "never ran");
  left_out.add(unfinished, "not ended yet");
  return read;
}

Result<void> read_decisions(const ExportTraceOptions& options, const study::Wanted& wanted,
                            study::PastTasks& tasks, LeftOut& left_out) {
  history::TaskReader reader;
  const auto read = read_log(options.log, [&](const auto& record, const auto&) {
    if (wanted.covers(record.resource_class)) reader.take(record);
  });
  if (!read) return read.error();
  left_out.add(reader.unseen().ran_before, "ran already when the log began");
  left_out.add(reader.unseen().not_seen, "never seen to run");
  left_out.add(reader.unseen().unfinished, "not ended yet");
  for (const auto& [name, queued_at, duration, count] : reader.tasks()) {
    if (auto taken = tasks.take(name, queued_at, duration, count); !taken) return taken;
  }
  return ok();
}

}  // namespace

int run(const ExportTraceOptions& options) {
  const auto wanted = wanted_of(options);
  if (!wanted) return report(wanted.error());
  auto output = prepared(options.output);
  if (!output) return report_obstacle(output.error());
  const bool estimated = !options.log.empty();
  study::PastTasks tasks(*wanted);
  LeftOut left_out;
  const auto read = estimated ? read_decisions(options, *wanted, tasks, left_out)
                              : read_server(options, *wanted, tasks, left_out);
  if (!read) return report(read.error());
  left_out.add(tasks.absurd(), "longer than 30 days");
  const auto trace = std::move(tasks).trace();
  if (!trace) return report(trace.error());
  const auto count = std::ssize(trace->tasks);
  if (count == 0) {
    return report(
        {ErrorKind::invalid, fmt::format("no task that has run was found{}", left_out.in_words())});
  }
  const auto csv = study::to_csv(*trace);
  if (!*output) {
    fmt::print("{}", csv);
  } else if (auto written = (*output)->write(csv); !written) {
    return report_obstacle(written.error());
  }
  fmt::print(stderr, "muster: {}{}{}\n", count_of(count, "task"),
             estimated ? ", estimated from counts" : "", left_out.in_words());
  return 0;
}

}  // namespace muster::cli
