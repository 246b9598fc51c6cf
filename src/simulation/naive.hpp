#pragma once

// Tiny scalers with one mistake each, which has hurt people, for the scenarios to show what
// follows. All else that they do is right.

#include <functional>
#include <string>

#include "simulation/world.hpp"

namespace muster::simulation {

struct Naive {
  std::string name;  // the mistake, in a few words
  Millis period{};
  Habits habits;
  bool protects = true;  // its group protects instances from scale-in
  // Of a world: what it does in each pass.
  std::function<std::function<void()>(World::Parts)> begin;

  World::MakeScaler maker() const;
};

// The tutorial's formula, in a group that does not protect its instances.
Naive unprotected(Habits habits);
// Launches one for each task that waits, and does not count who boots.
Naive does_not_count_who_boots();
// Likewise, and believes in an instance once AWS lists it.
Naive believes_only_in_the_listed();
// Takes every runner that is registered and runs nothing for a free one.
Naive counts_registrations();
// Ends whoever is not listed as a runner so long after its launch.
Naive ends_the_unlisted(Millis after);
// Ends whoever was idle when it last looked.
Naive ends_who_was_idle();
// One launch for each task that arrives, and nothing else: whoever waits on is forgotten.
Naive launches_per_event();
// Likewise, unless the queue says that nothing waits.
Naive asks_before_it_launches();
// Likewise, and a launch that fails has had its turn.
Naive launches_once();
// Likewise, and only a task ends its instance.
Naive ends_with_the_task();
// Notes whom it is about to end, so as to ask only once.
Naive ends_only_once();

}  // namespace muster::simulation
