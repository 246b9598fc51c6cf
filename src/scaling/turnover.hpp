#pragma once

// How many instances will soon be free, told from how tasks came and went. Pure and total.
//
// A queue's keeper tells how many tasks wait and run, not which, nor since when. From one reading
// to the next, no fewer have ended than both numbers together, or those that run alone, have
// fallen. That is a lower bound: what ends while another begins may not be seen. So the estimate is
// rather too low, and something is rather launched than left out.

#include <algorithm>

#include "scaling/decide.hpp"

namespace muster::scaling {

// What to remember after a reading. `boot_took`: see Snapshot. Unless a number has changed it is
// what it was.
Turnover turnover_after(const Turnover& before, const DemandReading& reading,
                        const std::optional<Millis>& boot_took, const Policy& policy, WallTime now);

struct SoonFree {
  std::int64_t expected = 0;  // of those that run now, so many end within a boot if all go on so
  std::int64_t ended = 0;     // so many did in the time of the latest boot
  std::int64_t patient = 0;   // of those that wait, so many have not waited for that long yet
  // So many of those that wait are left to instances that are busy now.
  std::int64_t count() const { return std::min({expected, ended, patient}); }
};
// `busy` run a task, and will take another. Nothing while no boot was seen.
SoonFree soon_free(const Turnover& turnover, std::int64_t busy, WallTime now);

// When there may be fewer, though no number changes.
std::optional<WallTime> fewer_soon_free_at(const Turnover& turnover, WallTime now);

}  // namespace muster::scaling
