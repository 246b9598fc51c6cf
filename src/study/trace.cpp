#include "study/trace.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "base/text.hpp"
#include "study/csv_rows.hpp"
#include "study/trace_times.hpp"

namespace muster::study {

namespace {

constexpr std::size_t kLongestName = 200;
// Two machines' clocks tell when a job was queued and when it started.
constexpr Millis kClocksDiffer = std::chrono::minutes(1);

// A task as it stands in the file: its times are absolute, from any beginning.
struct Entry {
  std::size_t resource_class;
  Millis at;
  Millis duration;
  std::int64_t line;
};

std::string in_seconds(Millis time) {
  const auto millis = time.count();
  return millis % 1000 == 0 ? std::to_string(millis / 1000)
                            : fmt::format("{}.{:03}", millis / 1000, millis % 1000);
}

std::string in_capitals(std::string text) {
  for (auto& letter : text) {
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
  }
  return text;
}

class TraceReader {
 public:
  Result<void> take(const CsvRow& row) {
    if (!width_) return take_header(row);
    if (row.fields.size() != *width_) {
      return at_line(row.line, fmt::format("{} where the header has {}; was the file cut off?",
                                           count_of(std::ssize(row.fields), "field"), *width_));
    }
    if (entries_.size() >= kMostTraceTasks) {
      return at_line(row.line,
                     fmt::format("more than {} tasks; take a shorter time", kMostTraceTasks));
    }
    return is_export_ ? take_job(row) : take_task(row);
  }

  Result<Trace> finish() {
    if (!width_) return Error{ErrorKind::invalid, "the file is empty"};
    if (entries_.empty()) {
      return Error{ErrorKind::invalid, is_export_ ? "no job in it has a start, an end and a class"
                                                  : "there is no task in it"};
    }
    std::ranges::stable_sort(entries_, {}, &Entry::at);
    const auto first = entries_.front().at;
    if (entries_.back().at - first > kLongestTrace) return too_long();
    if (is_export_ || dates_ == true) trace_.beginning = WallTime(first);
    trace_.is_export = is_export_;
    for (const auto& entry : entries_) {
      trace_.tasks.push_back({entry.resource_class, entry.at - first, entry.duration});
    }
    return std::move(trace_);
  }

 private:
  // Of two parts, that the longest time lies between, the smaller one will be wrong.
  Error too_long() const {
    const auto after =
        std::ranges::max_element(entries_.begin() + 1, entries_.end(), {},
                                 [](const Entry& entry) { return entry.at - (&entry - 1)->at; });
    const bool late = after - entries_.begin() > entries_.end() - after - 1;
    const auto& wrong = late ? *after : *(after - 1);
    const auto& other = late ? *(after - 1) : *after;
    return at_line(wrong.line,
                   fmt::format("queued_at, {}, is too far from that of line {}, {}: a trace has at "
                               "most {} days. Correct it, or remove the line",
                               in_words(wrong.at), other.line, in_words(other.at),
                               kLongestTrace / std::chrono::hours(24)));
  }

  std::string in_words(Millis at) const {
    return is_export_ || dates_ == true ? format_rfc3339(WallTime(at)) : in_seconds(at);
  }

  Result<void> take_header(const CsvRow& row) {
    if (row.fields.size() == 1 && row.fields[0].find_first_of(";\t") != std::string::npos) {
      return at_line(row.line, "its fields are not separated by commas; save the file with commas");
    }
    std::vector<std::string> header;  // in capitals, as which letters a tool writes differs
    for (const auto& name : row.fields) header.push_back(in_capitals(name));
    is_export_ = contains(header, "JOB_RUN_QUEUED_AT");
    const std::vector<std::string> wanted =
        is_export_ ? std::vector<std::string>{"RESOURCE_CLASS", "JOB_RUN_QUEUED_AT",
                                              "JOB_RUN_STARTED_AT", "JOB_RUN_STOPPED_AT"}
                   : std::vector<std::string>{"resource_class", "queued_at", "duration"};
    for (const auto& name : wanted) {
      const auto found = std::ranges::find(header, in_capitals(name));
      if (found == header.end()) {
        return at_line(row.line, fmt::format("the header has no {}; it must have {}", name,
                                             join(wanted, ",")));
      }
      if (std::find(found + 1, header.end(), *found) != header.end()) {
        return at_line(row.line, fmt::format("the header has {} twice", name));
      }
      columns_.push_back(static_cast<std::size_t>(found - header.begin()));
    }
    width_ = row.fields.size();
    return ok();
  }

