#pragma once

// Our own scaler in a simulated world: the real loop and the real decide().

#include <memory>
#include <set>
#include <string>

#include "fleet/loop.hpp"
#include "simulation/memory_ledger.hpp"
#include "simulation/ports.hpp"
#include "simulation/scaler.hpp"

namespace muster::simulation {

// How it is run; what comes out is the same.
struct Thoroughness {
  bool judges = true;      // holds every decision to the invariants
  bool skips_idle = true;  // leaves out passes that would see, decide and do what the last one did
};

// After a kill it starts anew with what its ledger holds.
class LoopScaler final : public Scaler {
 public:
  struct Class {
    TaskQueue& queue;
    std::vector<Group*> groups;  // in order of preference
  };
  struct World {
    Timeline& timeline;
    std::vector<Class> classes;  // its own, and its neighbour, if it has one
    const Conditions& conditions;
    MemoryTable& table;
    Mishaps& mishaps;
  };
  struct Listeners {
    Group::Alarm alarm;  // told of what must never be
    std::function<void(const scaling::Decision&)> acts;
  };
  // `name` is one that no other scaler of the world has.
  // Of the class its name does not matter; a neighbour is scaled as it is.
  LoopScaler(std::string name, World world, fleet::ManagedClass managed, Thoroughness thoroughness,
             Random random, Listeners listeners);
  ~LoopScaler() override;

  Millis pass() override;
  std::int64_t kills() const { return kills_; }
  std::uint64_t passes_made() const { return passes_made_; }
  const std::set<scaling::Rule>& rules() const { return rules_; }  // that spoke
  std::int64_t by_schedule() const { return by_schedule_; }        // so many decisions

 private:
  struct Process;  // what a kill ends

  bool may_ever_skip() const;
  bool may_skip() const;

  std::string name_;
  World world_;
  fleet::ManagedClass managed_;
  Thoroughness thoroughness_;
  Random random_;
  Listeners listeners_;
  Killer killer_;
  std::set<scaling::Rule> rules_;
  std::int64_t by_schedule_ = 0;
  std::unique_ptr<Process> process_;
  std::int64_t kills_ = 0;
  std::uint64_t passes_made_ = 0;
};

}  // namespace muster::simulation
