// What is wanted, before anything binds it.

#include <algorithm>

#include <fmt/core.h>

#include "scaling/draft.hpp"

namespace muster::scaling {

void launch_for_queue(Draft& draft) {
  const auto lacking = draft.unclaimed() - draft.free();
  if (lacking <= 0) return;
  draft.decision.launch = lacking;
  draft.reason(Rule::queue, lacking, lacking, draft.supply_in_words());
}

void launch_for_headroom(Draft& draft) {
  const auto headroom = draft.spare();
  const auto launches = draft.unclaimed() + headroom - draft.free();
  if (launches <= draft.decision.launch) return;
  draft.reason(Rule::headroom, draft.decision.launch, launches,
               fmt::format("{} more are to be free than wait, and {} will be", headroom,
                           std::max<std::int64_t>(draft.free() - draft.unclaimed(), 0)));
  draft.decision.launch = launches;
}

void launch_for_minimum(Draft& draft) {
  const auto there = draft.free() + draft.staying.busy;
  const auto launches = draft.least - there;
  if (launches <= draft.decision.launch) return;
  draft.reason(Rule::minimum, draft.decision.launch, launches,
               fmt::format("at least {} must be there and {} are", draft.least, there));
  draft.decision.launch = launches;
}

}  // namespace muster::scaling
