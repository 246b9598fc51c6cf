// Who may be idle and is not needed is asked to end.

#include <algorithm>
#include <tuple>

#include <fmt/core.h>

#include "base/text.hpp"
#include "scaling/boots.hpp"
#include "scaling/draft.hpp"

namespace muster::scaling {

namespace {

// It may be idle, and does not leave yet.
bool may_be_drained(const Instance& instance, const Draft& draft) {
  const bool perhaps_idle =
      instance.state == InstanceState::idle || instance.state == InstanceState::connected;
  return perhaps_idle && !contains(draft.decision.reap, instance.id) &&
         !contains(draft.decision.drain, instance.id);
}

// In the order in which they may go: those that are surely idle first, then the newest, as it has
// served least.
std::vector<Instance> perhaps_idle(const Draft& draft) {
  std::vector<Instance> found;
  for (const auto& instance : draft.snapshot.instances) {
    if (may_be_drained(instance, draft)) found.push_back(instance);
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return std::tie(a.state, b.launched_at, b.id) < std::tie(b.state, a.launched_at, a.id);
  });
  return found;
}

// Asks as many to end as may be asked, of so many that should go.
std::int64_t drain(Draft& draft, std::int64_t many) {
  auto candidates = perhaps_idle(draft);
  const auto leaving = std::min(many, std::ssize(candidates));
  candidates.resize(static_cast<std::size_t>(leaving));
  for (const auto& instance : candidates) {
    draft.decision.drain.push_back(instance.id);
    draft.slots.free -= slots_of(instance, draft.snapshot.policy);
  }
  draft.staying.idle -= leaving;
  return leaving;
}

// Of so many that should go, for the reason given.
std::int64_t drain_at_rate(Draft& draft, Rule rule, std::int64_t should_go, std::string why) {
  const auto& policy = draft.snapshot.policy;
  const auto may_go = policy.drains ? std::min(should_go, draft.staying.idle) : 0;
  draft.reason(rule, should_go, may_go, std::move(why));
  const auto& rate = policy.scale_in_rate;
  if (!rate) return drain(draft, may_go);
  auto& used = draft.decision.next.drains;
  const auto leaving = drain(draft, std::min(may_go, room_in(*rate, used)));
  add_use(used, leaving, rate->per, draft.snapshot.now);
  if (leaving < may_go) {
    draft.reason(Rule::scale_in_rate, may_go, leaving, rate_in_words(*rate, "drained", used));
  }
  return leaving;
}

}  // namespace

// Busy and booting ones are left to end by themselves.
void drain_above_maximum(Draft& draft) {
  const auto excess = draft.serving() - draft.most;
  if (excess <= 0) return;
  drain_at_rate(draft, Rule::above_maximum, excess,
                fmt::format("{} are live where {} may be{}", draft.most + excess, draft.most,
                            draft.schedule_in_words()));
}

namespace {

// Idle ones without which enough slots are free, and enough instances there. Each takes as many
// slots with it as the largest has.
std::int64_t surplus_of(const Draft& draft) {
  auto most_slots = draft.each;
  for (const auto& instance : draft.snapshot.instances) {
    if (!may_be_drained(instance, draft)) continue;
    most_slots = std::max(most_slots, slots_of(instance, draft.snapshot.policy));
  }
  const auto spare = std::max<std::int64_t>(draft.slots.free - draft.needed_free(), 0) / most_slots;
  return std::min(
      {spare, draft.staying.idle, draft.staying.idle + draft.staying.busy - draft.least});
}

}  // namespace

// Only those that nobody has needed at any time of the delay, so that a number that goes up and
// down ends and starts nobody. What is booting comes on top: it is not there yet.
void drain_surplus(Draft& draft) {
  const auto& policy = draft.snapshot.policy;
  const auto now = draft.snapshot.now;
  auto& seen = draft.decision.next.surplus;
  if (!policy.drains || !policy.scale_in_delay) return seen.reset();
  const auto surplus = surplus_of(draft);
  if (surplus <= 0) return seen.reset();
  if (!seen || *policy.scale_in_delay <= Millis(0)) seen = Surplus{now, surplus};
  seen->since = std::min(seen->since, now);  // the clock may have been set back
  seen->least = std::clamp<std::int64_t>(seen->least, 1, surplus);
  if (later(seen->since, *policy.scale_in_delay) > now) return;
  const auto due = seen->least;
  const auto leaving = drain_at_rate(
      draft, Rule::surplus, due,
      fmt::format("{} idle and not needed for {}", due, format_duration(*policy.scale_in_delay)));
  if (leaving < due) {
    seen->least -= leaving;  // the rest goes as soon as the rate lets it
  } else {
    seen.reset();
    if (const auto rest = surplus_of(draft); rest > 0) seen = Surplus{now, rest};
  }
}

}  // namespace muster::scaling
