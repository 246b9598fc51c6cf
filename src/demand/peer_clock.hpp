#pragma once

// Times that a peer tells by its own clock.

#include <optional>

#include "base/time.hpp"

namespace muster::demand {

// How much later it is by our clock: to the second. `answered_at`: when the peer says it answered;
// if it does not say so, its clock is taken for right.
inline Millis lead_over(const std::optional<WallTime>& answered_at, WallTime now) {
  return answered_at ? now - *answered_at : Millis(0);
}

}  // namespace muster::demand
