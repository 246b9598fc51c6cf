#include "scaling/invariants.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/core.h>

#include "base/text.hpp"
#include "scaling/boots.hpp"
#include "scaling/invariants_parts.hpp"
#include "scaling/slots.hpp"
#include "scaling/spend.hpp"

namespace muster::scaling {

namespace {

bool is_bound(const Decision& decision) {
  return waits_for_group(decision) || has(decision, Rule::maximum) ||
         has(decision, Rule::launch_rate) || has(decision, Rule::spend_cap) ||
         has(decision, Rule::backoff);
}

class Judge {
 public:
  Judge(const Snapshot& snapshot, const Decision& decision)
      : snapshot_(snapshot),
        decision_(decision),
        demand_(std::get_if<DemandReading>(&snapshot.demand)) {}

  std::vector<Violation> run() {
    for (const auto& id : decision_.drain) judge_drained(id);
    for (const auto& id : decision_.reap) judge_ended(id);
    judge_ends_together();
    judge_withdrawals();
    judge_hold();
    for (const auto judge : {violations_in_groups, violations_of_frugality, violations_of_boots,
                             violations_after_kill}) {
      std::ranges::move(judge(snapshot_, decision_), std::back_inserter(found_));
    }
    if (is_blind(snapshot_)) return judge_blind(), std::move(found_);
    judge_honesty();
    judge_supply();
    judge_bounds();
    judge_rates();
    judge_spend();
    judge_scale_in();
    judge_steadiness();
    return std::move(found_);
  }

 private:
  void expect(bool holds, Invariant invariant, std::string what) {
    if (!holds) found_.push_back({invariant, std::move(what)});
  }

  const Instance* find(const std::string& id) const {
    const auto found = std::ranges::find(snapshot_.instances, id, &Instance::id);
    return found == snapshot_.instances.end() ? nullptr : &*found;
  }

  void judge_drained(const std::string& id) {
    const auto* instance = find(id);
    if (instance == nullptr) return expect(false, Invariant::safe, id + " is drained unknown");
    const bool perhaps_idle =
        instance->state == InstanceState::idle || instance->state == InstanceState::connected;
    const bool last_task =
        instance->state == InstanceState::busy && has(decision_, Rule::last_task);
    expect(perhaps_idle || last_task || is_overdue(*instance, snapshot_), Invariant::safe,
           id + " is drained, though it is neither idle nor overdue");
  }

  Working working() const {
    const bool known = demand_ != nullptr && !knows_no_queue(snapshot_);
    return {take_census(snapshot_.instances, snapshot_.policy),
            known ? std::optional(demand_->running) : std::nullopt};
  }

  std::int64_t drained_at_work() const {
    return std::ranges::count_if(decision_.drain, [&, works = working()](const auto& id) {
      const auto* instance = find(id);
      return instance != nullptr && works(*instance);
    });
  }

  // No more take another task than the cap has room for, and no fewer.
  void judge_last_tasks(const Outlook& ahead) {
    const auto& policy = snapshot_.policy;
    const auto at_work = working().instances();
    const auto go_on = at_work - drained_at_work();
    if (!policy.reuses || !policy.drains || knows_no_queue(snapshot_)) {
      return expect(go_on == at_work, Invariant::safe, "busy ones are asked to end for nothing");
    }
    const auto may = may_go_on(policy, ahead, decision_.next.turnover);
    expect(go_on == std::min(at_work, may), Invariant::bounded,
           fmt::format("{} of {} go on after their task where the cap has room for {}", go_on,
                       at_work, may));
  }

  // So many tasks run on those that are known to be busy.
  std::int64_t explained() const {
    return take_census(snapshot_.instances, snapshot_.policy).tasks;
  }

  // By nobody but who is known to be busy.
  bool is_every_task_elsewhere() const {
    return demand_ != nullptr && demand_->running <= explained();
  }

