#pragma once

// How many requests may be sent: so many a minute, a few of them at once. Thread-safe.

#include <chrono>
#include <cstdint>
#include <mutex>
#include <stop_token>

#include "base/time.hpp"

namespace muster::demand {

class RequestBudget {
 public:
  // `per_minute` and `at_once` are at least 1.
  RequestBudget(std::int64_t per_minute, std::int64_t at_once);

  using Micros = std::chrono::microseconds;

  // Takes the next place, and says how long it is from `now` until it may be used. After those that
  // may be sent at once, requests are at least `spacing` apart, even if the budget would allow
  // more.
  Millis reserve(MonotonicTime now, Micros spacing = {});

 private:
  const Micros spacing_;
  const std::int64_t at_once_;
  std::mutex mutex_;
  // When the place after those that were taken would be due if none were allowed at once
  // (the generic cell rate algorithm). Guarded by mutex_.
  std::chrono::time_point<std::chrono::steady_clock, Micros> due_{};
};

}  // namespace muster::demand
