// S8, as far as one decision keeps or breaks it: the memory is written before anything is done. So
// whoever is killed in the middle of doing it leaves a world in which the next decision, by that
// memory, does the rest, and nothing twice.

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "base/text.hpp"
#include "scaling/boots.hpp"
#include "scaling/invariants.hpp"
#include "scaling/invariants_parts.hpp"

namespace muster::scaling {

namespace {

// The steps in the order in which they are done; killed after the one named.
enum class Step { memory, ends, withdrawals, half_of_launches };
constexpr std::array kSteps{Step::memory, Step::ends, Step::withdrawals, Step::half_of_launches};

std::string_view to_string(Step step) {
  constexpr std::array<std::string_view, kSteps.size()> kNames{
      "before it did anything", "after its ends", "after its withdrawals", "between its launches"};
  return kNames[static_cast<std::size_t>(step)];
}

// What of it was done by then.
Decision done_until(Step step, Decision decision) {
  if (step < Step::ends) decision.drain.clear(), decision.reap.clear();
  if (step < Step::withdrawals) decision.withdraw = 0;
  decision.launch = step < Step::half_of_launches ? 0 : decision.launch / 2;
  auto left = decision.launch;
  for (auto& placed : decision.places) {
    if (step < Step::withdrawals) placed.withdraw = 0;
    placed.launch = std::min(placed.launch, left);
    left -= placed.launch;
  }
  return decision;
}

// By whom the instances and the queue are looked at anew.
Snapshot next_look(const Snapshot& snapshot, const Decision& done) {
  auto next = after(snapshot, done);
  if (auto* reading = std::get_if<DemandReading>(&next.demand)) reading->read_at += Millis(1);
  return next;
}

class RestartJudge {
 public:
  RestartJudge(const Snapshot& snapshot, const Decision& decision)
      : snapshot_(snapshot), decision_(decision) {}

  std::vector<Violation> run() {
    const bool acts = decision_.launch > 0 || decision_.withdraw > 0 || !decision_.drain.empty() ||
                      !decision_.reap.empty();
    if (!acts || is_blind(snapshot_)) return {};
    for (const auto step : kSteps) judge(step);
    return std::move(found_);
  }

 private:
  void judge(Step step) {
    const auto done = done_until(step, decision_);
    const auto again = decide(next_look(snapshot_, done));
    const auto expect = [&](bool holds, const std::string& what) {
      if (holds) return;
      found_.push_back(
          {Invariant::restartable, fmt::format("killed {}, {}", to_string(step), what)});
    };
    judge_ends(done, again, expect);
    if (more_end(again))
      return;  // who was to be drained, launched or withdrawn may be another, too
    for (const auto& id : decision_.drain) {
      const bool left = !contains(done.drain, id);
      expect(!left || contains(again.drain, id) || waits(again, id),
             id + " is not asked to end any more");
    }
    // Who has been ended was taken for one at work, perhaps, and the tasks of who was asked to end
    // are nobody's: then the numbers do not fit any more.
    const bool tasks_unexplained = has(decision_, Rule::last_task) && !done.drain.empty();
    if (!done.reap.empty() || tasks_unexplained) return;
    // What takes the places of failed boots is withdrawn by whoever was told of these. Whoever was
    // not takes them for boots of its own.
    const auto told = std::ssize(snapshot_.failed_boots);
    const auto to_withdraw = decision_.withdraw - done.withdraw;
    expect(again.withdraw + told >= to_withdraw,
           fmt::format("{} of {} are withdrawn", again.withdraw, to_withdraw));
    judge_launches(done, again, expect);
  }

  // As many as one reading lets; but it may be others.
  template <class Expect>
  void judge_ends(const Decision& done, const Decision& again, const Expect& expect) const {
    const auto left = std::ssize(decision_.reap) - std::ssize(done.reap);
    expect(std::ssize(again.reap) >= left,
           fmt::format("{} are ended where {} were left to end", again.reap.size(), left));
    if (more_end(again)) return;
    for (const auto& id : decision_.reap) {
      expect(contains(done.reap, id) || contains(again.reap, id), id + " is not ended any more");
    }
  }

  // A second reading may end some that the first did not, in the place of others.
  bool more_end(const Decision& again) const {
    return std::ranges::any_of(again.reap,
                               [&](const auto& id) { return !contains(decision_.reap, id); });
  }

  // Who is idle for nobody goes once the delay is over anew, or a rate lets it.
  bool waits(const Decision& again, const std::string& id) const {
    const auto found = std::ranges::find(snapshot_.instances, id, &Instance::id);
    const bool overdue = found != snapshot_.instances.end() && is_overdue(*found, snapshot_);
    return !overdue && (again.next.surplus || has(again, Rule::scale_in_rate));
  }

  // A rate counts what was begun, whatever came of it. Who was withdrawn has made room.
  template <class Expect>
  void judge_launches(const Decision& done, const Decision& again, const Expect& expect) const {
    const auto left = decision_.launch - done.launch;
    const bool fewer = again.launch < left && has(again, Rule::launch_rate);
    const bool waited = has(decision_, Rule::maximum) || has(decision_, Rule::spend_cap) ||
                        waits_for_group(decision_) || has(decision_, Rule::not_come);
    const bool room_made = waited && done.withdraw > 0;
    expect(again.launch == left || fewer || (room_made && again.launch > left),
           fmt::format("{} are launched where {} were left to do", again.launch, left));
  }

  const Snapshot& snapshot_;
  const Decision& decision_;
  std::vector<Violation> found_;
};

}  // namespace

std::vector<Violation> violations_after_kill(const Snapshot& snapshot, const Decision& decision) {
  return RestartJudge(snapshot, decision).run();
}

}  // namespace muster::scaling
