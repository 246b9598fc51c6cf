#include "simulation/loop_scaler.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/core.h>

#include "scaling/invariants.hpp"
#include "simulation/world_invariants.hpp"

namespace muster::simulation {

namespace {

constexpr std::array<std::string_view, 2> kClasses{"acme/linux", "acme/neighbour"};

std::size_t place_of(std::string_view resource_class) {
  return resource_class == kClasses[0] ? 0 : 1;
}

bool acts(const scaling::Decision& decision) {
  return decision.launch > 0 || decision.withdraw > 0 || !decision.drain.empty() ||
         !decision.reap.empty();
}

// What the next pass sees of the class if nothing happens until then: this one is remembered, and
// what is told once has been told.
scaling::Snapshot seen_next(const fleet::ClassPass& pass) {
  auto next = pass.snapshot;
  next.state = pass.decision.next;
  next.failed_boots.clear();
  next.returned_boots = 0;
  next.failed_launches = 0;
  next.launch_trouble.clear();
  next.any_boot_succeeded = false;
  next.boot_took.reset();
  for (auto& group : next.groups) group.came = false, group.refused.clear();
  return next;
}

// Looks over the loop's shoulder: holds every decision to the invariants, and finds out whether the
// next pass would do something or remember something else.
class Onlooker final : public fleet::DecisionObserver {
 public:
  Onlooker(const LoopScaler::World& world, const LoopScaler::Listeners& listeners, bool judges,
           bool foresees, std::set<scaling::Rule>& rules, std::int64_t& by_schedule)
      : world_(world),
        listeners_(listeners),
        judges_(judges),
        foresees_(foresees),
        rules_(rules),
        by_schedule_(by_schedule) {}

  void decided(const std::vector<fleet::ClassPass>& classes) override {
    for (const auto& pass : classes) {
      if (judges_) judge(pass);
      const auto& decision = pass.decision;
      if (acts(decision)) listeners_.acts(decision);
      if (!pass.snapshot.schedule.empty()) ++by_schedule_;
      for (const auto& reason : decision.reasons) rules_.insert(reason.rule);
      if (foresees_ && !acts(decision)) foresee(seen_next(pass));
    }
  }

  // What the latest pass has seen, if the next would be calm when it sees the same.
  bool is_settled_at(std::uint64_t changes) const { return settled_ && changes_ == changes; }
  const std::optional<WallTime>& revisit_at() const { return revisit_at_; }
  void pass_ended(std::uint64_t changes) {
    settled_ = std::exchange(calm_, false);
    changes_ = changes;
  }

 private:
  void foresee(const scaling::Snapshot& snapshot) {
    const auto decision = scaling::decide(snapshot);
    calm_ = !acts(decision) && decision.next == snapshot.state && decision.next.given_up.empty();
    revisit_at_ = decision.revisit_at;
  }

  void judge(const fleet::ClassPass& pass) {
    tell(scaling::violations(pass.snapshot, pass.decision));
    // What a list shows that lags may be asked for again.
    const bool lags = world_.conditions.faults.list_lag > Millis(0);
    if (pass.decision.launch == 0 || lags) return;
    tell(violations_in_truth(pass.snapshot, pass.decision, truth_of(pass)));
  }

  void tell(const std::vector<scaling::Violation>& found) {
    for (const auto& [invariant, what] : found) {
      listeners_.alarm(fmt::format("{}: {}", to_string(invariant), what));
    }
  }

  // What a group that is short has not launched is asked of another one.
  Truth truth_of(const fleet::ClassPass& pass) const {
    const auto& [queue, groups] = world_.classes.at(place_of(pass.resource_class));
    const auto& named = pass.snapshot.groups;
    Truth truth{0, world_.conditions.habits.slots, queue.counts().running};
    const auto& cap = pass.snapshot.policy.spend_cap;
    for (std::size_t i = 0; i < groups.size(); ++i) {
      if (cap) truth.used += groups[i]->lived_in_the_last(cap->per);
      truth.unused += groups[i]->unused(pass.snapshot.policy.boot_timeout);
      truth.running -= groups[i]->tasks_of_drained();
      const bool is_short = !named.empty() && find_shortage(pass.decision.next.shortages,
                                                            named.at(i).name) != nullptr;
      if (is_short) truth.unused -= groups[i]->unused_to_come();
    }
    return truth;
  }

