#pragma once

// What ends the reason of a decision: by itself, or because somebody does something. Pure.
// docs/operate.md says more of each.

#include <optional>
#include <string>

#include "fleet/loop.hpp"

namespace muster::history {

// When it ends by itself, if that is known.
std::optional<WallTime> end_of(const scaling::Reason& reason, const fleet::ClassPass& decided);

// What ends it sooner: "wait until a task ends, or raise 'max', which is 3". Empty: nothing
// needs to.
std::string remedy_for(scaling::Rule rule, const fleet::ClassPass& decided);

}  // namespace muster::history
