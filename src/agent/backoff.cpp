#include "agent/backoff.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace muster::agent {

void sleep_for(Millis duration, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, duration, [] { return false; });
}

void Backoff::pause(const std::stop_token& stop) {
  std::uniform_int_distribution<Millis::rep> between(step_.count() / 2, step_.count());
  const Millis duration(between(random_));
  step_ = std::min(step_ * 2, kLongest);
  sleep_for(duration, stop);
}

}  // namespace muster::agent
