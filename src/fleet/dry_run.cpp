#include "fleet/dry_run.hpp"

#include <fmt/core.h>

#include "base/sleep.hpp"

namespace muster::fleet {

Result<std::vector<std::string>> DryRunCapacity::launch(const Place& place, std::int64_t count,
                                                        const std::stop_token&) {
  would_launch_[place.resource_class] += count;
  std::vector<std::string> ids;
  for (std::int64_t i = 0; i < count; ++i) ids.push_back(fmt::format("planned-{}", i));
  return ids;
}

Result<void> DryRunCapacity::drain(const std::string&, const std::stop_token&) {
  return ok();
}

void DryRunCapacity::wait_for_change(Millis patience, std::stop_token stop) {
  sleep_for(patience, stop);
}

}  // namespace muster::fleet
