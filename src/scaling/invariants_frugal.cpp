// S6, as far as one decision keeps or breaks it: what nobody needs is not launched, what nobody
// needs any more is given up, and who is idle for nobody is asked to end where it can be.

#include <algorithm>

#include <fmt/core.h>

#include "base/text.hpp"
#include "scaling/boots.hpp"
#include "scaling/invariants.hpp"
#include "scaling/invariants_parts.hpp"

namespace muster::scaling {

namespace {

class FrugalJudge {
 public:
  FrugalJudge(const Snapshot& snapshot, const Decision& decision)
      : snapshot_(snapshot), decision_(decision) {}

  std::vector<Violation> run() {
    if (is_blind(snapshot_)) return {};
    const bool known = std::holds_alternative<DemandReading>(snapshot_.demand);
    if (!known || knows_no_queue(snapshot_)) {
      judge_launches(snapshot_.policy.min - perhaps_serving());
      return std::move(found_);
    }
    const auto there = staying(snapshot_, decision_);
    const auto needed = need(snapshot_, decision_, there).all();
    const auto few = snapshot_.policy.min - there.serving();
    const auto free = there.slots.free + there.slots.coming;
    const auto lacking = launches_for(needed - free, snapshot_.policy);
    judge_launches(std::max(lacking, few));
    if (lacking <= 0 && few <= 0) judge_requests(there, needed);
    judge_idle(there, needed);
    return std::move(found_);
  }

 private:
  void expect(bool holds, std::string what) {
    if (!holds) found_.push_back({Invariant::frugal, std::move(what)});
  }

  // While the queue is unknown whoever is connected is taken for busy, and nobody for overdue.
  std::int64_t perhaps_serving() const {
    const auto there = count(snapshot_.instances);
    return there.booting + there.idle + there.connected + there.busy + there.used;
  }

  void judge_launches(std::int64_t needed) {
    expect(decision_.launch <= std::max<std::int64_t>(needed, 0),
           fmt::format("{} are launched where {} are needed", decision_.launch, needed));
  }

  // Tasks that run on nobody who is connected: some that look requested may be at work.
  std::int64_t unexplained() const {
    auto tasks = std::get<DemandReading>(snapshot_.demand).running;
    for (const auto& it : snapshot_.instances) {
      const bool connected = it.state != InstanceState::booting &&
                             it.state != InstanceState::spent && it.state != InstanceState::lost;
      if (connected) tasks -= slots_of(it, snapshot_.policy);
    }
    return std::max<std::int64_t>(tasks, 0);
  }

  // Who has not come in time is withdrawn in any case, and so none of those that stay.
  void judge_requests(const Staying& there, std::int64_t needed) {
    const auto requested = std::ranges::count_if(snapshot_.instances, &Instance::requested);
    const auto stay = requested - decision_.withdraw;
    if (stay <= 0) return;
    const auto each = slots_per_instance(snapshot_.policy);
    const auto others = there.slots.free + there.slots.coming - stay_in_time() * each;
    const auto for_queue = launches_for(needed - others, snapshot_.policy);
    const auto for_minimum = snapshot_.policy.min - (there.serving() - stay_in_time());
    const auto most = std::max({for_queue, for_minimum, std::int64_t{0}}) + unexplained();
    expect(stay <= most, fmt::format("{} stay requested where {} are needed", stay, most));
  }

  std::int64_t stay_in_time() const {
    return std::ranges::count_if(snapshot_.instances, [&](const auto& it) {
      return it.requested && !is_overdue(it, snapshot_) && !is_refused(it, snapshot_, decision_);
    });
  }

  // From the first moment on at which somebody is not needed that is remembered, and once it is for
  // as long as the policy says, they go, unless a rate binds.
  void judge_idle(const Staying& there, std::int64_t needed) {
    const auto& policy = snapshot_.policy;
    const auto delay = policy.scale_in_delay.value_or(Millis(0));
    if (!policy.drains || delay <= Millis(0)) return;
    const auto unneeded = std::min({(there.slots.free - needed) / most_slots(), there.idle,
                                    there.idle + there.busy - policy.min});
    if (unneeded <= 0) return;
    const auto& seen = decision_.next.surplus;
    if (!seen) return expect(false, fmt::format("{} idle for nobody, and not seen", unneeded));
    expect(later(seen->since, delay) > snapshot_.now || has(decision_, Rule::scale_in_rate),
           fmt::format("{} stay idle for nobody, for longer than {}", unneeded,
                       format_duration(delay)));
  }

  std::int64_t most_slots() const {
    auto most = slots_per_instance(snapshot_.policy);
    for (const auto& it : snapshot_.instances)
      most = std::max(most, slots_of(it, snapshot_.policy));
    return most;
  }

  const Snapshot& snapshot_;
  const Decision& decision_;
  std::vector<Violation> found_;
};

}  // namespace

std::vector<Violation> violations_of_frugality(const Snapshot& snapshot, const Decision& decision) {
  return FrugalJudge(snapshot, decision).run();
}

}  // namespace muster::scaling
