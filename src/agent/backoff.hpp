#pragma once

// How long to wait between tries: doubling, with jitter, so that a fleet does not come back to a
// restarted server in one instant.

#include <random>
#include <stop_token>

#include "base/time.hpp"

namespace muster::agent {

class Backoff {
 public:
  void reset() { step_ = kFirst; }
  // Sleeps for the next pause, at most for `longest` and until `stop` is requested.
  void pause(const std::stop_token& stop, Millis longest = kLongest);

 private:
  static constexpr Millis kFirst{100};
  static constexpr Millis kLongest{5'000};
  Millis step_ = kFirst;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace muster::agent
