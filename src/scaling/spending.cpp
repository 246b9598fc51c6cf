// What is left of the spend cap: how many are launched by it, and who takes no further task.

#include <algorithm>
#include <iterator>
#include <tuple>
#include <vector>

#include <fmt/core.h>

#include "base/text.hpp"
#include "scaling/draft.hpp"
#include "scaling/judge_demand.hpp"
#include "scaling/slots.hpp"
#include "scaling/spend.hpp"

namespace muster::scaling {

namespace {

// "12.5", rounded down.
std::string hours_in_words(std::int64_t instance_millis) {
  const auto tenths = instance_millis / Millis(std::chrono::minutes(6)).count();
  return fmt::format("{}.{}", tenths / 10, tenths % 10);
}

// "97.5 of 100 instance-hours in 24h are used"
std::string use_in_words(const Draft& draft) {
  const auto& cap = *draft.snapshot.policy.spend_cap;
  return fmt::format("{} of {} instance-hours in {} are used", hours_in_words(draft.spent),
                     cap.instance_hours, format_duration(cap.per));
}

// The oldest first.
std::vector<Instance> working(const Draft& draft) {
  const Working works(draft.there, draft.running());
  std::vector<Instance> found;
  std::ranges::copy_if(draft.snapshot.instances, std::back_inserter(found), works);
  std::ranges::sort(found, {}, [](const auto& it) { return std::tie(it.launched_at, it.id); });
  return found;
}

Outlook outlook(const Draft& draft, std::int64_t launches) {
  return outlook_of(draft.snapshot.demand, draft.decision.counts, draft.spent, launches);
}

std::string outlook_in_words(const Draft& draft) {
  const auto& [policy, turnover] = std::tie(draft.snapshot.policy, draft.decision.next.turnover);
  const auto ahead = outlook(draft, 0);
  const auto life = humanize(expected_life(turnover));
  if (policy.reuses && !policy.drains) {
    return fmt::format(", {} wait or run, and each is taken to need {}", ahead.tasks, life);
  }
  const auto live = ahead.there.live();
  if (live <= 0 && draft.spent >= limit_of(*policy.spend_cap)) return "";
  return fmt::format(", {} live, and each is taken to need {}", live, life);
}

}  // namespace

// Who is asked to end while it is busy ends after its task. So it is asked while what is left is
// enough for the tasks that run, and no longer for as many again.
void end_after_task(Draft& draft) {
  const auto& policy = draft.snapshot.policy;
  if (!policy.spend_cap || !policy.reuses || !policy.drains) return;
  auto leaving = working(draft);
  const auto busy = std::ssize(leaving);
  const auto stay = may_go_on(policy, outlook(draft, 0), draft.decision.next.turnover);
  if (busy <= stay) return;
  leaving.resize(static_cast<std::size_t>(busy - stay));
  for (const auto& instance : leaving) {
    draft.decision.drain.push_back(instance.id);
    const auto tasks = busy_slots_of(instance, policy);
    draft.slots.busy -= tasks;
    draft.slots.free -= slots_of(instance, policy) - tasks;
  }
  draft.staying.busy -= std::ssize(leaving);
  draft.reason(Rule::last_task, busy, std::ssize(leaving), use_in_words(draft));
}

void keep_spend_cap(Draft& draft) {
  const auto& policy = draft.snapshot.policy;
  if (!policy.spend_cap) return;
  const auto& next = draft.decision.next;
  const auto allowed = launches_within(policy, outlook(draft, 0), next.turnover);
  const auto after = outlook(draft, std::min(allowed, draft.decision.launch));
  const auto free = next_launch_at(policy, next.spend.used, after, next.turnover);
  draft.limit_launches(
      Rule::spend_cap, allowed,
      fmt::format("{}{}{}", use_in_words(draft), outlook_in_words(draft),
                  free ? fmt::format(", and the next may come at {}", in_words(*free)) : ""));
}

}  // namespace muster::scaling
