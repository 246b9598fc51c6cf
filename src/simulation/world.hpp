#pragma once

// A world of one resource class, and perhaps a neighbour under the same plan: tasks that arrive,
// instances that run them, and who sets their number. It runs in virtual time, from a seed.

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "simulation/loop_scaler.hpp"
#include "simulation/peers.hpp"
#include "simulation/pipelines.hpp"

namespace muster::simulation {

// Of its own class, but for what is left and unfinished: that is of both.
struct RunTotals {
  std::vector<Millis> waits;          // of the tasks that started, in the order of arrival
  std::vector<Millis> blocked_waits;  // of them those that others had blocked
  std::int64_t unfinished = 0;
  GroupTotals group;              // of both, where there is a reserve
  GroupTotals reserve;            // of them its own
  std::int64_t left = 0;          // that live at the end
  std::set<scaling::Rule> rules;  // that spoke, of our own loop
  std::uint64_t events = 0;
  std::uint64_t passes = 0;       // that were due
  std::uint64_t passes_made = 0;  // of our own loop: see Thoroughness
  std::int64_t kills = 0;
  Mishaps mishaps;
  std::int64_t by_schedule = 0;         // decisions under a policy of a schedule
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

  // Several may scale it. Our own share a lease then.
  void scaled_by_us(fleet::ManagedClass managed, Thoroughness thoroughness = {});
  void scaled_by_us(const scaling::Policy& policy, Thoroughness thoroughness = {}) {
    scaled_by_us(fleet::ManagedClass{"", policy, {}}, thoroughness);
  }
  void scaled_by(const Peer& peer);
  // By somebody else: `first` is from the beginning to its first pass.
  struct Parts {
    const Timeline& timeline;
    TaskQueue& queue;
    Group& group;
    const Conditions& conditions;
  };
  using MakeScaler = std::function<std::unique_ptr<Scaler>(Parts)>;
  void scaled_by(const MakeScaler& make, Millis first);

  // Both cost time: a story is told unless this is called, a watcher is told of every event.
  void tells_no_story() { tells_ = false; }
  void watched_by(Watcher watcher) { watcher_ = std::move(watcher); }

  // Until nothing waits, runs or lives, or `end` is reached. Where instances wait for ever: until
  // nothing waits or runs.
  RunTotals run(Millis end);

  // What happened last, a line each; of a world that broke something, what led to it.
  const std::deque<std::string>& story() const { return story_; }

 private:
  void add(std::unique_ptr<Scaler> scaler, Millis first);
  void arrive_next();
  void arrive(std::size_t place);
  void cancel(TaskNumber number);
  void task_ended(TaskNumber number);
  void pass(Scaler& scaler);
  bool tells() const { return tells_ && told_since_ < kToldAfterwards; }
  void violated(const std::string& what);
  void tell(std::string what);
  void tell_if_changed();
  bool is_over() const;
  bool comes_to_rest() const;
  std::int64_t remembered() const;
  void judge_rest();
  bool was_blocked(TaskNumber number) const;
  void add_reserve();
  void add_neighbour();
  void hand_out();
  Levels levels() const;

  Conditions conditions_;
  std::vector<Arrival> arrivals_;
  Random random_;
  Timeline timeline_;
  TaskQueue queue_;
  Pipelines pipelines_;
  Group group_;
  std::optional<Conditions> reserve_conditions_;
  std::unique_ptr<Group> reserve_;  // may be null
  struct Beside {
    Beside(Timeline& timeline, const Conditions& conditions, Random random, Group::Alarm alarm)
        : queue(timeline), group(timeline, queue, conditions, random, std::move(alarm), "n") {}
    TaskQueue queue;
    Group group;
  };
  std::optional<Plan> plan_;
  std::unique_ptr<Beside> neighbour_;  // may be null
  MemoryTable table_;
  std::vector<std::unique_ptr<Scaler>> scalers_;
  std::vector<const LoopScaler*> ours_;
  std::size_t next_ = 0;     // of those that nothing blocks
  std::size_t arrived_ = 0;  // of all, and those that never will
  RunTotals totals_;
  bool tells_ = true;
  static constexpr int kToldAfterwards = 8;
  int told_since_ = 0;  // lines, since something was broken
  Watcher watcher_;
  std::deque<std::string> story_;
  std::string told_;
};

}  // namespace muster::simulation
