#include "scaling/spend.hpp"

#include <gtest/gtest.h>

#include <random>

namespace muster::scaling {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr WallTime kNow{hours(500'000)};
constexpr SpendCap kCap{.instance_hours = 100, .per = hours(24)};
constexpr std::int64_t kHour = Millis(hours(1)).count();

// A pass at each of some times, while so many live.
class Meter {
 public:
  std::int64_t pass(WallTime now, std::int64_t living) {
    auto [memory, used] = spend_until_now(memory_, kCap, living, now);
    if (memory != memory_) ++writings_;
    memory_ = std::move(memory);
    return used;
  }
  // In steps of five seconds.
  std::int64_t passes(WallTime from, Millis span, std::int64_t living) {
    std::int64_t used = 0;
    for (auto now = from; now <= from + span; now += seconds(5)) used = pass(now, living);
    return used;
  }
  const Spend& memory() const { return memory_; }
  int writings() const { return writings_; }

 private:
  Spend memory_;
  int writings_ = 0;
};

TEST(Spend, IsWhatLivedForHowLong) {
  Meter meter;
  EXPECT_EQ(meter.passes(kNow, hours(2), 3), 6 * kHour);
  EXPECT_EQ(meter.passes(kNow + hours(2), hours(1), 1), 7 * kHour);
}

TEST(Spend, IsForgottenAfterTheStretch) {
  Meter meter;
  meter.passes(kNow, hours(2), 3);
  EXPECT_EQ(meter.passes(kNow + hours(2), hours(21), 0), 6 * kHour);
  EXPECT_EQ(meter.passes(kNow + hours(23), hours(4), 0), 0);
}

TEST(Spend, IsWrittenOnceAMinuteAndWhenSomethingComesOrGoes) {
  Meter meter;
  meter.passes(kNow, minutes(10), 3);
  EXPECT_EQ(meter.writings(), 11);
  meter.pass(kNow + minutes(10) + seconds(5), 4);
  EXPECT_EQ(meter.writings(), 12);
}

TEST(Spend, ACrashBetweenTwoWritingsLosesNothing) {
  Meter meter;
  meter.passes(kNow, hours(1), 2);
  const auto used = spend_until_now(meter.memory(), kCap, 2, kNow + hours(1) + minutes(5)).used;
  EXPECT_EQ(used, 2 * kHour + 10 * Millis(minutes(1)).count());
}

TEST(Spend, NoJumpOfTheClockUsesAnythingUpOrForgetsIt) {
  for (const Millis jump :
       {Millis(hours(24 * 365)), Millis(hours(30)), Millis(-hours(5)), Millis(-hours(24 * 365))}) {
    Meter meter;
    meter.passes(kNow, hours(2), 3);
    const auto after = kNow + hours(2) + jump;
    const auto used = meter.pass(after, 3);
    EXPECT_GE(used, 6 * kHour) << jump.count();
    EXPECT_LE(used, 6 * kHour + 3 * kLongestStep.count()) << jump.count();
    EXPECT_EQ(meter.passes(after, hours(30), 0), 0) << "it is over in the end";
  }
}

// It never counts less than what lived in the stretch, nor more than a little.
TEST(Spend, IsExactForRandomFleets) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto roll = [&](std::uint64_t most) { return static_cast<std::int64_t>(random() % most); };
  Meter meter;
  std::vector<std::pair<WallTime, std::int64_t>> history;
  auto now = kNow;
  for (int i = 0; i < 1'000; ++i) {
    const auto living = roll(20);
    const auto used = meter.pass(now, living);
    std::int64_t least = 0;
    std::int64_t most = 0;
    for (std::size_t k = 0; k < history.size(); ++k) {
      const auto until = k + 1 < history.size() ? history[k + 1].first : now;
      const auto lived = (until - history[k].first).count() * history[k].second;
      if (history[k].first + kCap.per >= now) least += lived;
      if (until + kCap.per + kCap.per / 60 + kLongestStep >= now) most += lived;
    }
    ASSERT_GE(used, least) << i;
    ASSERT_LE(used, most) << i;
    history.emplace_back(now, living);
    now += Millis(1 + roll(500'000));
  }
}

}  // namespace
}  // namespace muster::scaling
