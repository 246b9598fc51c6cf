#pragma once

// Snapshots and decisions as JSON, for the decision log and for scripts.

#include <string>

#include "scaling/decide.hpp"

namespace muster::fleet {

std::string to_json(const scaling::Snapshot& snapshot);
std::string to_json(const scaling::Decision& decision);

}  // namespace muster::fleet
