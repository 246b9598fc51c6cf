#include "scaling/draft.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "base/text.hpp"
#include "scaling/boots.hpp"
#include "scaling/judge_demand.hpp"
#include "scaling/spend.hpp"

namespace muster::scaling {

Draft::Draft(const Snapshot& seen)
    : snapshot(seen),
      least(std::clamp<std::int64_t>(seen.policy.min, 0, kMostInstances)),
      most(std::clamp<std::int64_t>(seen.policy.max, 0, kMostInstances)),
      hold(reason_to_hold(seen)),
      each(slots_per_instance(seen.policy)),
      there(take_census(seen.instances, seen.policy)) {
  const auto working = at_work();
  decision.counts = count_judged(there, seen.policy, running(), working);
  staying = decision.counts;
  slots = count_slots(there, running(), working);
  decision.next = judge_boots(seen, there, !hold);
  decision.next.shortages = judge_groups(seen, !hold);
  count_groups();
  living = decision.counts.live() - there.requested;
  if (const auto& cap = seen.policy.spend_cap) {
    auto now = spend_until_now(seen.state.spend, *cap, living, seen.now);
    decision.next.spend = std::move(now.memory);
    spent = now.used;
  } else {
    decision.next.spend = {};
  }
  if (!seen.policy.soon_free && !seen.policy.foresight && !seen.policy.spend_cap) {
    decision.next.turnover = {};
  } else if (!hold) {
    decision.next.turnover =
        turnover_after(seen.state.turnover, std::get<DemandReading>(seen.demand), seen.boot_took,
                       seen.policy, seen.now);
  }
  const auto forget_old = [&](Window& window, const std::optional<Rate>& rate) {
    window = rate ? still_counted(std::move(window), rate->per, seen.now) : Window();
  };
  forget_old(decision.next.launches, seen.policy.launch_rate);
  forget_old(decision.next.drains, seen.policy.scale_in_rate);
}

void Draft::reason(Rule rule, std::int64_t wanted, std::int64_t allowed, std::string detail,
                   std::string subject) {
  decision.reasons.push_back({rule, wanted, allowed, std::move(subject), std::move(detail)});
}

void Draft::limit_launches(Rule rule, std::int64_t allowed, std::string detail) {
  auto& launch = decision.launch;
  if (launch <= allowed) return;
  reason(rule, launch, allowed, std::move(detail));
  launch = allowed;
}

std::optional<std::int64_t> Draft::running() const {
  if (hold) return std::nullopt;
  return std::get<DemandReading>(snapshot.demand).running;
}

std::int64_t Draft::at_work() const {
  return hold ? 0 : unlisted_at_work(snapshot).in_time;
}

std::int64_t Draft::room_in_plan() const {
  const auto share = std::clamp<std::int64_t>(snapshot.plan_share->share, 0, kMostTasks);
  const auto engaged = std::max(*running(), slots.busy);
  return std::max<std::int64_t>(share - engaged, 0);
}

std::int64_t Draft::may_start() const {
  return snapshot.plan_share ? std::min(room_in_plan(), unclaimed()) : unclaimed();
}

// Of those that run some may be on instances that drain, which take no further one.
SoonFree Draft::soon_free() const {
  if (hold || !snapshot.policy.soon_free) return {};
  const auto draining = (decision.counts.draining + std::ssize(decision.drain)) * each;
  const auto busy = std::min(slots.busy, *running() - draining);
  return scaling::soon_free(decision.next.turnover, busy, snapshot.now);
}

bool Draft::waits_for_plan() const {
  return !hold && snapshot.plan_share && unclaimed() > room_in_plan();
}

std::int64_t Draft::headroom() const {
  return hold || waits_for_plan() ? 0 : headroom_target(snapshot.policy, unclaimed(), *running());
}

std::int64_t Draft::warm() const {
  return hold || waits_for_plan() ? 0 : warm_target(snapshot.policy.warm, staying.busy);
}

std::int64_t Draft::foreseen() const {
  const auto& policy = snapshot.policy;
  if (hold || !policy.foresight) return 0;
  const auto boot = decision.next.turnover.boot;
  const auto tasks = foreseen_within(boot, snapshot.foreseen, policy.soon_free, snapshot.now);
  return snapshot.plan_share ? std::min(tasks, room_in_plan() - may_start()) : tasks;
}

std::int64_t Draft::needed_free() const {
  if (hold) return 0;
  return may_start() + std::max({headroom() * each, warm() * each, foreseen(), std::int64_t{0}});
}

std::string Draft::schedule_in_words() const {
  if (snapshot.schedule.empty()) return "";
  return fmt::format(" (the schedule {} is in force)", snapshot.schedule);
}

std::string Draft::supply_in_words() const {
  if (unclaimed() == 0) return "nothing waits";
  const auto served = std::min(free(), unclaimed());
  if (each > 1) {
    return fmt::format(
        "{} wait, and {} free or coming of {} idle, {} booting and {} busy will serve {}",
        unclaimed(), count_of(free(), "slot"), staying.idle, staying.booting, staying.busy, served);
  }
  return fmt::format("{} wait, {} idle and {} booting will serve {}", unclaimed(), staying.idle,
                     staying.booting, served);
}

static Counts count(const ByState& many) {
  using enum InstanceState;
  return {.booting = many[booting],
          .idle = many[idle],
          .connected = many[connected],
          .busy = many[busy],
          .used = many[used],
          .spent = many[spent],
          .draining = many[draining],
          .lost = many[lost]};
}

// Each with one task, as far as there are enough of them: fewer may be busy, with several.
Counts count_judged(const Census& there, const Policy& policy,
                    const std::optional<std::int64_t>& running, std::int64_t at_work) {
  auto counts = count(there.instances);
  auto others =
      running ? std::max<std::int64_t>(*running, 0) - there.tasks : counts.used + counts.connected;
  const auto engage = [&](std::int64_t perhaps) {
    const auto engaged = std::clamp<std::int64_t>(others, 0, perhaps);
    others -= engaged;
    counts.busy += engaged;
    return perhaps - engaged;
  };
  counts.spent += engage(std::exchange(counts.used, 0));
  counts.idle += engage(std::exchange(counts.connected, 0));
  counts.booting -= launches_for(at_work, policy);
  counts.busy += launches_for(at_work, policy);
  return counts;
}

Counts count(const std::vector<Instance>& instances) {
  ByState many;
  for (const auto& instance : instances) ++many[instance.state];
  return count(many);
}

}  // namespace muster::scaling
