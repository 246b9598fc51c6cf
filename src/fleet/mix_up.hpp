#pragma once

// Instances of one class whose runners have registered under another: they were given its token.

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "fleet/ports.hpp"

namespace muster::fleet {

struct MixUp {
  std::string instance;
  std::string launched_for;
  std::string runs_for;
};

// Makes such a runner known to the class that its instance is of as well, so that it is not taken
// for one that never connected, and ended with another class's task (S1).
// `with_slots`: the classes whose instances have several runners.
std::vector<MixUp> resolve_mix_ups(std::map<std::string, ClassDemand>& demand,
                                   const std::vector<CapacityInstance>& live,
                                   const std::set<std::string, std::less<>>& with_slots = {});

}  // namespace muster::fleet
