#pragma once

// Snapshots and decisions as JSON, for the decision log and for scripts.

#include <string>

#include "fleet/loop.hpp"

namespace muster::fleet {

std::string to_json(const scaling::Snapshot& snapshot);
std::string to_json(const scaling::Decision& decision);
// {"resource_class", "snapshot", "decision"}
std::string to_json(const ClassPass& pass);

}  // namespace muster::fleet
