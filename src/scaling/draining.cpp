// Who may be idle and is not needed is asked to end.

#include <algorithm>
#include <tuple>

#include <fmt/core.h>

#include "base/text.hpp"
#include "scaling/draft.hpp"

namespace muster::scaling {

namespace {

// In the order in which they may go: those that are surely idle first, then the newest, as it has
// served least.
std::vector<Instance> perhaps_idle(const Draft& draft) {
  std::vector<Instance> found;
  for (const auto& instance : draft.snapshot.instances) {
    const bool perhaps =
        instance.state == InstanceState::idle || instance.state == InstanceState::connected;
    if (perhaps && !contains(draft.decision.reap, instance.id)) found.push_back(instance);
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return std::tie(a.state, b.launched_at, b.id) < std::tie(b.state, a.launched_at, a.id);
  });
  return found;
}

}  // namespace

// Busy and booting ones are left to end by themselves.
void drain_above_maximum(Draft& draft) {
  auto& staying = draft.staying;
  const auto excess = staying.booting + staying.idle + staying.busy - draft.most;
  if (excess <= 0) return;
  auto candidates = perhaps_idle(draft);
  const auto leaving =
      draft.snapshot.policy.drains ? std::min({excess, staying.idle, std::ssize(candidates)}) : 0;
  candidates.resize(static_cast<std::size_t>(leaving));
  for (const auto& instance : candidates) draft.decision.drain.push_back(instance.id);
  staying.idle -= leaving;
  draft.reason(Rule::above_maximum, excess, leaving,
               fmt::format("{} are live where {} may be", draft.most + excess, draft.most));
}

}  // namespace muster::scaling
