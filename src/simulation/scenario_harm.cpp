// The scenarios run, and what harm comes of it.

#include <algorithm>
#include <functional>

#include <fmt/core.h>

#include "base/text.hpp"
#include "simulation/scenarios.hpp"

namespace muster::simulation {

namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr std::uint64_t kSeed = 1;

std::string harm(const RunTotals& totals, const Scenario& it) {
  const auto tasks = std::ssize(it.arrivals);
  const auto& group = totals.group;
  if (group.ended_busy > 0) {
    return fmt::format("ends {} {}", group.ended_busy,
                       group.ended_busy == 1 ? "running task" : "running tasks");
  }
  if (it.limits.launches && group.launches > *it.limits.launches) {
    return fmt::format("launches {} for {}", group.launches, count_of(tasks, "task"));
  }
  if (totals.unfinished > 0) {
    return fmt::format("{} of {} never run", totals.unfinished, count_of(tasks, "task"));
  }
  if (it.limits.wait && std::ranges::max(totals.waits) > *it.limits.wait) {
    return fmt::format("a task waits {}", humanize(std::ranges::max(totals.waits)));
  }
  if (totals.left > 0) return fmt::format("{} left for ever", count_of(totals.left, "instance"));
  return "";
}

RunTotals run(const Scenario& it, const Habits& habits, bool protects,
              const std::function<void(World&)>& scale) {
  auto conditions = it.conditions;
  conditions.habits = habits;
  conditions.protects = protects;
  World world(conditions, it.arrivals, kSeed);
  for (int i = 0; i < it.scalers; ++i) scale(world);
  return world.run(hours(24));
}

}  // namespace

std::string harm_of_ours(const Scenario& it) {
  const auto totals = run(it, it.conditions.habits, it.conditions.protects,
                          [&](World& world) { world.scaled_by_us(it.policy); });
  if (!totals.violations.empty()) return join(totals.violations, "; ");
  if (it.told && !totals.rules.contains(*it.told)) return "says nothing of it";
  return harm(totals, it);
}

std::string harm_of_the_tutorial(const Scenario& it) {
  const auto& peer = tutorial();
  return harm(run(it, peer.habits, true, [&](World& world) { world.scaled_by(peer); }), it);
}

std::string harm_of_the_naive(const Scenario& it) {
  const auto& naive = it.naive.value();
  const auto make = naive.maker();
  Millis first = seconds(5);
  return harm(run(it, naive.habits, naive.protects,
                  [&](World& world) {
                    world.scaled_by(make, first);
                    first += seconds(3);
                  }),
              it);
}

std::vector<std::string> table_of_scenarios() {
  std::vector<std::string> lines{
      "| scenario | case | what happens | the tutorial | who makes the mistake | muster |",
      "|---|---|---|---|---|---|"};
  for (const auto& it : scenarios()) {
    const auto shown = [&](const std::string& harm, const std::string& told) {
      if (!harm.empty()) return harm;
      return it.told ? "no harm, " + told : "no harm";
    };
    const auto theirs = shown(harm_of_the_tutorial(it), "and says nothing");
    const auto naive = it.naive ? it.naive->name + ": " + harm_of_the_naive(it) : "";
    const auto ours =
        shown(harm_of_ours(it), it.told ? fmt::format("and says `{}`", to_string(*it.told)) : "");
    lines.push_back(fmt::format("| `{}` | {} | {} | {} | {} | {} |", it.name, it.source, it.mishap,
                                theirs, naive, ours));
  }
  return lines;
}

}  // namespace muster::simulation
