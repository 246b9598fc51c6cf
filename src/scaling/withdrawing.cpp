// What was only requested and has not come. It runs nothing, so that there is nothing to be careful
// of.

#include <algorithm>

#include <fmt/core.h>

#include "base/text.hpp"
#include "scaling/boots.hpp"
#include "scaling/draft.hpp"

namespace muster::scaling {

namespace {

std::int64_t count_requests(const Draft& draft, bool overdue) {
  const auto& snapshot = draft.snapshot;
  return draft.requests == 0 ? 0 : std::ranges::count_if(snapshot.instances, [&](const auto& it) {
    return it.requested && it.state == InstanceState::booting &&
           is_overdue(it, snapshot) == overdue;
  });
}

// And may still come in time.
std::int64_t requested(const Draft& draft) {
  return count_requests(draft, false);
}

// Tasks that run on nobody whom the list of instances has: it may lag behind, and some that look
// requested be at work (S1). One that is drained now, idle or overdue, may have had one of them.
std::int64_t unexplained(const Draft& draft) {
  const auto& instances = draft.snapshot.instances;
  const auto known = count(instances);
  const auto overdue = std::ranges::count_if(instances, [&](const auto& it) {
    return it.state == InstanceState::booting && contains(draft.decision.drain, it.id);
  });
  const auto connected = known.busy + known.idle + known.connected + known.draining + overdue;
  return std::max<std::int64_t>(draft.running().value_or(0) - connected, 0);
}

}  // namespace

void withdraw_overdue(Draft& draft) {
  const auto overdue = count_requests(draft, true);
  draft.overdue_requests = overdue;
  if (overdue == 0) return;
  draft.decision.withdraw = overdue;
  draft.reason(
      Rule::not_come, overdue, overdue,
      fmt::format("{} requested more than {} ago and not there", count_of(overdue, "instance"),
                  format_duration(draft.snapshot.policy.boot_timeout)));
}

// Some that are only requested may not be needed any more; or a group of AWS has requested them
// by itself, in the place of instances that ended without giving it up (S6).
void withdraw_unneeded(Draft& draft) {
  const auto all = requested(draft);
  if (all == 0 || draft.decision.launch > 0) return;
  const auto others = draft.free() - all;
  const auto needed = std::max<std::int64_t>(draft.needed_free() - others, 0) + unexplained(draft);
  const auto unneeded = all - needed;
  if (unneeded <= 0) return;
  draft.decision.withdraw += unneeded;
  draft.reason(
      Rule::unneeded, unneeded, unneeded,
      fmt::format("{} wait, and {} will serve them without {} that {} not come", draft.unclaimed(),
                  others + needed, unneeded, unneeded == 1 ? "has" : "have"));
}

// What takes the place of a boot that has just failed was requested by nobody.
void withdraw_after_failures(Draft& draft) {
  const auto& state = draft.decision.next;
  if (draft.hold || !state.backoff_until) return;
  const bool replaced = !draft.snapshot.failed_boots.empty();
  const bool many = state.failed_boots_in_a_row >= draft.snapshot.policy.withdraw_after;
  if (replaced || many) draft.decision.withdraw = draft.overdue_requests + requested(draft);
}

}  // namespace muster::scaling