  // Who has not connected for long, while every task runs elsewhere; or who has taken none for
  // longer than any lasts.
  void judge_ended(const std::string& id) {
    const auto* instance = find(id);
    if (instance == nullptr) return expect(false, Invariant::safe, id + " is ended unknown");
    const bool gone =
        (instance->state == InstanceState::lost || instance->state == InstanceState::booting) &&
        is_twice_too_old(*instance, snapshot_);
    // By what was remembered before, whatever this decision makes of it.
    const bool quiet = is_quiet(snapshot_.state, snapshot_) && is_every_task_elsewhere();
    expect(gone || quiet, Invariant::safe,
           id + " is ended though a task ran of late that may be its own");
    const auto& life = snapshot_.policy.longest_life;
    const auto idle_since = std::max(instance->launched_at, instance->used_at.value_or(WallTime()));
    const bool too_old = life && later(idle_since, *life) <= snapshot_.now;
    const bool never_came = is_overdue(*instance, snapshot_) &&
                            is_long_silent(*instance, snapshot_) && is_every_task_elsewhere();
    expect(too_old || never_came || is_lost_for_good(*instance, snapshot_), Invariant::safe,
           id + " is ended, and may run a task");
    const bool theirs = demand_ != nullptr && !is_every_task_elsewhere();
    expect(!is_perhaps_busy(*instance) || !theirs || gone, Invariant::safe,
           id + " is ended while a task runs that may be its own");
    const auto& waited = snapshot_.state.waiting_since;
    expect(demand_ == nullptr || demand_->unclaimed == 0 || (waited && *waited < demand_->read_at),
           Invariant::safe, id + " is ended while it may take a task that has just come");
    expect(instance->state != InstanceState::busy, Invariant::safe, id + " is ended busy");
    expect(!instance->requested, Invariant::safe, id + " is ended before it is there");
    expect(snapshot_.policy.reaps, Invariant::safe, id + " is ended, where none may be");
  }

  // Of those of which nobody knows whether they are busy, as many stay as tasks run.
  void judge_ends_together() {
    const auto believable = std::max<std::int64_t>(1, std::ssize(snapshot_.instances) / 10);
    expect(std::ssize(decision_.reap) <= believable, Invariant::safe,
           fmt::format("{} of {} are ended at once", decision_.reap.size(),
                       snapshot_.instances.size()));
    const auto unsure = std::ranges::count_if(decision_.reap, [&](const auto& id) {
      const auto* instance = find(id);
      return instance != nullptr && is_perhaps_busy(*instance);
    });
    if (unsure == 0 || demand_ == nullptr) {
      return expect(unsure == 0, Invariant::safe, "some are ended while the queue is unknown");
    }
    const auto known = count(snapshot_.instances);
    const auto staying = known.connected + known.used + known.draining + known.lost - unsure;
    const auto theirs = demand_->running - explained();
    expect(staying >= theirs, Invariant::safe,
           fmt::format("{} stay where {} tasks run", staying, theirs));
  }

  void judge_withdrawals() {
    const auto requested = std::ranges::count_if(snapshot_.instances, &Instance::requested);
    expect(decision_.withdraw >= 0 && decision_.withdraw <= requested, Invariant::safe,
           fmt::format("{} are withdrawn of {} requested", decision_.withdraw, requested));
    const bool both = decision_.withdraw > 0 && decision_.launch > 0;
    expect(!both || !snapshot_.groups.empty(), Invariant::bounded,
           "desired capacity is lowered and raised at once");
  }

  // Whoever holds says so, and holds for that reason alone.
  void judge_hold() {
    const bool says_blind = has(decision_, Rule::instances_unknown);
    const bool says_unknown =
        has(decision_, Rule::demand_unknown) || has(decision_, Rule::demand_stale);
    expect(says_blind == is_blind(snapshot_), Invariant::honest,
           says_blind ? "the instances are known, and are said not to be"
                      : "nobody knows what is there, and nothing says so");
    expect(says_unknown == (knows_no_queue(snapshot_) && !says_blind), Invariant::honest,
           says_unknown ? "the queue is known, and is said not to be"
                        : "the queue is unknown, and nothing says so");
  }

