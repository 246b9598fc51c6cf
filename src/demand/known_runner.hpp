#pragma once

// A runner as CircleCI lists it, as a scaler knows it. Pure.

#include "base/time.hpp"
#include "fleet/ports.hpp"
#include "protocol/messages.hpp"

namespace muster::demand {

// `lead`: how much later it is by our clock. A time that is none is left out.
fleet::KnownRunner known_runner(const protocol::RunnerName& listed, Millis lead);

}  // namespace muster::demand
