// What certainly is of no use: boots that are overdue, and instances whose latest task is longer
// ago than any lasts.

#include <algorithm>
#include <tuple>

#include <fmt/core.h>

#include "base/text.hpp"
#include "scaling/boots.hpp"
#include "scaling/draft.hpp"

namespace muster::scaling {

namespace {

class Ending {
 public:
  explicit Ending(Draft& draft)
      : draft_(draft),
        snapshot_(draft.snapshot),
        silent_(count_of_dead(snapshot_, draft.there)),
        unexplained_(draft.running().value_or(0) - draft.there.tasks) {}

  void run() {
    if (silent_ == 0 && draft_.given_up_requests == 0) return;
    there_ = snapshot_.instances;
    std::erase_if(there_, [](const auto& it) { return it.requested; });
    std::ranges::sort(there_, {}, [](const auto& it) { return std::tie(it.launched_at, it.id); });
    believable_ = most_believable_dead(snapshot_);
    for (const auto& instance : there_) {
      if (is_overdue(instance, snapshot_)) end_overdue(instance);
    }
    for (const auto& instance : certainly_useless()) {
      if (may_be_ended(instance)) reap(instance, why_useless(instance));
    }
    count_staying();
    if (!draft_.decision.reap.empty()) draft_.decision.next.reaped_at = read_at();
    if (snapshot_.policy.reaps && silent_ > believable_) tell_of_many();
  }

 private:
  // Of many that look dead at once, those that have been silent for long end a few at a time, and
  // only while nothing runs that is not known to run elsewhere: a list that is wrong is soon right
  // again, and dead ones must not stand in the way for ever (S5).
  bool may_be_ended(const Instance& instance) const {
    if (!snapshot_.policy.reaps || some_ended_in_this_reading() || one_may_be_taken()) return false;
    if (!is_quiet(draft_.decision.next, snapshot_) && !is_gone(instance)) return false;
    if (silent_ <= believable_) return true;
    return is_long_silent(instance, snapshot_) && std::ssize(draft_.decision.reap) < believable_;
  }

  // Whatever runs, it is not there.
  bool is_gone(const Instance& instance) const {
    const bool heard_of =
        instance.state != InstanceState::lost && instance.state != InstanceState::booting;
    return !heard_of && is_twice_too_old(instance, snapshot_);
  }

  // A task that has just come is taken at once by who is idle, listed or not. One that waits for
  // longer shows that nobody is (S5).
  bool one_may_be_taken() const {
    constexpr Millis kTakenWithin = std::chrono::seconds(30);
    const auto& since = draft_.decision.next.waiting_since;
    return since && later(*since, kTakenWithin) > read_at();
  }

  // Then the next few wait for the next.
  bool some_ended_in_this_reading() const { return snapshot_.state.reaped_at == read_at(); }

  void tell_of_many() {
    const auto ended = std::ssize(draft_.decision.reap);
    draft_.reason(Rule::many_silent, silent_, ended,
                  fmt::format("{} of {} look dead at once", silent_,
                              count_of(std::ssize(there_), "instance")));
  }

  // Those that are too old, in the order given. Of those of which nobody knows whether they are
  // busy, only as many as certainly are not (S1): a long wait may have come before a task. While
  // any task runs that may be theirs, only those that are twice as old, and not heard of any more.
  std::vector<Instance> certainly_useless() const {
    auto too_old = there_;
    std::erase_if(too_old, [&](const auto& it) {
      return is_overdue(it, snapshot_) ||
             !(is_too_old(it, snapshot_) || is_lost_for_good(it, snapshot_));
    });
    using enum InstanceState;
    const auto& many = draft_.there.instances;
    const auto perhaps_busy = many[connected] + many[used] + many[draining] + many[lost];
    const auto theirs = std::max<std::int64_t>(unexplained_, 0);
    auto free = perhaps_busy - theirs;
    std::erase_if(too_old, [&](const auto& it) {
      if (!is_perhaps_busy(it)) return false;
      return (theirs > 0 && !is_gone(it)) || free-- <= 0;
    });
    return too_old;
  }

  std::string why_useless(const Instance& instance) const {
    if (!is_too_old(instance, snapshot_)) {
      return instance.id + " is not heard of any more, and no task runs that may be its own";
    }
    return fmt::format("{} has taken no task for {}, and none lasts so long", instance.id,
                       format_duration(*snapshot_.policy.longest_life));
  }

  // Neither those that end now nor those that never came count as supply.
  void count_staying() {
    auto staying = snapshot_.instances;
    std::erase_if(staying, [&](const auto& it) {
      return is_overdue(it, snapshot_) || draft_.is_given_up(it) ||
             contains(draft_.decision.reap, it.id);
    });
    const auto& policy = snapshot_.policy;
    const auto left = take_census(staying, policy);
    draft_.staying = count_judged(left, policy, draft_.running(), draft_.at_work());
    draft_.slots = count_slots(left, draft_.running(), draft_.at_work());
  }

  // One that can be asked is asked at once, which harms nobody. Another is ended once it has been
  // silent for long, and a second, later reading of the queue does not know it either.
  void end_overdue(const Instance& instance) {
    const auto why = fmt::format("{} did not connect within {}", instance.id,
                                 format_duration(snapshot_.policy.boot_timeout));
    const auto& before = snapshot_.state;
    const bool missed_before = contains(before.given_up, instance.id) && before.given_up_at &&
                               *before.given_up_at < read_at();
    const bool is_due = is_long_silent(instance, snapshot_);
    if (!snapshot_.policy.reaps) {
      draft_.decision.drain.push_back(instance.id);
      draft_.reason(Rule::boot_timeout, 1, 1, why, instance.id);
    } else if (is_due && may_run_unlisted(instance)) {
      draft_.reason(Rule::boot_timeout, 1, 0,
                    fmt::format("{}, and {} {} that may be its own", why,
                                count_of(unexplained_, "task"), unexplained_ == 1 ? "runs" : "run"),
                    instance.id);
    } else if (is_due && (missed_before || is_gone(instance)) && may_be_ended(instance)) {
      reap(instance, why);
    } else {
      draft_.reason(Rule::boot_timeout, 0, 0, why, instance.id);
    }
  }

  // More tasks run than instances are known to be busy: so perhaps one that is not listed runs one
  // (S1). Who is connected explains none, as it may be idle.
  bool may_run_unlisted(const Instance& instance) const {
    return unexplained_ > 0 && !is_gone(instance);
  }

  void reap(const Instance& instance, const std::string& why) {
    draft_.decision.reap.push_back(instance.id);
    draft_.reason(Rule::reaped, 1, 1, why, instance.id);
  }

  WallTime read_at() const { return std::get<DemandReading>(snapshot_.demand).read_at; }

  Draft& draft_;
  const Snapshot& snapshot_;
  std::vector<Instance> there_;  // the oldest first
  std::int64_t silent_;          // look dead, by the clock
  std::int64_t believable_ = 1;  // of them, at once
  std::int64_t unexplained_;     // tasks that run, on nobody who is known to be busy
};

}  // namespace

void tell_of_lost(Draft& draft) {
  const auto many = draft.decision.counts.lost;
  if (many == 0) return;
  const auto& first =
      *std::ranges::find(draft.snapshot.instances, InstanceState::lost, &Instance::state);
  const auto detail =
      many == 1
          ? first.id + " is not heard of any more"
          : fmt::format("{} instances, {} among them, are not heard of any more", many, first.id);
  draft.reason(Rule::unheard, many, 0, detail, many == 1 ? first.id : "");
}

void end_useless(Draft& draft) {
  Ending(draft).run();
}

}  // namespace muster::scaling