  void judge_blind() {
    const bool acts = decision_.launch > 0 || decision_.withdraw > 0 || !decision_.drain.empty() ||
                      !decision_.reap.empty();
    expect(!acts, Invariant::honest, "something is done while nobody knows what is there");
    expect(decision_.next == snapshot_.state, Invariant::honest,
           "something is remembered while nobody knows what is there");
  }

  void judge_honesty() {
    if (!knows_no_queue(snapshot_)) return;
    const bool lowers = !decision_.drain.empty() || !decision_.reap.empty() ||
                        decision_.withdraw > 0 || decision_.desired < decision_.counts.live();
    expect(!lowers, Invariant::honest, "capacity is lowered while the queue is unknown");
    expect(!has(decision_, Rule::queue), Invariant::honest, "an unknown queue is served");
  }

  void judge_supply() {
    if (knows_no_queue(snapshot_) || demand_ == nullptr || is_bound(decision_)) return;
    const auto there = staying(snapshot_, decision_);
    const auto& policy = snapshot_.policy;
    const auto needed = need(snapshot_, decision_, there);
    const auto lacking =
        std::max<std::int64_t>(needed.all() - there.slots.free - there.slots.coming, 0);
    const auto left = needed.spare > 0 ? 0 : left_to_busy(there.slots.busy);
    expect(decision_.launch >= launches_for(lacking - left, policy), Invariant::live,
           fmt::format("{} are lacking, {} of them left to busy ones, and {} launched, and nothing "
                       "binds",
                       lacking, left, decision_.launch));
    expect(has(decision_, Rule::minimum) || decision_.launch <= launches_for(lacking, policy),
           Invariant::counted_once,
           fmt::format("{} are lacking and {} launched", lacking, decision_.launch));
  }

  // Of what lacks: no more than run, than have ended of late, and than have waited for less than a
  // boot; and nothing where the end of a task frees nobody. In slots; the rule tells of instances.
  std::int64_t left_to_busy(std::int64_t busy) {
    const auto rule = std::ranges::find(decision_.reasons, Rule::soon_free, &Reason::rule);
    if (rule == decision_.reasons.end()) return 0;
    const auto fewer = rule->wanted - rule->allowed;
    const auto& turnover = decision_.next.turnover;
    const auto within_a_boot = [&](const Window& window) {
      return sum_of(still_counted(window, turnover.boot, snapshot_.now));
    };
    const auto most = std::min(
        {busy, demand_->running, within_a_boot(turnover.recent), within_a_boot(turnover.waiting)});
    expect(snapshot_.policy.soon_free && fewer <= most, Invariant::live,
           fmt::format("{} are left to {} busy ones, which nothing promises", fewer, busy));
    return std::min(fewer * slots_per_instance(snapshot_.policy), most);
  }

  void judge_bounds() {
    const auto live = std::ssize(snapshot_.instances);
    expect(decision_.desired == live + decision_.launch - decision_.withdraw,
           Invariant::counted_once,
           fmt::format("{} are desired where {} live, {} are launched and {} withdrawn",
                       decision_.desired, live, decision_.launch, decision_.withdraw));
    const auto maximum = std::ranges::find(decision_.reasons, Rule::maximum, &Reason::rule);
    const auto room = std::max<std::int64_t>(snapshot_.policy.max - live, 0);
    const bool of_groups = !snapshot_.groups.empty();  // their own ones bind as well
    expect(maximum == decision_.reasons.end() || maximum->allowed == room || of_groups,
           Invariant::live, "a maximum binds that is not reached");
    const auto& next = decision_.next;
    expect(!has(decision_, Rule::backoff) || next.backoff_until || decision_.withdraw > 0 ||
               next.failed_boots_in_a_row >= snapshot_.policy.withdraw_after,
           Invariant::live, "a back-off binds after no failure");
    expect(decision_.launch >= 0, Invariant::bounded, "less than nothing is launched");
    expect(decision_.launch == 0 || decision_.desired <= snapshot_.policy.max, Invariant::bounded,
           fmt::format("{} are desired of at most {}", decision_.desired, snapshot_.policy.max));
    expect(decision_.launch == 0 || !decision_.next.backoff_until, Invariant::bounded,
           "something is launched during a back-off");
  }

