#pragma once

// Records of a world said in a few words.

#include <string>

#include "fleet/loop.hpp"
#include "scaling/world_for_tests.hpp"

namespace muster::history {

using scaling::InstanceState;
using scaling::kNow;
using scaling::World;

inline fleet::ClassPass record_of(const World& world, std::string resource_class = "a/b") {
  return {std::move(resource_class), world.snapshot(), world.decide()};
}

}  // namespace muster::history
