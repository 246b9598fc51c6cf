#include "scaling/decide.hpp"

#include <algorithm>
#include <tuple>

#include <fmt/core.h>

#include "base/text.hpp"
#include "scaling/boots.hpp"

namespace muster::scaling {

namespace {

// Past these a number is a fault of its source, and is not believed.
constexpr std::int64_t kMostTasks = 10'000'000;

// Years past any calendar are shown as its edge.
std::string in_words(WallTime time) {
  constexpr WallTime kFirst{std::chrono::sys_days(std::chrono::year(0) / 1 / 1)};
  constexpr WallTime kLast{std::chrono::sys_days(std::chrono::year(9999) / 12 / 31)};
  return format_rfc3339(std::clamp(time, kFirst, kLast));
}

bool is_absurd(const DemandReading& demand) {
  const auto absurd = [](std::int64_t count) { return count < 0 || count > kMostTasks; };
  return absurd(demand.unclaimed) || absurd(demand.running);
}

// Why this snapshot's demand must not be acted upon, if so (S2).
std::optional<Reason> reason_to_hold(const Snapshot& snapshot) {
  if (const auto* unknown = std::get_if<DemandUnknown>(&snapshot.demand)) {
    return Reason{Rule::demand_unknown, 0, 0, "", "the queue is unknown: " + unknown->why};
  }
  const auto& demand = std::get<DemandReading>(snapshot.demand);
  if (is_absurd(demand)) {
    return Reason{Rule::demand_unknown, 0, 0, "",
                  fmt::format("the queue is unknown: {} waiting and {} running cannot be",
                              demand.unclaimed, demand.running)};
  }
  // A reading far in the future is as useless as an old one: a clock has jumped.
  const auto age = snapshot.policy.demand_max_age;
  if (later(demand.read_at, age) < snapshot.now || later(snapshot.now, age) < demand.read_at) {
    return Reason{
        Rule::demand_stale, 0, 0, "",
        fmt::format("the queue was read at {}, which is too long ago", in_words(demand.read_at))};
  }
  return std::nullopt;
}

// See Counts.
Counts with_connected_judged(Counts counts, const std::optional<std::int64_t>& running) {
  const auto engaged = running
                           ? std::clamp<std::int64_t>(*running - counts.busy, 0, counts.connected)
                           : counts.connected;
  counts.busy += engaged;
  counts.idle += counts.connected - engaged;
  counts.connected = 0;
  return counts;
}

// Older than any task gets, and so of no use, even if it connected once.
bool is_too_old(const Instance& instance, const Snapshot& snapshot) {
  const auto& policy = snapshot.policy;
  return policy.reaps && policy.longest_life && instance.state != InstanceState::busy &&
         later(instance.launched_at, *policy.longest_life) <= snapshot.now;
}

// The rules, in the order in which they speak. Each adds its reason and keeps the earlier ones.
class Draft {
 public:
  explicit Draft(const Snapshot& snapshot)
      : snapshot_(snapshot),
        least_(std::clamp<std::int64_t>(snapshot.policy.min, 0, kMostInstances)),
        most_(std::clamp<std::int64_t>(snapshot.policy.max, 0, kMostInstances)),
        hold_(reason_to_hold(snapshot)) {
    decision_.counts = with_connected_judged(count(snapshot.instances), running());
    staying_ = decision_.counts;
    decision_.next = judge_boots(snapshot, !hold_);
  }

  Decision finish() {
    if (hold_) {
      decision_.reasons.push_back(*hold_);
    } else {
      end_useless();
      drain_above_maximum();
      launch_for_queue();
    }
    launch_for_minimum();
    if (!hold_) withdraw_unneeded();
    keep_maximum();
    keep_backoff();
    withdraw_before_launching();
    if (decision_.reasons.empty()) reason(Rule::satisfied, 0, 0, supply_in_words());
    decision_.desired = decision_.counts.live() + decision_.launch - decision_.withdraw;
    decision_.revisit_at = revisit_at();
    return std::move(decision_);
  }

 private:
  void reason(Rule rule, std::int64_t wanted, std::int64_t allowed, std::string detail,
              std::string subject = "") {
    decision_.reasons.push_back({rule, wanted, allowed, std::move(subject), std::move(detail)});
  }

