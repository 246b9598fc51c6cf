#pragma once

// An explanation, for people and for programs. Pure.

#include <string>

#include "history/explain.hpp"

namespace muster::history {

// Several lines, each ended.
std::string explanation_text(const Explanation& about, WallTime now);
// One object, without a line break: docs/replay.md.
std::string explanation_json(const Explanation& about);

}  // namespace muster::history
