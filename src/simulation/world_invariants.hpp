#pragma once

// S4, S6 and S8 as far as no decision tells whether they hold, but the world does:
// scaling/invariants has the rest. Pure.

#include <cstdint>
#include <vector>

#include "fleet/observe.hpp"
#include "scaling/invariants.hpp"

namespace muster::simulation {

// What is true of a class when a decision has been carried out.
struct Truth {
  // Instances that were asked for and have not had a task, whether they have come or not; without
  // those that look dead by now, that the group launched by itself, or that it has refused.
  std::int64_t unused = 0;
  std::int64_t slots = 1;    // of each
  std::int64_t running = 0;  // tasks, on who was not asked to end
  Millis
      used{};  // by all instances together in the latest stretch of the spend cap, if there is one
};

// Of a decision that launches.
//
// S4: what was really used in the latest stretch of the spend cap is less than the cap, whatever
// the scaler has counted. A tenth is left to what comes and goes between two passes.
//
// S6: whoever has not had a task is there for one of those that are
// said to wait, or spare. What was launched for demand that has vanished is supply for the next,
// and so comes on top of nothing. Of those that are said to run and do not, or run on who was asked
// to end, each may make an unused one look busy: nobody says where a task runs. Of several slots so
// may each that runs. What is withdrawn may have come meanwhile.
std::vector<scaling::Violation> violations_in_truth(const scaling::Snapshot& snapshot,
                                                    const scaling::Decision& decision,
                                                    const Truth& truth);

// What is left of a world that has had the time to come to rest.
struct Remains {
  std::int64_t unfinished = 0;  // tasks that neither ended nor were cancelled
  std::int64_t left = 0;        // instances that live
  std::int64_t kept = 0;        // so many may
  std::int64_t remembered = 0;  // instances that are gone, and in the scaler's memory
};

// S5, and S8: however often the scaler was killed, all work is done and nothing leaks.
std::vector<scaling::Violation> violations_at_rest(const Remains& remains);

// Instances that it is about.
std::int64_t remembered_in(const fleet::ClassMemory& memory);

}  // namespace muster::simulation
