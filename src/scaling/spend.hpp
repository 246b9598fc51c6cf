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

// How long an instance is taken to live for one task: for a boot, which is a minute at least, and
// an average task; for an hour while no task was seen to end.
Millis expected_life(const Turnover& turnover);

// What the cap has to be enough for.
struct Outlook {
  std::int64_t used = 0;  // instance-milliseconds in the latest stretch
  Counts there;
  std::int64_t tasks = 0;  // that wait and run, as far as is known
};
// `used` until now, as after so many launches, or withdrawals if below zero.
Outlook outlook_of(const Demand& demand, Counts there, std::int64_t used, std::int64_t launches);

// So many may be launched beside those that are there. One where nobody is, if anything is left.
//
// - One that ends after a task is taken to need a life, and so is each that is there.
// - One that takes one task after the other, and can be asked to end, likewise; and of those that
//   are busy each is taken to run another task.
// - One that cannot be asked works on as long as tasks wait. Either what is left is enough for all
//   tasks that are known and the boots, or no more are there than could be for ever.
std::int64_t launches_within(const Policy& policy, const Outlook& outlook,
                             const Turnover& turnover);
// When the next one may be, as what was used is so old by then. Nothing: not by time alone.
std::optional<WallTime> next_launch_at(const Policy& policy, const Window& used,
                                       const Outlook& outlook, const Turnover& turnover);

// Of those that take one task after the other and can be asked to end, so many may run another task
// after the one that each of all runs. Any number while no task was seen to end, and anything is
// left.
std::int64_t may_go_on(const Policy& policy, const Outlook& outlook, const Turnover& turnover);
// When fewer may than are busy, if as many live as now. Nothing: not by time alone, or now.
std::optional<WallTime> fewer_go_on_at(const Policy& policy, const Outlook& outlook,
                                       const Turnover& turnover, WallTime now);

}  // namespace muster::scaling
