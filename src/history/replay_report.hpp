#pragma once

// What a replay has found, for people and for programs. Pure.

#include <string>

#include "history/log.hpp"
#include "history/replay.hpp"

namespace muster::history {

struct ReplayReport {
  std::string log;     // its name
  std::string policy;  // the file that the policies are of; empty: the recorded ones
  LeftOut left_out;
};

// The latest differences are left out where there are more than kMostShown.
inline constexpr std::size_t kMostShown = 50;
std::string replay_text(const ReplayResult& result, const ReplayReport& about);

// One document with all of it, and a line break at its end: docs/replay.md.
std::string replay_json(const ReplayResult& result, const ReplayReport& about);

}  // namespace muster::history
