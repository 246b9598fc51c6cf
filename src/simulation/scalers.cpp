#include "simulation/scalers.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "scaling/invariants.hpp"

namespace muster::simulation {

namespace {

constexpr Millis kPollInterval = std::chrono::seconds(5);
constexpr const char* kClass = "acme/linux";

// Every decision is held to the invariants.
class Judge final : public fleet::DecisionObserver {
 public:
  explicit Judge(const Group::Alarm& alarm) : alarm_(alarm) {}
  void decided(const std::vector<fleet::ClassPass>& classes) override {
    for (const auto& pass : classes) {
      for (const auto& [invariant, what] : scaling::violations(pass.snapshot, pass.decision)) {
        alarm_(fmt::format("{}: {}", to_string(invariant), what));
      }
    }
  }

 private:
  const Group::Alarm& alarm_;
};

}  // namespace

struct LoopScaler::Process {
  Process(LoopScaler& scaler, Random random)
      : judge(scaler.alarm_),
        queue(kClass, scaler.world_.timeline, scaler.world_.queue, scaler.world_.group,
              scaler.world_.conditions.faults, random.fork(), scaler.killer_),
        group(kClass, scaler.world_.timeline, scaler.world_.group,
              scaler.world_.conditions.habits.single_task, scaler.world_.conditions.faults,
              random.fork(), scaler.killer_),
        loop({{kClass, scaler.policy_}},
             {queue, group, scaler.ledger_, judge, scaler.world_.timeline}) {}

  Judge judge;
  QueuePort queue;
  GroupPort group;
  fleet::Loop loop;
};

LoopScaler::LoopScaler(World world, scaling::Policy policy, Random random, Group::Alarm alarm)
    : world_(world),
      policy_(policy),
      random_(random),
      alarm_(std::move(alarm)),
      killer_(random_.fork(), world.conditions.faults.scaler_killed),
      ledger_(world.conditions.faults, random_.fork(), killer_) {}

LoopScaler::~LoopScaler() = default;

Millis LoopScaler::pass() {
  if (!process_) process_ = std::make_unique<Process>(*this, random_.fork());
  try {
    const auto pace = process_->loop.step({});
    return pace.deaf ? pace.pause : std::min(pace.pause, kPollInterval);
  } catch (const Killed&) {
    process_.reset();
    ++kills_;
    return world_.conditions.faults.down_for;
  }
}

namespace {

std::int64_t one_for_each_task(const PeerView& seen) {
  return std::min(seen.queue.waiting + seen.queue.running, seen.max);
}

}  // namespace

const Peer& tutorial() {
  static const Peer peer{"tutorial",
                         std::chrono::minutes(1),
                         {.single_task = true, .gives_up_its_place = false},
                         one_for_each_task};
  return peer;
}

const Peer& provisioner() {
  static const Peer peer{
      "provisioner", std::chrono::seconds(5), {.single_task = true}, one_for_each_task};
  return peer;
}

Millis PeerScaler::pass() {
  const auto wanted =
      peer_.desired({queue_.counts(), group_.desired(), group_.live(), group_.max()});
  if (wanted != group_.desired()) static_cast<void>(group_.set_desired(wanted));
  return peer_.period;
}

}  // namespace muster::simulation
