#include "store/changes.hpp"

#include <iterator>
#include <utility>

namespace muster::store {
namespace {

template <class T>
void append(std::vector<T>& all, std::vector<T>& more) {
  std::move(more.begin(), more.end(), std::back_inserter(all));
}

}  // namespace

void Changes::add(Changes&& later) {
  // Each member by its name, so that one that is new, and forgotten here, does not compile.
  auto& [more_queued, more_demand, more_drained, more_pipelines, more_perhaps_ended, more_canceled,
         more_fleets, more_outputs, more_milestones, more_bytes, more_after_commit] = later;
  for (const auto& [resource_class, count] : more_queued) queued[resource_class] += count;
  demand.merge(more_demand);
  drained.merge(more_drained);
  pipelines.merge(more_pipelines);
  perhaps_ended.merge(more_perhaps_ended);
  canceled_tasks.merge(more_canceled);
  fleets = fleets || more_fleets;
  outputs.merge(more_outputs);
  append(milestones, more_milestones);
  output_bytes += more_bytes;
  append(after_commit, more_after_commit);
}

}  // namespace muster::store
