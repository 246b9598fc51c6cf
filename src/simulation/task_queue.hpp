#pragma once

// One class's queue, as its keeper has it, and as it shows it: with a lag, if it has one.

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "scaling/foresight.hpp"
#include "simulation/plan.hpp"
#include "simulation/timeline.hpp"

namespace muster::simulation {

struct Task {
  MonotonicTime queued{};
  Millis duration{};
  std::optional<MonotonicTime> started;  // the last time, if it was interrupted
  std::optional<MonotonicTime> ended;
  bool canceled = false;
};

using TaskNumber = std::size_t;  // in the order of arrival

struct QueueCounts {
  std::int64_t waiting = 0;
  std::int64_t running = 0;
};

class TaskQueue {
 public:
  using Listener = std::function<void(TaskNumber)>;

  explicit TaskQueue(const Timeline& timeline) : timeline_(timeline) {}

  // Told of each task that has run to its end.
  void tell_ends_to(Listener listener) { listener_ = std::move(listener); }

  // Who tells what is not queued yet, and will be.
  using Foresight = std::function<std::vector<scaling::Foreseen>()>;
  void is_foreseen_by(Foresight foresight) { foresight_ = std::move(foresight); }
  std::vector<scaling::Foreseen> foreseen() const {
    return foresight_ ? foresight_() : std::vector<scaling::Foreseen>();
  }

  // Which lets no more of its tasks, and of others, run at once.
  void is_under(Plan& plan) { plan_ = &plan; }

  TaskNumber arrive(Millis duration);
  bool cancel(TaskNumber number);     // if it still waits
  std::optional<TaskNumber> claim();  // the oldest that waits, if the plan lets it run
  void finish(TaskNumber number);
  void interrupt(TaskNumber number);  // it waits again, before all others

  QueueCounts counts() const { return counts_; }
  std::uint64_t changes() const { return changes_; }
  QueueCounts counts_before(Millis lag);

  const std::vector<Task>& tasks() const { return tasks_; }
  std::optional<MonotonicTime> oldest() const;  // when that which waits was queued
  bool is_done() const { return counts_.waiting == 0 && counts_.running == 0; }

 private:
  void changed(std::int64_t waiting, std::int64_t running);

  struct Moment {
    MonotonicTime when;
    QueueCounts counts;
  };

  const Timeline& timeline_;
  Listener listener_;
  Foresight foresight_;
  Plan* plan_ = nullptr;
  std::vector<Task> tasks_;
  std::deque<TaskNumber> waiting_;
  QueueCounts counts_;
  std::uint64_t changes_ = 0;
  std::deque<Moment> history_;  // of the last kLongestLag
};

inline constexpr Millis kLongestLag = std::chrono::minutes(10);

}  // namespace muster::simulation
