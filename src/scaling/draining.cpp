// Who may be idle and is not needed is asked to end.

#include <algorithm>
#include <tuple>

#include <fmt/core.h>

#include "base/text.hpp"
#include "scaling/boots.hpp"
#include "scaling/draft.hpp"

namespace muster::scaling {

namespace {

// In the order in which they may go: those that are surely idle first, then the newest, as it has
// served least.
std::vector<Instance> perhaps_idle(const Draft& draft) {
  std::vector<Instance> found;
  for (const auto& instance : draft.snapshot.instances) {
    const bool perhaps =
        instance.state == InstanceState::idle || instance.state == InstanceState::connected;
    const bool leaves =
        contains(draft.decision.reap, instance.id) || contains(draft.decision.drain, instance.id);
    if (perhaps && !leaves) found.push_back(instance);
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return std::tie(a.state, b.launched_at, b.id) < std::tie(b.state, a.launched_at, a.id);
  });
  return found;
}

// As many as may be, of so many that should go.
std::int64_t drain(Draft& draft, std::int64_t many) {
  auto candidates = perhaps_idle(draft);
  const auto leaving = draft.snapshot.policy.drains
                           ? std::min({many, draft.staying.idle, std::ssize(candidates)})
                           : 0;
  candidates.resize(static_cast<std::size_t>(leaving));
  for (const auto& instance : candidates) draft.decision.drain.push_back(instance.id);
  draft.staying.idle -= leaving;
  return leaving;
}

}  // namespace

// Busy and booting ones are left to end by themselves.
void drain_above_maximum(Draft& draft) {
  const auto excess = draft.free() + draft.staying.busy - draft.most;
  if (excess <= 0) return;
  const auto leaving = drain(draft, excess);
  draft.reason(Rule::above_maximum, excess, leaving,
               fmt::format("{} are live where {} may be", draft.most + excess, draft.most));
}

// Only those that nobody has needed at any time of the delay, so that a number that goes up and
// down ends and starts nobody. What is booting comes on top: it is not there yet.
void drain_surplus(Draft& draft) {
  const auto& policy = draft.snapshot.policy;
  const auto now = draft.snapshot.now;
  auto& seen = draft.decision.next.surplus;
  const auto surplus = draft.staying.idle - draft.needed_free();
  if (surplus <= 0 || !policy.drains || !policy.scale_in_delay) return seen.reset();
  if (!seen || *policy.scale_in_delay <= Millis(0)) seen = Surplus{now, surplus};
  seen->since = std::min(seen->since, now);  // the clock may have been set back
  seen->least = std::clamp<std::int64_t>(seen->least, 1, surplus);
  if (later(seen->since, *policy.scale_in_delay) > now) return;
  const auto idle_for = format_duration(*policy.scale_in_delay);
  const auto due = seen->least;
  const auto leaving = drain(draft, due);
  draft.reason(Rule::surplus, due, leaving,
               fmt::format("{} idle and not needed for {}", due, idle_for));
  seen.reset();
  if (surplus > leaving) seen = Surplus{now, surplus - leaving};
}

}  // namespace muster::scaling
