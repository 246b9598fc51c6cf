#pragma once

// What the silence of a runner says of its instance. Pure.

#include "fleet/ports.hpp"

namespace muster::fleet {

// It was connected, and has been silent for kOffline, other than since it took a task.
bool is_lost(const KnownRunner& runner, WallTime launched_at, WallTime now);

}  // namespace muster::fleet
