#pragma once

// Whether a snapshot's demand may be acted upon. Pure and total.

#include <optional>
#include <string>

#include "scaling/decide.hpp"

namespace muster::scaling {

// Past these a number is a fault of its source, and is not believed.
inline constexpr std::int64_t kMostTasks = 10'000'000;
bool is_absurd(const DemandReading& demand);

// Why it must not, if so (S2).
std::optional<Reason> reason_to_hold(const Snapshot& snapshot);

// Years past any calendar are shown as its edge.
std::string in_words(WallTime time);

}  // namespace muster::scaling
