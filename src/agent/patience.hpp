#pragma once

// How long an effort may go on, as a stop token. A thread of its own.

#include <stop_token>
#include <thread>

#include "base/time.hpp"

namespace muster::agent {

class Patience {
 public:
  // Requests a stop when `patience` is over, or a few seconds after `hurry` was requested. One that
  // has to hurry from the start has those few seconds, too.
  Patience(Millis patience, std::stop_token hurry);

  std::stop_token over() const { return over_.get_token(); }

 private:
  std::stop_source awake_;
  std::stop_source over_;
  std::jthread thread_;
};

}  // namespace muster::agent
