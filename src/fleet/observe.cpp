#include "fleet/observe.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <span>

#include "fleet/lost.hpp"
#include "fleet/observe_groups.hpp"
#include "fleet/runner_names.hpp"
#include "scaling/boots.hpp"
#include "scaling/judge_demand.hpp"

namespace muster::fleet {

namespace {

using scaling::InstanceState;
// The runners of one instance: one, or with several slots at most one for each.
using ItsRunners = std::span<const KnownRunner* const>;

// All that are known of a class, by the instance that they are of.
class KnownRunners {
 public:
  KnownRunners(const ClassDemand& demand, std::int64_t slots)
      : are_told_(demand.runners.has_value()) {
    if (!are_told_) return;
    for (const auto& runner : *demand.runners) {
      named_.push_back({instance_of(runner.name, slots), &runner});
    }
    if (!std::ranges::is_sorted(named_, {}, key)) std::ranges::stable_sort(named_, {}, key);
    // The first of a name counts.
    const auto again =
        std::ranges::unique(named_, {}, [](const auto& it) { return key(it).second; });
    named_.erase(again.begin(), again.end());
    for (const auto& [instance, runner] : named_) runners_.push_back(runner);
  }

  ItsRunners of(std::string_view instance) const {
    const auto found = std::ranges::equal_range(named_, instance, {}, &Named::instance);
    return ItsRunners(runners_).subspan(static_cast<std::size_t>(found.begin() - named_.begin()),
                                        found.size());
  }
  // Else nobody says which there are.
  bool are_told() const { return are_told_; }
  bool contains(std::string_view instance) const { return !of(instance).empty(); }
  std::int64_t size() const { return std::ssize(runners_); }

 private:
  struct Named {
    std::string_view instance;
    const KnownRunner* runner;
  };
  static std::pair<std::string_view, std::string_view> key(const Named& named) {
    return {named.instance, named.runner->name};
  }

