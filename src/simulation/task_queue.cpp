#include "simulation/task_queue.hpp"

namespace muster::simulation {

void TaskQueue::changed(std::int64_t waiting, std::int64_t running) {
  counts_.waiting += waiting;
  counts_.running += running;
  ++changes_;
  history_.push_back({timeline_.monotonic(), counts_});
  // One that is older stays: it is what was true at the beginning of the window.
  while (history_.size() > 1 && history_[1].when + kLongestLag <= timeline_.monotonic()) {
    history_.pop_front();
  }
  if (plan_ != nullptr) plan_->add(running);
}

TaskNumber TaskQueue::arrive(Millis duration) {
  const auto number = tasks_.size();
  waiting_.push_back(number);
  tasks_.push_back({timeline_.monotonic(), duration, std::nullopt, std::nullopt});
  changed(+1, 0);
  return number;
}

bool TaskQueue::cancel(TaskNumber number) {
  if (std::erase(waiting_, number) == 0) return false;
  tasks_[number].canceled = true;
  changed(-1, 0);
  return true;
}

std::optional<TaskNumber> TaskQueue::claim() {
  if (waiting_.empty() || (plan_ != nullptr && plan_->is_full())) return std::nullopt;
  const auto number = waiting_.front();
  waiting_.pop_front();
  tasks_[number].started = timeline_.monotonic();
  changed(-1, +1);
  return number;
}

void TaskQueue::finish(TaskNumber number) {
  tasks_[number].ended = timeline_.monotonic();
  changed(0, -1);
  if (listener_) listener_(number);
}

void TaskQueue::interrupt(TaskNumber number) {
  tasks_[number].started.reset();
  waiting_.push_front(number);
  changed(+1, -1);
}

std::optional<MonotonicTime> TaskQueue::oldest() const {
  if (waiting_.empty()) return std::nullopt;
  return tasks_[waiting_.front()].queued;
}

QueueCounts TaskQueue::counts_before(Millis lag) {
  const auto when = timeline_.monotonic() - lag;
  for (auto moment = history_.rbegin(); moment != history_.rend(); ++moment) {
    if (moment->when <= when) return moment->counts;
  }
  return {};
}

}  // namespace muster::simulation
