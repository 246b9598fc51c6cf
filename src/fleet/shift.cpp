#include "fleet/shift.hpp"

#include <fmt/core.h>

#include <utility>

#include "base/log.hpp"
#include "base/sleep.hpp"

namespace muster::fleet {

ShiftOutcome work_shift(Loop& loop, Millis interval, MonotonicTime until, const Clock& clock,
                        const std::stop_token& stop) {
  ShiftOutcome outcome;
  auto due = clock.monotonic();
  do {
    auto pass = loop.run_once(stop);
    const bool cut = !pass && pass.error().kind == ErrorKind::cancelled;
    if (!cut || outcome.passes == 0) outcome.last = std::move(pass);
    ++outcome.passes;
    if (const auto verdict = verdict_of(outcome.last); !cut && !verdict) {
      ++outcome.failed;
      outcome.trouble = verdict.error().message;
    }
    if (!outcome.last && !stop.stop_requested()) {
      log::warn("held: nothing was changed", {{"error", outcome.last.error().message}});
    }
    due = std::max(due + interval, clock.monotonic());
    if (due >= until) break;
    sleep_for(due - clock.monotonic(), stop);
  } while (!stop.stop_requested());
  return outcome;
}

Result<void> verdict_of(const Result<PassOutcome>& pass) {
  if (!pass) return pass.error();
  if (pass->held) {
    return Error{ErrorKind::unavailable, fmt::format("nothing was decided: {}", pass->trouble)};
  }
  if (pass->incomplete || pass->fell_short) {
    return Error{ErrorKind::unavailable, fmt::format("not all was done: {}", pass->trouble)};
  }
  return ok();
}

Result<void> verdict_of(const ShiftOutcome& shift) {
  if (auto verdict = verdict_of(shift.last); !verdict) return verdict;
  if (2 * shift.failed <= shift.passes) return ok();
  return Error{ErrorKind::unavailable, fmt::format("{} of {} passes failed; {}", shift.failed,
                                                   shift.passes, shift.trouble)};
}

}  // namespace muster::fleet
