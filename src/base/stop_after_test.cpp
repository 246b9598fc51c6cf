#include "base/stop_after.hpp"

#include <gtest/gtest.h>

#include "base/sleep.hpp"

namespace muster {
namespace {

constexpr Millis kEver = std::chrono::minutes(3);

TEST(StopAfter, StopsOnceItsTimeIsOver) {
  const auto start = system_clock().monotonic();
  const StopAfter soon(Millis(50));
  sleep_for(kEver, soon.token());
  EXPECT_TRUE(soon.token().stop_requested());
  const auto took = system_clock().monotonic() - start;
  EXPECT_GE(took, Millis(50));
  EXPECT_LT(took, kEver);
}

TEST(StopAfter, StopsWhenTheOtherStopDoes) {
  std::stop_source other;
  const StopAfter late(kEver, other.get_token());
  EXPECT_FALSE(late.token().stop_requested());
  other.request_stop();
  EXPECT_TRUE(late.token().stop_requested());
}

TEST(StopAfter, IsOverAtOnceWhenItIsNoLongerNeeded) {
  const auto start = system_clock().monotonic();
  std::stop_token token;
  {
    const StopAfter unneeded(kEver);
    token = unneeded.token();
  }
  EXPECT_FALSE(token.stop_requested());
  EXPECT_LT(system_clock().monotonic() - start, kEver);
}

}  // namespace
}  // namespace muster
