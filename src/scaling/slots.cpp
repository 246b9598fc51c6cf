#include "scaling/slots.hpp"

#include <algorithm>

#include "scaling/boots.hpp"
#include "scaling/judge_demand.hpp"

namespace muster::scaling {

namespace {

std::int64_t believable(std::int64_t slots) {
  return std::clamp<std::int64_t>(slots, 1, kMostSlots);
}

}  // namespace

std::int64_t slots_per_instance(const Policy& policy) {
  return believable(policy.slots);
}

std::int64_t slots_of(const Instance& instance, const Policy& policy) {
  return instance.state == InstanceState::booting ? slots_per_instance(policy)
                                                  : believable(instance.slots);
}

std::int64_t running_on(const Instance& instance, const Policy& policy) {
  return std::clamp<std::int64_t>(instance.running, 1, slots_of(instance, policy));
}

Working::Working(const Census& there, const std::optional<std::int64_t>& running)
    : connected_(running && *running - there.tasks >= there.slots[InstanceState::used] +
                                                          there.slots[InstanceState::connected]),
      instances_(there.instances[InstanceState::busy] +
                 (connected_ ? there.instances[InstanceState::connected] : 0)) {}

bool Working::operator()(const Instance& instance) const {
  return instance.state == InstanceState::busy ||
         (connected_ && instance.state == InstanceState::connected);
}

std::int64_t busy_slots_of(const Instance& instance, const Policy& policy) {
  return instance.state == InstanceState::busy ? running_on(instance, policy)
                                               : slots_of(instance, policy);
}

Slots count_slots(const Census& there, const std::optional<std::int64_t>& running,
                  std::int64_t at_work) {
  using enum InstanceState;
  const auto& many = there.slots;
  const auto tasks = there.tasks;
  Slots slots{.free = many[idle] + many[busy] - tasks, .coming = many[booting], .busy = tasks};
  auto others =
      running ? std::max<std::int64_t>(*running, 0) - tasks : many[used] + many[connected];
  const auto engage = [&](std::int64_t perhaps) {
    const auto engaged = std::clamp<std::int64_t>(others, 0, perhaps);
    others -= engaged;
    slots.busy += engaged;
    return perhaps - engaged;
  };
  engage(many[used]);  // the rest is spent
  slots.free += engage(many[connected]);
  const auto hidden = std::clamp<std::int64_t>(at_work, 0, slots.coming);
  slots.coming -= hidden;
  slots.busy += hidden;
  return slots;
}

Slots count_slots(const Snapshot& snapshot) {
  const auto running = reason_to_hold(snapshot)
                           ? std::nullopt
                           : std::optional(std::get<DemandReading>(snapshot.demand).running);
  return count_slots(take_census(snapshot.instances, snapshot.policy), running,
                     running ? unlisted_at_work(snapshot).in_time : 0);
}

std::int64_t launches_for(std::int64_t tasks, const Policy& policy) {
  const auto each = slots_per_instance(policy);
  return tasks <= 0 ? 0 : (tasks + each - 1) / each;
}

}  // namespace muster::scaling
