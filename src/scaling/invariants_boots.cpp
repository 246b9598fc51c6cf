// S4, S6 and S8 as far as boots are concerned: each that has failed is counted once, launches wait
// after it, and who is surely of no use is ended.

#include <algorithm>

#include <fmt/core.h>

#include "base/text.hpp"
#include "scaling/boots.hpp"
#include "scaling/invariants.hpp"
#include "scaling/invariants_parts.hpp"

namespace muster::scaling {

namespace {

class BootJudge {
 public:
  BootJudge(const Snapshot& snapshot, const Decision& decision)
      : snapshot_(snapshot),
        decision_(decision),
        demand_(knows_no_queue(snapshot) ? nullptr : std::get_if<DemandReading>(&snapshot.demand)) {
  }

  std::vector<Violation> run() {
    if (is_blind(snapshot_)) return {};
    const auto fresh = fresh_failures();
    const auto before = failures_before();
    expect(decision_.next.failed_boots_in_a_row == before + fresh, Invariant::restartable,
           fmt::format("{} failed boots are remembered, of {} before and {} now",
                       decision_.next.failed_boots_in_a_row, before, fresh));
    judge_backoff(before, fresh);
    if (demand_ == nullptr) return std::move(found_);
    judge_given_up();
    snapshot_.policy.reaps ? judge_ends() : judge_drains();
    return std::move(found_);
  }

 private:
  void expect(bool holds, Invariant invariant, std::string what) {
    if (!holds) found_.push_back({invariant, std::move(what)});
  }

  bool known(const std::string& id) const { return contains(snapshot_.state.given_up, id); }

  // What was requested of one of several groups is that group's affair.
  bool has_failed(const Instance& it) const {
    return is_overdue(it, snapshot_) && (!it.requested || snapshot_.groups.empty());
  }

  // Launches that were refused together are one; those at work that no list has are none.
  std::int64_t fresh_failures() const {
    const auto untold = [&](const auto& id) { return !known(id); };
    auto ended = std::ranges::count_if(snapshot_.failed_boots, untold);
    if (snapshot_.failed_launches > 0) ++ended;
    if (demand_ == nullptr) return ended;
    const auto overdue = std::ranges::count_if(
        snapshot_.instances, [&](const auto& it) { return has_failed(it) && untold(it.id); });
    return ended + std::max<std::int64_t>(overdue - unlisted_at_work(snapshot_).overdue, 0);
  }

  // One that connected ends the row, and one that is there after all was none.
  std::int64_t failures_before() const {
    const auto before = snapshot_.any_boot_succeeded ? 0 : snapshot_.state.failed_boots_in_a_row;
    return std::max<std::int64_t>(before - std::max<std::int64_t>(snapshot_.returned_boots, 0), 0);
  }

  std::int64_t pause_after(std::int64_t failures) const {
    const auto& policy = snapshot_.policy;
    const auto most = std::max(policy.boot_backoff_first, policy.boot_backoff_most).count();
    auto pause = policy.boot_backoff_first.count();
    for (auto i = failures; i > 1 && pause < most && pause > 0; --i) pause *= 2;
    return std::min(pause, most);
  }

  void judge_backoff(std::int64_t before, std::int64_t fresh) {
    const auto& until = decision_.next.backoff_until;
    if (fresh > 0) {
      const auto pause = Millis(pause_after(before + fresh));
      const bool right = pause > Millis(0) ? until == later(snapshot_.now, pause) : !until;
      return expect(right, Invariant::bounded, "launches do not wait after a failed boot");
    }
    const bool over = snapshot_.any_boot_succeeded || (snapshot_.returned_boots > 0 && before == 0);
    if (over) return expect(!until, Invariant::live, "a back-off lasts after a boot");
    const auto& was = snapshot_.state.backoff_until;
    const auto most = later(snapshot_.now, std::max(snapshot_.policy.boot_backoff_first,
                                                    snapshot_.policy.boot_backoff_most));
    const bool lasts = was && *was > snapshot_.now;
    expect(lasts ? until == std::min(*was, most) : !until, Invariant::bounded,
           "the back-off is not the one that was begun");
  }

  void judge_given_up() {
    for (const auto& it : snapshot_.instances) {
      const bool leaves = it.state == InstanceState::draining && known(it.id);
      expect(contains(decision_.next.given_up, it.id) == (leaves || has_failed(it)),
             Invariant::restartable, it.id + " would be counted as a failed boot again, or never");
    }
  }

  void judge_drains() {
    for (const auto& it : snapshot_.instances) {
      expect(!is_overdue(it, snapshot_) || it.requested || contains(decision_.drain, it.id),
             Invariant::frugal, it.id + " is overdue, and not asked to end");
    }
  }

  // Nothing waits that it might take, and nothing runs that may be its own.
  bool is_surely_useless(const Instance& it) const {
    if (it.requested) return false;
    if (!is_overdue(it, snapshot_)) {
      return is_too_old(it, snapshot_) || is_lost_for_good(it, snapshot_);
    }
    const auto& missed = snapshot_.state.given_up_at;
    return is_long_silent(it, snapshot_) && known(it.id) && missed && *missed < demand_->read_at;
  }

  void judge_ends() {
    const auto there = take_census(snapshot_.instances, snapshot_.policy);
    const bool quiet = is_quiet(snapshot_.state, snapshot_) && demand_->running <= there.tasks;
    const bool may_end =
        quiet && demand_->unclaimed == 0 && snapshot_.state.reaped_at != demand_->read_at;
    if (!may_end) return;
    const bool many = count_of_dead(snapshot_, there) > most_believable_dead(snapshot_);
    const auto useless = std::ranges::count_if(snapshot_.instances, [&](const auto& it) {
      return is_surely_useless(it) && (!many || is_long_silent(it, snapshot_));
    });
    const auto due = std::min<std::int64_t>(useless, most_believable_dead(snapshot_));
    expect(std::ssize(decision_.reap) >= due, Invariant::frugal,
           fmt::format("{} are ended where {} are of no use", decision_.reap.size(), due));
  }

  const Snapshot& snapshot_;
  const Decision& decision_;
  const DemandReading* const demand_;
  std::vector<Violation> found_;
};

}  // namespace

std::vector<Violation> violations_of_boots(const Snapshot& snapshot, const Decision& decision) {
  return BootJudge(snapshot, decision).run();
}

}  // namespace muster::scaling
