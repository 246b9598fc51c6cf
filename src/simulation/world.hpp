#pragma once

// A world of one resource class: tasks that arrive, instances that run them, and who sets their
// number. It runs in virtual time, from a seed.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "simulation/loop_scaler.hpp"
#include "simulation/peers.hpp"

namespace muster::simulation {

struct Arrival {
  Millis at{};  // since the beginning
  Millis duration{};
};

struct RunTotals {
  std::vector<Millis> waits;  // of the tasks that started, in the order of arrival
  std::int64_t unfinished = 0;
  GroupTotals group;
  Millis busy_time{};  // of all tasks
  std::uint64_t events = 0;
  std::uint64_t passes = 0;       // that were due
  std::uint64_t passes_made = 0;  // of our own loop: see Thoroughness
  std::int64_t kills = 0;
  std::vector<std::string> violations;  // in words, with the time; the first few
};

// How many there are of what, at one moment.
struct Levels {
  std::int64_t waiting = 0, desired = 0, live = 0, busy = 0;
};

class World {
 public:
  // Told how things stand from a moment on.
  using Watcher = std::function<void(MonotonicTime, const Levels&)>;

  World(Conditions conditions, std::vector<Arrival> arrivals, std::uint64_t seed);

  void scaled_by_us(const scaling::Policy& policy, Thoroughness thoroughness = {});
  void scaled_by(const Peer& peer);

  // Both cost time: a story is told unless this is called, a watcher is told of every event.
  void tells_no_story() { tells_ = false; }
  void watched_by(Watcher watcher) { watcher_ = std::move(watcher); }

  // Until nothing waits, runs or lives, or `end` is reached. Where instances wait for ever: until
  // nothing waits or runs.
  RunTotals run(Millis end);

  // What happened last, a line each.
  const std::deque<std::string>& story() const { return story_; }

 private:
  void arrive_next();
  void pass();
  void violated(const std::string& what);
  void tell(std::string what);
  void tell_if_changed();
  bool is_over() const;

  Conditions conditions_;
  std::vector<Arrival> arrivals_;
  Random random_;
  Timeline timeline_;
  TaskQueue queue_;
  Group group_;
  std::unique_ptr<Scaler> scaler_;
  const LoopScaler* ours_ = nullptr;
  std::size_t arrived_ = 0;
  RunTotals totals_;
  bool tells_ = true;
  Watcher watcher_;
  std::deque<std::string> story_;
  std::string told_;
};

}  // namespace muster::simulation