  // What is added to the memory is what is done; and who says that a rate binds has used it up.
  void judge_rate(const std::optional<Rate>& rate, const Window& before, const Window& next,
                  std::int64_t done, Rule rule) {
    if (!rate)
      return expect(!has(decision_, rule), Invariant::live, "a rate binds that is not set");
    const auto used = sum_of(still_counted(before, rate->per, snapshot_.now));
    expect(done == 0 || used + done <= rate->most, Invariant::bounded,
           fmt::format("{} are done after {} of {} in {}", done, used, rate->most,
                       format_duration(rate->per)));
    expect(sum_of(next) == used + done, Invariant::restartable, "what is done is not remembered");
    const auto binds = std::ranges::find(decision_.reasons, rule, &Reason::rule);
    expect(binds == decision_.reasons.end() || used + std::max(done, binds->allowed) >= rate->most,
           Invariant::live, "a rate binds that is not used up");
  }

  void judge_spend() {
    const auto& cap = snapshot_.policy.spend_cap;
    if (!cap) {
      expect(decision_.next.spend == Spend(), Invariant::restartable, "what no cap counts is kept");
      return expect(!has(decision_, Rule::spend_cap) && !has(decision_, Rule::last_task),
                    Invariant::live, "a cap binds that is not set");
    }
    const auto requested = std::ranges::count_if(snapshot_.instances, &Instance::requested);
    const auto living = std::ssize(snapshot_.instances) - requested;
    const auto used = spend_until_now(snapshot_.state.spend, *cap, living, snapshot_.now).used;
    const auto in_words =
        fmt::format("{} of {} instance-milliseconds are used", used, limit_of(*cap));
    const auto ahead = outlook_of(snapshot_.demand, decision_.counts, used, 0);
    const auto may = launches_within(snapshot_.policy, ahead, decision_.next.turnover);
    expect(decision_.launch <= may, Invariant::bounded, in_words);
    const auto binds = std::ranges::find(decision_.reasons, Rule::spend_cap, &Reason::rule);
    expect(binds == decision_.reasons.end() || binds->allowed == may, Invariant::live, in_words);
    judge_last_tasks(ahead);
    // Those that are launched are believed to live until the next pass looks.
    const auto then = living + decision_.launch - std::ssize(decision_.reap);
    expect(decision_.next.spend ==
               spend_until_now(snapshot_.state.spend, *cap, then, snapshot_.now).memory,
           Invariant::restartable, "what is used is not remembered");
  }

  void judge_rates() {
    const auto& [policy, state, next] = std::tie(snapshot_.policy, snapshot_.state, decision_.next);
    judge_rate(policy.launch_rate, state.launches, next.launches, decision_.launch,
               Rule::launch_rate);
    const auto scaled_in =
        std::ranges::count_if(decision_.drain, [&, works = working()](const auto& id) {
          const auto* instance = find(id);
          return instance != nullptr && !works(*instance) && !is_overdue(*instance, snapshot_);
        });
    judge_rate(policy.scale_in_rate, state.drains, next.drains, scaled_in, Rule::scale_in_rate);
  }

  // Idle ones that nobody needs go once the delay is over, and no more than were not needed in it.
  void judge_scale_in() {
    const auto rule = std::ranges::find(decision_.reasons, Rule::surplus, &Reason::rule);
    if (rule == decision_.reasons.end()) return;
    const auto delay = snapshot_.policy.scale_in_delay.value_or(Millis::max());
    if (delay <= Millis(0)) return;
    const auto& seen = snapshot_.state.surplus;
    expect(seen && later(seen->since, delay) <= snapshot_.now, Invariant::steady,
           "idle ones are drained before the delay is over");
    expect(!seen || rule->allowed <= std::max<std::int64_t>(seen->least, 1), Invariant::steady,
           "more are drained than were not needed");
  }

