#pragma once

// Ends the scaler's process in the middle of anything: by an exception that no code of its own
// catches.

#include "simulation/random.hpp"

namespace muster::simulation {

// The end of the process, right here.
struct Killed {};

class Killer {
 public:
  Killer(Random random, std::int64_t permille) : random_(random), permille_(permille) {}
  void pass_by() {
    if (random_.chance(permille_)) throw Killed();
  }

 private:
  Random random_;
  std::int64_t permille_;
};

}  // namespace muster::simulation
