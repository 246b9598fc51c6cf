// How much of what is wanted is launched.

#include <algorithm>

#include <fmt/core.h>

#include "base/text.hpp"
#include "scaling/draft.hpp"
#include "scaling/judge_demand.hpp"

namespace muster::scaling {

namespace {

void limit_launches(Draft& draft, Rule rule, std::int64_t allowed, std::string detail) {
  auto& launch = draft.decision.launch;
  if (launch <= allowed) return;
  draft.reason(rule, launch, allowed, std::move(detail));
  launch = allowed;
}

// Whatever was wrong may still be: then it costs one boot, and no more.
void try_one_first(Draft& draft) {
  const auto failed = draft.decision.next.failed_boots_in_a_row;
  if (failed < draft.snapshot.policy.withdraw_after) return;
  limit_launches(draft, Rule::backoff, draft.staying.booting > 0 ? 0 : 1,
                 fmt::format("{} failed in a row, so one is tried before there are more",
                             count_of(failed, "boot")));
}

}  // namespace

// All live instances count, those that are about to end included (S4).
void keep_maximum(Draft& draft) {
  const auto live = draft.decision.counts.live();
  limit_launches(draft, Rule::maximum, std::max<std::int64_t>(draft.most - live, 0),
                 fmt::format("at most {} may be live and {} are", draft.most, live));
}

void keep_backoff(Draft& draft) {
  const auto& state = draft.decision.next;
  if (!state.backoff_until) return try_one_first(draft);
  const auto& trouble = draft.snapshot.launch_trouble;
  limit_launches(draft, Rule::backoff, 0,
                 fmt::format("{} failed in a row{}, and the next may start at {}",
                             count_of(state.failed_boots_in_a_row, "boot"),
                             trouble.empty() ? "" : fmt::format(" ({})", trouble),
                             in_words(*state.backoff_until)));
}

// In one pass only one of them, so that desired capacity is written once.
void withdraw_before_launching(Draft& draft) {
  if (draft.overdue_requests == 0) return;
  limit_launches(draft, Rule::backoff, 0, "what has not come is withdrawn first");
}

}  // namespace muster::scaling
