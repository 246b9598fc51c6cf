#include "fleet/mix_up.hpp"

namespace muster::fleet {

std::vector<MixUp> resolve_mix_ups(std::map<std::string, ClassDemand>& demand,
                                   const std::vector<CapacityInstance>& live) {
  std::map<std::string, const CapacityInstance*> instances;
  for (const auto& instance : live) instances.emplace(instance.id, &instance);
  std::vector<MixUp> found;
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
