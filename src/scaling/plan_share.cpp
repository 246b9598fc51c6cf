#include "scaling/plan_share.hpp"

#include <algorithm>

#include "scaling/draft.hpp"

namespace muster::scaling {

namespace {

// More are not believed. Few enough for the sum of all classes.
std::int64_t believable(std::int64_t tasks) {
  return std::clamp<std::int64_t>(tasks, 0, 1'000'000'000);
}

std::int64_t at_level(const PlanClaim& claim, std::int64_t level) {
  const auto has = believable(claim.has);
  return std::clamp(level, has, std::max(has, believable(claim.wants)));
}

std::int64_t sum_at(const std::vector<PlanClaim>& claims, std::int64_t level) {
  std::int64_t sum = 0;
  for (const auto& claim : claims) sum += at_level(claim, level);
  return sum;
}

// The highest level at which the sum is within the limit; none if it never is.
std::int64_t level_within(std::int64_t limit, const std::vector<PlanClaim>& claims) {
  std::int64_t within = 0;
  std::int64_t beyond = believable(limit) + 1;
  while (beyond - within > 1) {
    const auto middle = within + (beyond - within) / 2;
    (sum_at(claims, middle) <= limit ? within : beyond) = middle;
  }
  return within;
}

}  // namespace

PlanClaim claim_on_plan(const Snapshot& snapshot) {
  auto alone = snapshot;
  alone.plan_share.reset();
  const auto decision = decide(alone);
  const Draft draft(alone);
  const auto busy = draft.slots.busy;
  if (draft.hold || !snapshot.instances_unknown.empty()) return {busy, busy};
  const auto running = std::max(*draft.running(), busy);
  const auto tasks = running + draft.unclaimed();
  const auto there = running + draft.free();
  return {std::min(tasks, there), std::min(tasks, there + decision.launch * draft.each)};
}

std::vector<std::int64_t> share_plan(std::int64_t limit, const std::vector<PlanClaim>& claims,
                                     std::size_t turn) {
  const auto level = level_within(limit, claims);
  auto left = std::max<std::int64_t>(believable(limit) - sum_at(claims, level), 0);
  std::vector<std::int64_t> shares;
  for (const auto& claim : claims) shares.push_back(at_level(claim, level));
  for (std::size_t i = 0; i < claims.size() && left > 0; ++i) {
    const auto next = (turn + i) % claims.size();
    if (at_level(claims[next], level + 1) == shares[next]) continue;
    ++shares[next];
    --left;
  }
  return shares;
}

std::size_t turn_at(WallTime now) {
  const auto minute = std::chrono::floor<std::chrono::minutes>(now).time_since_epoch().count();
  return static_cast<std::size_t>(std::max<std::int64_t>(minute, 0));
}

}  // namespace muster::scaling
