#include "scaling/boots.hpp"

#include <algorithm>
#include <functional>

#include "base/text.hpp"

namespace muster::scaling {

namespace {

// What was only requested of one of several groups and does not come is a shortage of that group.
bool is_failed_boot(const Instance& instance, const Snapshot& snapshot) {
  const bool refused = instance.requested && !snapshot.groups.empty();
  return is_overdue(instance, snapshot) && !refused;
}

// Failed boots since the last pass, each counted once however often it is seen. Launches that were
// refused together count as one.
std::int64_t count_failures(const Snapshot& snapshot, bool any_overdue) {
  const auto& known = snapshot.state.given_up;
  auto failures = std::count_if(snapshot.failed_boots.begin(), snapshot.failed_boots.end(),
                                [&](const auto& id) { return !contains(known, id); });
  if (snapshot.failed_launches > 0) ++failures;
  if (!any_overdue) return failures;
  const auto overdue = std::ranges::count_if(snapshot.instances, [&](const auto& instance) {
    return is_failed_boot(instance, snapshot) && !contains(known, instance.id);
  });
  return failures + std::max<std::int64_t>(overdue - unlisted_at_work(snapshot).overdue, 0);
}

// Those that were counted as failed and are still there.
std::vector<std::string> given_up(const Snapshot& snapshot) {
  std::vector<std::string> ids;
  for (const auto& instance : snapshot.instances) {
    const bool leaving =
        instance.state == InstanceState::draining && contains(snapshot.state.given_up, instance.id);
    if (leaving || is_failed_boot(instance, snapshot)) ids.push_back(instance.id);
  }
  return ids;
}

void give_up(State& next, const Snapshot& snapshot, const Census& there) {
  if (next.given_up.empty() && !is_any_overdue(there, snapshot)) return next.given_up_at.reset();
  next.given_up = given_up(snapshot);
  const bool more = std::any_of(next.given_up.begin(), next.given_up.end(), [&](const auto& id) {
    return !contains(snapshot.state.given_up, id);
  });
  const auto read_at = std::get<DemandReading>(snapshot.demand).read_at;
  const bool clock_went_back = next.given_up_at && *next.given_up_at > read_at;
  if (more || !next.given_up_at || clock_went_back) next.given_up_at = read_at;
  if (next.given_up.empty()) next.given_up_at.reset();
}

// After a clock that jumped back, the wait is still bounded.
void bound_backoff(State& state, const Snapshot& snapshot) {
  if (!state.backoff_until) return;
  const auto most = std::max(snapshot.policy.boot_backoff_most, snapshot.policy.boot_backoff_first);
  state.backoff_until = std::min(*state.backoff_until, later(snapshot.now, most));
  if (*state.backoff_until <= snapshot.now) state.backoff_until.reset();
}

}  // namespace

Millis doubled(Millis first, Millis most, std::int64_t times) {
  auto pause = std::max(first, Millis(0));
  most = std::max(most, pause);
  for (; times > 1 && pause < most && pause > Millis(0); --times) {
    pause = pause > most / 2 ? most : pause * 2;
  }
  return pause;
}

std::size_t place_of(const Instance& instance, const Snapshot& snapshot) {
  const auto last = std::max<std::int64_t>(std::ssize(snapshot.groups) - 1, 0);
  return static_cast<std::size_t>(std::clamp<std::int64_t>(instance.group, 0, last));
}

std::vector<Shortage> judge_groups(const Snapshot& snapshot, bool queue_known) {
  const auto& policy = snapshot.policy;
  auto groups = snapshot.groups;
  if (groups.empty()) return {};
  for (const auto& instance : snapshot.instances) {
    if (!queue_known || !instance.requested || !is_overdue(instance, snapshot)) continue;
    auto& refused = groups[place_of(instance, snapshot)].refused;
    if (refused.empty()) refused = "what was requested does not come";
  }
  return shortages_after(snapshot.state.shortages, groups,
                         {policy.shortage_backoff_first, policy.shortage_backoff_most},
                         snapshot.now);
}

bool is_perhaps_busy(const Instance& instance) {
  return instance.state == InstanceState::connected || instance.state == InstanceState::used ||
         instance.state == InstanceState::draining || instance.state == InstanceState::lost;
}

bool is_overdue(const Instance& instance, const Snapshot& snapshot) {
  return instance.state == InstanceState::booting &&
         later(instance.launched_at, snapshot.policy.boot_timeout) <= snapshot.now;
}

bool is_quiet(const State& state, const Snapshot& snapshot) {
  constexpr Millis kCountsLag = std::chrono::seconds(30);
  const auto* reading = std::get_if<DemandReading>(&snapshot.demand);
  const auto enough = std::min(kCountsLag, snapshot.policy.boot_timeout);
  return reading != nullptr && state.quiet_since && *state.quiet_since < reading->read_at &&
         later(*state.quiet_since, enough) <= reading->read_at;
}

bool is_any_overdue(const Census& there, const Snapshot& snapshot) {
  return there.first_boot && later(*there.first_boot, snapshot.policy.boot_timeout) <= snapshot.now;
}

AtWork unlisted_at_work(const Snapshot& snapshot) {
  if (snapshot.unlisted_at_work <= 0) return {};
  std::int64_t overdue = 0, in_time = 0;
  for (const auto& instance : snapshot.instances) {
    if (instance.state != InstanceState::booting || instance.requested) continue;
    ++(is_overdue(instance, snapshot) ? overdue : in_time);
  }
  const auto all = std::clamp<std::int64_t>(snapshot.unlisted_at_work, 0, overdue + in_time);
  return {std::min(all, overdue), std::max<std::int64_t>(all - overdue, 0)};
}

bool is_long_silent(const Instance& instance, const Snapshot& snapshot) {
  const auto timeout = snapshot.policy.boot_timeout;
  return later(later(instance.launched_at, timeout), timeout) <= snapshot.now;
}

bool is_too_old(const Instance& instance, const Snapshot& snapshot) {
  const auto& policy = snapshot.policy;
  return policy.reaps && policy.longest_life && instance.state != InstanceState::busy &&
         later(last_use_of(instance), *policy.longest_life) <= snapshot.now;
}

bool is_twice_too_old(const Instance& instance, const Snapshot& snapshot) {
  if (!is_too_old(instance, snapshot)) return false;
  const auto life = *snapshot.policy.longest_life;
  return later(later(last_use_of(instance), life), life) <= snapshot.now;
}

bool is_lost_for_good(const Instance& instance, const Snapshot& snapshot) {
  const auto& policy = snapshot.policy;
  return policy.reaps && !policy.longest_life && instance.state == InstanceState::lost;
}

std::int64_t count_of_dead(const Snapshot& snapshot, const Census& there) {
  const auto& life = snapshot.policy.longest_life;
  const bool any_too_old =
      life && there.first_use && later(*there.first_use, *life) <= snapshot.now;
  const bool any_lost = there.instances[InstanceState::lost] > 0;
  if (!is_any_overdue(there, snapshot) && !any_too_old && !any_lost) return 0;
  return std::ranges::count_if(snapshot.instances, [&](const auto& it) {
    return !it.requested &&
           (is_overdue(it, snapshot) || is_too_old(it, snapshot) || is_lost_for_good(it, snapshot));
  });
}

std::int64_t most_believable_dead(const Snapshot& snapshot) {
  const auto there =
      std::ranges::count_if(snapshot.instances, std::logical_not(), &Instance::requested);
  return std::max<std::int64_t>(1, there / 10);
}

namespace {

void note_waiting(State& next, const Snapshot& snapshot) {
  const auto& reading = std::get<DemandReading>(snapshot.demand);
  auto& since = next.waiting_since;
  if (!snapshot.policy.reaps || reading.unclaimed <= 0) return since.reset();
  if (!since || *since > reading.read_at) since = reading.read_at;
}

// A count that has just fallen proves nothing: a runner may still be ending its task, or have taken
// another that no count has yet.
void note_quiet(State& next, const Snapshot& snapshot, const Census& there) {
  const auto& reading = std::get<DemandReading>(snapshot.demand);
  auto& since = next.quiet_since;
  if (!snapshot.policy.reaps || reading.running > there.tasks) return since.reset();
  if (!since || *since > reading.read_at) since = reading.read_at;
}

// A list that left them out was an old one.
void take_back(State& next, std::int64_t returned) {
  if (returned <= 0) return;
  const auto before = std::clamp<std::int64_t>(next.failed_boots_in_a_row, 0, kMostInstances);
  next.failed_boots_in_a_row = std::max<std::int64_t>(before - returned, 0);
  if (next.failed_boots_in_a_row == 0) next.backoff_until.reset();
}

}  // namespace

State judge_boots(const Snapshot& snapshot, const Census& there, bool queue_known) {
  auto next = snapshot.state;
  if (queue_known) {
    note_waiting(next, snapshot);
    note_quiet(next, snapshot, there);
  }
  if (snapshot.any_boot_succeeded) next.failed_boots_in_a_row = 0, next.backoff_until.reset();
  take_back(next, snapshot.returned_boots);
  if (queue_known) give_up(next, snapshot, there);
  const bool any_overdue = queue_known && !next.given_up.empty();
  if (const auto failures = count_failures(snapshot, any_overdue); failures > 0) {
    const auto before = std::clamp<std::int64_t>(next.failed_boots_in_a_row, 0, kMostInstances);
    next.failed_boots_in_a_row = before + failures;
    next.backoff_until =
        later(snapshot.now, doubled(snapshot.policy.boot_backoff_first,
                                    snapshot.policy.boot_backoff_most, next.failed_boots_in_a_row));
  }
  bound_backoff(next, snapshot);
  return next;
}

}  // namespace muster::scaling