  // Where one that drains explained a task, another may be of no use after it, or be taken for the
  // one that runs it; where dead ones made room, the maximum and the cap bind less; and what was
  // withdrawn may be asked for again.
  void judge_steadiness() {
    const auto again = decide(after(snapshot_, decision_));
    const auto steady = [&](bool holds, std::string_view what) {
      expect(holds, Invariant::steady, fmt::format("after it took effect, {}", what));
    };
    const bool tasks_unexplained = drained_at_work() > 0;
    const bool all_at_work = tasks_unexplained || has(again, Rule::last_task);
    steady(all_at_work || again.drain.empty(), "more are drained");
    steady(!decision_.drain.empty() || again.reap.empty(), "more are ended");
    if (has(decision_, Rule::not_come)) {
      return steady(tasks_unexplained || again.withdraw == 0, "more are withdrawn");
    }
    const bool full = has(decision_, Rule::maximum) || has(decision_, Rule::spend_cap) ||
                      waits_for_group(decision_);
    const bool room_made = !decision_.reap.empty() && full;
    steady(room_made || again.launch == 0, "more are launched");
    const bool others = !decision_.reap.empty() || !again.reap.empty() || all_at_work;
    steady(others || again.next == decision_.next, "the memory changes");
  }

  const Snapshot& snapshot_;
  const Decision& decision_;
  const DemandReading* const demand_;
  std::vector<Violation> found_;
};

}  // namespace

std::string_view to_string(Invariant invariant) {
  constexpr std::string_view kNames[] = {"S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8"};
  return kNames[static_cast<std::size_t>(invariant)];
}

namespace {

void withdraw_in(Snapshot& next, const Decision& decision) {
  const auto withdraw = [&](std::int64_t count, auto is_of_them) {
    for (const bool overdue : {true, false}) {
      std::erase_if(next.instances, [&](const auto& it) {
        return it.requested && is_overdue(it, next) == overdue && is_of_them(it) && count-- > 0;
      });
    }
  };
  if (next.groups.empty()) return withdraw(decision.withdraw, [](const auto&) { return true; });
  for (const auto& placed : decision.places) {
    withdraw(placed.withdraw, [&](const Instance& it) {
      return next.groups[place_of(it, next)].name == placed.group;
    });
  }
}

void launch_in(Snapshot& next, const Decision& decision) {
  const auto launch = [&](std::int64_t count, std::int64_t place) {
    for (; count > 0; --count) {
      next.instances.push_back({fmt::format("new {}", next.instances.size()),
                                InstanceState::booting, next.now, false, place});
      next.instances.back().slots = slots_per_instance(next.policy);
    }
  };
  if (next.groups.empty()) return launch(decision.launch, 0);
  for (const auto& placed : decision.places) {
    const auto group = std::ranges::find(next.groups, placed.group, &Group::name);
    if (group != next.groups.end()) launch(placed.launch, group - next.groups.begin());
  }
}

}  // namespace

Snapshot after(const Snapshot& snapshot, const Decision& decision) {
  auto next = snapshot;
  std::erase_if(next.instances, [&](const auto& it) { return contains(decision.reap, it.id); });
  withdraw_in(next, decision);
  for (auto& instance : next.instances) {
    if (!contains(decision.drain, instance.id)) continue;
    instance.slots = slots_of(instance, next.policy);
    instance.state = InstanceState::draining;
  }
  // Nobody else has begun to work.
  const auto at_work = unlisted_at_work(snapshot);
  next.unlisted_at_work =
      at_work.in_time + std::min(at_work.overdue, unlisted_at_work(next).overdue);
  launch_in(next, decision);
  next.state = decision.next;
  next.failed_boots.clear();
  next.returned_boots = 0;
  next.failed_launches = 0;
  for (auto& group : next.groups) group.came = false, group.refused.clear();
  next.any_boot_succeeded = false;
  next.boot_took.reset();
  return next;
}

std::vector<Violation> violations(const Snapshot& snapshot, const Decision& decision) {
  return Judge(snapshot, decision).run();
}

}  // namespace muster::scaling
