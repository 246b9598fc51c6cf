#pragma once

// What the checkers of several invariants count, in their own way and not decide()'s. Pure.

#include "scaling/decide.hpp"
#include "scaling/slots.hpp"

namespace muster::scaling {

bool has(const Decision& decision, Rule rule);
// By what the snapshot has, whatever a decision says of it.
bool is_blind(const Snapshot& snapshot);        // nobody knows what is there
bool knows_no_queue(const Snapshot& snapshot);  // or what waits
// Where no group takes them; of those that another one takes none is lacking.
bool waits_for_group(const Decision& decision);
// Requested of a group that is short now.
bool is_refused(const Instance& instance, const Snapshot& snapshot, const Decision& decision);

// Who stays, of those that are supply: neither overdue, nor refused, nor ended. Only while the
// queue is known.
struct Staying {
  std::int64_t idle = 0;  // these are instances
  std::int64_t booting = 0;
  std::int64_t busy = 0;
  Slots slots;  // free ones without those that are drained

  std::int64_t serving() const { return idle + booting + busy; }
};
Staying staying(const Snapshot& snapshot, const Decision& decision);

// What is to be free, in slots. Only while the queue is known.
struct Need {
  std::int64_t tasks = 0;  // that wait, and may start
  std::int64_t spare = 0;  // besides
  std::int64_t all() const { return tasks + spare; }
};
Need need(const Snapshot& snapshot, const Decision& decision, const Staying& there);

}  // namespace muster::scaling
