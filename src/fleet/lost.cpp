#include "fleet/lost.hpp"

#include "fleet/observe.hpp"

namespace muster::fleet {

namespace {

// Whether the queue's keeper is told of it while it runs a task nobody documents. So the silence of
// one that has just taken a task says nothing.
bool is_silent_since_its_task(const KnownRunner& runner) {
  constexpr Millis kApart = std::chrono::minutes(1);
  const auto task = runner.last_task();
  return task && *task + kApart >= *runner.last_connected;
}

bool is_offline(const KnownRunner& runner, WallTime now) {
  return runner.last_connected && now - *runner.last_connected >= kOffline;
}

}  // namespace

// Whatever is wrong with the list or its clock, nobody is lost who was not there so long ago.
bool is_lost(const KnownRunner& runner, WallTime launched_at, WallTime now) {
  return is_offline(runner, now) && !is_silent_since_its_task(runner) &&
         now - launched_at >= kOffline;
}

}  // namespace muster::fleet
