#include "scaling/decide.hpp"

#include "scaling/boots.hpp"
#include "scaling/draft.hpp"
#include "scaling/spend.hpp"

namespace muster::scaling {

namespace {

std::optional<WallTime> revisit_at(const Draft& draft) {
  const auto& snapshot = draft.snapshot;
  const auto& decision = draft.decision;
  std::optional<WallTime> first;
  const auto consider = [&](WallTime time) {
    if (time > snapshot.now && (!first || time < *first)) first = time;
  };
  if (decision.next.backoff_until) consider(*decision.next.backoff_until);
  for (const auto& shortage : decision.next.shortages) consider(shortage.until);
  if (snapshot.policy_until) consider(*snapshot.policy_until);
  if (const auto& surplus = decision.next.surplus; surplus && snapshot.policy.scale_in_delay) {
    consider(later(surplus->since, *snapshot.policy.scale_in_delay));
  }
  if (const auto& rate = snapshot.policy.launch_rate) {
    if (const auto room = falls_below(decision.next.launches, rate->most, rate->per))
      consider(*room);
  }
  if (const auto& rate = snapshot.policy.scale_in_rate) {
    if (const auto room = falls_below(decision.next.drains, rate->most, rate->per)) consider(*room);
  }
  if (snapshot.policy.spend_cap) {
    const auto& [policy, turnover] = std::tie(snapshot.policy, decision.next.turnover);
    const auto ahead = outlook_of(snapshot.demand, decision.counts, draft.spent,
                                  decision.launch - decision.withdraw);
    const auto free = next_launch_at(policy, decision.next.spend.used, ahead, turnover);
    if (free) consider(*free);
    const auto fewer = fewer_go_on_at(policy, ahead, turnover, snapshot.now);
    if (fewer) consider(*fewer);
  }
  if (draft.left_to_busy > 0) {
    if (const auto fewer = fewer_soon_free_at(decision.next.turnover, snapshot.now)) {
      consider(*fewer);
    }
  }
  if (snapshot.policy.foresight && !draft.hold) {
    const auto boot = decision.next.turnover.boot;
    const auto other = foreseen_changes_at(boot, snapshot.foreseen, snapshot.now);
    if (other) consider(*other);
  }
  const auto consider_boot = [&](WallTime launched_at) {
    const auto overdue_at = later(launched_at, snapshot.policy.boot_timeout);
    consider(overdue_at);
    if (snapshot.policy.reaps) consider(later(overdue_at, snapshot.policy.boot_timeout));
  };
  if (draft.there.first_boot) consider_boot(*draft.there.first_boot);
  if (is_any_overdue(draft.there, snapshot)) {  // another may be the next
    for (const auto& instance : snapshot.instances) {
      if (instance.state == InstanceState::booting) consider_boot(instance.launched_at);
    }
  }
  if (decision.launch > 0) consider(later(snapshot.now, snapshot.policy.boot_timeout));
  if (const auto* demand = std::get_if<DemandReading>(&snapshot.demand)) {
    consider(later(demand->read_at, snapshot.policy.demand_max_age));
  }
  return first;
}

// The rules, in the order in which they speak.
Decision decide_knowing_instances(const Snapshot& snapshot) {
  Draft draft(snapshot);
  auto& decision = draft.decision;
  const bool known = !draft.hold;
  if (known) {
    withdraw_given_up(draft);
    tell_of_lost(draft);
    end_useless(draft);
    drain_above_maximum(draft);
    end_after_task(draft);
    launch_for_queue(draft);
    count_soon_free(draft);
    keep_plan(draft);
    launch_for_headroom(draft);
    launch_for_warm(draft);
    launch_for_foreseen(draft);
  } else {
    decision.reasons.push_back(*draft.hold);
  }
  launch_for_minimum(draft);
  if (known) {
    withdraw_unneeded(draft);
    drain_surplus(draft);
  }
  withdraw_after_failures(draft);

  keep_maximum(draft);
  keep_launch_rate(draft);
  keep_spend_cap(draft);
  keep_backoff(draft);
  withdraw_before_launching(draft);
  place_launches(draft);
  place_withdrawals(draft);

  note_use(draft);
  if (decision.reasons.empty()) draft.reason(Rule::satisfied, 0, 0, draft.supply_in_words());
  decision.desired = decision.counts.live() + decision.launch - decision.withdraw;
  decision.revisit_at = revisit_at(draft);
  return std::move(decision);
}

// Nothing is remembered either: failures are judged once it is known again what is there.
Decision hold_for_instances(const Snapshot& snapshot) {
  Decision decision;
  const auto* demand = std::get_if<DemandReading>(&snapshot.demand);
  const auto running = demand == nullptr ? std::nullopt : std::optional(demand->running);
  decision.counts =
      count_judged(take_census(snapshot.instances, snapshot.policy), snapshot.policy, running);
  decision.desired = decision.counts.live();
  decision.next = snapshot.state;
  decision.reasons = {{Rule::instances_unknown, 0, 0, "",
                       "the instances cannot be listed: " + snapshot.instances_unknown}};
  return decision;
}

}  // namespace

Decision decide(const Snapshot& snapshot) {
  return snapshot.instances_unknown.empty() ? decide_knowing_instances(snapshot)
                                            : hold_for_instances(snapshot);
}

}  // namespace muster::scaling
