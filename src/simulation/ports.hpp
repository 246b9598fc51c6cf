#pragma once

// The scaler's ports onto a simulated world: its real loop runs behind them.
//
// What goes wrong comes from the world's conditions. A scaler is killed by an exception that no
// code of its own catches: before a call took effect, or after.

#include <map>
#include <set>

#include "fleet/ports.hpp"
#include "simulation/calls.hpp"
#include "simulation/group.hpp"
#include "simulation/killer.hpp"

namespace muster::simulation {

// A queue as CircleCI shows it: two numbers, and runners of which nobody says whether they are
// busy; both perhaps late.
class QueuePort final : public fleet::DemandSource {
 public:
  QueuePort(std::string resource_class, Timeline& timeline, TaskQueue& queue,
            std::vector<const Group*> groups, const Faults& faults, Mishaps& mishaps, Random random,
            Killer& killer);

  std::map<std::string, fleet::ClassDemand> read(std::stop_token stop) override;
  void hold_off(const std::string& resource_class, WallTime until) override;
  void wait_for_change(Millis patience, std::stop_token stop) override;

 private:
  Result<fleet::ClassDemand> answer(WallTime asked_at);
  scaling::Demand counts(WallTime asked_at);
  scaling::DemandReading reading_of(WallTime asked_at);
  void make_absurd(scaling::DemandReading& reading);
  scaling::DemandReading stale_reading();
  std::vector<scaling::Foreseen> foreseen();
  // As it was when it was last heard of.
  void add_runners_of(const SimulatedInstance& instance, MonotonicTime heard_of,
                      std::vector<fleet::KnownRunner>& known) const;
  std::vector<fleet::KnownRunner> runners();
  void add_ghosts(std::vector<fleet::KnownRunner>& known) const;

  std::string resource_class_;
  Timeline& timeline_;
  TaskQueue& queue_;
  const std::vector<const Group*> groups_;
  const Faults& faults_;
  Mishaps& mishaps_;
  Calls calls_;
  Random random_;
  Killer& killer_;
  WallTime held_off_until_{};
};

// Those of several classes as one.
class QueuePorts final : public fleet::DemandSource {
 public:
  explicit QueuePorts(std::map<std::string, QueuePort> ports) : ports_(std::move(ports)) {}

  std::map<std::string, fleet::ClassDemand> read(std::stop_token stop) override;
  void hold_off(const std::string& resource_class, WallTime until) override;
  void wait_for_change(Millis patience, std::stop_token stop) override;

 private:
  std::map<std::string, QueuePort> ports_;
};

// A group as AWS shows it, used as our adapter (capacity/auto_scaling_group) uses it: desired =
// live
// + what is requested, after a second look; and no better.
class GroupPort final : public fleet::CapacityProvider {
 public:
  GroupPort(fleet::Place place, Timeline& timeline, Group& group, const Conditions& conditions,
            Mishaps& mishaps, Random random, Killer& killer);

  Result<fleet::CapacityList> list(const std::stop_token& stop) override;
  Result<std::vector<std::string>> launch(const fleet::Place& place, std::int64_t count,
                                          const std::stop_token& stop) override;
  Result<void> drain(const std::string& id, const std::stop_token& stop) override;
  Result<void> reap(const std::string& id, const std::stop_token& stop) override;
  Result<void> withdraw(const fleet::Place& place, std::int64_t count,
                        const std::stop_token& stop) override;
  void wait_for_change(Millis patience, std::stop_token stop) override;

 private:
  struct Base {
    std::int64_t live = 0;
    std::int64_t wanted = 0;  // those, and what is requested
    std::int64_t asked = 0;   // no launch lowers it
  };

  Result<GroupView> look();
  Result<Base> base_of();
  void add_listed(const GroupView& view, fleet::CapacityList& all);
  std::string pending_id(std::int64_t number) const;
  bool has_seen(const std::string& id) const;
  void tell_failures(const GroupView& view, fleet::CapacityList& all);

  fleet::Place place_;
  Timeline& timeline_;
  Group& group_;
  const Habits& habits_;
  const Faults& faults_;
  Calls calls_;
  Random random_;
  Killer& killer_;
  std::vector<std::string> seen_;      // in the latest list(), sorted
  std::set<std::string> ended_by_us_;  // of them
  std::int64_t pending_ = 0;
  std::optional<WallTime> asked_at_;
  std::optional<MonotonicTime> asked_at_by_aws_;
  std::string told_;  // FailedGroupLaunch::id
};

// Several of them as one.
class GroupPorts final : public fleet::CapacityProvider {
 public:
  explicit GroupPorts(std::map<fleet::Place, GroupPort> ports) : ports_(std::move(ports)) {}

  Result<fleet::CapacityList> list(const std::stop_token& stop) override;
  Result<std::vector<std::string>> launch(const fleet::Place& place, std::int64_t count,
                                          const std::stop_token& stop) override;
  Result<void> drain(const std::string& id, const std::stop_token& stop) override;
  Result<void> reap(const std::string& id, const std::stop_token& stop) override;
  Result<void> withdraw(const fleet::Place& place, std::int64_t count,
                        const std::stop_token& stop) override;
  void wait_for_change(Millis patience, std::stop_token stop) override;

 private:
  std::map<fleet::Place, GroupPort> ports_;
};

}  // namespace muster::simulation
