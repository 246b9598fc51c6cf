#include "scaling/invariants_parts.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "scaling/boots.hpp"
#include "scaling/draft.hpp"
#include "scaling/judge_demand.hpp"

namespace muster::scaling {

namespace {

// Of what is expected within a boot, as far as the plan has room for it.
std::int64_t foreseen(const Snapshot& snapshot, const Decision& decision, std::int64_t room) {
  const auto& policy = snapshot.policy;
  if (!policy.foresight) return 0;
  const auto tasks = foreseen_within(decision.next.turnover.boot, snapshot.foreseen,
                                     policy.soon_free, snapshot.now);
  return snapshot.plan_share ? std::clamp<std::int64_t>(room, 0, tasks) : tasks;
}

}  // namespace

bool has(const Decision& decision, Rule rule) {
  return std::ranges::any_of(decision.reasons,
                             [&](const auto& reason) { return reason.rule == rule; });
}

bool is_blind(const Snapshot& snapshot) {
  return !snapshot.instances_unknown.empty();
}

bool knows_no_queue(const Snapshot& snapshot) {
  const auto* reading = std::get_if<DemandReading>(&snapshot.demand);
  if (reading == nullptr) return true;
  const auto fewest = std::min(reading->unclaimed, reading->running);
  const auto most = std::max(reading->unclaimed, reading->running);
  const auto age = between(reading->read_at, snapshot.now);
  const auto oldest = snapshot.policy.demand_max_age;
  return fewest < 0 || most > kMostTasks || age > oldest || age < -oldest;
}

bool waits_for_group(const Decision& decision) {
  return std::ranges::any_of(decision.reasons, [](const auto& reason) {
    return reason.rule == Rule::shortage && reason.subject.empty();
  });
}

bool is_refused(const Instance& instance, const Snapshot& snapshot, const Decision& decision) {
  if (!instance.requested || snapshot.groups.empty()) return false;
  const auto& group = snapshot.groups[place_of(instance, snapshot)];
  return is_short(find_shortage(decision.next.shortages, group.name), snapshot.now);
}

Staying staying(const Snapshot& snapshot, const Decision& decision) {
  auto instances = snapshot.instances;
  std::erase_if(instances, [&](const auto& it) {
    return is_overdue(it, snapshot) || is_refused(it, snapshot, decision) ||
           contains(decision.reap, it.id);
  });
  const auto& policy = snapshot.policy;
  const auto running = std::get<DemandReading>(snapshot.demand).running;
  const auto at_work = unlisted_at_work(snapshot).in_time;
  const auto left = take_census(instances, policy);
  const auto counts = count_judged(left, policy, running, at_work);
  Staying there{counts.idle, counts.booting, counts.busy, count_slots(left, running, at_work)};
  const Working works(take_census(snapshot.instances, policy), running);
  for (const auto& it : instances) {
    if (!contains(decision.drain, it.id)) continue;
    const bool busy = works(it);
    const auto tasks = busy ? busy_slots_of(it, policy) : 0;
    there.slots.free -= slots_of(it, policy) - tasks;
    there.slots.busy -= tasks;
    --(busy ? there.busy : there.idle);
  }
  return there;
}

Need need(const Snapshot& snapshot, const Decision& decision, const Staying& there) {
  const auto& demand = std::get<DemandReading>(snapshot.demand);
  const auto& policy = snapshot.policy;
  const auto share = snapshot.plan_share
                         ? snapshot.plan_share->share - std::max(demand.running, there.slots.busy)
                         : demand.unclaimed;
  const auto tasks = std::clamp<std::int64_t>(share, 0, demand.unclaimed);
  // Whoever is free is taken at once by what waits for the plan.
  const auto kept = tasks < demand.unclaimed
                        ? 0
                        : slots_per_instance(policy) *
                              std::max(headroom_target(policy, demand.unclaimed, demand.running),
                                       warm_target(policy.warm, there.busy));
  return {tasks, std::max(kept, foreseen(snapshot, decision, share - tasks))};
}

}  // namespace muster::scaling
