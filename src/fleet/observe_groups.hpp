#pragma once

// What is seen of the groups of a class that has several. Pure.

#include "fleet/observe.hpp"

namespace muster::fleet {

// The group's place in the class's order. Of a group that the class does not name, the last.
std::int64_t place_in_order(const ManagedClass& managed, const std::string& group);

// To be called once the snapshot has its instances and its policy, and the memory who is there.
void observe_groups(const ManagedClass& managed, const CapacityList& capacity,
                    const ClassMemory& before, Observation& seen);

}  // namespace muster::fleet
