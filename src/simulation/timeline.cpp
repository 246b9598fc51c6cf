#include "simulation/timeline.hpp"

#include <algorithm>
#include <utility>

namespace muster::simulation {

void Timeline::at(MonotonicTime when, std::function<void()> action) {
  to_come_.push({std::max(when, now_), asked_++, std::move(action)});
}

void Timeline::after(Millis delay, std::function<void()> action) {
  at(now_ + delay, std::move(action));
}

bool Timeline::step(MonotonicTime end) {
  if (to_come_.empty() || to_come_.top().when > end) {
    now_ = std::max(now_, end);
    return false;
  }
  // The queue gives out its top as const; it is removed before anybody compares it again.
  auto event = std::move(const_cast<Event&>(to_come_.top()));
  to_come_.pop();
  now_ = event.when;
  ++events_;
  event.action();
  return true;
}

void Timeline::run_until(MonotonicTime end) {
  while (step(end)) {
  }
}

}  // namespace muster::simulation
