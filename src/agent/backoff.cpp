#include "agent/backoff.hpp"

#include <algorithm>

#include "base/sleep.hpp"

namespace muster::agent {

void Backoff::pause(const std::stop_token& stop, Millis most) {
  std::uniform_int_distribution<Millis::rep> between(step_.count() / 2, step_.count());
  const Millis duration(between(random_));
  step_ = std::min(step_ * 2, longest_);
  sleep_for(std::min(duration, most), stop);
}

}  // namespace muster::agent
