#pragma once

// How many tasks of several classes a plan lets run at once.

#include <cstdint>
#include <functional>
#include <utility>

namespace muster::simulation {

class Plan {
 public:
  // `on_room` is told of each task that has made room for another.
  Plan(std::int64_t limit, std::function<void()> on_room)
      : limit_(limit), on_room_(std::move(on_room)) {}

  bool is_full() const { return running_ >= limit_; }
  void add(std::int64_t running) {
    running_ += running;
    if (running < 0) on_room_();
  }

 private:
  const std::int64_t limit_;
  std::function<void()> on_room_;
  std::int64_t running_ = 0;
};

}  // namespace muster::simulation
