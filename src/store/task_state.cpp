#include "store/task_state.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>

namespace muster::store {
namespace {

constexpr std::array<std::string_view, 9> kStateWords = {
    "blocked", "queued",   "running",  "success",
    "failed",  "canceled", "timedout", "infrastructure_fail",
    "not_run"};

constexpr std::array<std::string_view, 9> kEventWords = {
    "released", "skipped",   "claimed",  "succeeded",
    "failed",   "timed out", "canceled", "infrastructure failed",
    "requeued"};

struct Transition {
  TaskState from;
  TaskEvent event;
  TaskState to;
};

constexpr Transition kTransitions[] = {
    {TaskState::blocked, TaskEvent::released, TaskState::queued},
    {TaskState::blocked, TaskEvent::skipped, TaskState::not_run},
    {TaskState::blocked, TaskEvent::canceled, TaskState::canceled},
    {TaskState::queued, TaskEvent::claimed, TaskState::running},
    {TaskState::queued, TaskEvent::canceled, TaskState::canceled},
    {TaskState::running, TaskEvent::succeeded, TaskState::success},
    {TaskState::running, TaskEvent::failed, TaskState::failed},
    {TaskState::running, TaskEvent::timed_out, TaskState::timedout},
    {TaskState::running, TaskEvent::canceled, TaskState::canceled},
    {TaskState::running, TaskEvent::infrastructure_failed, TaskState::infrastructure_fail},
    {TaskState::running, TaskEvent::requeued, TaskState::queued},
};

// Of finished parts the first of these that occurs is the whole's state.
constexpr TaskState kByWeight[] = {TaskState::infrastructure_fail,
                                   TaskState::failed,
                                   TaskState::timedout,
                                   TaskState::canceled,
                                   TaskState::not_run,
                                   TaskState::success};

}  // namespace

std::string_view to_string(TaskState state) {
  return kStateWords[static_cast<std::size_t>(state)];
}

std::string_view to_string(TaskEvent event) {
  return kEventWords[static_cast<std::size_t>(event)];
}

TaskState task_state(std::string_view word) {
  const auto found = std::find(kStateWords.begin(), kStateWords.end(), word);
  if (found == kStateWords.end()) {
    throw std::invalid_argument("not the state of a task: " + std::string(word));
  }
  return static_cast<TaskState>(found - kStateWords.begin());
}

std::optional<TaskState> next(TaskState state, TaskEvent event) {
  for (const auto& transition : kTransitions) {
    if (transition.from == state && transition.event == event) return transition.to;
  }
  return std::nullopt;
}

bool is_final(TaskState state) {
  return state != TaskState::blocked && state != TaskState::queued && state != TaskState::running;
}

TaskState combine(std::span<const TaskState> states) {
  const auto has = [&](TaskState state) {
    return std::find(states.begin(), states.end(), state) != states.end();
  };
  const bool finished = std::all_of(states.begin(), states.end(), is_final);
  if (!finished) {
    const bool begun =
        has(TaskState::running) || std::any_of(states.begin(), states.end(), is_final);
    if (begun) return TaskState::running;
    return has(TaskState::queued) ? TaskState::queued : TaskState::blocked;
  }
  return *std::find_if(std::begin(kByWeight), std::end(kByWeight), has);
}

}  // namespace muster::store
