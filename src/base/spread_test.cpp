#include "base/spread.hpp"

#include <gtest/gtest.h>

#include <latch>
#include <stdexcept>

namespace muster {
namespace {

TEST(Spread, DoesEachPieceOnce) {
  std::vector<std::atomic<int>> done(100);
  spread(done.size(), 4, [&](std::size_t i) { ++done[i]; });
  for (const auto& times : done) EXPECT_EQ(times, 1);
  spread(0, 4, [](std::size_t) { FAIL(); });
}

// Each waits for all: one after another would never end.
TEST(Spread, DoesThemAtTheSameTime) {
  std::latch all(3);
  spread(3, 3, [&](std::size_t) { all.arrive_and_wait(); });
}

TEST(Spread, OneOfThemNeedsNoThread) {
  spread(1, 4, [ours = std::this_thread::get_id()](std::size_t) {
    EXPECT_EQ(std::this_thread::get_id(), ours);
  });
}

TEST(Spread, AnExceptionIsThrownOnWhenAllAreDone) {
  std::atomic<int> done = 0;
  const auto work = [&](std::size_t i) {
    if (i % 2 == 1) throw std::runtime_error("odd");
    ++done;
  };
  EXPECT_THROW(spread(10, 3, work), std::runtime_error);
  EXPECT_EQ(done, 5);
}

}  // namespace
}  // namespace muster
