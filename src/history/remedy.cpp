#include "history/remedy.hpp"

#include <algorithm>
#include <tuple>

#include <fmt/core.h>

#include "base/some_of.hpp"
#include "base/text.hpp"
#include "scaling/slots.hpp"
#include "scaling/spend.hpp"
#include "scaling/window.hpp"

namespace muster::history {

using namespace scaling;

namespace {

// Of the group, or of the first that is over.
std::optional<WallTime> end_of_shortage(const std::string& group, const State& state,
                                        WallTime now) {
  std::optional<WallTime> end;
  for (const auto& shortage : state.shortages) {
    const bool meant = group.empty() || shortage.group == group;
    if (meant && is_short(&shortage, now))
      end = std::min(end.value_or(shortage.until), shortage.until);
  }
  return end;
}

}  // namespace

std::optional<WallTime> end_of(const Reason& reason, const fleet::ClassPass& decided) {
  const auto rule = reason.rule;
  const auto& policy = decided.snapshot.policy;
  const auto& next = decided.decision.next;
  if (rule == Rule::backoff) return next.backoff_until;
  if (rule == Rule::shortage) return end_of_shortage(reason.subject, next, decided.snapshot.now);
  if (rule == Rule::launch_rate && policy.launch_rate) {
    return falls_below(next.launches, policy.launch_rate->most, policy.launch_rate->per);
  }
  if (rule == Rule::scale_in_rate && policy.scale_in_rate) {
    return falls_below(next.drains, policy.scale_in_rate->most, policy.scale_in_rate->per);
  }
  if (rule == Rule::spend_cap && policy.spend_cap) {
    const auto& made = decided.decision;
    const auto ahead = outlook_of(decided.snapshot.demand, made.counts, sum_of(next.spend.used),
                                  made.launch - made.withdraw);
    return next_launch_at(policy, next.spend.used, ahead, next.turnover);
  }
  // A schedule that lets nobody live binds until it ends; under another one the end of a task may
  // make room before.
  const bool closed = rule == Rule::maximum && policy.max <= 0;
  return closed ? decided.snapshot.policy_until : std::nullopt;
}

namespace {

// Where those that are free would do, they do not do it.
std::string remedy_for_satisfied(const fleet::ClassPass& decided) {
  const auto* demand = std::get_if<DemandReading>(&decided.snapshot.demand);
  const bool free = demand != nullptr && demand->unclaimed > 0 &&
                    count_slots(decided.snapshot).free >= demand->unclaimed;
  return free
             ? "if it lasts, see why the runners do not claim: a token of another class, no way to "
               "the queue, a plan that is used up"
             : "";
}

// Each is ended by name.
std::string remedy_for_unheard(const Snapshot& snapshot) {
  constexpr std::size_t kMostNamed = 5;
  std::vector<std::string> lost;
  for (const auto& instance : snapshot.instances) {
    if (instance.state == InstanceState::lost) lost.push_back(printable(instance.id));
  }
  return lost.size() <= 1
             ? "see whether that machine still works, and reaches the queue's keeper; if not, end "
               "it"
             : fmt::format(
                   "see of each of these machines whether it still works, and reaches the queue's "
                   "keeper; if not, end it: {}",
                   some_of(lost, kMostNamed));
}

std::string raise_maximum(const Snapshot& snapshot) {
  const auto whose =
      snapshot.schedule.empty()
          ? ""
          : fmt::format(" of the schedule {}, or else of the class", snapshot.schedule);
  return fmt::format("raise 'max'{}, which is {}", whose, snapshot.policy.max);
}

// What has its task makes room with the end of it, whether the instance ends then or takes another.
// Those that were launched by the decision will have one, too.
std::string remedy_for_maximum(const fleet::ClassPass& decided) {
  const auto& [counts, live] = std::tie(decided.decision.counts, decided.decision.desired);
  const auto raise = raise_maximum(decided.snapshot);
  const auto& [schedule, most] = std::tie(decided.snapshot.schedule, decided.snapshot.policy.max);
  if (live <= 0 && most <= 0 && !schedule.empty()) {
    return fmt::format("wait until the schedule {} ends, or {}", schedule, raise);
  }
  if (live <= 0) return raise;
  const auto serving = live - counts.spent - counts.draining - counts.lost;
  return fmt::format("wait until {} ends, or {}", serving > 0 ? "a task" : "an instance", raise);
}

// Those that are too many end.
std::string remedy_for_excess(const fleet::ClassPass& decided) {
  const auto live = decided.decision.desired;
  return fmt::format(
      "wait until {} ends, or {}",
      live == 1 ? "the one that lives" : fmt::format("one of the {} that live", live),
      raise_maximum(decided.snapshot));
}

}  // namespace

std::string remedy_for(Rule rule, const fleet::ClassPass& decided) {
  const auto& [name, snapshot, decision, ended_unused] = decided;
  switch (rule) {
    case Rule::maximum:
      return remedy_for_maximum(decided);
    case Rule::above_maximum:
      return remedy_for_excess(decided);
    case Rule::plan:
      return "wait until a task ends, of any class; or, if the plan lets more run, raise "
             "'circleci.concurrency_limit'";
    case Rule::launch_rate:
      return "wait, or raise 'launch_rate'";
    case Rule::spend_cap:
    case Rule::last_task:
      return "wait, or raise 'spend_cap'";
    case Rule::backoff:
      return "see why boots fail: 'muster doctor', and what the instances have logged";
    case Rule::shortage:
      return "wait, or see why the group has no capacity: other instance types or zones, or a "
             "quota "
             "of AWS; or give the class another group";
    case Rule::instances_unknown:
      return "mend what keeps the instances from being listed; meanwhile nothing is done";
    case Rule::demand_unknown:
    case Rule::demand_stale:
      return "mend what keeps the queue from being read; meanwhile nothing is launched for it";
    case Rule::unheard:
      return remedy_for_unheard(snapshot);
    case Rule::boot_timeout:
    case Rule::reaped:
    case Rule::many_silent:
    case Rule::not_come:
      return "see why instances do not connect in time: 'muster doctor', and what they have logged";
    case Rule::satisfied:
      return remedy_for_satisfied(decided);
    case Rule::placed:
    case Rule::queue:
    case Rule::soon_free:
    case Rule::headroom:
    case Rule::warm:
    case Rule::foreseen:
    case Rule::minimum:
    case Rule::scale_in_rate:
    case Rule::surplus:
    case Rule::unneeded:
      return "";
  }
  return "";
}

}  // namespace muster::history
