// How much of what is wanted is launched.

#include <algorithm>

#include <fmt/core.h>

#include "base/text.hpp"
#include "scaling/draft.hpp"
#include "scaling/judge_demand.hpp"
#include "scaling/spend.hpp"

namespace muster::scaling {

namespace {

// Whatever was wrong may still be: then it costs one boot, and no more.
void try_one_first(Draft& draft) {
  const auto failed = draft.decision.next.failed_boots_in_a_row;
  if (failed < draft.snapshot.policy.withdraw_after) return;
  draft.limit_launches(Rule::backoff, draft.staying.booting > 0 ? 0 : 1,
                       fmt::format("{} failed in a row, so one is tried before there are more",
                                   count_of(failed, "boot")));
}

}  // namespace

// Those of the minimum come on top: who is free uses up nothing of the plan. Likewise what is kept
// warm, unless tasks wait for the plan, who would take it at once.
void keep_plan(Draft& draft) {
  const auto& plan = draft.snapshot.plan_share;
  if (!plan) return;
  draft.limit_launches(
      Rule::plan, draft.launches_for(draft.may_start() - draft.free()),
      fmt::format("the plan lets {} run at once, of which this class has a share of {}, "
                  "and {} run",
                  plan->limit, plan->share, *draft.running()));
}

// All live instances count, those that are about to end included (S4).
void keep_maximum(Draft& draft) {
  const auto live = draft.decision.counts.live();
  draft.limit_launches(Rule::maximum, std::max<std::int64_t>(draft.most - live, 0),
                       fmt::format("at most {} may be live{} and {} are", draft.most,
                                   draft.schedule_in_words(), live));
}

std::int64_t room_in(const Rate& rate, const Window& used) {
  return std::max<std::int64_t>(std::max<std::int64_t>(rate.most, 0) - sum_of(used), 0);
}

std::string rate_in_words(const Rate& rate, std::string_view what, const Window& used) {
  const auto next = falls_below(used, rate.most, rate.per);
  return fmt::format("at most {} in {} are {}{}", rate.most, format_duration(rate.per), what,
                     next ? fmt::format(", and the next may be at {}", in_words(*next)) : "");
}

void keep_launch_rate(Draft& draft) {
  const auto& rate = draft.snapshot.policy.launch_rate;
  if (!rate) return;
  auto used = draft.decision.next.launches;
  const auto room = room_in(*rate, used);
  add_use(used, std::min(room, draft.decision.launch), rate->per, draft.snapshot.now);
  draft.limit_launches(Rule::launch_rate, room, rate_in_words(*rate, "launched", used));
}

void keep_backoff(Draft& draft) {
  const auto& state = draft.decision.next;
  if (!state.backoff_until) return try_one_first(draft);
  const auto& trouble = draft.snapshot.launch_trouble;
  draft.limit_launches(Rule::backoff, 0,
                       fmt::format("{} failed in a row{}, and the next may start at {}",
                                   count_of(state.failed_boots_in_a_row, "boot"),
                                   trouble.empty() ? "" : fmt::format(" ({})", trouble),
                                   in_words(*state.backoff_until)));
}

void note_use(Draft& draft) {
  const auto& rate = draft.snapshot.policy.launch_rate;
  auto& decision = draft.decision;
  if (const auto& cap = draft.snapshot.policy.spend_cap) {
    // Those that are launched now are believed to live until the next pass looks.
    const auto living = draft.living + decision.launch - std::ssize(decision.reap);
    const auto& [state, now] = std::tie(draft.snapshot.state, draft.snapshot.now);
    decision.next.spend = spend_until_now(state.spend, *cap, living, now).memory;
  }
  if (rate) add_use(decision.next.launches, decision.launch, rate->per, draft.snapshot.now);
}

// In one pass only one of them, so that desired capacity is written once. Of several groups those
// that are lowered launch nothing.
void withdraw_before_launching(Draft& draft) {
  if (draft.given_up_requests == 0 || !draft.groups.empty()) return;
  draft.limit_launches(Rule::backoff, 0, "what has not come is withdrawn first");
}

}  // namespace muster::scaling
