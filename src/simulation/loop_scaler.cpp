#include "simulation/loop_scaler.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "scaling/invariants.hpp"

namespace muster::simulation {

namespace {

constexpr Millis kPollInterval = std::chrono::seconds(5);
constexpr const char* kClass = "acme/linux";

bool acts(const scaling::Decision& decision) {
  return decision.launch > 0 || decision.withdraw > 0 || !decision.drain.empty() ||
         !decision.reap.empty();
}

// Looks over the loop's shoulder: holds every decision to the invariants, and remembers whether the
// next pass would be like the last.
class Onlooker final : public fleet::DecisionObserver {
 public:
  Onlooker(const Group::Alarm& alarm, bool judges) : alarm_(alarm), judges_(judges) {}

  void decided(const std::vector<fleet::ClassPass>& classes) override {
    for (const auto& pass : classes) {
      if (judges_) judge(pass);
      const auto& decision = pass.decision;
      calm_ =
          !acts(decision) && decision.next == pass.snapshot.state && decision.next.given_up.empty();
      revisit_at_ = decision.revisit_at;
    }
  }

  // What the latest pass has seen, if it was calm and one that saw the same went before it: what
  // changed has then been told and remembered.
  bool is_settled_at(std::uint64_t changes) const { return settled_ && changes_ == changes; }
  const std::optional<WallTime>& revisit_at() const { return revisit_at_; }
  void pass_ended(std::uint64_t changes) {
    settled_ = calm_ && changes_ == changes;
    changes_ = changes;
    calm_ = false;
  }

 private:
  void judge(const fleet::ClassPass& pass) {
    for (const auto& [invariant, what] : scaling::violations(pass.snapshot, pass.decision)) {
      alarm_(fmt::format("{}: {}", to_string(invariant), what));
    }
  }

  const Group::Alarm& alarm_;
  const bool judges_;
  bool calm_ = false;
  bool settled_ = false;
  std::uint64_t changes_ = 0;
  std::optional<WallTime> revisit_at_;
};

std::uint64_t changes_in(const LoopScaler::World& world) {
  return world.queue.changes() + world.group.changes();
}

}  // namespace

struct LoopScaler::Process {
  Process(LoopScaler& scaler, Random random)
      : onlooker(scaler.alarm_, scaler.thoroughness_.judges),
        queue(kClass, scaler.world_.timeline, scaler.world_.queue, scaler.world_.group,
              scaler.world_.conditions.faults, random.fork(), scaler.killer_),
        group(kClass, scaler.world_.timeline, scaler.world_.group,
              scaler.world_.conditions.habits.single_task, scaler.world_.conditions.faults,
              random.fork(), scaler.killer_),
        loop({{kClass, scaler.policy_}},
             {queue, group, scaler.ledger_, onlooker, scaler.world_.timeline}) {}

  Onlooker onlooker;
  QueuePort queue;
  GroupPort group;
  fleet::Loop loop;
};

LoopScaler::LoopScaler(World world, scaling::Policy policy, Thoroughness thoroughness,
                       Random random, Group::Alarm alarm)
    : world_(world),
      policy_(policy),
      thoroughness_(thoroughness),
      random_(random),
      alarm_(std::move(alarm)),
      killer_(random_.fork(), world.conditions.faults.scaler_killed),
      ledger_(world.conditions.faults, random_.fork(), killer_) {}

LoopScaler::~LoopScaler() = default;

// Where something may go wrong, or is seen late, no two passes are alike. Before the revisit no
// rule of time changes its mind, nor the loop its pace.
bool LoopScaler::may_skip() const {
  if (!thoroughness_.skips_idle || !process_ || world_.conditions.faults != Faults{}) return false;
  const auto& onlooker = process_->onlooker;
  const auto next = world_.timeline.wall() + kPollInterval;
  return onlooker.is_settled_at(changes_in(world_)) && onlooker.revisit_at() &&
         next <= *onlooker.revisit_at();
}

Millis LoopScaler::pass() {
  if (may_skip()) return kPollInterval;
  if (!process_) process_ = std::make_unique<Process>(*this, random_.fork());
  ++passes_made_;
  const auto changes = changes_in(world_);
  try {
    const auto pace = process_->loop.step({});
    process_->onlooker.pass_ended(changes);
    return pace.deaf ? pace.pause : std::min(pace.pause, kPollInterval);
  } catch (const Killed&) {
    process_.reset();
    ++kills_;
    return world_.conditions.faults.down_for;
  }
}

}  // namespace muster::simulation
