#pragma once

// A decision in the making: what the rules share. They are free functions, in files of their own,
// and speak in the order in which decide() lists them. Each adds its reason and keeps the earlier
// ones.

#include <optional>
#include <string>
#include <vector>

#include "scaling/census.hpp"
#include "scaling/decide.hpp"
#include "scaling/slots.hpp"
#include "scaling/turnover.hpp"

namespace muster::scaling {

struct Draft {
  explicit Draft(const Snapshot& seen);

  void count_groups();
  void reason(Rule rule, std::int64_t wanted, std::int64_t allowed, std::string detail,
              std::string subject = "");
  // No more are launched than allowed, for the reason given; no reason is added where none are
  // more.
  void limit_launches(Rule rule, std::int64_t allowed, std::string detail);

  // How many tasks run; nothing while the queue is unknown.
  std::optional<std::int64_t> running() const;
  // So many on those that look booting, and are in time.
  std::int64_t at_work() const;
  // Only where there is a plan: so many more of the class may run by it.
  std::int64_t room_in_plan() const;
  // Of those that wait, so many may run: the plan's other tasks are of other classes.
  std::int64_t may_start() const;
  // Some of what waits may not run by the plan.
  bool waits_for_plan() const;
  // Only while it is known.
  std::int64_t unclaimed() const { return std::get<DemandReading>(snapshot.demand).unclaimed; }
  // Of those that wait and have nobody who is free or booting, so many are left to the busy ones.
  SoonFree soon_free() const;
  // Slots that are free, or come.
  std::int64_t free() const { return slots.free + slots.coming; }
  // Instances that serve, or will.
  std::int64_t serving() const { return staying.idle + staying.booting + staying.busy; }
  std::int64_t launches_for(std::int64_t tasks) const {
    return scaling::launches_for(tasks, snapshot.policy);
  }
  // So many more instances are to be free than wait, or so many slots. None while the queue is
  // unknown.
  std::int64_t headroom() const;
  std::int64_t warm() const;
  // Tasks that are expected within a boot, as far as the plan will let them run.
  std::int64_t foreseen() const;
  // So many slots must be free, of instances that stay and those that are launched.
  std::int64_t needed_free() const;
  // Requested, and not to be waited for: it is withdrawn, and is no supply.
  bool is_given_up(const Instance& instance) const;
  // " (the schedule office hours is in force)", if one is; the number may be the class's own.
  std::string schedule_in_words() const;
  // "2 wait, 1 idle and 0 booting will serve 1"
  std::string supply_in_words() const;

  const Snapshot& snapshot;
  const std::int64_t least;  // policy.min and policy.max, as far as they are believed
  const std::int64_t most;
  const std::optional<Reason> hold;  // while the queue is unknown
  const std::int64_t each;           // slots of an instance that is launched
  const Census there;
  std::int64_t given_up_requests = 0;
  struct InGroup {
    std::int64_t live = 0;  // requested ones included
    std::int64_t requested = 0;
    std::int64_t given_up = 0;
  };
  std::vector<InGroup> groups;    // of the snapshot's, in their order
  std::int64_t left_to_busy = 0;  // of those that wait
  std::int64_t living = 0;        // of those that are there
  std::int64_t spent = 0;         // of policy.spend_cap, in instance-milliseconds
  Counts staying;                 // without those that this decision drains or ends
  Slots slots;                    // of those that stay
  Decision decision;
};

// See Counts.
// `at_work`: so many tasks run on those that look booting.
Counts count_judged(const Census& there, const Policy& policy,
                    const std::optional<std::int64_t>& running, std::int64_t at_work = 0);

// How many more of something may be, where a rate bounds it. `used` of the latest stretch is in it.
std::int64_t room_in(const Rate& rate, const Window& used);
// "at most 5 in 1m are launched, and the next may be at …"
std::string rate_in_words(const Rate& rate, std::string_view what, const Window& used);
// Notes in the memory what is launched.
void note_use(Draft& draft);

// --- the rules, by the file in which they are ---------------------------------------------------

// ending.cpp: what certainly is of no use, and what perhaps is.
void tell_of_lost(Draft& draft);
void end_useless(Draft& draft);

// draining.cpp: who may be idle and is not needed.
void drain_above_maximum(Draft& draft);
void drain_surplus(Draft& draft);

// launching.cpp: what is wanted.
void launch_for_queue(Draft& draft);
void count_soon_free(Draft& draft);
void keep_plan(Draft& draft);
void launch_for_headroom(Draft& draft);
void launch_for_warm(Draft& draft);
void launch_for_foreseen(Draft& draft);
void launch_for_minimum(Draft& draft);

// spending.cpp: what is left of the spend cap.
void end_after_task(Draft& draft);
void keep_spend_cap(Draft& draft);

// placing.cpp: in which groups.
void place_launches(Draft& draft);
void place_withdrawals(Draft& draft);

// withdrawing.cpp: what was requested and has not come.
void withdraw_given_up(Draft& draft);
void withdraw_unneeded(Draft& draft);
void withdraw_after_failures(Draft& draft);

// bounds.cpp: how much of what is wanted is launched.
void keep_maximum(Draft& draft);
void keep_launch_rate(Draft& draft);
void keep_backoff(Draft& draft);
void withdraw_before_launching(Draft& draft);

}  // namespace muster::scaling
