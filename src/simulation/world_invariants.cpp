#include "simulation/world_invariants.hpp"

#include <algorithm>
#include <set>
#include <string>

#include <fmt/core.h>

#include "base/text.hpp"
#include "scaling/slots.hpp"

namespace muster::simulation {

using scaling::Invariant;
using scaling::Violation;

namespace {

// Instances, for what is said to wait and to be spare.
std::int64_t most_unused(const scaling::Snapshot& snapshot, const scaling::Decision& decision,
                         const Truth& truth) {
  auto policy = snapshot.policy;
  const auto* said = std::get_if<scaling::DemandReading>(&snapshot.demand);
  const bool holds = std::ranges::any_of(decision.reasons, scaling::is_hold);
  if (said == nullptr || holds) return policy.min;
  policy.slots = truth.slots;
  const auto gone = std::max<std::int64_t>(said->running - truth.running, 0);
  const auto tasks = said->unclaimed + (truth.slots > 1 ? said->running : gone);
  const auto expected =
      policy.foresight ? scaling::foreseen_within(decision.next.turnover.boot, snapshot.foreseen,
                                                  policy.soon_free, snapshot.now)
                       : 0;
  const auto spare = std::max(headroom_target(policy, said->unclaimed, said->running),
                              warm_target(policy.warm, decision.counts.busy));
  return std::max(
      {launches_for(tasks, policy) + spare, launches_for(tasks + expected, policy), policy.min});
}

std::optional<Violation> spends_too_much(const scaling::Snapshot& snapshot, const Truth& truth) {
  const auto& cap = snapshot.policy.spend_cap;
  if (!cap) return std::nullopt;
  const Millis most = std::chrono::hours(cap->instance_hours);
  if (truth.used < most + most / 10) return std::nullopt;
  return Violation{Invariant::bounded, fmt::format("launches where {} of a cap of {} were used",
                                                   humanize(truth.used), humanize(most))};
}

}  // namespace

std::vector<Violation> violations_in_truth(const scaling::Snapshot& snapshot,
                                           const scaling::Decision& decision, const Truth& truth) {
  std::vector<Violation> found;
  if (decision.launch <= 0) return found;
  if (auto spends = spends_too_much(snapshot, truth)) found.push_back(std::move(*spends));
  const auto most = most_unused(snapshot, decision, truth) + decision.withdraw;
  if (truth.unused > most) {
    found.push_back({Invariant::frugal, fmt::format("{} have not had a task where {} are needed",
                                                    truth.unused, most)});
  }
  return found;
}

std::vector<Violation> violations_at_rest(const Remains& remains) {
  std::vector<Violation> found;
  const auto expect = [&](bool holds, Invariant invariant, std::string what) {
    if (!holds) found.push_back({invariant, std::move(what)});
  };
  expect(remains.unfinished == 0, Invariant::live,
         fmt::format("{} never ended", count_of(remains.unfinished, "task")));
  expect(remains.left <= remains.kept, Invariant::restartable,
         fmt::format("{} left for ever, of {} that may be", count_of(remains.left, "instance"),
                     remains.kept));
  expect(remains.remembered == 0, Invariant::restartable,
         fmt::format("{} gone, and remembered for ever", count_of(remains.remembered, "instance")));
  return found;
}

std::int64_t remembered_in(const fleet::ClassMemory& memory) {
  std::set<std::string> ids(memory.connected);
  ids.insert(memory.anothers.begin(), memory.anothers.end());
  ids.insert(memory.state.given_up.begin(), memory.state.given_up.end());
  for (const auto* times : {&memory.first_seen, &memory.expected, &memory.unlisted}) {
    for (const auto& [id, since] : *times) ids.insert(id);
  }
  return std::ssize(ids);
}

}  // namespace muster::simulation
