#include "fleet/observe.hpp"

#include <algorithm>
#include <map>

namespace muster::fleet {

namespace {

using scaling::InstanceState;
using KnownRunners = std::map<std::string, const KnownRunner*>;

KnownRunners by_name(const ClassDemand& demand) {
  KnownRunners known;
  if (!demand.runners) return known;
  for (const auto& runner : *demand.runners) known.emplace(runner.name, &runner);
  return known;
}

// `runner` is null if the queue's keeper does not list the instance. It may have dropped one that
// it listed before, or never list any: whether that one is busy is not known.
InstanceState state_of(const CapacityInstance& instance, const KnownRunner* runner,
                       bool connected) {
  if (instance.draining) return InstanceState::draining;
  if (!connected) return InstanceState::booting;
  if (runner == nullptr || !runner->busy) return InstanceState::connected;
  if (*runner->busy) return InstanceState::busy;
  const bool had_its_task = instance.single_task && runner->ever_claimed;
  return had_its_task ? InstanceState::spent : InstanceState::idle;
}

// How far the clock has moved beyond what can have passed since the latest pass: below zero if it
// was set back.
Millis leap_since(const std::optional<WallTime>& last_pass, WallTime now) {
  if (!last_pass) return Millis(0);
  const auto passed = now - *last_pass;
  return passed - std::clamp(passed, Millis(0), kLongestGap);
}

// What was first seen moves with the clock's leaps, so that none of them makes an instance older.
// The cost: while no scaler runs, instances age by kLongestGap at most, and so live longer.
WallTime launch_of(const CapacityInstance& instance, const ClassMemory& before, WallTime now,
                   ClassMemory& memory) {
  if (instance.launched_at) return *instance.launched_at;
  const auto found = before.first_seen.find(instance.id);
  // A clock that has jumped back makes nobody younger than new.
  const auto first = found == before.first_seen.end()
                         ? now
                         : std::min(found->second + leap_since(before.last_pass, now), now);
  memory.first_seen[instance.id] = first;
  return first;
}

// Moved after each leap, which must be counted once.
std::optional<WallTime> last_pass(const ClassMemory& before, const ClassMemory& memory,
                                  WallTime now) {
  if (memory.first_seen.empty()) return std::nullopt;
  const bool still_good =
      before.last_pass && *before.last_pass <= now && now - *before.last_pass <= kLastPassKept;
  return still_good ? before.last_pass : now;
}

// Of a source that lists no runners an instance is believed to have connected once its boot
// timeout is over: nothing else will ever tell.
void observe_live(const ManagedClass& managed, const CapacityList& capacity,
                  const KnownRunners& known, bool lists_runners, const ClassMemory& before,
                  WallTime now, Observation& seen) {
  for (const auto& instance : capacity.live) {
    if (instance.resource_class != managed.name) continue;
    const auto launched_at = launch_of(instance, before, now, seen.memory);
    const auto runner = known.find(instance.id);
    const bool listed = runner != known.end();
    const bool connected_before = before.connected.contains(instance.id);
    const bool believed = !lists_runners && now - launched_at >= managed.policy.boot_timeout;
    const bool connected = !instance.requested && (listed || connected_before || believed);
    if (connected) seen.memory.connected.insert(instance.id);
    if (connected && !connected_before) seen.snapshot.any_boot_succeeded = true;
    const auto state = state_of(instance, listed ? runner->second : nullptr, connected);
    seen.snapshot.instances.push_back({instance.id, state, launched_at, instance.requested});
  }
}

// Whether each ended instance had connected. What cannot be known yet counts as failed, so that
// boots that fail while the queue is unreadable are backed off from as well.
void observe_ended(const std::string& resource_class, const CapacityList& capacity,
                   const KnownRunners& known, bool readable, const ClassMemory& before,
                   Observation& seen) {
  for (const auto& id : before.doubtful) {
    if (known.contains(id)) seen.snapshot.any_boot_succeeded = true;
    if (!readable) seen.memory.doubtful.insert(id);
  }
  for (const auto& instance : capacity.ended) {
    if (instance.resource_class != resource_class || before.connected.contains(instance.id)) {
      continue;
    }
    if (known.contains(instance.id)) {
      seen.snapshot.any_boot_succeeded = true;
      continue;
    }
    seen.snapshot.failed_boots.push_back(instance.id);
    if (!readable) seen.memory.doubtful.insert(instance.id);
  }
}

}  // namespace

Observation observe(const ManagedClass& managed, const CapacityList& capacity,
                    const ClassDemand& demand, const ClassMemory& before, WallTime now) {
  Observation seen;
  const auto known = by_name(demand);
  const bool lists_runners = demand.runners.has_value();
  observe_live(managed, capacity, known, lists_runners, before, now, seen);
  seen.memory.last_pass = last_pass(before, seen.memory, now);

  const bool readable = std::holds_alternative<scaling::DemandReading>(demand.demand);
  if (lists_runners) observe_ended(managed.name, capacity, known, readable, before, seen);
  seen.snapshot.failed_launches = before.failed_launches;
  if (const auto failed = capacity.failed_launches.find(managed.name);
      failed != capacity.failed_launches.end()) {
    seen.snapshot.failed_launches += 1;
    seen.snapshot.launch_trouble = failed->second;
  }
  seen.snapshot.demand = demand.demand;
  seen.snapshot.policy = managed.policy;
  seen.snapshot.state = before.state;
  seen.snapshot.now = now;
  if (const auto why = capacity.unreadable.find(managed.name); why != capacity.unreadable.end()) {
    seen.snapshot.instances_unknown = why->second;
    seen.memory = before;
  }
  return seen;
}

}  // namespace muster::fleet
