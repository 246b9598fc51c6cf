#include "store/changes.hpp"

#include <iterator>
#include <utility>

namespace muster::store {

void Changes::add(Changes&& later) {
  for (const auto& [resource_class, count] : later.queued) queued[resource_class] += count;
  demand.merge(later.demand);
  pipelines.merge(later.pipelines);
  perhaps_ended.merge(later.perhaps_ended);
  canceled_tasks.merge(later.canceled_tasks);
  fleets = fleets || later.fleets;
  outputs.merge(later.outputs);
  std::move(later.milestones.begin(), later.milestones.end(), std::back_inserter(milestones));
  output_bytes += later.output_bytes;
  std::move(later.after_commit.begin(), later.after_commit.end(), std::back_inserter(after_commit));
}

}  // namespace muster::store
