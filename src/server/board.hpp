#pragma once

// What scalers last reported about their fleets, for people to see. In memory: after a restart
// they report again.

#include <map>
#include <string>

#include "protocol/messages.hpp"

namespace muster::server {

struct Posted {
  protocol::ClassFleet fleet;
  WallTime at{};
};

// By resource class.
using Board = std::map<std::string, Posted>;

}  // namespace muster::server
