#pragma once

// How many instance-hours were used, summed up from what lived between the passes. Pure and total.
//
// From one pass to the next at most kLongestStep passes: of a longer time nobody knows whether the
// scaler was down or a clock has jumped. What was used before moves with such a leap, so that no
// jump uses anything up, and none makes it be forgotten. The cost: of an outage of the scaler only
// that much is counted, and what was used before counts for longer by the outage.

#include <optional>

#include "scaling/decide.hpp"

namespace muster::scaling {

inline constexpr Millis kLongestStep = std::chrono::minutes(10);
// Unless something comes or goes the memory is written anew only this often: each writing costs.
inline constexpr Millis kSpendKept = std::chrono::minutes(1);

// In instance-milliseconds.
std::int64_t limit_of(const SpendCap& cap);

struct SpendUntilNow {
  Spend memory;
  std::int64_t used = 0;  // instance-milliseconds in the latest stretch
};
// `living` were there when the snapshot was taken.
SpendUntilNow spend_until_now(const Spend& before, const SpendCap& cap, std::int64_t living,
                              WallTime now);

// How long an instance is taken to live: for a boot, which is a minute at least, and an average
// task; for an hour while no task was seen to end.
Millis expected_life(const Turnover& turnover);

// So many may be launched beside those that live, where each of all takes so long from what the cap
// leaves. One where nobody lives, if anything is left.
std::int64_t launches_within(const SpendCap& cap, std::int64_t used, std::int64_t live,
                             Millis life);
// When the next one may be, as what was used is so old by then. Nothing: not by time alone.
std::optional<WallTime> next_launch_at(const Window& used, const SpendCap& cap, std::int64_t live,
                                       Millis life);

}  // namespace muster::scaling
