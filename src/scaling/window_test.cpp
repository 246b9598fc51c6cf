#include "scaling/window.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace muster::scaling {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr WallTime kNow{std::chrono::hours(500'000)};
constexpr Millis kPer = minutes(10);

TEST(Window, ForgetsWhatIsAsOldAsTheStretch) {
  Window window;
  add_use(window, 3, kPer, kNow);
  EXPECT_EQ(sum_of(still_counted(window, kPer, kNow + kPer - Millis(1))), 3);
  EXPECT_EQ(sum_of(still_counted(window, kPer, kNow + kPer)), 0);
}

TEST(Window, TakesWhatLiesInTheFutureForNew) {
  const auto window = still_counted({{kNow + std::chrono::hours(9), 3}}, kPer, kNow);
  EXPECT_EQ(window, (Window{{kNow, 3}}));
}

TEST(Window, TellsWhenThereIsRoomAgain) {
  const Window window = {{kNow, 3}, {kNow + seconds(60), 2}};
  EXPECT_EQ(falls_below(window, 5, kPer), kNow + kPer);
  EXPECT_EQ(falls_below(window, 2, kPer), kNow + seconds(60) + kPer);
  EXPECT_EQ(falls_below(window, 0, kPer), std::nullopt);
}

TEST(Window, SaturatesAndBelievesNothingNegative) {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(sum_of({{kNow, kMost}, {kNow, kMost}}), kMost);
  EXPECT_EQ(sum_of({{kNow, -5}, {kNow, 2}}), 2);
  Window window = {{kNow, kMost}};
  add_use(window, kMost, kPer, kNow);
  EXPECT_EQ(sum_of(window), kMost);
}

// However often something is used, it is few entries, none counts too short, nor for much too long.
TEST(Window, StaysSmallAndExact) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  Window window;
  std::vector<Used> all;
  auto now = kNow;
  for (int i = 0; i < 5'000; ++i) {
    now += Millis(static_cast<std::int64_t>(random() % 4'000));
    window = still_counted(std::move(window), kPer, now);
    const auto amount = static_cast<std::int64_t>(random() % 3);
    add_use(window, amount, kPer, now);
    all.push_back({now, amount});
    std::int64_t least = 0;
    std::int64_t most = 0;
    for (const auto& used : all) {
      if (used.until + kPer > now) least += used.amount;
      if (used.until + kPer + kPer / 60 > now) most += used.amount;
    }
    ASSERT_GE(sum_of(window), least);
    ASSERT_LE(sum_of(window), most);
    ASSERT_LE(window.size(), 62U);
    ASSERT_EQ(still_counted(window, kPer, now), window);
  }
}

}  // namespace
}  // namespace muster::scaling
