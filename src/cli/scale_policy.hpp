#pragma once

// The keys of a class in muster.yaml that say how it is scaled. docs/scaling.md has their table.

#include "fleet/observe.hpp"
#include "scaling/schedule.hpp"
#include "yaml/reader.hpp"

namespace muster::cli {

// How many instances, and how fast they come and go.
scaling::Policy read_policy(yaml::MapReader& reader);
// When it is how many others. A schedule that could not be read is left out.
std::vector<scaling::Schedule> read_schedules(yaml::MapReader& reader,
                                              const scaling::Policy& always);

// Whether instances are kept free for tasks to come, at whatever time.
bool keeps_free(const fleet::ManagedClass& managed);
// Likewise, or a minimum, busy ones among it.
bool keeps_any(const fleet::ManagedClass& managed);

}  // namespace muster::cli
