#pragma once

// Which boots have failed, and how long launches wait because of them. Pure and total.

#include <limits>

#include "scaling/census.hpp"
#include "scaling/decide.hpp"

namespace muster::scaling {

// Saturates, so that no input overflows.
inline WallTime later(WallTime from, Millis by) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(from.time_since_epoch().count(), by.count(), &sum)) {
    using Limits = std::numeric_limits<std::int64_t>;
    sum = by.count() > 0 ? Limits::max() : Limits::min();
  }
  return WallTime(Millis(sum));
}

// From one to the other; likewise.
inline Millis between(WallTime from, WallTime to) {
  std::int64_t difference = 0;
  if (__builtin_sub_overflow(to.time_since_epoch().count(), from.time_since_epoch().count(),
                             &difference)) {
    using Limits = std::numeric_limits<std::int64_t>;
    difference = to > from ? Limits::max() : Limits::min();
  }
  return Millis(difference);
}

// `first`, and twice as long for each time after the first, up to `most`.
Millis doubled(Millis first, Millis most, std::int64_t times);

// The place of its group among the snapshot's, which must have some.
std::size_t place_of(const Instance& instance, const Snapshot& snapshot);

// The snapshot's groups, and what is remembered of them after it. A request that has not come in
// time was refused as well; while the queue is unknown it is not judged.
std::vector<Shortage> judge_groups(const Snapshot& snapshot, bool queue_known);

// Of these the queue's keeper does not say whether they run a task.
bool is_perhaps_busy(const Instance& instance);

// Has not connected within the policy's boot_timeout.
bool is_overdue(const Instance& instance, const Snapshot& snapshot);
bool is_any_overdue(const Census& there, const Snapshot& snapshot);

// Of those at work that are not listed, taken to be the oldest: so many are overdue, and so many
// are not.
struct AtWork {
  std::int64_t overdue = 0;
  std::int64_t in_time = 0;
};
AtWork unlisted_at_work(const Snapshot& snapshot);

// Older than twice the boot_timeout, so that no list of runners is believed to lag so far behind.
bool is_long_silent(const Instance& instance, const Snapshot& snapshot);

// Nobody has seen it take a task for longer than any task lasts, and so it is of no use, even if it
// connected once.
bool is_too_old(const Instance& instance, const Snapshot& snapshot);

bool is_twice_too_old(const Instance& instance, const Snapshot& snapshot);

// For so long that what runs is counted, no task ran that may be on who is not known to be busy. In
// two readings at least.
bool is_quiet(const State& state, const Snapshot& snapshot);

// Lost, where no age is too high: nothing else would ever end it.
bool is_lost_for_good(const Instance& instance, const Snapshot& snapshot);

// Of those that are there: how many are overdue or too old, and how many of them one would believe
// to be so at once. If there are more, the list of runners is believed to be wrong.
std::int64_t count_of_dead(const Snapshot& snapshot, const Census& there);
std::int64_t most_believable_dead(const Snapshot& snapshot);

// What to remember of boots after this snapshot. While the queue is unknown, so is who has
// connected: then (`queue_known` false) no overdue instance is judged.
State judge_boots(const Snapshot& snapshot, const Census& there, bool queue_known);

}  // namespace muster::scaling
