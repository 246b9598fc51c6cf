#pragma once

// Passes for a limited time: how a function scales that is invoked each minute.

#include <stop_token>
#include <string>

#include "base/time.hpp"
#include "fleet/loop.hpp"

namespace muster::fleet {

struct ShiftOutcome {
  int passes = 0;
  int failed = 0;       // of them: held, or half done
  std::string trouble;  // of the latest of those
  // How it stood at the end. A pass that `stop` has cut tells nothing, unless there was no other.
  Result<PassOutcome> last;
};

// One pass at once, and then one each `interval` that begins before `until`.
ShiftOutcome work_shift(Loop& loop, Millis interval, MonotonicTime until, const Clock& clock,
                        const std::stop_token& stop);

// Held or half done is no success: whoever had a pass made by cron or by AWS must learn of it. The
// error says what was not done. Standing by for another scaler is a success.
Result<void> verdict_of(const Result<PassOutcome>& pass);

// By how it stood at the end, or by what most of its passes were.
Result<void> verdict_of(const ShiftOutcome& shift);

}  // namespace muster::fleet
