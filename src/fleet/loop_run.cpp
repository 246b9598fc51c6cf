// The loop's part that makes pass after pass: when the next is due, and what wakes it sooner.

#include <algorithm>
#include <exception>
#include <thread>
#include <utility>

#include "base/log.hpp"
#include "base/sleep.hpp"
#include "fleet/loop.hpp"
#include "fleet/waker.hpp"

namespace muster::fleet {

namespace {

constexpr Millis kSpacing{20};  // between two passes at least, so that no event can spin the loop
constexpr Millis kLongestPause = std::chrono::seconds(30);
constexpr Millis kLongestAgain = std::chrono::seconds(5);
constexpr Millis kStandBy = std::chrono::seconds(5);  // until another's charge is looked at again

template <class Wait>
void watch(Waker& waker, std::stop_token stop, Wait wait) {
  while (!stop.stop_requested()) {
    try {
      wait(kLongestPause, stop);
    } catch (const std::exception& failure) {
      log::error("waiting for a change failed", {{"error", failure.what()}});
      sleep_for(kLongestPause, stop);
    }
    waker.await_pass(waker.poke(), stop);
  }
}

}  // namespace

PassOutcome Loop::guarded_pass(std::stop_token stop) {
  std::string failure, defect;
  try {
    auto outcome = run_once(stop);
    if (outcome) return *outcome;
    failure = outcome.error().message;
  } catch (const std::exception& thrown) {
    failure = defect = thrown.what();
  }
  if (!stop.stop_requested()) log::error("held: nothing was changed", {{"error", failure}});
  return {.incomplete = true, .blind = true, .defect = defect};
}

// A class that waits for its own retry holds up no other. What was done is looked at soon. Where it
// is not seen yet, as of a provider that lists late, the next pass does the same again; so each one
// in a row waits twice as long.
Millis Loop::pause_after(const PassOutcome& outcome) {
  if (outcome.blind) return blind_pause_ = next_retry_pause(blind_pause_);
  blind_pause_ = Millis(0);
  const auto before = std::exchange(again_pause_, Millis(0));
  if (outcome.acted) return again_pause_ = std::clamp(before * 2, kSpacing, kLongestAgain);
  if (outcome.nothing_ours) return kStandBy;
  const auto longest = std::max(
      kSpacing, std::min(kLongestPause, ports_.ledger.charge_lasts().value_or(kLongestPause)));
  auto pause = longest;
  if (outcome.revisit_at) pause = std::min(pause, *outcome.revisit_at - ports_.clock.wall());
  for (const auto* retries :
       {&memory_retries_, &act_retries_.at(Act::end), &act_retries_.at(Act::resize)}) {
    const auto at = retries->next_after(pass_begun_);
    if (at) pause = std::min(pause, *at - ports_.clock.monotonic());
  }
  return std::max(pause, kSpacing);
}

// While nothing is read no event cuts the pause short.
Pace Loop::step(const std::stop_token& stop) {
  const auto begun = ports_.clock.monotonic();
  const auto outcome = guarded_pass(stop);
  ports_.observer.passed(outcome, ports_.clock.monotonic() - begun);
  return {pause_after(outcome), outcome.blind || outcome.nothing_ours, outcome.defect};
}

void Loop::run(std::stop_token stop) {
  auto pace = step(stop);  // before anybody watches: what was never looked at looks changed
  Waker waker;
  const std::jthread demand_watch([&](std::stop_token watch_stop) {
    watch(waker, watch_stop,
          [&](Millis patience, std::stop_token s) { ports_.demand.wait_for_change(patience, s); });
  });
  const std::jthread capacity_watch([&](std::stop_token watch_stop) {
    watch(waker, watch_stop, [&](Millis patience, std::stop_token s) {
      ports_.capacity.wait_for_change(patience, s);
    });
  });
  for (;;) {
    sleep_for(pace.deaf ? pace.pause : kSpacing, stop);
    if (!pace.deaf && pace.pause > kSpacing) waker.await_poke(pace.pause, stop);
    if (stop.stop_requested()) break;
    waker.pass_begins();
    pace = step(stop);
    waker.pass_ended();
  }
}

}  // namespace muster::fleet
