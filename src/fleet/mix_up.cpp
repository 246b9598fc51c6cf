#include "fleet/mix_up.hpp"

#include <algorithm>
#include <unordered_map>

namespace muster::fleet {

std::vector<MixUp> resolve_mix_ups(std::map<std::string, ClassDemand>& demand,
                                   const std::vector<CapacityInstance>& live) {
  std::vector<MixUp> found;
  const bool all_of_one_class =
      demand.size() == 1 && std::ranges::all_of(live, [&](const auto& instance) {
        return instance.resource_class == demand.begin()->first;
      });
  if (all_of_one_class) return found;
  std::unordered_map<std::string_view, const CapacityInstance*> instances;
  instances.reserve(live.size());
  for (const auto& instance : live) instances.emplace(instance.id, &instance);
  for (const auto& [name, known] : demand) {
    if (!known.runners) continue;
    for (const auto& runner : *known.runners) {
      const auto instance = instances.find(runner.name);
      if (instance == instances.end() || instance->second->resource_class == name) continue;
      found.push_back({runner.name, instance->second->resource_class, name});
    }
  }
  for (const auto& mixed : found) {
    const auto own = demand.find(mixed.launched_for);
    if (own != demand.end() && own->second.runners) {
      own->second.runners->push_back({mixed.instance, std::nullopt, false});
    }
  }
  return found;
}

}  // namespace muster::fleet