  void end_useless() {
    withdraw_overdue();
    std::vector<Instance> there = snapshot_.instances;
    std::erase_if(there, [](const auto& it) { return it.requested; });
    std::ranges::sort(there, {}, [](const auto& it) { return std::tie(it.launched_at, it.id); });
    silent_ = std::ranges::count_if(there, [&](const auto& it) {
      return is_overdue(it, snapshot_) || is_too_old(it, snapshot_);
    });
    believable_ = std::max<std::int64_t>(1, std::ssize(there) / 10);
    for (const auto& instance : there) {
      if (is_overdue(instance, snapshot_)) end_overdue(instance);
    }
    for (const auto& instance : certainly_useless(there)) {
      if (!may_be_ended(instance)) continue;
      reap(instance, fmt::format("{} is older than {}, and no task gets so old", instance.id,
                                 format_duration(*snapshot_.policy.longest_life)));
    }
    count_staying();
    if (snapshot_.policy.reaps && silent_ > believable_) tell_of_many(std::ssize(there));
  }

  // Of many that look dead at once, those that have been silent for long end a few at a time: a
  // list that is wrong is soon right again, and dead ones must not stand in the way for ever (S5).
  bool may_be_ended(const Instance& instance) const {
    if (!snapshot_.policy.reaps) return false;
    if (silent_ <= believable_) return true;
    const auto timeout = snapshot_.policy.boot_timeout;
    const bool long_silent = later(later(instance.launched_at, timeout), timeout) <= snapshot_.now;
    return long_silent && std::ssize(decision_.reap) < believable_;
  }

  // Once a reading: the next few wait for the next.
  void tell_of_many(std::int64_t there) {
    const auto ended = std::ssize(decision_.reap);
    if (ended > 0) {
      decision_.next.given_up_at = std::get<DemandReading>(snapshot_.demand).read_at;
    }
    reason(Rule::many_silent, silent_, ended,
           fmt::format("{} of {} look dead at once", silent_, count_of(there, "instance")));
  }

  // They run nothing, so that there is nothing to be careful of.
  void withdraw_overdue() {
    overdue_requests_ = std::ranges::count_if(snapshot_.instances, [&](const auto& it) {
      return it.requested && is_overdue(it, snapshot_);
    });
    if (overdue_requests_ == 0) return;
    decision_.withdraw = overdue_requests_;
    reason(Rule::not_come, overdue_requests_, overdue_requests_,
           fmt::format("{} requested more than {} ago and not there",
                       count_of(overdue_requests_, "instance"),
                       format_duration(snapshot_.policy.boot_timeout)));
  }

  // Those that are too old, in the order given. Of those of which nobody knows whether they are
  // busy, only as many as certainly are not (S1): a long wait may have come before a task.
  std::vector<Instance> certainly_useless(const std::vector<Instance>& there) const {
    auto too_old = there;
    std::erase_if(too_old, [&](const auto& it) {
      return is_overdue(it, snapshot_) || !is_too_old(it, snapshot_);
    });
    const auto known = count(snapshot_.instances);
    const auto perhaps_busy = known.connected + known.draining;
    auto free = perhaps_busy - std::max<std::int64_t>(running().value_or(0) - known.busy, 0);
    std::erase_if(too_old, [&](const auto& it) {
      const bool perhaps =
          it.state == InstanceState::connected || it.state == InstanceState::draining;
      return perhaps && free-- <= 0;
    });
    return too_old;
  }

  // Neither those that end now nor those that never came count as supply.
  void count_staying() {
    auto staying = snapshot_.instances;
    std::erase_if(staying, [&](const auto& it) {
      return is_overdue(it, snapshot_) || contains(decision_.reap, it.id);
    });
    staying_ = with_connected_judged(count(staying), running());
  }

  // One that can be asked is asked at once, which harms nobody. Another is ended once a second,
  // later reading of the queue does not know it either.
  void end_overdue(const Instance& instance) {
    const auto why = fmt::format("{} did not connect within {}", instance.id,
                                 format_duration(snapshot_.policy.boot_timeout));
    const auto& before = snapshot_.state;
    const auto read_at = std::get<DemandReading>(snapshot_.demand).read_at;
    const bool missed_before = contains(before.given_up, instance.id) && before.given_up_at &&
                               *before.given_up_at < read_at;
    const bool may_end = may_be_ended(instance);
    if (!snapshot_.policy.reaps) {
      decision_.drain.push_back(instance.id);
      reason(Rule::boot_timeout, 1, 1, why, instance.id);
    } else if (may_end && may_run_unlisted(instance)) {
      const auto many = unexplained_tasks(instance);
      reason(Rule::boot_timeout, 1, 0,
             fmt::format("{}, and {} {} that may be its own", why, count_of(many, "task"),
                         many == 1 ? "runs" : "run"),
             instance.id);
    } else if (may_end && missed_before) {
      reap(instance, why);
    } else {
      reason(Rule::boot_timeout, 1, 0, why, instance.id);
    }
  }

