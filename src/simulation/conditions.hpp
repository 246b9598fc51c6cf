#pragma once

// How a simulated world behaves: the machines, the cloud, the queue's keeper, and what goes wrong.

#include <optional>

#include "base/time.hpp"
#include "simulation/distribution.hpp"

namespace muster::simulation {

// How an instance looks after itself.
struct Habits {
  bool single_task = true;
  bool can_be_asked = false;  // to end once it runs nothing
  std::int64_t slots = 1;     // tasks that it runs at once, each on a runner of its own
  std::optional<Millis> idle_timeout = std::chrono::minutes(1);  // nothing: it waits for ever
  std::optional<Millis> idle_after_task;  // the same, once it has had one; nothing: idle_timeout
  // One that takes one task after the other ends itself after so many of them. Nothing: it does
  // not.
  std::optional<std::int64_t> recycled_after;
  // It ends itself with its place in the group. If not, it shuts down, and the group finds it dead.
  bool gives_up_its_place = true;
};

// Chances are in thousandths.
struct Faults {
  std::int64_t boot_never_connects = 0;  // of each boot
  std::int64_t runner_hangs = 0;         // of each that connects: it never claims, and never ends
  std::int64_t launch_refused = 0;       // of each launch: no capacity
  std::int64_t queue_unreadable = 0;     // of each reading
  std::int64_t queue_absurd = 0;         // of each reading: a number that is far off
  std::int64_t queue_stale = 0;          // of each reading: of another time, and so it says
  std::int64_t queue_throttled = 0;      // of each reading: 429, ask again later
  std::int64_t foreseen_wrong = 0;       // of each reading: what is foreseen is made up
  std::int64_t runners_cut_off = 0;      // of each reading: half of the runners are missing
  std::int64_t list_unreadable = 0;      // of each list of instances
  std::int64_t call_throttled = 0;       // of each call that changes the group
  std::int64_t call_unanswered = 0;      // of each call, whether it was done or not
  std::int64_t spot_interruption = 0;    // of each task: its instance goes with it
  std::int64_t taken_at_any_time = 0;    // of each launch: soon its instance is taken away
  std::int64_t zone_rebalancing = 0;     // of each instance that ends itself
  std::int64_t scaler_killed = 0;        // at each of its calls, before or after it took effect
  std::int64_t ledger_full = 0;          // of each writing
  Millis call_takes{};                   // each call, at most, if it is answered
  Millis counts_lag{};                   // the counts are as they were then
  Millis runners_lag{};                  // and so is the list of runners
  Millis ghosts_for{};                   // a runner is listed for so long after its end
  Millis list_lag{};                     // each look at the group may show it so old
  Millis down_for = std::chrono::seconds(20);  // after it was killed

  friend bool operator==(const Faults&, const Faults&) = default;
};

// Another class under the same plan, scaled by the same scaler: all of its tasks are queued at the
// beginning. What else holds of it is as of the world's own class.
struct Neighbour {
  std::int64_t tasks = 0;
  Millis duration{};
  std::int64_t plan = 0;  // lets so many tasks of both run at once, the oldest first
};

struct Conditions {
  WallTime beginning{std::chrono::sys_days(std::chrono::year(2030) / 1 / 1)};
  Millis poll_interval = std::chrono::seconds(5);  // of our own loop, at most
  Distribution boot = Distribution::constant(std::chrono::seconds(90));
  Millis launch_delay = std::chrono::seconds(2);  // from a desired capacity to its instance
  // Until the group finds an instance dead.
  Distribution replace_after = Distribution::constant(std::chrono::seconds(60));
  Millis retry_after = std::chrono::seconds(30);  // until the group tries a launch again
  std::int64_t max = 10;                          // of the group
  std::optional<std::int64_t> reserve;            // of a second one, which refuses no launch
  std::optional<Neighbour> neighbour;
  bool protects = true;  // the group protects its instances from scale-in
  Habits habits;
  Faults faults;
  bool ends_with_its_tasks = false;     // the world, even if instances live on
  std::int64_t kept = 0;                // so many do for ever, as they are wanted at any time
  Millis mended_after = Millis::max();  // from then on every boot connects, and none is refused
};

}  // namespace muster::simulation
