// What is wanted, before anything binds it.

#include <algorithm>

#include <fmt/core.h>

#include "base/text.hpp"
#include "scaling/draft.hpp"

namespace muster::scaling {

namespace {

// So many more slots are to be free than wait.
void launch_beyond(Draft& draft, Rule rule, std::int64_t target, const std::string& wish) {
  const auto lacking = std::max<std::int64_t>(draft.may_start() - draft.free(), 0);
  const auto left = std::min(draft.left_to_busy, lacking);
  const auto launches = draft.launches_for(draft.may_start() + target - draft.free() - left);
  if (launches <= draft.decision.launch) return;
  const auto there = std::max<std::int64_t>(draft.free() - draft.may_start(), 0);
  draft.reason(rule, draft.decision.launch, launches,
               draft.each == 1 ? fmt::format("{}, and {} will be", wish, there)
                               : fmt::format("{}, and {} of {} will be", wish, there,
                                             count_of(target, "slot")));
  draft.decision.launch = launches;
}

}  // namespace

void launch_for_queue(Draft& draft) {
  const auto lacking = draft.unclaimed() - draft.free();
  if (lacking <= 0) return;
  const auto launches = draft.launches_for(lacking);
  draft.decision.launch = launches;
  draft.reason(Rule::queue, launches, launches, draft.supply_in_words());
}

// A task that waits may as well be taken by who is free before a new instance is there. It is left
// to them for the time of one boot at most, so that it waits for two at most (S5).
// Where some are to be free besides, nobody is to wait.
void count_soon_free(Draft& draft) {
  if (draft.headroom() > 0 || draft.warm() > 0 || draft.foreseen() > 0) return;
  auto& launch = draft.decision.launch;
  const auto soon = draft.soon_free();
  const auto lacking = draft.unclaimed() - draft.free();
  const auto left = std::min(lacking, soon.count());
  const auto launches = draft.launches_for(lacking - left);
  if (left <= 0 || launches == launch) return;
  draft.left_to_busy = left;
  const auto& turnover = draft.decision.next.turnover;
  draft.reason(Rule::soon_free, launch, launches,
               fmt::format("{} ended in the latest {}, which a boot takes, and {} of {} should in "
                           "the next, as a task runs for {}",
                           soon.ended, humanize(turnover.boot), soon.expected, draft.slots.busy,
                           humanize(Millis(turnover.run_time / turnover.ended))));
  launch = launches;
}

void launch_for_headroom(Draft& draft) {
  const auto headroom = draft.headroom();
  launch_beyond(
      draft, Rule::headroom, headroom * draft.each,
      fmt::format("{} more are to be free than wait{}", headroom, draft.schedule_in_words()));
}

void launch_for_warm(Draft& draft) {
  const auto percent = draft.snapshot.policy.warm.percent_of_busy;
  const auto warm = draft.warm();
  launch_beyond(
      draft, Rule::warm, warm * draft.each,
      fmt::format("{} {} to be kept warm{}{}", warm, warm == 1 ? "is" : "are",
                  percent > 0 ? fmt::format(" ({}% of {} busy)", percent, draft.staying.busy) : "",
                  draft.schedule_in_words()));
}

void launch_for_foreseen(Draft& draft) {
  const auto foreseen = draft.foreseen();
  if (foreseen <= 0) return;
  launch_beyond(draft, Rule::foreseen, foreseen,
                fmt::format("{} to be free for what is expected within {}, which a boot takes",
                            foreseen == 1 ? "1 is" : fmt::format("{} are", foreseen),
                            humanize(draft.decision.next.turnover.boot)));
}

void launch_for_minimum(Draft& draft) {
  const auto there = draft.serving();
  const auto launches = draft.least - there;
  if (launches <= draft.decision.launch) return;
  draft.reason(Rule::minimum, draft.decision.launch, launches,
               fmt::format("at least {} must be there{} and {} are", draft.least,
                           draft.schedule_in_words(), there));
  draft.decision.launch = launches;
}

}  // namespace muster::scaling
