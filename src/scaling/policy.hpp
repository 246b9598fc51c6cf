#pragma once

// What somebody wants of a class: the part of a Snapshot that comes from the configuration.

#include <cstdint>
#include <optional>

#include "base/time.hpp"

namespace muster::scaling {

// More than this a count of instances is not believed.
inline constexpr std::int64_t kMostInstances = 1'000'000;
// An instance has no more slots.
inline constexpr std::int64_t kMostSlots = 100;

// Instances that are kept free whether a task waits or not: in proportion to the busy ones, rounded
// up, but at least and at most so many.
struct Warm {
  std::int64_t percent_of_busy = 0;
  std::int64_t least = 0;
  std::int64_t most = kMostInstances;

  friend bool operator==(const Warm&, const Warm&) = default;
};
std::int64_t warm_target(const Warm& warm, std::int64_t busy);

// At most so many in any stretch of `per`.
struct Rate {
  std::int64_t most = 0;
  Millis per{};

  friend bool operator==(const Rate&, const Rate&) = default;
};

// At most so many instance-hours in any stretch of `per`.
struct SpendCap {
  std::int64_t instance_hours = 0;
  Millis per{};

  friend bool operator==(const SpendCap&, const SpendCap&) = default;
};

struct Policy {
  std::int64_t min = 0;
  std::int64_t max = 1;
  // So many tasks an instance runs at once. All other counts here are of instances.
  std::int64_t slots = 1;
  // While any task waits or runs, so many more are to be free than wait.
  std::int64_t headroom = 0;
  Warm warm;
  // Those that were idle and not needed for so long are asked to end. Nothing: they end by
  // themselves, by an idle time-out of their own.
  std::optional<Millis> scale_in_delay;
  std::optional<Rate> launch_rate;    // of launches
  std::optional<Rate> scale_in_rate;  // of idle ones that are asked to end
  // What waits is left to instances that are likely to end their task within a boot, for no longer
  // than a boot takes. Only of those that take one task after the other.
  bool soon_free = false;
  bool reuses = false;  // an instance takes one task after the other, and else ends after one
  // What is launched in time for tasks that others block: see foresight.hpp.
  bool foresight = false;
  // Once it is used up nothing is launched, and who can be asked takes no further task: spend.hpp.
  std::optional<SpendCap> spend_cap;
  Millis boot_timeout = std::chrono::minutes(5);
  // After so many failed boots in a row, what was requested and has not come is withdrawn, and one
  // launch is tried before there are more.
  std::int64_t withdraw_after = 3;
  // After a failed boot no launch for `first`; each further one in a row doubles it up to `most`.
  Millis boot_backoff_first = std::chrono::seconds(5);
  Millis boot_backoff_most = std::chrono::minutes(10);
  // The same of launches that one of several groups has refused: see placement.hpp.
  Millis shortage_backoff_first = std::chrono::minutes(1);
  Millis shortage_backoff_most = std::chrono::minutes(10);
  // Instances cannot be asked to end, only ended. So that is done timidly: see docs/scaling.md.
  bool reaps = false;
  bool drains = true;  // whether idle instances can be asked to end
  // One that reaps ends what is older: no task lasts so long. Nothing: no age is too high. Of those
  // of which nobody knows whether they are busy, as many stay as tasks run.
  std::optional<Millis> longest_life;
  // Older demand is stale: it launches nothing and ends nothing.
  Millis demand_max_age = std::chrono::minutes(2);

  friend bool operator==(const Policy&, const Policy&) = default;
};

// While nothing waits or runs, so many are kept.
std::int64_t kept_at_rest(const Policy& policy);
// So many more are to be free than wait; of several slots each, as many slots as they have.
std::int64_t headroom_target(const Policy& policy, std::int64_t unclaimed, std::int64_t running);

}  // namespace muster::scaling
