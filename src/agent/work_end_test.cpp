#include "agent/work_end.hpp"

#include <gtest/gtest.h>

namespace muster::agent {
namespace {

using namespace std::chrono_literals;

MonotonicTime now() {
  return system_clock().monotonic();
}

// Waits as long as it takes.
void wait_for(const std::stop_token& token) {
  while (!token.stop_requested()) std::this_thread::sleep_for(1ms);
}

TEST(StopAtWorkEnd, ComesWithTheRequest) {
  WorkEnd end(now() + 1h);
  const StopAtWorkEnd stop(end);
  EXPECT_FALSE(stop.token().stop_requested());
  end.request(EndReason::canceled);
  wait_for(stop.token());
}

TEST(StopAtWorkEnd, ComesWithTheEndOfALeaseThatWasMovedOn) {
  WorkEnd end(now() + 1h);
  const StopAtWorkEnd stop(end);
  end.hold_lease_until(now() + 10ms);
  wait_for(stop.token());
  EXPECT_EQ(end.reason(), EndReason::lease_lost);
}

TEST(StopAtWorkEnd, NobodyWaitsForOneThatIsNoLongerNeeded) {
  WorkEnd end(now() + 1h);
  const auto begun = now();
  for (int i = 0; i < 100; ++i) {
    const StopAtWorkEnd stop(end);
    std::this_thread::sleep_for(1ms);  // so that it waits by now
  }
  EXPECT_LT(now() - begun, 3s);
}

}  // namespace
}  // namespace muster::agent
