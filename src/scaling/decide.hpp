#pragma once

// decide(): from one snapshot of the world to what should be done about it, and why.
//
// Pure and total: no clock, no failure, no memory but the State it is given and returns. Unknown
// or stale demand is an input like any other. What must hold of every decision is stated in
// docs/scaling.md as the invariants S1 to S8.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/time.hpp"
#include "scaling/foresight.hpp"
#include "scaling/placement.hpp"
#include "scaling/policy.hpp"
#include "scaling/window.hpp"

namespace muster::scaling {

// How many tasks wait and run for one resource class, at one moment.
struct DemandReading {
  std::int64_t unclaimed = 0;
  std::int64_t running = 0;
  WallTime read_at{};
};
// No reading, and why: never to be taken for zero.
struct DemandUnknown {
  std::string why;
};
using Demand = std::variant<DemandUnknown, DemandReading>;

enum class InstanceState {
  booting,    // launched, and never heard of since
  idle,       // connected, not running a task (as far as is known), and able to take one
  connected,  // as idle or busy, but the queue's keeper does not say which
  busy,       // running a task
  used,       // single-task, has had its task: busy or spent, but the queue's keeper does not say
  spent,      // single-task, has had its task, about to end itself
  draining,   // asked to end once it is not busy
  lost,       // not heard of for long, having connected or been asked to end: perhaps at work
};

struct Instance {
  std::string id;
  InstanceState state = InstanceState::booting;
  WallTime launched_at{};
  bool requested = false;                // booting, and not there yet: it can still be withdrawn
  std::int64_t group = 0;                // its place among Snapshot::groups, if there are any
  std::optional<WallTime> used_at = {};  // when it took its latest task, as far as anybody says
  std::int64_t slots = 1;                // so many tasks it can run at once: see slots.hpp
  std::int64_t running = 0;              // busy, and so many are known to run on it; 0: one
};

// Idle instances that are not needed.
struct Surplus {
  WallTime since{};
  std::int64_t least = 0;  // of them at any time since

  friend bool operator==(const Surplus&, const Surplus&) = default;
};

// What was used of the policy's spend_cap.
struct Spend {
  Window used;  // in instance-milliseconds
  std::optional<WallTime> counted_until;
  std::int64_t living = 0;  // since then

  friend bool operator==(const Spend&, const Spend&) = default;
};

// How tasks come and go, where the policy counts what will soon be free or come: see turnover.hpp.
struct Turnover {
  Millis boot{};              // how long a boot takes, of late; 0 while none was seen
  std::int64_t ended = 0;     // tasks that were seen to end, of late
  std::int64_t run_time = 0;  // what ran meanwhile, in task-milliseconds
  Window recent;              // those of them that ended in the time of the latest boot
  Window waiting;             // those that wait, from when they were seen first, for so long
  std::optional<WallTime> counted_at;
  std::int64_t unclaimed = 0;  // then
  std::int64_t running = 0;

  friend bool operator==(const Turnover&, const Turnover&) = default;
};

// What decide() remembers from one pass to the next. Kept by the caller; survives a restart.
struct State {
  std::int64_t failed_boots_in_a_row = 0;
  std::optional<WallTime> backoff_until;
  // Instances that were counted as failed boots and may still be there: never counted again.
  std::vector<std::string> given_up;
  // When the queue was read that the latest of them was found missing in.
  std::optional<WallTime> given_up_at;
  std::optional<WallTime> reaped_at;  // when the queue was read that the latest were ended by
  // When it was read first of the latest readings, in all of which some waited. Only where the
  // policy reaps.
  std::optional<WallTime> waiting_since;
  // Likewise, of the latest in none of which a task ran that may be on who is not known to be busy.
  std::optional<WallTime> quiet_since;
  std::optional<Surplus> surplus;
  Window launches;  // those of the policy's launch_rate, and below of its scale_in_rate
  Window drains;
  Spend spend;
  Turnover turnover;
  std::vector<Shortage> shortages;  // of groups

  friend bool operator==(const State&, const State&) = default;
};

// Of the tasks that the plan lets run at once.
struct PlanShare {
  std::int64_t limit = 0;  // of all classes
  std::int64_t share = 0;  // of this one: see plan_share.hpp

