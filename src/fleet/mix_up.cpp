#include "fleet/mix_up.hpp"

#include <algorithm>
#include <unordered_map>

#include "fleet/runner_names.hpp"
#include "scaling/policy.hpp"

namespace muster::fleet {

namespace {

// What it runs is no task of the class that it was launched for.
KnownRunner as_of_its_own_class(KnownRunner runner, const scaling::Demand& other) {
  const auto* reading = std::get_if<scaling::DemandReading>(&other);
  if (runner.busy.value_or(false) && reading != nullptr) runner.last_used = reading->read_at;
  runner.busy.reset();
  return runner;
}

using Instances = std::unordered_map<std::string_view, const CapacityInstance*>;
using Names = std::set<std::string, std::less<>>;

// Null: of none.
const CapacityInstance* instance_with(std::string_view runner, const Instances& instances,
                                      const Names& with_slots) {
  const auto named_as_it = instances.find(runner);
  if (named_as_it != instances.end()) return named_as_it->second;
  if (with_slots.empty()) return nullptr;
  const auto numbered = instances.find(instance_of(runner, scaling::kMostSlots));
  const bool found =
      numbered != instances.end() && with_slots.contains(numbered->second->resource_class);
  return found ? numbered->second : nullptr;
}

}  // namespace

std::vector<MixUp> resolve_mix_ups(std::map<std::string, ClassDemand>& demand,
                                   const std::vector<CapacityInstance>& live,
                                   const std::set<std::string, std::less<>>& with_slots) {
  std::vector<MixUp> found;
  std::vector<KnownRunner> runners;  // of those found
  const bool all_of_one_class =
      demand.size() == 1 && std::ranges::all_of(live, [&](const auto& instance) {
        return instance.resource_class == demand.begin()->first;
      });
  if (all_of_one_class) return found;
  Instances instances;
  instances.reserve(live.size());
  for (const auto& instance : live) instances.emplace(instance.id, &instance);
  for (const auto& [name, known] : demand) {
    if (!known.runners) continue;
    for (const auto& runner : *known.runners) {
      const auto* instance = instance_with(runner.name, instances, with_slots);
      if (instance == nullptr || instance->resource_class == name) continue;
      found.push_back({instance->id, instance->resource_class, name});
      runners.push_back(as_of_its_own_class(runner, known.demand));
    }
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto own = demand.find(found[i].launched_for);
    if (own != demand.end() && own->second.runners) own->second.runners->push_back(runners[i]);
  }
  return found;
}

}  // namespace muster::fleet
