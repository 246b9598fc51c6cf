#pragma once

#include <optional>
#include <string>

#include "base/time.hpp"
#include "doctor/finding.hpp"

namespace muster::doctor {

// This machine's clock against that of a peer, whose answer of just now tells it to the second.
// `subject` is the peer. Nothing: it did not tell. Pure.
Findings judge_clock(const std::string& subject, std::optional<WallTime> told, WallTime ours);

}  // namespace muster::doctor