  friend bool operator==(const PlanShare&, const PlanShare&) = default;
};

struct Snapshot {
  Demand demand;
  // Tasks that do not wait yet, if the queue's keeper tells of such. None: nothing is known of any.
  std::vector<Foreseen> foreseen;
  std::vector<Instance> instances;  // all that exist
  // In which they are, in order of preference. None: they are all in one place, and the members
  // failed_launches and launch_trouble below speak of it; else each group has what is its own.
  std::vector<Group> groups;
  // Why they could not be listed. Then they are those that were there last, and nothing is done.
  std::string instances_unknown;
  // So many of those that look booting are at work: more tasks run than others could run.
  std::int64_t unlisted_at_work = 0;
  std::vector<std::string> failed_boots;  // ids that ended without ever connecting, each told once
  std::int64_t returned_boots = 0;        // so many of those told before are there after all
  std::int64_t failed_launches = 0;       // asked for since the last pass, and could not be started
  std::string launch_trouble;             // why, in words, if somebody said so
  bool any_boot_succeeded = false;  // an instance connected for the first time since last pass
  std::optional<Millis> boot_took;  // by those that were seen to boot until now, on the average
  Policy policy;
  // So many the one place that they are in takes, if it says so: policy.max is no higher.
  std::optional<std::int64_t> place_max;
  std::string schedule;                  // by which it is so now, if by any: see schedule.hpp
  std::optional<WallTime> policy_until;  // then it may be another one
  State state;
  WallTime now{};
  std::optional<PlanShare> plan_share;
};

enum class Rule {
  queue,              // the queue asks for this many more
  soon_free,          // some of what waits is left to instances that will soon be free
  plan,               // this class's share of the plan bound what the queue asks for
  headroom,           // policy.headroom asks for more than what waits
  warm,               // policy.warm keeps this many free
  foreseen,           // so many tasks are expected within a boot
  minimum,            // policy.min keeps this many
  maximum,            // policy.max bound what was wanted
  launch_rate,        // policy.launch_rate bound what was wanted
  spend_cap,          // policy.spend_cap is used up
  backoff,            // launches wait after failed boots
  shortage,           // a group has refused launches: others take them, or they wait
  placed,             // in this group so many are launched
  instances_unknown,  // nobody knows what is there: hold
  demand_unknown,     // nothing is known of the queue: hold
  demand_stale,       // what is known of the queue is too old: hold
  unheard,            // some are not heard of any more: they are no supply
  boot_timeout,       // an instance did not connect in time and is asked to end
  reaped,             // an instance is certainly of no use, and is ended
  many_silent,        // more look dead at once than one would believe: few are ended
  above_maximum,      // more live than policy.max: idle ones are asked to end
  last_task,          // policy.spend_cap has no room for another task: busy ones are asked to end
  scale_in_rate,      // policy.scale_in_rate bound how many idle ones are asked to end
  surplus,            // idle ones that nobody has needed for some time are asked to end
  not_come,           // some that were requested have not come in time, and are withdrawn
  unneeded,           // some that are only requested are needed no more, and are withdrawn
  satisfied,          // supply covers demand
};
std::string_view to_string(Rule rule);

struct Reason {
  Rule rule = Rule::satisfied;
  std::int64_t wanted = 0;   // launches (or drains) before this rule was applied
  std::int64_t allowed = 0;  // and after
  std::string subject;       // an instance id, or empty
  std::string detail;        // the numbers in words: "2 wait, 1 idle and 0 booting will serve 1"

  friend bool operator==(const Reason&, const Reason&) = default;
};
// The whole in words, without a full stop: "2 wait, 1 idle and 0 booting will serve 1: launch 1".
std::string describe(const Reason& reason);
// All of them, parted by semicolons.
std::string describe(const std::vector<Reason>& reasons);
// Whether it holds what is there, as nobody knows enough.
bool is_hold(const Reason& reason);

// How many are in each state. Of a Decision: those that are `used`, and then those that are
// `connected`, were counted as busy, as many as the queue has tasks running that no busy one
// accounts for, and else as spent, and as idle. While the queue is unknown all are taken for busy.
struct Counts {
  std::int64_t booting = 0, idle = 0, connected = 0, busy = 0, used = 0, spent = 0, draining = 0,
               lost = 0;
  std::int64_t live() const {
    return booting + idle + connected + busy + used + spent + draining + lost;
  }
  friend bool operator==(const Counts&, const Counts&) = default;
};
Counts count(const std::vector<Instance>& instances);
// "1 booting, 0 idle, 4 busy, 0 spent, 0 draining"; the lost where there are any.
std::string describe(const Counts& counts);

// What of a decision is done in one of several groups.
struct Placed {
  std::string group;
  std::int64_t launch = 0;
  std::int64_t withdraw = 0;

  friend bool operator==(const Placed&, const Placed&) = default;
};

struct Decision {
  std::int64_t launch = 0;
  std::vector<std::string> drain;  // ask these to end once they are not busy
  std::vector<std::string> reap;   // end these: they run nothing. Only where the policy reaps
  std::int64_t withdraw = 0;       // give up so many of those that are only requested
  std::vector<Placed> places;      // of launch and withdraw, where the snapshot has groups
  std::int64_t desired = 0;        // live + launch - withdraw
  Counts counts;                   // what was there
  State next;
  std::vector<Reason> reasons;         // at least one
  std::optional<WallTime> revisit_at;  // something changes by then even if nobody says so
};

Decision decide(const Snapshot& snapshot);

}  // namespace muster::scaling
