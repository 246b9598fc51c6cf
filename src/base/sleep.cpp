#include "base/sleep.hpp"

#include <condition_variable>
#include <mutex>

namespace muster {

void sleep_for(Millis duration, const std::stop_token& stop) {
  if (duration <= Millis(0)) return;  // a wait for nothing is a task switch all the same
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, duration, [] { return false; });
}

}  // namespace muster