  // More tasks run than are known to be elsewhere: so perhaps one that is not listed runs one (S1).
  // What is older than any task runs none.
  bool may_run_unlisted(const Instance& instance) const {
    return unexplained_tasks(instance) > 0 && !is_too_old(instance, snapshot_);
  }

  // Whoever is connected may be idle, and so explains no task; but an instance that has been silent
  // for long is believed to be dead rather than to run what another one may run.
  std::int64_t unexplained_tasks(const Instance& instance) const {
    const auto known = count(snapshot_.instances);
    const auto believed =
        is_long_silent(instance, snapshot_) ? known.connected + known.draining : 0;
    return running().value_or(0) - known.busy - believed;
  }

  void reap(const Instance& instance, const std::string& why) {
    decision_.reap.push_back(instance.id);
    reason(Rule::reaped, 1, 1, why, instance.id);
  }

  std::optional<std::int64_t> running() const {
    if (hold_) return std::nullopt;
    return std::get<DemandReading>(snapshot_.demand).running;
  }

  // Those that are surely idle first, then the newest: it has served least. Busy and booting ones
  // are left to end by themselves.
  void drain_above_maximum() {
    const auto excess = staying_.booting + staying_.idle + staying_.busy - most_;
    if (excess <= 0) return;
    auto candidates = perhaps_idle();
    const auto leaving =
        snapshot_.policy.drains ? std::min({excess, staying_.idle, std::ssize(candidates)}) : 0;
    candidates.resize(static_cast<std::size_t>(leaving));
    for (const auto& instance : candidates) decision_.drain.push_back(instance.id);
    staying_.idle -= leaving;
    reason(Rule::above_maximum, excess, leaving,
           fmt::format("{} are live where {} may be", most_ + excess, most_));
  }

  // In the order in which they may go.
  std::vector<Instance> perhaps_idle() const {
    std::vector<Instance> found;
    for (const auto& instance : snapshot_.instances) {
      const bool perhaps =
          instance.state == InstanceState::idle || instance.state == InstanceState::connected;
      if (perhaps && !contains(decision_.reap, instance.id)) found.push_back(instance);
    }
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
      return std::tie(a.state, b.launched_at, b.id) < std::tie(b.state, a.launched_at, a.id);
    });
    return found;
  }

  std::int64_t unclaimed() const { return std::get<DemandReading>(snapshot_.demand).unclaimed; }

  std::string supply_in_words() const {
    if (unclaimed() == 0) return "nothing waits";
    const auto free = staying_.idle + staying_.booting;
    return fmt::format("{} wait, {} idle and {} booting will serve {}", unclaimed(), staying_.idle,
                       staying_.booting, std::min(free, unclaimed()));
  }

  void launch_for_queue() {
    const auto lacking = unclaimed() - (staying_.idle + staying_.booting);
    if (lacking <= 0) return;
    decision_.launch = lacking;
    reason(Rule::queue, lacking, lacking, supply_in_words());
  }

  void launch_for_minimum() {
    const auto there = staying_.booting + staying_.idle + staying_.busy;
    const auto launches = least_ - there;
    if (launches <= decision_.launch) return;
    reason(Rule::minimum, decision_.launch, launches,
           fmt::format("at least {} must be there and {} are", least_, there));
    decision_.launch = launches;
  }

  // Some that are only requested may not be needed any more; or a group of AWS has requested them
  // by itself, in the place of instances that ended without giving it up (S6).
  void withdraw_unneeded() {
    const auto all = requested();
    if (all == 0 || decision_.launch > 0) return;
    const auto others = staying_.booting + staying_.idle - all;
    const auto needed =
        std::max({unclaimed() - others, least_ - others - staying_.busy, std::int64_t{0}});
    const auto unneeded = all - needed;
    if (unneeded <= 0) return;
    decision_.withdraw += unneeded;
    reason(Rule::unneeded, unneeded, unneeded,
           fmt::format("{} wait, and {} will serve them without {} that {} not come", unclaimed(),
                       others + needed, unneeded, unneeded == 1 ? "has" : "have"));
  }

  // And may still come in time.
  std::int64_t requested() const {
    const auto& all = snapshot_.instances;
    return std::count_if(all.begin(), all.end(), [&](const auto& it) {
      return it.requested && it.state == InstanceState::booting && !is_overdue(it, snapshot_);
    });
  }

