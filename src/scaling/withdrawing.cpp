// What was only requested and has not come. It runs nothing, so that there is nothing to be careful
// of.

#include <algorithm>

#include <fmt/core.h>

#include "base/text.hpp"
#include "scaling/boots.hpp"
#include "scaling/draft.hpp"

namespace muster::scaling {

namespace {

std::int64_t count_requests(const Draft& draft, bool given_up) {
  const auto& instances = draft.snapshot.instances;
  return draft.there.requested == 0 ? 0 : std::ranges::count_if(instances, [&](const auto& it) {
    return it.requested && it.state == InstanceState::booting && draft.is_given_up(it) == given_up;
  });
}

// And may still come in time.
std::int64_t requested(const Draft& draft) {
  return count_requests(draft, false);
}

// Tasks that run on nobody whom the list of instances has: it may lag behind, and some that look
// requested be at work (S1). One that is drained now, idle or overdue, may have had one of them.
std::int64_t unexplained(const Draft& draft) {
  std::int64_t explained = 0;
  for (const auto& it : draft.snapshot.instances) {
    const bool overdue =
        it.state == InstanceState::booting && contains(draft.decision.drain, it.id);
    const bool connected = it.state == InstanceState::busy || it.state == InstanceState::idle ||
                           it.state == InstanceState::connected ||
                           it.state == InstanceState::used || it.state == InstanceState::draining;
    if (overdue || connected) explained += slots_of(it, draft.snapshot.policy);
  }
  return std::max<std::int64_t>(draft.running().value_or(0) - explained, 0);
}

void tell_of_refused(Draft& draft) {
  for (std::size_t i = 0; i < draft.groups.size(); ++i) {
    const auto& name = draft.snapshot.groups[i].name;
    const auto given_up = draft.groups[i].given_up;
    if (given_up == 0) continue;
    draft.reason(
        Rule::not_come, given_up, given_up,
        fmt::format("{} requested of {}, which is short", count_of(given_up, "instance"), name),
        name);
  }
}

}  // namespace

void withdraw_given_up(Draft& draft) {
  const auto given_up = count_requests(draft, true);
  draft.given_up_requests = given_up;
  if (given_up == 0) return;
  draft.decision.withdraw = given_up;
  if (!draft.groups.empty()) return tell_of_refused(draft);
  draft.reason(
      Rule::not_come, given_up, given_up,
      fmt::format("{} requested more than {} ago and not there", count_of(given_up, "instance"),
                  format_duration(draft.snapshot.policy.boot_timeout)));
}

// Some that are only requested may not be needed any more; or a group of AWS has requested them
// by itself, in the place of instances that ended without giving it up (S6).
void withdraw_unneeded(Draft& draft) {
  const auto all = requested(draft);
  if (all == 0 || draft.decision.launch > 0) return;
  const auto others = draft.free() - all * draft.each;
  const auto needed = std::max({draft.launches_for(draft.needed_free() - others),
                                draft.least - (draft.serving() - all), std::int64_t{0}}) +
                      unexplained(draft);
  const auto unneeded = all - needed;
  if (unneeded <= 0) return;
  draft.decision.withdraw += unneeded;
  draft.reason(
      Rule::unneeded, unneeded, unneeded,
      fmt::format("{} wait, and {}{} will serve them without {} that {} not come",
                  draft.unclaimed(), others + needed * draft.each, draft.each == 1 ? "" : " slots",
                  unneeded, unneeded == 1 ? "has" : "have"));
}

// What takes the place of a boot that has just failed was requested by nobody; and while many fail
// in a row nothing that was requested is worth waiting for.
void withdraw_after_failures(Draft& draft) {
  const auto& state = draft.decision.next;
  if (draft.hold || !state.backoff_until) return;
  const bool many = state.failed_boots_in_a_row >= draft.snapshot.policy.withdraw_after;
  const auto may = std::max<std::int64_t>(requested(draft) - unexplained(draft), 0);
  const auto wanted = many ? may : std::min(may, std::ssize(draft.snapshot.failed_boots));
  const auto more = draft.given_up_requests + wanted - draft.decision.withdraw;
  if (more <= 0) return;
  draft.decision.withdraw += more;
  draft.reason(Rule::not_come, more, more,
               fmt::format("{} requested {}", count_of(more, "instance"),
                           many ? fmt::format("while {} failed in a row",
                                              count_of(state.failed_boots_in_a_row, "boot"))
                                : "in the place of boots that have failed"));
}

}  // namespace muster::scaling
