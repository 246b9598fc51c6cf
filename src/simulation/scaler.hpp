#pragma once

// Who sets a group's size in a simulated world.

#include "base/time.hpp"

namespace muster::simulation {

class Scaler {
 public:
  virtual ~Scaler() = default;
  // One pass, now; how long until the next.
  virtual Millis pass() = 0;
};

}  // namespace muster::simulation
