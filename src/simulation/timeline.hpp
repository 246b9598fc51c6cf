#pragma once

// Virtual time, and what happens in it: the clock jumps from event to event.
//
// What happens at the same moment happens in the order in which it was asked for. One thread.

#include <cstdint>
#include <functional>
#include <queue>
#include <vector>

#include "base/time.hpp"

namespace muster::simulation {

class Timeline final : public Clock {
 public:
  explicit Timeline(WallTime start) : start_(start) {}

  WallTime wall() const override { return start_ + now_.time_since_epoch(); }
  MonotonicTime monotonic() const override { return now_; }

  // Of a time that is past: now.
  void at(MonotonicTime when, std::function<void()> action);
  void after(Millis delay, std::function<void()> action);

  // The next event, if there is one until then; else the clock stands at `end`.
  bool step(MonotonicTime end);
  void run_until(MonotonicTime end);

  std::uint64_t events() const { return events_; }

 private:
  struct Event {
    MonotonicTime when;
    std::uint64_t number;
    std::function<void()> action;
  };
  struct Later {
    bool operator()(const Event& a, const Event& b) const {
      return a.when != b.when ? a.when > b.when : a.number > b.number;
    }
  };

  WallTime start_;
  MonotonicTime now_{};
  std::uint64_t asked_ = 0;
  std::uint64_t events_ = 0;
  std::priority_queue<Event, std::vector<Event>, Later> to_come_;
};

}  // namespace muster::simulation
