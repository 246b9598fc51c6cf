#pragma once

#include <stop_token>

#include "base/time.hpp"

namespace muster {

// Sleeps for `duration`, or until `stop` is requested.
void sleep_for(Millis duration, const std::stop_token& stop);

}  // namespace muster