  const LoopScaler::World& world_;
  const LoopScaler::Listeners& listeners_;
  const bool judges_;
  const bool foresees_;
  std::set<scaling::Rule>& rules_;
  std::int64_t& by_schedule_;
  bool calm_ = false;
  bool settled_ = false;
  std::uint64_t changes_ = 0;
  std::optional<WallTime> revisit_at_;
};

std::uint64_t changes_in(const LoopScaler::World& world) {
  std::uint64_t changes = 0;
  for (const auto& each : world.classes) {
    changes += each.queue.changes();
    for (const auto* group : each.groups) changes += group->changes();
  }
  return changes;
}

// One group has no name.
fleet::ManagedClass in_groups(fleet::ManagedClass managed, const std::vector<Group*>& groups) {
  if (groups.size() < 2) return managed;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    managed.groups.push_back({fmt::format("group {}", i + 1), groups[i]->max()});
  }
  return managed;
}

std::vector<fleet::ManagedClass> managed_in(const LoopScaler::World& world,
                                            const fleet::ManagedClass& alike) {
  std::vector<fleet::ManagedClass> all;
  for (const auto& each : world.classes) {
    all.push_back(in_groups(alike, each.groups));
    all.back().name = kClasses.at(all.size() - 1);
  }
  return all;
}

std::optional<std::int64_t> plan_of(const LoopScaler::World& world) {
  const auto& neighbour = world.conditions.neighbour;
  return neighbour ? std::optional(neighbour->plan) : std::nullopt;
}

}  // namespace

struct LoopScaler::Process {
  Process(LoopScaler& scaler, Random random)
      : onlooker(scaler.world_, scaler.listeners_, scaler.thoroughness_.judges,
                 scaler.may_ever_skip(), scaler.rules_, scaler.by_schedule_),
        managed(managed_in(scaler.world_, scaler.managed_)),
        queues(queue_ports(scaler, random)),
        groups(group_ports(scaler, random)),
        ledger(scaler.world_.table, fmt::format("{}.{}", scaler.name_, scaler.kills_),
               scaler.world_.timeline, scaler.world_.conditions.faults, random.fork(),
               scaler.killer_),
        loop(managed, {queues, groups, ledger, onlooker, scaler.world_.timeline},
             plan_of(scaler.world_)) {}

  static std::map<std::string, QueuePort> queue_ports(LoopScaler& scaler, Random& random) {
    auto& [timeline, classes, conditions, table, mishaps] = scaler.world_;
    std::map<std::string, QueuePort> made;
    for (std::size_t i = 0; i < classes.size(); ++i) {
      const auto& [queue, groups] = classes[i];
      const std::string name(kClasses.at(i));
      made.try_emplace(name, name, timeline, queue,
                       std::vector<const Group*>(groups.begin(), groups.end()), conditions.faults,
                       mishaps, random.fork(), scaler.killer_);
    }
    return made;
  }

  std::map<fleet::Place, GroupPort> group_ports(LoopScaler& scaler, Random& random) const {
    auto& [timeline, classes, conditions, table, mishaps] = scaler.world_;
    std::map<fleet::Place, GroupPort> made;
    for (std::size_t i = 0; i < classes.size(); ++i) {
      const auto& named = managed[i].groups;
      for (std::size_t k = 0; k < classes[i].groups.size(); ++k) {
        const fleet::Place place{managed[i].name, named.empty() ? "" : named[k].name};
        made.try_emplace(place, place, timeline, *classes[i].groups[k], conditions, mishaps,
                         random.fork(), scaler.killer_);
      }
    }
    return made;
  }

  Onlooker onlooker;
  std::vector<fleet::ManagedClass> managed;
  QueuePorts queues;
  GroupPorts groups;
  MemoryLedger ledger;
  fleet::Loop loop;
};

LoopScaler::LoopScaler(std::string name, World world, fleet::ManagedClass managed,
                       Thoroughness thoroughness, Random random, Listeners listeners)
    : name_(std::move(name)),
      world_(std::move(world)),
      managed_(std::move(managed)),
      thoroughness_(thoroughness),
      random_(random),
      listeners_(std::move(listeners)),
      killer_(random_.fork(), world_.conditions.faults.scaler_killed) {}

LoopScaler::~LoopScaler() = default;

// Where something may go wrong, or is seen late, no two passes are alike.
bool LoopScaler::may_ever_skip() const {
  return thoroughness_.skips_idle && !world_.table.is_leased &&
         world_.conditions.faults == Faults{} && !world_.conditions.neighbour;
}

// Before the revisit no rule of time changes its mind, nor the loop its pace.
bool LoopScaler::may_skip() const {
  if (!process_ || !may_ever_skip()) return false;
  const auto& onlooker = process_->onlooker;
  const auto next = world_.timeline.wall() + world_.conditions.poll_interval;
  return onlooker.is_settled_at(changes_in(world_)) && onlooker.revisit_at() &&
         next <= *onlooker.revisit_at();
}

Millis LoopScaler::pass() {
  const auto poll_interval = world_.conditions.poll_interval;
  if (may_skip()) return poll_interval;
  if (!process_) process_ = std::make_unique<Process>(*this, random_.fork());
  ++passes_made_;
  const auto changes = changes_in(world_);
  try {
    const auto pace = process_->loop.step({});
    process_->onlooker.pass_ended(changes);
    if (!pace.defect.empty()) listeners_.alarm("a pass has thrown: " + pace.defect);
    return pace.deaf ? pace.pause : std::min(pace.pause, poll_interval);
  } catch (const Killed&) {
    process_.reset();
    ++kills_;
    return world_.conditions.faults.down_for;
  }
}

}  // namespace muster::simulation
