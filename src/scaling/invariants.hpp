#pragma once

// The invariants S1 to S8 of docs/scaling.md that one decision can keep or break, as checkers.
// Used by the units, by the simulation, and by replay. Pure.
//
// Of S6 (frugal) and S8 (restartable) a part needs the world: see simulation/world_invariants.hpp.

#include <string>
#include <string_view>
#include <vector>

#include "scaling/decide.hpp"

namespace muster::scaling {

enum class Invariant {
  safe,          // S1: nothing that may run a task is ended
  honest,        // S2: unknown demand never lowers capacity
  counted_once,  // S3: booting and idle instances are supply once, all others never
  bounded,       // S4: no named bound is passed
  live,          // S5: what the supply does not serve is launched, unless a named bound binds
  frugal,        // S6: what never runs a task is what vanished demand explains
  steady,        // S7: once a decision has taken effect, nothing further is decided
  restartable,   // S8: killed between any two steps, the next pass does the right thing
};
// "S1".
std::string_view to_string(Invariant invariant);

struct Violation {
  Invariant invariant = Invariant::safe;
  std::string what;  // in words, with the numbers
};

// Of a decision that was made from the snapshot. Empty if all hold.
std::vector<Violation> violations(const Snapshot& snapshot, const Decision& decision);

// Of them those about groups, where the snapshot has several; S6; those about failed boots; and S8,
// of whoever is killed between two steps of carrying it out.
std::vector<Violation> violations_in_groups(const Snapshot& snapshot, const Decision& decision);
std::vector<Violation> violations_of_frugality(const Snapshot& snapshot, const Decision& decision);
std::vector<Violation> violations_of_boots(const Snapshot& snapshot, const Decision& decision);
std::vector<Violation> violations_after_kill(const Snapshot& snapshot, const Decision& decision);

// The world right after the decision was carried out: what is new, and nothing else.
Snapshot after(const Snapshot& snapshot, const Decision& decision);

}  // namespace muster::scaling
