#pragma once

// A world said in a few words, for tests of decide().

#include <span>
#include <string>

#include "scaling/decide.hpp"

namespace muster::scaling {

inline constexpr WallTime kNow{std::chrono::hours(500'000)};

// Asked what decide() makes of it.
class World {
 public:
  World() {
    snapshot_.now = kNow;
    snapshot_.policy.max = 4;
    demand(0, 0);
  }
  World& demand(std::int64_t unclaimed, std::int64_t running, Millis age = Millis(0)) {
    snapshot_.demand = DemandReading{unclaimed, running, kNow - age};
    return *this;
  }
  World& unknown() {
    snapshot_.demand = DemandUnknown{"the server does not answer"};
    return *this;
  }
  World& with(int many, InstanceState state, Millis age = std::chrono::seconds(1)) {
    for (int i = 0; i < many; ++i) {
      const auto id = "i" + std::to_string(snapshot_.instances.size());
      snapshot_.instances.push_back({id, state, kNow - age});
      snapshot_.instances.back().slots = snapshot_.policy.slots;
    }
    return *this;
  }
  // Of each instance that comes after it.
  World& slots(std::int64_t many) {
    snapshot_.policy.slots = many;
    return *this;
  }
  // On the latest, so many tasks.
  World& running(std::int64_t tasks) {
    snapshot_.instances.back().running = tasks;
    return *this;
  }
  // All that are there until now.
  World& used(Millis ago) {
    for (auto& it : snapshot_.instances) it.used_at = kNow - ago;
    return *this;
  }
  World& requested(int many, Millis age = std::chrono::seconds(1)) {
    with(many, InstanceState::booting, age);
    for (auto& it : std::span(snapshot_.instances).last(static_cast<std::size_t>(many))) {
      it.requested = true;
    }
    return *this;
  }
  World& at_work_unlisted(std::int64_t many) {
    snapshot_.unlisted_at_work = many;
    return *this;
  }
  World& bounds(std::int64_t min, std::int64_t max) {
    snapshot_.policy.min = min;
    snapshot_.policy.max = max;
    return *this;
  }
  World& reusing(bool reuses = true) {
    snapshot_.policy.reuses = reuses;
    return *this;
  }
  World& learning_nothing() {
    snapshot_.state.turnover = {};
    return *this;
  }
  World& soon_free(bool counts = true) {
    snapshot_.policy.soon_free = counts;
    return *this;
  }
  // A boot takes 90 s, as far as is known.
  World& foreseeing(std::vector<Foreseen> foreseen) {
    snapshot_.policy.foresight = true;
    snapshot_.state.turnover.boot = std::chrono::seconds(90);
    snapshot_.foreseen = std::move(foreseen);
    return *this;
  }
  World& by_schedule(std::string name, Millis for_now) {
    snapshot_.schedule = std::move(name);
    snapshot_.policy_until = kNow + for_now;
    return *this;
  }
  World& headroom(std::int64_t many) {
    snapshot_.policy.headroom = many;
    return *this;
  }
  World& warm(scaling::Warm target) {
    snapshot_.policy.warm = target;
    return *this;
  }
  World& scaling_in_after(Millis delay) {
    snapshot_.policy.scale_in_delay = delay;
    return *this;
  }
  World& launching_at(Rate rate) {
    snapshot_.policy.launch_rate = rate;
    return *this;
  }
  World& scaling_in_at(Rate rate) {
    snapshot_.policy.scale_in_rate = rate;
    return *this;
  }
  World& spending_at_most(SpendCap cap) {
    snapshot_.policy.spend_cap = cap;
    return *this;
  }
  World& later(Millis by) {
    snapshot_.now += by;
    if (auto* reading = std::get_if<DemandReading>(&snapshot_.demand)) reading->read_at += by;
    return *this;
  }
  // The decision's own memory is what the next one remembers.
  Decision decide_and_remember() {
    auto decision = decide();
    snapshot_.state = decision.next;
    return decision;
  }
  World& ended_unseen(std::vector<std::string> ids) {
    snapshot_.failed_boots = std::move(ids);
    return *this;
  }
  World& returned(std::int64_t boots) {
    snapshot_.returned_boots = boots;
    return *this;
  }
  World& reaping() {
    snapshot_.policy.reaps = true;
    snapshot_.policy.longest_life = std::chrono::hours(6);
    return *this;
  }
  World& remembering(State state) {
    snapshot_.state = std::move(state);
    return *this;
  }
  World& booted() {
    snapshot_.any_boot_succeeded = true;
    return *this;
  }
  World& trouble(std::string why) {
    snapshot_.launch_trouble = std::move(why);
    return *this;
  }
  World& undrainable() {
    snapshot_.policy.drains = false;
    return *this;
  }
  World& in(std::vector<Group> groups) {
    snapshot_.groups = std::move(groups);
    return *this;
  }
  // The instances of these numbers are in the group of that place.
  World& moving(const std::vector<std::size_t>& instances, std::int64_t place) {
    for (const auto number : instances) snapshot_.instances.at(number).group = place;
    return *this;
  }
  World& in_plan(std::int64_t limit, std::int64_t share) {
    snapshot_.plan_share = PlanShare{limit, share};
    return *this;
  }
  World& unlistable(std::string why) {
    snapshot_.instances_unknown = std::move(why);
    return *this;
  }
  World& refused_launches(std::int64_t many) {
    snapshot_.failed_launches = many;
    return *this;
  }
  Decision decide() const { return scaling::decide(snapshot_); }
  const Snapshot& snapshot() const { return snapshot_; }

 private:
  Snapshot snapshot_;
};

inline std::vector<Rule> rules(const Decision& decision) {
  std::vector<Rule> rules;
  for (const auto& reason : decision.reasons) rules.push_back(reason.rule);
  return rules;
}

}  // namespace muster::scaling