  const std::string& field(const CsvRow& row, std::size_t wanted) const {
    return row.fields[columns_[wanted]];
  }

  Result<void> take_task(const CsvRow& row) {
    const auto& queued_at = field(row, 1);
    if (queued_at.empty()) return at_line(row.line, "queued_at is missing");
    if (field(row, 2).empty()) return at_line(row.line, "the duration is missing");
    const auto at = queue_time(queued_at);
    if (!at) return at_line(row.line, "queued_at: " + at.error().message);
    const auto duration = parse_seconds(field(row, 2));
    if (!duration) return at_line(row.line, "duration: " + duration.error().message);
    if (!entries_.empty() && *at < entries_.back().at) {
      return at_line(
          row.line,
          fmt::format("queued_at is before that of line {}; sort the file by queued_at, or "
                      "correct the one that is wrong of {} and {}",
                      entries_.back().line, in_words(*at), in_words(entries_.back().at)));
    }
    return add(row, *at, *duration);
  }

  // All in one form: a number would else be taken for a time of 1970.
  Result<Millis> queue_time(const std::string& text) {
    const bool is_date = text.find(':') != std::string::npos;
    if (!dates_) dates_ = is_date;
    if (*dates_ != is_date) {
      return Error{ErrorKind::invalid,
                   fmt::format("'{}' is {} where the lines before have {}", printable(text, 60),
                               is_date ? "a date" : "no date", is_date ? "seconds" : "dates")};
    }
    if (!is_date) return parse_seconds(text);
    const auto time = parse_rfc3339(text);
    if (!time) {
      return Error{ErrorKind::invalid, printable(time.error().message)};
    }
    return time->time_since_epoch();
  }

  Result<void> take_job(const CsvRow& row) {
    const auto& started = field(row, 2);
    const auto& stopped = field(row, 3);
    if (is_nothing(started) || is_nothing(stopped) || is_nothing(field(row, 0))) {
      ++trace_.left_out;
      return ok();
    }
    if (is_nothing(field(row, 1))) return at_line(row.line, "JOB_RUN_QUEUED_AT is missing");
    std::vector<WallTime> times;
    for (std::size_t wanted = 1; wanted <= 3; ++wanted) {
      const auto time = parse_export_time(field(row, wanted));
      if (!time) return at_line(row.line, time.error().message);
      times.push_back(*time);
    }
    if (times[0] - times[1] > kClocksDiffer) {
      return at_line(row.line,
                     fmt::format("JOB_RUN_STARTED_AT, {}, is before JOB_RUN_QUEUED_AT, {}",
                                 format_rfc3339(times[1]), format_rfc3339(times[0])));
    }
    if (times[2] < times[1]) {
      return at_line(row.line, "JOB_RUN_STOPPED_AT is before JOB_RUN_STARTED_AT");
    }
    return add(row, std::min(times[0], times[1]).time_since_epoch(), times[2] - times[1]);
  }

  Result<void> add(const CsvRow& row, Millis at, Millis duration) {
    const auto& name = field(row, 0);
    if (name.empty()) return at_line(row.line, "the resource class is missing");
    if (name.size() > kLongestName || printable(name) != name) {
      return at_line(row.line, fmt::format("'{}' cannot be a resource class", printable(name, 60)));
    }
    if (duration > kLongestTask) {
      return at_line(row.line, fmt::format("a task of more than {} days is not believed",
                                           kLongestTask / std::chrono::hours(24)));
    }
    const auto [known, is_new] = numbers_.try_emplace(name, trace_.classes.size());
    if (is_new) trace_.classes.push_back(name);
    if (trace_.classes.size() > kMostTraceClasses) {
      return at_line(row.line, fmt::format("more than {} resource classes", kMostTraceClasses));
    }
    entries_.push_back({known->second, at, duration, row.line});
    return ok();
  }

