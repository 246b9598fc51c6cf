#include "history/seen_tasks.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace muster::history {

namespace {

bool is_believed(std::int64_t count) {
  return count >= 0 && count <= kMostTasksAtOnce;
}

template <class Group>
void join(std::deque<Group>& line, Group group) {
  if (group.count > 0) line.push_back(std::move(group));
}

// Of the oldest of a line: all, or as many as are asked for.
template <class Group>
std::int64_t take_oldest(std::deque<Group>& line, std::int64_t most) {
  auto& oldest = line.front();
  const auto taken = std::min(oldest.count, most);
  oldest.count -= taken;
  if (oldest.count == 0) line.pop_front();
  return taken;
}

}  // namespace

void TaskReader::take(const fleet::ClassPass& record) {
  const auto* reading = std::get_if<scaling::DemandReading>(&record.snapshot.demand);
  if (reading == nullptr || !is_believed(reading->unclaimed) || !is_believed(reading->running)) {
    return;
  }
  const auto [found, is_first] = lines_.try_emplace(record.resource_class);
  auto& line = found->second;
  const auto more_wait = reading->unclaimed - std::exchange(line.unclaimed, reading->unclaimed);
  const auto ran = std::exchange(line.running, reading->running);
  const auto more_run = reading->running - ran;
  line.read_at = is_first ? reading->read_at : std::max(line.read_at, reading->read_at);
  if (is_first) {
    join(line.waiting, {line.read_at, more_wait});
    join(line.at_work, {line.read_at, std::nullopt, more_run});
    return;
  }
  const auto ended = std::max<std::int64_t>({0, -more_run, -more_run - more_wait});
  const auto started = more_run + ended;
  const auto ended_first = std::min(ended, ran);
  end(record.resource_class, line, ended_first);
  join(line.waiting, {line.read_at, more_wait + started});
  start(line, started);
  end(record.resource_class, line, ended - ended_first);
}

void TaskReader::start(Line& line, std::int64_t count) {
  while (count > 0) {
    const auto queued_at = line.waiting.front().queued_at;
    const auto taken = take_oldest(line.waiting, count);
    join(line.at_work, {queued_at, line.read_at, taken});
    count -= taken;
  }
}

void TaskReader::end(const std::string& resource_class, Line& line, std::int64_t count) {
  while (count > 0) {
    const auto [queued_at, started_at, all] = line.at_work.front();
    const auto taken = take_oldest(line.at_work, count);
    count -= taken;
    if (!started_at) {
      unseen_.ran_before += taken;
    } else if (*started_at == line.read_at) {
      unseen_.not_seen += taken;
    } else {
      tasks_.push_back({resource_class, queued_at, line.read_at - *started_at, taken});
    }
  }
}

UnseenTasks TaskReader::unseen() const {
  auto unseen = unseen_;
  for (const auto& [name, line] : lines_) unseen.unfinished += line.unclaimed + line.running;
  return unseen;
}

std::optional<WallTime> TaskReader::oldest_waiting(const std::string& resource_class) const {
  const auto found = lines_.find(resource_class);
  if (found == lines_.end() || found->second.waiting.empty()) return std::nullopt;
  return found->second.waiting.front().queued_at;
}

std::vector<Millis> TaskReader::durations(const std::string& resource_class,
                                          std::size_t most) const {
  std::vector<Millis> latest;
  for (auto task = tasks_.rbegin(); task != tasks_.rend() && latest.size() < most; ++task) {
    if (task->resource_class != resource_class) continue;
    const auto many = std::min<std::size_t>(task->count, most - latest.size());
    latest.insert(latest.end(), many, task->duration);
  }
  std::ranges::reverse(latest);
  return latest;
}

std::vector<WallTime> TaskReader::starts_of_running(const std::string& resource_class) const {
  const auto found = lines_.find(resource_class);
  if (found == lines_.end()) return {};
  std::vector<WallTime> starts;
  for (const auto& running : found->second.at_work) {
    if (running.started_at) starts.push_back(*running.started_at);
  }
  return starts;
}

}  // namespace muster::history
