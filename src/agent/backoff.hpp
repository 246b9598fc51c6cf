#pragma once

// How long to wait between tries: doubling, with jitter, so that a fleet does not come back to a
// restarted server in one instant.

#include <random>
#include <stop_token>

#include "base/time.hpp"

namespace muster::agent {

class Backoff {
 public:
  explicit Backoff(Millis first = Millis(100), Millis longest = Millis(5'000))
      : first_(first), longest_(longest), step_(first) {}

  void reset() { step_ = first_; }
  // Sleeps for the next pause, at most for `most` and until `stop` is requested.
  void pause(const std::stop_token& stop, Millis most = Millis::max());

 private:
  Millis first_, longest_;
  Millis step_;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace muster::agent
