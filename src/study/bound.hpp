#pragma once

// The bound: the fewest instance-hours with which no task waits, for somebody who knows all that
// will come. Pure.
//
// An instance is launched one boot before it is needed, takes task after task, is kept through a
// pause that is shorter than a boot, and ends in any longer one. That is the least: instances that
// are used last in, first out make every pause as short as it can be, and of each pause the cheaper
// of its two costs is paid. Its waits, all 0, are a lower bound of every policy's. Its hours are
// one for those that let nobody wait; who lets tasks wait boots less often and may need fewer, but
// never fewer than the tasks themselves run.
//
// Where a boot takes a time by chance, each takes the shortest that can be drawn: whoever has
// longer ones needs no fewer hours. With the mean it would be no bound, as somebody who is lucky,
// or knows which boots will be short, ends an instance in pauses that are shorter than it.

#include <vector>

#include "simulation/world.hpp"

namespace muster::study {

struct BoundTotals {
  std::int64_t launches = 0;
  Millis instance_time{};
};

// `boot` is what each takes at least. The arrivals are in order.
BoundTotals lower_bound(const std::vector<simulation::Arrival>& arrivals, Millis boot);

}  // namespace muster::study