  bool are_told_;
  std::vector<Named> named_;                 // sorted by instance, then name
  std::vector<const KnownRunner*> runners_;  // as there
};

bool is_busy(const KnownRunner* runner) {
  return runner->busy.value_or(false);
}

std::int64_t count_busy(ItsRunners runners) {
  return std::ranges::count_if(runners, is_busy);
}

// Nothing, if the queue's keeper does not say.
std::optional<bool> has_had_a_task(const KnownRunner& runner) {
  if (runner.ever_claimed || runner.busy.value_or(false)) return true;
  if (runner.busy) return false;
  if (!runner.first_connected || !runner.last_used) return std::nullopt;
  return runner.last_task().has_value();
}

// Certainly none of them.
bool had_no_task(ItsRunners runners) {
  return std::ranges::all_of(runners,
                             [](const auto* runner) { return has_had_a_task(*runner) == false; });
}

// Long enough ago that its task is in the queue's numbers, if it still runs.
bool has_had_its_task(const KnownRunner& runner, WallTime now) {
  const auto task = runner.last_task();
  return runner.first_connected && task && now - *task >= kTaskShown;
}

std::optional<WallTime> last_task(ItsRunners runners) {
  std::optional<WallTime> latest;
  for (const auto* runner : runners) latest = std::max(latest, runner->last_task());
  return latest;
}

std::int64_t count_lost(ItsRunners runners, WallTime launched_at, WallTime now) {
  return std::ranges::count_if(runners, [&](const auto* runner) {
    return !is_busy(runner) && is_lost(*runner, launched_at, now);
  });
}

std::int64_t count_useless(ItsRunners runners, WallTime launched_at, WallTime now) {
  return std::ranges::count_if(runners, [&](const auto* runner) {
    return !is_busy(runner) && (runner->draining || is_lost(*runner, launched_at, now));
  });
}

// Of one instance, from the whole time that it is there.
struct Contact {
  WallTime launched_at{};
  bool connected = false;                  // at some time
  std::optional<WallTime> unlisted_since;  // the list, which had its runners, has none of them
};

bool is_so_long_ago(const std::optional<WallTime>& time, WallTime now) {
  return time && now - *time >= kOffline;
}

// Nobody has heard of it for long. Whatever is wrong with a list or a clock, nothing is silent that
// was not there so long ago. One that was asked to end before it connected may never do so: for it
// the time of a boot counts.
bool is_silent(const CapacityInstance& instance, ItsRunners runners, const Contact& contact,
               Millis boot_timeout, WallTime now) {
  if (!is_so_long_ago(contact.launched_at, now)) return false;
  if (!runners.empty()) {
    return count_busy(runners) == 0 &&
           count_lost(runners, contact.launched_at, now) == std::ssize(runners);
  }
  if (contact.connected) return is_so_long_ago(contact.unlisted_since, now);
  return instance.draining && now - contact.launched_at >= boot_timeout;
}

// `runners` are none if the queue's keeper does not list the instance. It may have dropped one that
// it listed before, or never list any: whether that one is busy is not known.
InstanceState state_of(const CapacityInstance& instance, ItsRunners runners, const Contact& contact,
                       Millis boot_timeout, WallTime now) {
  if (is_silent(instance, runners, contact, boot_timeout, now)) return InstanceState::lost;
  if (instance.draining) return InstanceState::draining;
  if (!contact.connected) return InstanceState::booting;
  if (runners.empty()) return InstanceState::connected;
  if (std::ranges::all_of(runners, &KnownRunner::draining)) return InstanceState::draining;
  if (count_busy(runners) > 0) return InstanceState::busy;
  const bool nobody_says =
      std::ranges::any_of(runners, [](const auto* runner) { return !runner->busy; });
  if (nobody_says) {
    const bool used = instance.single_task && std::ranges::all_of(runners, [&](const auto* runner) {
                        return has_had_its_task(*runner, now);
                      });
    return used ? InstanceState::used : InstanceState::connected;
  }
  const bool had_its_task =
      instance.single_task && std::ranges::any_of(runners, &KnownRunner::ever_claimed);
  return had_its_task ? InstanceState::spent : InstanceState::idle;
}

// Once its boot is over it has as many as runners of it are there: another number may have been
// started, some may have ended by themselves. Until then, and while none is listed, it is believed
// to be as the policy says. Of one that is lost all may be at work.
std::int64_t slots_of(const scaling::Policy& policy, ItsRunners runners, WallTime launched_at,
                      WallTime now) {
  const bool is_young = now - launched_at < policy.boot_timeout;
  if (policy.slots <= 1 || is_young || runners.empty()) return policy.slots;
  const auto useful = std::ssize(runners) - count_useless(runners, launched_at, now);
  return useful > 0 ? useful : std::ssize(runners);
}

// How far the clock has moved beyond what can have passed since the latest pass: below zero if it
// was set back.
Millis leap_since(const std::optional<WallTime>& last_pass, WallTime now) {
  if (!last_pass) return Millis(0);
  const auto passed = now - *last_pass;
  return passed - std::clamp(passed, Millis(0), kLongestGap);
}

// What was seen at a time moves with the clock's leaps, so that none of them makes an instance
// older, and a clock that was set back makes none younger than new. The cost: while no scaler runs,
// instances age by kLongestGap at most, and so live longer.
WallTime by_todays_clock(WallTime seen, const ClassMemory& before, WallTime now) {
  return std::min(seen + leap_since(before.last_pass, now), now);
}

using Times = std::map<std::string, WallTime>;

const std::string& id_of(const std::string& id) {
  return id;
}
const std::string& id_of(const Times::value_type& time) {
  return time.first;
}

// Finds ids in what is sorted by them: without a search where they are asked for in that order, as
// most providers list them.
template <class Sorted>
class InOrder {
 public:
  explicit InOrder(const Sorted& all) : all_(all), next_(all.begin()) {}

  // Null: it is not there.
  const typename Sorted::value_type* find(const std::string& id) {
    if (!is_next(id)) next_ = all_.lower_bound(id);
    return is_next(id) ? &*next_++ : nullptr;
  }

 private:
  bool is_next(const std::string& id) const { return next_ != all_.end() && id_of(*next_) == id; }

  const Sorted& all_;
  typename Sorted::const_iterator next_;
};

// Nothing: it is new.
std::optional<WallTime> known_since(const std::string& id, InOrder<Times>& first_seen,
                                    const Times& expected) {
  if (const auto* seen = first_seen.find(id)) return seen->second;
  const auto found = expected.find(id);
  return found == expected.end() ? std::nullopt : std::optional(found->second);
}

WallTime launch_of(const CapacityInstance& instance, const std::optional<WallTime>& since,
                   const ClassMemory& before, WallTime now) {
  if (instance.launched_at) return *instance.launched_at;
  return since ? by_todays_clock(*since, before, now) : now;
}

// Of those that this scaler has launched or seen booting. Another one's may have connected long
// ago.
class Boots {
 public:
  void add(Millis took) {
    sum_ += took;
    ++count_;
  }
  std::optional<Millis> mean() const {
    return count_ > 0 ? std::optional(sum_ / count_) : std::nullopt;
  }

