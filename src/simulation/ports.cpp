#include "simulation/ports.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <iterator>
#include <limits>

#include <fmt/core.h>

#include "fleet/runner_names.hpp"
#include "scaling/judge_demand.hpp"

namespace muster::simulation {

namespace {

constexpr Millis kRecently = std::chrono::minutes(10);
constexpr Millis kRetryAfter = std::chrono::seconds(30);
constexpr Millis kStale = std::chrono::seconds(121);  // older than Policy::demand_max_age

Error unavailable(const char* what) {
  return {ErrorKind::unavailable, what};
}

}  // namespace

// --- the queue --------------------------------------------------------------------------------

QueuePort::QueuePort(std::string resource_class, Timeline& timeline, TaskQueue& queue,
                     std::vector<const Group*> groups, const Faults& faults, Mishaps& mishaps,
                     Random random, Killer& killer)
    : resource_class_(std::move(resource_class)),
      timeline_(timeline),
      queue_(queue),
      groups_(std::move(groups)),
      faults_(faults),
      mishaps_(mishaps),
      calls_(timeline, faults, mishaps),
      random_(random),
      killer_(killer) {}

std::map<std::string, fleet::ClassDemand> QueuePort::read(std::stop_token) {
  killer_.pass_by();
  const auto asked_at = timeline_.wall();
  auto answered = calls_.make(random_, [&] { return answer(asked_at); });
  if (answered) return {{resource_class_, std::move(*answered)}};
  fleet::ClassDemand unknown;
  unknown.demand = scaling::DemandUnknown{answered.error().message};
  return {{resource_class_, std::move(unknown)}};
}

Result<fleet::ClassDemand> QueuePort::answer(WallTime asked_at) {
  fleet::ClassDemand demand;
  demand.demand = counts(asked_at);
  if (std::holds_alternative<scaling::DemandReading>(demand.demand)) demand.runners = runners();
  demand.foreseen = foreseen();
  if (timeline_.wall() < held_off_until_) demand.ask_again_at = held_off_until_;
  return demand;
}

void QueuePort::hold_off(const std::string&, WallTime until) {
  held_off_until_ = until;
}

scaling::Demand QueuePort::counts(WallTime asked_at) {
  const auto now = timeline_.wall();
  if (now >= held_off_until_ && random_.chance(faults_.queue_throttled)) {
    held_off_until_ = now + kRetryAfter;
  }
  if (now < held_off_until_) return scaling::DemandUnknown{"429 from the API"};
  if (random_.chance(faults_.queue_unreadable)) return scaling::DemandUnknown{"500 from the API"};
  if (faults_.queue_stale > 0 && random_.chance(faults_.queue_stale)) return stale_reading();
  return reading_of(asked_at);
}

scaling::DemandReading QueuePort::reading_of(WallTime asked_at) {
  const auto counts = queue_.counts_before(faults_.counts_lag);
  scaling::DemandReading reading{counts.waiting, counts.running, asked_at};
  if (random_.chance(faults_.queue_absurd)) make_absurd(reading);
  return reading;
}

// Some of it can be, and is believed.
void QueuePort::make_absurd(scaling::DemandReading& reading) {
  using Limits = std::numeric_limits<std::int64_t>;
  constexpr std::array<std::int64_t, 6> kAbsurd{
      -1, 1'000, scaling::kMostTasks + 1, Limits::min(), Limits::max(), 4'294'967'295};
  ++mishaps_.absurd;
  const auto which = static_cast<std::size_t>(random_.between(0, std::ssize(kAbsurd) - 1));
  const auto whose = random_.between(0, 2);
  if (whose != 0) reading.unclaimed = kAbsurd.at(which);
  if (whose != 1) reading.running = kAbsurd.at(which);
}

// As a keeper tells that has been cut off from its own, or whose clock is ahead.
scaling::DemandReading QueuePort::stale_reading() {
  const auto off = random_.between(kStale, kLongestLag);
  const bool ahead = random_.chance(300);
  ++(ahead ? mishaps_.of_the_future : mishaps_.stale);
  const auto counts = queue_.counts_before(ahead ? faults_.counts_lag : off);
  return {counts.waiting, counts.running, timeline_.wall() + (ahead ? off : -off)};
}

// Without work nothing is made up: the world would never come to rest.
std::vector<scaling::Foreseen> QueuePort::foreseen() {
  const bool may_be_wrong = faults_.foreseen_wrong > 0 && !queue_.is_done();
  const bool wrong = may_be_wrong && random_.chance(faults_.foreseen_wrong);
  if (!wrong) return queue_.foreseen();
  std::vector<scaling::Foreseen> made_up;
  for (auto left = random_.between(0, 3); left > 0; --left) {
    const auto at = timeline_.wall() + random_.between(-kRecently, kRecently);
    made_up.push_back({at, random_.between(-1, 20), random_.between(-1, 20)});
  }
  return made_up;
}

// An instance that has ended is listed for some time, too.
void QueuePort::add_runners_of(const SimulatedInstance& instance, MonotonicTime heard_of,
                               std::vector<fleet::KnownRunner>& known) const {
  const auto wall = [&](MonotonicTime time) {
    return timeline_.wall() - (timeline_.monotonic() - time);
  };
  const auto slots = std::ssize(instance.runners);
  std::int64_t number = 0;
  for (const auto& runner : instance.runners) {
    const bool seen_at_work = runner.used && *runner.used <= heard_of;
    known.push_back({.name = fleet::runner_name(instance.id, slots, ++number),
                     .ever_claimed = runner.used.has_value(),
                     .first_connected = wall(*instance.connected),
                     .last_connected = wall(heard_of),
                     .last_used = wall(seen_at_work ? *runner.used : *instance.connected)});
  }
}

std::vector<fleet::KnownRunner> QueuePort::runners() {
  std::vector<fleet::KnownRunner> known;
  const auto when = timeline_.monotonic() - faults_.runners_lag;
  for (const auto* group : groups_) {
    const auto listed = group->listed();
    known.reserve(known.size() + listed.size());
    for (const auto* instance : listed) {
      const bool there = instance->connected && *instance->connected <= when;
      if (!there) continue;
      const auto heard_of = instance->hangs ? *instance->connected : when;
      add_runners_of(*instance, heard_of, known);
    }
  }
  if (faults_.ghosts_for > Millis(0)) add_ghosts(known);
  if (random_.chance(faults_.runners_cut_off)) known.resize(known.size() / 2);
  return known;
}

void QueuePort::add_ghosts(std::vector<fleet::KnownRunner>& known) const {
  const auto since = timeline_.monotonic() - faults_.ghosts_for;
  for (const auto* group : groups_) {
    for (const auto& instance : group->instances()) {
      const bool was_there = instance.connected && !instance.listed;
      if (was_there && *instance.ended > since) add_runners_of(instance, *instance.ended, known);
    }
  }
}

void QueuePort::wait_for_change(Millis, std::stop_token) {
  std::terminate();  // in virtual time nobody waits: see LoopScaler
}

std::map<std::string, fleet::ClassDemand> QueuePorts::read(std::stop_token stop) {
  if (ports_.size() == 1) return ports_.begin()->second.read(stop);
  std::map<std::string, fleet::ClassDemand> all;
  for (auto& [name, port] : ports_) all.merge(port.read(stop));
  return all;
}

void QueuePorts::hold_off(const std::string& resource_class, WallTime until) {
  ports_.at(resource_class).hold_off(resource_class, until);
}

void QueuePorts::wait_for_change(Millis, std::stop_token) {
  std::terminate();  // as above
}

// --- the group --------------------------------------------------------------------------------

GroupPort::GroupPort(fleet::Place place, Timeline& timeline, Group& group,
                     const Conditions& conditions, Mishaps& mishaps, Random random, Killer& killer)
    : place_(std::move(place)),
      timeline_(timeline),
      group_(group),
      habits_(conditions.habits),
      faults_(conditions.faults),
      calls_(timeline, conditions.faults, mishaps),
      random_(random),
      killer_(killer) {}

std::string GroupPort::pending_id(std::int64_t number) const {
  return fmt::format("{}/pending-{}", place_.group.empty() ? "runners" : place_.group, number);
}

bool GroupPort::has_seen(const std::string& id) const {
  return std::ranges::binary_search(seen_, id);
}

Result<fleet::CapacityList> GroupPort::list(const std::stop_token&) {
  killer_.pass_by();
  if (random_.chance(faults_.list_unreadable)) return unavailable("no answer from the cloud");
  fleet::CapacityList all;
  if (const auto view = look()) {
    add_listed(*view, all);
    tell_failures(*view, all);
  } else {
    all.unreadable.emplace(place_.resource_class, view.error().message);
  }
  return all;
}

void GroupPort::add_listed(const GroupView& view, fleet::CapacityList& all) {
  const auto before = std::exchange(seen_, {});
  ended_by_us_.clear();
  const auto& [name, group] = place_;
  all.live.reserve(view.listed.size());
  seen_.reserve(view.listed.size());
  for (const auto* instance : view.listed) {
    seen_.push_back(instance->id);  // they are listed in order
    all.live.push_back(
        {instance->id, name, std::nullopt, instance->drained, habits_.single_task, false, group});
  }
  for (const auto& id : before) {
    if (!has_seen(id)) all.ended.push_back({id, name, "no longer in the group"});
  }
  pending_ = std::max<std::int64_t>(view.desired - std::ssize(seen_), 0);
  for (std::int64_t i = 1; i <= pending_; ++i) {
    all.live.push_back({pending_id(i), name, asked_at_, false, habits_.single_task, true, group});
  }
}

// Each look may be answered by another machine of AWS, and show an older state than the one before.
Result<GroupView> GroupPort::look() {
  const auto& lag = faults_.list_lag;
  return calls_.make(random_, [&]() -> Result<GroupView> {
    return group_.view_before(lag > Millis(0) ? random_.between(Millis(0), lag) : lag);
  });
}

// As base_of() of the adapter: only what was there can have ended, and as many places must be gone.
Result<GroupPort::Base> GroupPort::base_of() {
  const auto view = look();
  if (!view) return view.error();
  std::int64_t live = 0, ended = 0, still = 0;
  for (const auto* instance : view->listed) {
    const bool gone = ended_by_us_.contains(instance->id);
    ++(gone ? ended : live);
    if (!gone && has_seen(instance->id)) ++still;
  }
  const auto wanted = std::max<std::int64_t>(view->desired - ended, live);
  const auto live_before = std::ssize(seen_) - std::ssize(ended_by_us_);
  const auto wanted_before = live_before + pending_;
  const auto gone = live_before - still;
  if (wanted_before - wanted == gone) return Base{live, wanted, wanted};
  return Base{std::max(live_before, live), wanted_before, wanted};
}

void GroupPort::tell_failures(const GroupView& view, fleet::CapacityList& all) {
  const auto& failed = view.last_failure;
  if (pending_ == 0 || !failed || failed->id == told_) return;
  if (failed->when < asked_at_by_aws_.value_or(timeline_.monotonic() - kRecently)) return;
  told_ = failed->id;
  all.failed_launches.emplace(place_,
                              fleet::FailedLaunch{"InsufficientInstanceCapacity", failed->id});
}

Result<std::vector<std::string>> GroupPort::launch(const fleet::Place&, std::int64_t count,
                                                   const std::stop_token&) {
  killer_.pass_by();
  const auto base = base_of();
  if (!base) return base.error();
  auto desired = std::max({base->asked, base->wanted + count, base->live});
  const auto excess = std::clamp<std::int64_t>(desired - group_.max(), 0, count);
  count -= excess;
  desired -= excess;
  std::vector<std::string> launched;
  if (count == 0) return launched;
  const auto raised = calls_.make(random_, [&] { return group_.set_desired(desired); });
  if (!raised) return raised.error();
  killer_.pass_by();
  asked_at_ = timeline_.wall();
  asked_at_by_aws_ = timeline_.monotonic();
  for (; count > 0; --count) launched.push_back(pending_id(++pending_));
  return launched;
}

Result<void> GroupPort::drain(const std::string& id, const std::stop_token&) {
  killer_.pass_by();
  if (!habits_.can_be_asked || !has_seen(id)) return ok();
  auto drained = calls_.make(random_, [&] { return group_.drain(id); });
  killer_.pass_by();
  return drained;
}

Result<void> GroupPort::reap(const std::string& id, const std::stop_token&) {
  killer_.pass_by();
  if (!has_seen(id)) return ok();
  auto ended = calls_.make(random_, [&] { return group_.terminate(id); });
  killer_.pass_by();
  if (ended) ended_by_us_.insert(id);
  return ended;
}

Result<void> GroupPort::withdraw(const fleet::Place&, std::int64_t count, const std::stop_token&) {
  killer_.pass_by();
  if (pending_ == 0) return ok();
  const auto base = base_of();
  if (!base) return base.error();
  const auto desired = std::max(base->live, base->wanted - count);
  const auto withdrawn = base->wanted - desired;
  if (withdrawn <= 0) return ok();
  auto lowered = calls_.make(random_, [&] { return group_.set_desired(desired); });
  killer_.pass_by();
  if (lowered) pending_ = std::max<std::int64_t>(pending_ - withdrawn, 0);
  return lowered;
}

void GroupPort::wait_for_change(Millis, std::stop_token) {
  std::terminate();  // as above
}

Result<fleet::CapacityList> GroupPorts::list(const std::stop_token& stop) {
  if (ports_.size() == 1) return ports_.begin()->second.list(stop);
  fleet::CapacityList all;
  for (auto& [place, port] : ports_) {
    auto listed = port.list(stop);
    if (!listed) return listed;
    std::ranges::move(listed->live, std::back_inserter(all.live));
    std::ranges::move(listed->ended, std::back_inserter(all.ended));
    all.failed_launches.merge(listed->failed_launches);
    all.unreadable.merge(listed->unreadable);
  }
  return all;
}

Result<std::vector<std::string>> GroupPorts::launch(const fleet::Place& place, std::int64_t count,
                                                    const std::stop_token& stop) {
  return ports_.at(place).launch(place, count, stop);
}

// Who does not know it does nothing.
Result<void> GroupPorts::drain(const std::string& id, const std::stop_token& stop) {
  for (auto& [place, port] : ports_) {
    if (auto drained = port.drain(id, stop); !drained) return drained;
  }
  return ok();
}

Result<void> GroupPorts::reap(const std::string& id, const std::stop_token& stop) {
  for (auto& [place, port] : ports_) {
    if (auto ended = port.reap(id, stop); !ended) return ended;
  }
  return ok();
}

Result<void> GroupPorts::withdraw(const fleet::Place& place, std::int64_t count,
                                  const std::stop_token& stop) {
  return ports_.at(place).withdraw(place, count, stop);
}

void GroupPorts::wait_for_change(Millis, std::stop_token) {
  std::terminate();  // as above
}

}  // namespace muster::simulation
