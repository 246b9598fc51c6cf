#include "simulation/calls.hpp"

namespace muster::simulation {

Mishaps& Mishaps::operator+=(const Mishaps& other) {
  slow += other.slow;
  unanswered += other.unanswered;
  done_unanswered += other.done_unanswered;
  absurd += other.absurd;
  stale += other.stale;
  of_the_future += other.of_the_future;
  return *this;
}

}  // namespace muster::simulation
