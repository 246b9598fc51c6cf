#pragma once

// Models of what other scalers do, so that they can be run beside ours.
//
// Each has the period, the formula and the cooldowns that it has by default, and instances that end
// as its own do. Left out, always in its favour: it never fails to read its queue, never ends a
// running task, and has no limit on its launches. See docs/simulate.md for what else is simplified.

#include <functional>
#include <optional>
#include <string>

#include "simulation/group.hpp"
#include "simulation/scaler.hpp"

namespace muster::simulation {

// What somebody else's scaler sees.
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
  std::function<std::int64_t(const PeerView&)> desired;  // the capacity that it would set
  Millis between_raises{};                               // it raises no earlier after it has raised
  Millis between_lowerings{};                            // and so on
  // What it has too many of it ends itself, if it is idle and so old. Nothing: it ends none.
  std::optional<Millis> ends_idle_older_than;
};

// CircleCI's tutorial: each minute one instance a task that waits or runs; its instances shut down.
const Peer& tutorial();
// CircleCI's Runner Provisioner, as far as it goes for such a group: likewise, every 5 s; its
// runners give up their places.
const Peer& provisioner();
// Buildkite's agent scaler with the Elastic CI Stack: an instance for each job, every 10 s, raised
// once in 5 minutes at most; agents stay, and end after 10 idle minutes.
const Peer& buildkite();
// GitLab Runner's autoscaler without idle_count: an instance for each job that none is there for,
// kept for idle_time, which is 20 minutes.
const Peer& gitlab();
// Drone's autoscaler: every 5 minutes it adds what is lacking, and ends what is idle, too much, and
// older than 55 minutes.
const Peer& drone();
// So many instances, always.
Peer fixed(std::int64_t count);

class PeerScaler final : public Scaler {
 public:
  // Of the faults it meets those of the group, and counts that lag.
  PeerScaler(Peer peer, const Clock& clock, TaskQueue& queue, Group& group, const Faults& faults)
      : peer_(std::move(peer)), clock_(clock), queue_(queue), group_(group), faults_(faults) {}
  Millis pass() override;

 private:
  bool has_passed(Millis pause, const std::optional<MonotonicTime>& since) const;
  void set_desired(std::int64_t wanted);

  Peer peer_;
  const Clock& clock_;
  TaskQueue& queue_;
  Group& group_;
  const Faults& faults_;
  std::optional<MonotonicTime> raised_;
  std::optional<MonotonicTime> lowered_;
};

}  // namespace muster::simulation
