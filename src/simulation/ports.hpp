#pragma once

// The scaler's ports onto a simulated world: its real loop runs behind them.
//
// What goes wrong comes from the world's conditions. A scaler is killed by an exception that no
// code of its own catches: before a call took effect, or after.

#include <map>
#include <set>

#include "fleet/ledger.hpp"
#include "fleet/ports.hpp"
#include "simulation/group.hpp"

namespace muster::simulation {

// The end of the scaler's process, right here.
struct Killed {};

class Killer {
 public:
  Killer(Random random, std::int64_t permille) : random_(random), permille_(permille) {}
  void pass_by() {
    if (random_.chance(permille_)) throw Killed();
  }

 private:
  Random random_;
  std::int64_t permille_;
};

// A queue as CircleCI shows it: two numbers, and runners of which nobody says whether they are
// busy; both perhaps late.
class QueuePort final : public fleet::DemandSource {
 public:
  QueuePort(std::string resource_class, Timeline& timeline, TaskQueue& queue, const Group& group,
            const Faults& faults, Random random, Killer& killer);

  std::map<std::string, fleet::ClassDemand> read(std::stop_token stop) override;
  void wait_for_change(Millis patience, std::stop_token stop) override;

 private:
  scaling::Demand counts();
  std::vector<fleet::KnownRunner> runners() const;

  std::string resource_class_;
  Timeline& timeline_;
  TaskQueue& queue_;
  const Group& group_;
  const Faults& faults_;
  Random random_;
  Killer& killer_;
};

// A group as AWS shows it, used as our adapter uses it: desired = live + what is requested.
class GroupPort final : public fleet::CapacityProvider {
 public:
  GroupPort(std::string resource_class, Timeline& timeline, Group& group, bool single_task,
            const Faults& faults, Random random, Killer& killer);

  Result<fleet::CapacityList> list(const std::stop_token& stop) override;
  Result<std::vector<std::string>> launch(const std::string& resource_class, std::int64_t count,
                                          const std::stop_token& stop) override;
  Result<void> drain(const std::string& id, const std::stop_token& stop) override;
  Result<void> reap(const std::string& id, const std::stop_token& stop) override;
  Result<void> withdraw(const std::string& resource_class, std::int64_t count,
                        const std::stop_token& stop) override;
  void wait_for_change(Millis patience, std::stop_token stop) override;

 private:
  std::string pending_id(std::int64_t number) const;
  void tell_failures(fleet::CapacityList& all);

  std::string resource_class_;
  Timeline& timeline_;
  Group& group_;
  bool single_task_;
  const Faults& faults_;
  Random random_;
  Killer& killer_;
  std::set<std::string> seen_;
  std::int64_t pending_ = 0;
  std::optional<WallTime> asked_at_;
  std::optional<MonotonicTime> asked_at_by_aws_;
  std::string told_;  // FailedGroupLaunch::id
};

// A table that outlives the scaler's process.
class MemoryLedger final : public fleet::Ledger {
 public:
  MemoryLedger(const Faults& faults, Random random, Killer& killer)
      : faults_(faults), random_(random), killer_(killer) {}

  Result<fleet::ClassMemory> load(const std::string& resource_class,
                                  const std::stop_token& stop) override;
  bool may_wait() const override { return false; }
  Result<void> save(const std::string& resource_class, const fleet::ClassMemory& memory,
                    const std::stop_token& stop) override;
  Result<void> record(const std::string&, const scaling::Snapshot&,
                      const scaling::Decision&) override {
    return ok();
  }

 private:
  const Faults& faults_;
  Random random_;
  Killer& killer_;
  std::map<std::string, fleet::ClassMemory> memories_;
};

}  // namespace muster::simulation