 private:
  Millis sum_{};
  int count_ = 0;
};

// Of a list that is sorted by class.
template <class Listed>
std::span<const Listed> of_class(const std::vector<Listed>& all, const std::string& name) {
  const auto found = std::ranges::equal_range(all, name, {}, &Listed::resource_class);
  return {found.begin(), found.end()};
}

struct Living {
  std::span<const CapacityInstance> listed;
  std::vector<CapacityInstance> unlisted;  // yet

  std::size_t size() const { return listed.size() + unlisted.size(); }
  const CapacityInstance& operator[](std::size_t i) const {
    return i < listed.size() ? listed[i] : unlisted[i - listed.size()];
  }
};

// What is launched and not listed yet lives as well.
Living living(const std::string& resource_class, const CapacityList& capacity,
              const ClassMemory& before, WallTime now) {
  Living found{of_class(capacity.live, resource_class), {}};
  const auto late = capacity.late_listings.find(resource_class);
  if (late == capacity.late_listings.end()) return found;
  std::set<std::string_view> listed;
  for (const auto& instance : found.listed) listed.insert(instance.id);
  for (const auto& [id, told] : before.expected) {
    const auto since = by_todays_clock(told, before, now);
    if (listed.contains(id) || now - since >= late->second.within) continue;
    found.unlisted.push_back({id, resource_class, since, false, late->second.single_task});
  }
  return found;
}

// Since when the list leaves it out. Nothing: it does not, or there is none. A list that could not
// be read says nothing either way.
std::optional<WallTime> unlisted_since(const std::string& id, const ClassMemory& before,
                                       bool are_told, WallTime now) {
  if (const auto found = before.unlisted.find(id); found != before.unlisted.end()) {
    return by_todays_clock(found->second, before, now);
  }
  return are_told ? std::optional(now) : std::nullopt;
}

// Moved after each leap, which must be counted once.
std::optional<WallTime> last_pass(const ClassMemory& before, bool wanted, WallTime now) {
  if (!wanted) return std::nullopt;
  const bool still_good =
      before.last_pass && *before.last_pass <= now && now - *before.last_pass <= kLastPassKept;
  return still_good ? before.last_pass : now;
}

// Of a source that lists no runners an instance is believed to have connected once its boot
// timeout is over: nothing else will ever tell. So many of the known runners are theirs.
std::int64_t observe_live(const ManagedClass& managed, const CapacityList& capacity,
                          const KnownRunners& known, bool is_read, const ClassMemory& before,
                          WallTime now, Observation& seen) {
  const auto found = living(managed.name, capacity, before, now);
  auto& memory = seen.memory;
  const bool lists_none = is_read && !known.are_told();
  const bool all_anothers = !before.resource_class.empty() && before.resource_class != managed.name;
  seen.snapshot.instances.reserve(found.size());
  Boots boots;
  std::int64_t theirs = 0;
  InOrder first_seen(before.first_seen);
  InOrder connected_ids(before.connected);
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto& instance = found[i];
    const auto since = known_since(instance.id, first_seen, before.expected);
    const auto launched_at = launch_of(instance, since, before, now);
    const bool there = !instance.requested && i < found.listed.size();
    auto& times = there ? memory.first_seen : memory.expected;
    times.emplace_hint(times.end(), instance.id, launched_at);
    const auto runners = known.of(instance.id);
    theirs += std::ssize(runners);
    const bool listed = !runners.empty();
    const bool connected_before = connected_ids.find(instance.id) != nullptr;
    const bool believed = lists_none && now - launched_at >= managed.policy.boot_timeout;
    const bool connected = !instance.requested && (listed || connected_before || believed);
    Contact contact{launched_at, connected, {}};
    if (connected) memory.connected.insert(memory.connected.end(), instance.id);
    if (connected_before && !listed && !lists_none) {
      contact.unlisted_since = unlisted_since(instance.id, before, known.are_told(), now);
    }
    if (contact.unlisted_since) memory.unlisted.emplace(instance.id, *contact.unlisted_since);
    if (connected && !connected_before) {
      seen.snapshot.any_boot_succeeded = true;
      const bool ours = since.has_value();
      if (ours) boots.add(now - launched_at);
    }
    const bool is_anothers = there && (all_anothers || before.anothers.contains(instance.id));
    if (is_anothers) memory.anothers.insert(memory.anothers.end(), instance.id);
    const auto state = is_anothers
                           ? InstanceState::draining  // it takes no task of this class
                           : state_of(instance, runners, contact, managed.policy.boot_timeout, now);
    seen.snapshot.instances.push_back({instance.id, state, launched_at, instance.requested,
                                       place_in_order(managed, instance.group), last_task(runners),
                                       slots_of(managed.policy, runners, launched_at, now),
                                       count_busy(runners)});
  }
  if (!lists_none) seen.snapshot.boot_took = boots.mean();
  return theirs;
}

// Machines are remembered that are somewhere else: the class was given other groups, or the memory
// to another class.
bool has_moved(const ManagedClass& managed, const ClassMemory& before) {
  const bool of_another = !before.resource_class.empty() && before.resource_class != managed.name;
  return of_another || !std::ranges::includes(managed.places, before.places);
}

// Those that the provider has seen end, and those that this process never saw: another one did, or
// launched them. What was only requested is no instance.
std::set<std::string> ended(const ManagedClass& managed, const CapacityList& capacity,
                            const ClassMemory& before, const ClassMemory& after) {
  const auto& resource_class = managed.name;
  std::set<std::string> ids;
  for (const auto& instance : of_class(capacity.ended, resource_class)) ids.insert(instance.id);
  if (capacity.unreadable.contains(resource_class) || has_moved(managed, before)) return ids;
  const auto add_missing = [&](const Times& times) {
    InOrder still_there(after.first_seen);
    for (const auto& [id, since] : times) {
      if (still_there.find(id) == nullptr && !after.expected.contains(id)) ids.insert(id);
    }
  };
  add_missing(before.first_seen);
  if (capacity.late_listings.contains(resource_class)) add_missing(before.expected);
  return ids;
}

// An older list did not have it. Should it end again, that is another end.
void take_back_ends(Observation& seen) {
  const auto there = [&](const auto& id) { return seen.memory.first_seen.contains(id); };
  seen.snapshot.returned_boots = std::ssize(seen.memory.doubtful);
  std::erase_if(seen.memory.doubtful, there);
  seen.snapshot.returned_boots -= std::ssize(seen.memory.doubtful);
}

// Whether each ended instance had connected. What cannot be known yet counts as failed, so that
// boots that fail while the queue is unreadable are backed off from as well; a later reading may
// acquit it.
void observe_ended(const ManagedClass& managed, const CapacityList& capacity,
                   const KnownRunners& known, const ClassMemory& before, Observation& seen) {
  for (const auto& id : before.doubtful) {
    if (known.contains(id)) seen.snapshot.any_boot_succeeded = true;
  }
  if (!seen.snapshot.any_boot_succeeded) seen.memory.doubtful = before.doubtful;
  take_back_ends(seen);
  for (const auto& id : ended(managed, capacity, before, seen.memory)) {
    const auto runners = known.of(id);
    const bool listed = !runners.empty();
    if (listed && had_no_task(runners)) ++seen.ended_unused;
    if (before.connected.contains(id) || before.anothers.contains(id)) continue;
    if (listed) {
      seen.snapshot.any_boot_succeeded = true;
      continue;
    }
    if (seen.memory.unexplained_tasks > 0) {
      --seen.memory.unexplained_tasks;
      continue;
    }
    seen.snapshot.failed_boots.push_back(id);
    if (seen.memory.doubtful.size() < kMostDoubtful) seen.memory.doubtful.insert(id);
  }
}

// Whoever may be at work explains as many tasks as it can run, also who is lost: it may only be cut
// off. Any runner that is listed and is no instance's may run one, too: so many are `others`. Who
// has run a task once has connected: the task may be over when its instance is still there.
void explain_tasks(const ClassDemand& demand, std::int64_t others, Observation& seen) {
  const auto& instances = seen.snapshot.instances;
  const auto unlisted = std::ranges::count_if(instances, [](const auto& instance) {
    return instance.state == InstanceState::booting && !instance.requested;
  });
  auto& unexplained = seen.memory.unexplained_tasks;
  unexplained = std::min<std::int64_t>(unexplained, unlisted);
  const auto* reading = std::get_if<scaling::DemandReading>(&demand.demand);
  if (reading == nullptr || scaling::is_absurd(*reading)) return;
  auto at_work = others;
  for (const auto& it : instances) {
    if (it.state == InstanceState::busy) at_work += it.running;
    if (scaling::is_perhaps_busy(it)) at_work += it.slots;
  }
  const auto now_unexplained = std::clamp<std::int64_t>(reading->running - at_work, 0, unlisted);
  seen.snapshot.unlisted_at_work = now_unexplained;
  unexplained = std::max(unexplained, now_unexplained);
}

}  // namespace

