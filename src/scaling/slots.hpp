#pragma once

// What instances can run at once, counted in tasks: an instance has one slot or several, each of
// which runs one task at a time. Pure and total.

#include "scaling/census.hpp"
#include "scaling/decide.hpp"

namespace muster::scaling {

struct Slots {
  std::int64_t free = 0;    // of connected instances, those beside running tasks included
  std::int64_t coming = 0;  // of booting ones
  std::int64_t busy = 0;    // in which tasks run

  friend bool operator==(const Slots&, const Slots&) = default;
};

// Of an instance that is launched now.
std::int64_t slots_per_instance(const Policy& policy);

// One that boots has as many as it was launched with, whatever it will be.
std::int64_t slots_of(const Instance& instance, const Policy& policy);

// Of one that is busy: so many tasks run on it.
std::int64_t running_on(const Instance& instance, const Policy& policy);

// Who surely runs tasks, so many of them: the busy, and the connected where so many tasks run that
// none of these has a free slot.
class Working {
 public:
  Working(const Census& there, const std::optional<std::int64_t>& running);
  bool operator()(const Instance& instance) const;
  std::int64_t instances() const { return instances_; }

 private:
  bool connected_;
  std::int64_t instances_;
};
std::int64_t busy_slots_of(const Instance& instance, const Policy& policy);

// With `running` tasks of the class: those that no busy instance accounts for run on instances of
// which nobody knows whether they are busy, those first that have had a task. While it is unknown
// all of those run as many as they can. `at_work` tasks run on instances that look booting.
Slots count_slots(const Census& there, const std::optional<std::int64_t>& running,
                  std::int64_t at_work = 0);

// As decide() counts those of a snapshot.
Slots count_slots(const Snapshot& snapshot);

// So many launches have room for that many tasks.
std::int64_t launches_for(std::int64_t tasks, const Policy& policy);

}  // namespace muster::scaling