  // All live instances count, those that are about to end included (S4).
  void keep_maximum() {
    const auto live = decision_.counts.live();
    const auto room = std::max<std::int64_t>(most_ - live, 0);
    if (decision_.launch <= room) return;
    reason(Rule::maximum, decision_.launch, room,
           fmt::format("at most {} may be live and {} are", most_, live));
    decision_.launch = room;
  }

  void keep_backoff() {
    const auto& state = decision_.next;
    if (!state.backoff_until) return try_one_first();
    // What takes the place of a boot that has just failed was requested by nobody.
    const bool replaced = !snapshot_.failed_boots.empty();
    const bool many = state.failed_boots_in_a_row >= snapshot_.policy.withdraw_after;
    if (!hold_ && (replaced || many)) decision_.withdraw = overdue_requests_ + requested();
    if (decision_.launch == 0) return;
    const auto& trouble = snapshot_.launch_trouble;
    reason(Rule::backoff, decision_.launch, 0,
           fmt::format("{} failed in a row{}, and the next may start at {}",
                       count_of(state.failed_boots_in_a_row, "boot"),
                       trouble.empty() ? "" : fmt::format(" ({})", trouble),
                       in_words(*state.backoff_until)));
    decision_.launch = 0;
  }

  // In one pass only one of them, so that desired capacity is written once.
  void withdraw_before_launching() {
    if (overdue_requests_ == 0 || decision_.launch == 0) return;
    reason(Rule::backoff, decision_.launch, 0, "what has not come is withdrawn first");
    decision_.launch = 0;
  }

  // Whatever was wrong may still be: then it costs one boot, and no more.
  void try_one_first() {
    const auto failed = decision_.next.failed_boots_in_a_row;
    if (failed < snapshot_.policy.withdraw_after || decision_.launch == 0) return;
    const std::int64_t allowed = staying_.booting > 0 ? 0 : 1;
    if (decision_.launch <= allowed) return;
    reason(Rule::backoff, decision_.launch, allowed,
           fmt::format("{} failed in a row, so one is tried before there are more",
                       count_of(failed, "boot")));
    decision_.launch = allowed;
  }

  std::optional<WallTime> revisit_at() const {
    std::optional<WallTime> first;
    const auto consider = [&](WallTime time) {
      if (time > snapshot_.now && (!first || time < *first)) first = time;
    };
    if (decision_.next.backoff_until) consider(*decision_.next.backoff_until);
    for (const auto& instance : snapshot_.instances) {
      if (instance.state != InstanceState::booting) continue;
      consider(later(instance.launched_at, snapshot_.policy.boot_timeout));
    }
    if (decision_.launch > 0) consider(later(snapshot_.now, snapshot_.policy.boot_timeout));
    if (const auto* demand = std::get_if<DemandReading>(&snapshot_.demand)) {
      consider(later(demand->read_at, snapshot_.policy.demand_max_age));
    }
    return first;
  }

  const Snapshot& snapshot_;
  const std::int64_t least_;
  const std::int64_t most_;
  const std::optional<Reason> hold_;
  std::int64_t overdue_requests_ = 0;
  std::int64_t silent_ = 0;      // look dead, by the clock
  std::int64_t believable_ = 1;  // of them, at once
  Counts staying_;               // without those that this decision drains
  Decision decision_;
};

// Nothing is remembered either: failures are judged once it is known again what is there.
Decision hold_for_instances(const Snapshot& snapshot) {
  Decision decision;
  const auto* demand = std::get_if<DemandReading>(&snapshot.demand);
  const auto running = demand == nullptr ? std::nullopt : std::optional(demand->running);
  decision.counts = with_connected_judged(count(snapshot.instances), running);
  decision.desired = decision.counts.live();
  decision.next = snapshot.state;
  decision.reasons = {{Rule::instances_unknown, 0, 0, "",
                       "the instances cannot be listed: " + snapshot.instances_unknown}};
  return decision;
}

}  // namespace

Counts count(const std::vector<Instance>& instances) {
  Counts counts;
  for (const auto& instance : instances) {
    switch (instance.state) {
      case InstanceState::booting:
        ++counts.booting;
        break;
      case InstanceState::idle:
        ++counts.idle;
        break;
      case InstanceState::connected:
        ++counts.connected;
        break;
      case InstanceState::busy:
        ++counts.busy;
        break;
      case InstanceState::spent:
        ++counts.spent;
        break;
      case InstanceState::draining:
        ++counts.draining;
        break;
    }
  }
  return counts;
}

Decision decide(const Snapshot& snapshot) {
  return snapshot.instances_unknown.empty() ? Draft(snapshot).finish()
                                            : hold_for_instances(snapshot);
}

}  // namespace muster::scaling
