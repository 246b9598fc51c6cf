#pragma once

// What somebody wants of a class: the part of a Snapshot that comes from the configuration.

#include <cstdint>
#include <optional>

#include "base/time.hpp"

namespace muster::scaling {

struct Policy {
  std::int64_t min = 0;
  std::int64_t max = 1;
  // While any task waits or runs, so many more are to be free than wait.
  std::int64_t headroom = 0;
  Millis boot_timeout = std::chrono::minutes(5);
  // After so many failed boots in a row, what was requested and has not come is withdrawn, and one
  // launch is tried before there are more.
  std::int64_t withdraw_after = 3;
  // After a failed boot no launch for `first`; each further one in a row doubles it up to `most`.
  Millis boot_backoff_first = std::chrono::seconds(5);
  Millis boot_backoff_most = std::chrono::minutes(10);
  // Instances cannot be asked to end, only ended. So that is done timidly: see docs/scaling.md.
  bool reaps = false;
  bool drains = true;  // whether idle instances can be asked to end
  // One that reaps ends what is older: no task lasts so long. Nothing: no age is too high. Of those
  // of which nobody knows whether they are busy, as many stay as tasks run.
  std::optional<Millis> longest_life;
  // Older demand is stale: it launches nothing and ends nothing.
  Millis demand_max_age = std::chrono::minutes(2);
};

}  // namespace muster::scaling
