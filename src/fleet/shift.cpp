#include "fleet/shift.hpp"

#include "base/sleep.hpp"

namespace muster::fleet {

ShiftOutcome work_shift(Loop& loop, Millis interval, MonotonicTime until, const Clock& clock,
                        const std::stop_token& stop) {
  ShiftOutcome outcome;
  auto due = clock.monotonic();
  do {
    outcome.last = loop.run_once(stop);
    ++outcome.passes;
    due = std::max(due + interval, clock.monotonic());
    if (due >= until) break;
    sleep_for(due - clock.monotonic(), stop);
  } while (!stop.stop_requested());
  return outcome;
}

Result<void> verdict_of(const Result<PassOutcome>& pass) {
  if (!pass) return pass.error();
  if (pass->held)
    return Error{ErrorKind::unavailable,
                 "the queue or the instances could not be read; see the log"};
  if (pass->incomplete || pass->fell_short) {
    return Error{ErrorKind::unavailable, "not everything could be done; see the log"};
  }
  return ok();
}

}  // namespace muster::fleet
