#pragma once

// Whether a snapshot's demand may be acted upon. Pure and total.

#include <optional>
#include <string>

#include "scaling/decide.hpp"

namespace muster::scaling {

// Why it must not, if so (S2).
std::optional<Reason> reason_to_hold(const Snapshot& snapshot);

// Years past any calendar are shown as its edge.
std::string in_words(WallTime time);

}  // namespace muster::scaling
