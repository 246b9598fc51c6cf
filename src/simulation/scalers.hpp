#pragma once

// Who sets a group's size in a simulated world: our own loop, or a model of what others do.

#include <memory>
#include <string>
#include <vector>

#include "fleet/loop.hpp"
#include "simulation/ports.hpp"

namespace muster::simulation {

class Scaler {
 public:
  virtual ~Scaler() = default;
  // One pass, now; how long until the next.
  virtual Millis pass() = 0;
};

// The real loop and the real decide(). After a kill it starts anew with what its ledger holds.
class LoopScaler final : public Scaler {
 public:
  struct World {
    Timeline& timeline;
    TaskQueue& queue;
    Group& group;
    const Conditions& conditions;
  };
  LoopScaler(World world, scaling::Policy policy, Random random, Group::Alarm alarm);
  ~LoopScaler() override;

  Millis pass() override;
  std::int64_t kills() const { return kills_; }

 private:
  struct Process;  // what a kill ends

  World world_;
  scaling::Policy policy_;
  Random random_;
  Group::Alarm alarm_;
  Killer killer_;
  MemoryLedger ledger_;
  std::unique_ptr<Process> process_;
  std::int64_t kills_ = 0;
};

// What somebody else's scaler sees, and the desired capacity that it sets.
struct PeerView {
  QueueCounts queue;
  std::int64_t desired = 0;
  std::int64_t live = 0;
  std::int64_t max = 0;
};
struct Peer {
  std::string name;
  Millis period{};
  Habits habits;
  std::int64_t (*desired)(const PeerView&);
};

// CircleCI's tutorial: each minute one instance a task that waits or runs; its instances shut down.
const Peer& tutorial();
// CircleCI's Runner Provisioner, as far as it goes for such a group: likewise, every 5 s; its
// runners give up their places.
const Peer& provisioner();

class PeerScaler final : public Scaler {
 public:
  PeerScaler(const Peer& peer, TaskQueue& queue, Group& group)
      : peer_(peer), queue_(queue), group_(group) {}
  Millis pass() override;

 private:
  const Peer& peer_;
  TaskQueue& queue_;
  Group& group_;
};

}  // namespace muster::simulation
