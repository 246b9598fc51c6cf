#pragma once

// What every process tells of itself, by the names that Prometheus' own clients use.

#include "metrics/registry.hpp"

namespace muster::metrics {

// Processor time, memory, when it was started, and which version it is: as they are now.
void describe_process(Registry& registry);

}  // namespace muster::metrics
