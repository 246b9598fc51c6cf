#pragma once

// Tasks that do not wait yet: others block them, which run, and of which the queue's keeper tells
// how long they took before. Pure and total.
//
// A new instance takes a boot's time. So what is expected within that is launched for now, and
// nothing that comes later. What is expected may come late, or never, if what blocks it fails: an
// instance is kept for it for a short while more, and then counts as any other.

#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.hpp"

namespace muster::scaling {

// What one task of others will release once it ends, if all goes well.
struct Foreseen {
  WallTime expected_at{};
  std::int64_t tasks = 0;
  std::int64_t freed = 0;  // instances that run what blocks them, and will be free then
};

// No more are believed of one class; the first count.
inline constexpr std::size_t kMostForeseen = 100;
// An instance is kept for so long after the moment at which its task was expected.
inline constexpr Millis kForeseenGrace = std::chrono::seconds(30);

// So many are expected within a boot, or were a moment ago. Those that are freed serve some of
// them, if `reuse`. None while nobody knows how long a boot takes.
std::int64_t foreseen_within(Millis boot, const std::vector<Foreseen>& foreseen, bool reuse,
                             WallTime now);

// When that changes, though nobody says so.
std::optional<WallTime> foreseen_changes_at(Millis boot, const std::vector<Foreseen>& foreseen,
                                            WallTime now);

}  // namespace muster::scaling
