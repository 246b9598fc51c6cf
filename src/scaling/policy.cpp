#include "scaling/policy.hpp"

#include <algorithm>

namespace muster::scaling {

namespace {

std::int64_t believable(std::int64_t instances) {
  return std::clamp<std::int64_t>(instances, 0, kMostInstances);
}

}  // namespace

std::int64_t warm_target(const Warm& warm, std::int64_t busy) {
  const auto in_proportion = (believable(busy) * believable(warm.percent_of_busy) + 99) / 100;
  return std::min(std::max(in_proportion, believable(warm.least)), believable(warm.most));
}

std::int64_t kept_at_rest(const Policy& policy) {
  const auto wanted = std::max(believable(policy.min), warm_target(policy.warm, 0));
  return std::min(wanted, believable(policy.max));
}

std::int64_t headroom_target(const Policy& policy, std::int64_t unclaimed, std::int64_t running) {
  return unclaimed > 0 || running > 0 ? believable(policy.headroom) : 0;
}

}  // namespace muster::scaling
