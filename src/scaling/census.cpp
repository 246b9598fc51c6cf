#include "scaling/census.hpp"

#include <algorithm>

#include "scaling/slots.hpp"

namespace muster::scaling {

WallTime last_use_of(const Instance& instance) {
  return std::max(instance.launched_at, instance.used_at.value_or(instance.launched_at));
}

Census take_census(const std::vector<Instance>& instances, const Policy& policy) {
  Census there;
  for (const auto& instance : instances) {
    ++there.instances[instance.state];
    there.slots[instance.state] += slots_of(instance, policy);
    if (instance.state == InstanceState::busy) there.tasks += running_on(instance, policy);
    if (instance.requested) ++there.requested;
    const auto launched = instance.launched_at;
    if (instance.state == InstanceState::booting) {
      there.first_boot = std::min(there.first_boot.value_or(launched), launched);
    }
    const auto used = last_use_of(instance);
    there.first_use = std::min(there.first_use.value_or(used), used);
  }
  return there;
}

}  // namespace muster::scaling