void sort_by_class(CapacityList& capacity) {
  const auto sort = [](auto& listed) {
    const auto name = [](const auto& it) -> const std::string& { return it.resource_class; };
    if (!std::ranges::is_sorted(listed, {}, name)) std::ranges::stable_sort(listed, {}, name);
  };
  sort(capacity.live);
  sort(capacity.ended);
}

bool was_told(const ClassMemory& memory, const Place& place, const FailedLaunch& failed) {
  if (failed.id.empty()) return false;
  if (place.group.empty()) return failed.id == memory.told_failure;
  const auto told = memory.told_refusals.find(place.group);
  return told != memory.told_refusals.end() && failed.id == told->second;
}

Observation observe(const ManagedClass& managed, const CapacityList& capacity,
                    const ClassDemand& demand, const ClassMemory& before, WallTime now) {
  Observation seen;
  const KnownRunners known(demand, managed.policy.slots);
  // A queue that could not be read tells nothing of runners, whatever it tells else.
  const bool is_read = std::holds_alternative<scaling::DemandReading>(demand.demand);
  const auto theirs = observe_live(managed, capacity, known, is_read, before, now, seen);
  const bool ages_are_ours =
      !seen.memory.expected.empty() || !seen.memory.unlisted.empty() ||
      std::ranges::any_of(of_class(capacity.live, managed.name),
                          [](const auto& instance) { return !instance.launched_at; });
  seen.memory.last_pass = last_pass(before, ages_are_ours, now);

  seen.memory.resource_class = managed.name;
  seen.memory.places = managed.places;
  seen.memory.unexplained_tasks = before.unexplained_tasks;
  if (known.are_told()) observe_ended(managed, capacity, known, before, seen);
  explain_tasks(demand, known.size() - theirs, seen);
  seen.snapshot.failed_launches = before.failed_launches;
  seen.memory.told_failure = before.told_failure;
  const Place place{managed.name};
  if (const auto failed = capacity.failed_launches.find(place);
      failed != capacity.failed_launches.end() && !was_told(before, place, failed->second)) {
    seen.snapshot.failed_launches += 1;
    seen.snapshot.launch_trouble = failed->second.why;
    if (!failed->second.id.empty()) seen.memory.told_failure = failed->second.id;
  }
  seen.memory.ask_again_at = demand.ask_again_at;
  seen.snapshot.demand = demand.demand;
  seen.snapshot.foreseen = demand.foreseen;
  if (seen.snapshot.foreseen.size() > scaling::kMostForeseen) {
    seen.snapshot.foreseen.resize(scaling::kMostForeseen);
  }
  auto in_force = scaling::policy_at(managed.policy, managed.schedules, now);
  seen.snapshot.policy = in_force.policy;
  seen.snapshot.schedule = std::move(in_force.schedule);
  seen.snapshot.policy_until = in_force.until;
  // What the provider would not launch is not asked for: it would look like boots that fail.
  if (const auto most = capacity.most.find(place); most != capacity.most.end()) {
    seen.snapshot.place_max = most->second;
    seen.snapshot.policy.max = std::min(seen.snapshot.policy.max, most->second);
  }
  observe_groups(managed, capacity, before, seen);
  seen.snapshot.state = before.state;
  seen.snapshot.now = now;
  if (const auto why = capacity.unreadable.find(managed.name); why != capacity.unreadable.end()) {
    seen.snapshot.instances_unknown = why->second;
    seen.memory = before;
  }
  return seen;
}

}  // namespace muster::fleet
