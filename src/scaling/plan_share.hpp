#pragma once

// How the tasks that a plan lets run at once are shared among the classes. Pure and total.
//
// CircleCI runs what is queued in any order: the tasks of one class may use up the whole plan while
// idle runners of another wait. What a scaler can do is to give no class more runners than its
// share.

#include <vector>

#include "scaling/decide.hpp"

namespace muster::scaling {

struct PlanClaim {
  std::int64_t has = 0;    // tasks that run, or for which a runner is there or comes
  std::int64_t wants = 0;  // with those that nothing but the plan keeps it from launching for
};
// While its queue is unknown a class wants nothing more than may run.
PlanClaim claim_on_plan(const Snapshot& snapshot);

// So many each, in the order given: what it has, and of the rest as much as the one that has least,
// up to what it wants. What cannot be divided goes to one after the other, from `turn` on, so that
// nobody is always the last.
std::vector<std::int64_t> share_plan(std::int64_t limit, const std::vector<PlanClaim>& claims,
                                     std::size_t turn);

// The turn at a time: it changes each minute.
std::size_t turn_at(WallTime now);

}  // namespace muster::scaling
