#include "fleet/observe_groups.hpp"

#include <algorithm>

namespace muster::fleet {

namespace {

// In the last pass we could not launch all in it, or its launches failed afterwards.
std::string refusal_of(const Place& place, const CapacityList& capacity, const ClassMemory& before,
                       ClassMemory& after) {
  const auto told = before.told_refusals.find(place.group);
  if (told != before.told_refusals.end()) after.told_refusals.insert(*told);
  if (const auto failed = capacity.failed_launches.find(place);
      failed != capacity.failed_launches.end() && !was_told(before, place, failed->second)) {
    const auto& [why, id] = failed->second;
    if (!id.empty()) after.told_refusals.insert_or_assign(place.group, id);
    return why.empty() ? "a launch failed" : why;
  }
  const auto refused = before.refused.find(place.group);
  return refused == before.refused.end() ? "" : refused->second;
}

}  // namespace

std::int64_t place_in_order(const ManagedClass& managed, const std::string& group) {
  const auto& groups = managed.groups;
  if (groups.empty()) return 0;
  const auto found = std::ranges::find(groups, group, &ManagedClass::Group::name);
  return std::min(found - groups.begin(), std::ssize(groups) - 1);
}

void observe_groups(const ManagedClass& managed, const CapacityList& capacity,
                    const ClassMemory& before, Observation& seen) {
  if (managed.groups.empty()) return;
  auto& groups = seen.snapshot.groups;
  std::int64_t room = 0;
  for (const auto& [name, most] : managed.groups) {
    const Place place{managed.name, name};
    const auto own = capacity.most.find(place);
    groups.push_back({.name = name,
                      .most = own == capacity.most.end() ? most : std::min(most, own->second),
                      .came = false,
                      .refused = refusal_of(place, capacity, before, seen.memory)});
    room += groups.back().most;
  }
  seen.snapshot.policy.max = std::min(seen.snapshot.policy.max, room);
  for (const auto& instance : seen.snapshot.instances) {
    const bool there = seen.memory.first_seen.contains(instance.id);
    if (!there || before.first_seen.contains(instance.id)) continue;
    groups[static_cast<std::size_t>(instance.group)].came = true;
  }
}

}  // namespace muster::fleet
