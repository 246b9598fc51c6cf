#pragma once

// What the scaler's own adapters answer, judged: of any queue, and of any provider of instances.
// Pure.

#include <map>
#include <string>
#include <vector>

#include "doctor/finding.hpp"
#include "fleet/ports.hpp"

namespace muster::doctor {

Findings judge_demand(const std::map<std::string, fleet::ClassDemand>& demand);

// `classes`: those that were asked for.
Findings judge_listing(const std::vector<std::string>& classes,
                       const Result<fleet::CapacityList>& listed);

}  // namespace muster::doctor
