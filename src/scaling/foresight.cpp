#include "scaling/foresight.hpp"

#include <algorithm>
#include <span>

#include "scaling/boots.hpp"
#include "scaling/judge_demand.hpp"

namespace muster::scaling {

namespace {

std::span<const Foreseen> believed(const std::vector<Foreseen>& foreseen) {
  return std::span(foreseen).first(std::min(foreseen.size(), kMostForeseen));
}

// From the moment on at which a launch comes just in time.
WallTime begins(const Foreseen& one, Millis boot) {
  return later(one.expected_at, -boot);
}

WallTime ends(const Foreseen& one) {
  return later(one.expected_at, kForeseenGrace);
}

}  // namespace

std::int64_t foreseen_within(Millis boot, const std::vector<Foreseen>& foreseen, bool reuse,
                             WallTime now) {
  std::int64_t sum = 0;
  if (boot <= Millis(0)) return sum;
  for (const auto& one : believed(foreseen)) {
    if (now < begins(one, boot) || now >= ends(one)) continue;
    const auto tasks = std::clamp<std::int64_t>(one.tasks, 0, kMostTasks);
    const auto freed = reuse ? std::clamp<std::int64_t>(one.freed, 0, tasks) : 0;
    sum += tasks - freed;
  }
  return sum;
}

std::optional<WallTime> foreseen_changes_at(Millis boot, const std::vector<Foreseen>& foreseen,
                                            WallTime now) {
  std::optional<WallTime> first;
  if (boot <= Millis(0)) return first;
  for (const auto& one : believed(foreseen)) {
    for (const auto at : {begins(one, boot), ends(one)}) {
      if (at > now && (!first || at < *first)) first = at;
    }
  }
  return first;
}

}  // namespace muster::scaling
