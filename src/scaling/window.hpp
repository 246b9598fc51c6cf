#pragma once

// How much of something was used in the latest stretch of time of some length. Pure and total.
//
// What was used at nearly the same time is one entry, so that there are few however much was used.
// An entry counts until its latest part is as old as the stretch: rather too long than too short.

#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.hpp"

namespace muster::scaling {

struct Used {
  WallTime until{};  // all of it was used by then
  std::int64_t amount = 0;

  friend bool operator==(const Used&, const Used&) = default;
};
using Window = std::vector<Used>;  // the oldest first

// Without what is older than `per`. What lies in the future, as the clock was set back, is from
// now.
Window still_counted(Window window, Millis per, WallTime now);
void add_use(Window& window, std::int64_t amount, Millis per, WallTime now);
// Saturates.
std::int64_t sum_of(const Window& window);
// When less than `limit` is used, if nothing is added.
std::optional<WallTime> falls_below(const Window& window, std::int64_t limit, Millis per);

}  // namespace muster::scaling