  std::optional<std::size_t> width_;  // of the header
  std::vector<std::size_t> columns_;  // where what is wanted stands
  bool is_export_ = false;
  std::optional<bool> dates_;
  std::map<std::string, std::size_t> numbers_;  // of the classes
  std::vector<Entry> entries_;
  Trace trace_;
};

std::string as_field(const std::string& name) {
  if (name.find_first_of(",\"\r\n") == std::string::npos) return name;
  std::string quoted = "\"";
  for (const char each : name) quoted += each == '"' ? "\"\"" : std::string(1, each);
  return quoted + '"';
}

}  // namespace

Millis Trace::span() const {
  Millis end{};
  for (const auto& task : tasks) {
    if (task.comes()) end = std::max(end, task.at + task.duration);
  }
  return tasks.empty() ? end : end - tasks.front().at;
}

Millis Trace::work() const {
  Millis sum{};
  for (const auto& task : tasks) {
    if (task.comes()) sum += task.duration;
  }
  return sum;
}

bool Trace::has_pipelines() const {
  return std::ranges::any_of(tasks, [](const auto& task) { return task.place.has_value(); });
}

std::int64_t Trace::tasks_that_come() const {
  return std::ranges::count_if(tasks, &TraceTask::comes);
}

Trace Trace::only(const std::vector<std::string>& wanted) const {
  Trace some;
  some.beginning = beginning;
  some.left_out = left_out;
  some.is_export = is_export;
  std::vector<std::size_t> numbers;  // of the classes, in the new trace
  for (const auto& name : classes) {
    numbers.push_back(some.classes.size());
    if (contains(wanted, name)) some.classes.push_back(name);
  }
  for (auto task : tasks) {
    if (!contains(wanted, classes[task.resource_class])) continue;
    task.resource_class = numbers[task.resource_class];
    some.tasks.push_back(task);
  }
  return some;
}

Trace::ByClass Trace::by_class() const {
  ByClass arrivals;
  for (const auto& task : tasks) {
    if (!task.comes()) continue;
    arrivals[classes[task.resource_class]].push_back({task.at - tasks.front().at, task.duration});
  }
  return arrivals;
}

// The tasks of a stage come after those of the stage before, in time and so in the trace.
Trace::ByClass Trace::with_pipelines() const {
  ByClass all;
  std::map<std::pair<std::int64_t, std::int64_t>, std::vector<std::size_t>> stages;
  for (const auto& task : tasks) {
    auto& arrivals = all[classes[task.resource_class]];
    auto& arrival = arrivals.emplace_back(task.at - tasks.front().at, task.duration);
    if (!task.place) continue;
    const auto& [pipeline, stage, took_before, fails, comes] = *task.place;
    stages[{pipeline, stage}].push_back(arrivals.size() - 1);
    arrival.took_before = took_before;
    arrival.fails = fails;
    if (stage == 0) continue;
    arrival.at = Millis(0);
    arrival.blocked_by = stages[{pipeline, stage - 1}];
  }
  return all;
}

Result<Trace> parse_trace(std::string_view text) {
  TraceReader reader;
  const auto read = read_csv(text, [&](const CsvRow& row) { return reader.take(row); });
  if (!read) return read.error();
  return reader.finish();
}

Result<Trace> merged(const std::vector<Trace>& exports) {
  Trace all;
  all.is_export = true;
  all.beginning = std::ranges::min(exports, {}, &Trace::beginning).beginning;
  std::map<std::string, std::size_t> numbers;  // of the classes
  for (const auto& each : exports) {
    all.left_out += each.left_out;
    for (const auto& name : each.classes) {
      if (numbers.try_emplace(name, all.classes.size()).second) all.classes.push_back(name);
    }
    for (auto task : each.tasks) {
      task.resource_class = numbers.at(each.classes[task.resource_class]);
      task.at += *each.beginning - *all.beginning;
      all.tasks.push_back(task);
    }
  }
  std::ranges::stable_sort(all.tasks, {}, &TraceTask::at);
  const auto refuse = [](std::string_view what) {
    return Error{ErrorKind::invalid, fmt::format("the exports have {} together; give fewer", what)};
  };
  if (all.tasks.size() > kMostTraceTasks) {
    return refuse(fmt::format("more than {} tasks", kMostTraceTasks));
  }
  if (all.classes.size() > kMostTraceClasses) {
    return refuse(fmt::format("more than {} resource classes", kMostTraceClasses));
  }
  if (all.tasks.back().at > kLongestTrace) {
    return refuse(
        fmt::format("tasks of more than {} days", kLongestTrace / std::chrono::hours(24)));
  }
  return all;
}

std::string to_csv(const Trace& trace) {
  std::vector<std::string> names;
  for (const auto& name : trace.classes) names.push_back(as_field(name));
  std::string text = "resource_class,queued_at,duration\n";
  for (const auto& task : trace.tasks) {
    const auto queued_at =
        trace.beginning ? format_rfc3339(*trace.beginning + task.at) : in_seconds(task.at);
    text +=
        fmt::format("{},{},{}\n", names[task.resource_class], queued_at, in_seconds(task.duration));
  }
  return text;
}

}  // namespace muster::study
