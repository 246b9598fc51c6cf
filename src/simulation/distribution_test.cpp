#include "simulation/distribution.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "simulation/fixed_point.hpp"

namespace muster::simulation {
namespace {

using std::chrono::seconds;

std::vector<std::int64_t> drawn(const Distribution& distribution, int count) {
  Random random(7);
  std::vector<std::int64_t> values;
  for (int i = 0; i < count; ++i) values.push_back(distribution.draw(random).count());
  std::ranges::sort(values);
  return values;
}

TEST(FixedPoint, LogarithmIsThatOfTheStandardLibraryToNineDigits) {
  for (std::uint64_t number : {1ULL, 2ULL, 3ULL, 1'000'000'007ULL, ~0ULL}) {
    const auto expected = std::log2(static_cast<double>(number)) * std::exp2(kFractionBits);
    EXPECT_NEAR(static_cast<double>(log2(number)), expected, 8) << number;
  }
}

TEST(FixedPoint, PowerOfTwoIsThatOfTheStandardLibraryAndSaturates) {
  for (const double exponent : {-40.5, -1.0, -0.3, 0.0, 0.3, 1.0, 12.75}) {
    const auto in_fractions = static_cast<std::int64_t>(exponent * std::exp2(kFractionBits));
    const auto expected = 1e9 * std::exp2(exponent);
    EXPECT_NEAR(static_cast<double>(times_exp2(1'000'000'000, in_fractions)), expected,
                1 + expected / 1e8)
        << exponent;
  }
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(times_exp2(kMost, std::int64_t(1) << kFractionBits), kMost);
  EXPECT_EQ(times_exp2(1, std::int64_t(100) << kFractionBits), kMost);
  EXPECT_EQ(times_exp2(kMost, std::int64_t(-100) << kFractionBits), 0);
}

// What a seed gives is a promise: a failure that was found once can be run again anywhere.
TEST(Random, GivesTheSameNumbersOnEveryMachine) {
  Random random(42);
  EXPECT_EQ(random.next(), 13679457532755275413ULL);
  EXPECT_EQ(random.between(1, 6), 1);
  EXPECT_EQ(drawn(Distribution::lognormal(seconds(90), 300), 1).front(), 96'649);
  EXPECT_EQ(drawn(Distribution::exponential(seconds(90)), 1).front(), 84'783);
}

TEST(Random, IsEvenAndKeepsItsBounds) {
  Random random(1);
  std::map<std::int64_t, int> seen;
  for (int i = 0; i < 60'000; ++i) ++seen[random.between(1, 6)];
  EXPECT_EQ(seen.size(), 6U);
  for (const auto& [side, times] : seen) EXPECT_NEAR(times, 10'000, 500) << side;
  using Limits = std::numeric_limits<std::int64_t>;
  for (int i = 0; i < 100; ++i) random.between(Limits::min(), Limits::max());
  EXPECT_EQ(random.between(Limits::max(), Limits::max()), Limits::max());
}

TEST(Distribution, DrawsAsItSays) {
  constexpr int kMany = 20'000;
  EXPECT_EQ(drawn(Distribution::constant(seconds(90)), 3).back(), 90'000);

  const auto exponential = drawn(Distribution::exponential(seconds(90)), kMany);
  EXPECT_NEAR(static_cast<double>(exponential[kMany / 2]), 90'000 * std::log(2), 2'000);

  const auto lognormal = drawn(Distribution::lognormal(seconds(90), 300), kMany);
  EXPECT_NEAR(static_cast<double>(lognormal[kMany / 2]), 90'000, 1'500);
  EXPECT_NEAR(static_cast<double>(lognormal[kMany * 841 / 1000]), 90'000 * std::exp(0.3), 3'000);

  const auto pareto = drawn(Distribution::pareto(seconds(60), 1'500), kMany);
  EXPECT_GE(pareto.front(), 60'000);
  EXPECT_NEAR(static_cast<double>(pareto[kMany / 2]), 60'000 * std::exp2(1 / 1.5), 2'000);
  EXPECT_NEAR(static_cast<double>(pareto[kMany * 9 / 10]), 60'000 * std::pow(10, 1 / 1.5), 15'000);
}

TEST(Distribution, KnowsItsLeast) {
  EXPECT_EQ(Distribution::constant(seconds(90)).least(), seconds(90));
  EXPECT_EQ(Distribution::exponential(seconds(90)).least(), seconds(0));
  EXPECT_EQ(Distribution::pareto(seconds(60), 1'500).least(), seconds(60));
  EXPECT_NEAR(static_cast<double>(Distribution::lognormal(seconds(90), 300).least().count()),
              90'000 * std::exp(-6 * 0.3), 1);
  for (const auto* text : {"0s", "8760h", "exponential:90s", "lognormal:90s:5", "lognormal:90s:0",
                           "pareto:60s:0.5", "pareto:8760h:5"}) {
    const auto distribution = Distribution::parse(text).value();
    EXPECT_GE(drawn(distribution, 20'000).front(), distribution.least().count()) << text;
  }
}

TEST(Distribution, IsReadAsItIsWritten) {
  for (const auto* text :
       {"1m30s", "exponential:1m30s", "lognormal:1m30s:0.300", "pareto:1m:1.500"}) {
    const auto parsed = Distribution::parse(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed->to_text(), text);
  }
  EXPECT_EQ(Distribution::parse("lognormal:90s:1")->to_text(), "lognormal:1m30s:1.000");
}

TEST(Distribution, RefusesWhatIsNone) {
  for (const auto* text :
       {"", "90", "-90s", "lognormal:90s", "lognormal:90s:", "lognormal:90s:.", "lognormal:90s:-1",
        "lognormal:90s:5.001", "lognormal:90s:0.3:4", "exponential:90s:1", "even:90s",
        "pareto:90s:0.4", "pareto:90s:6", "even:90s:1", "9000h", "lognormal:90s:1.2345"}) {
    const auto parsed = Distribution::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_THAT(parsed.error().message, testing::HasSubstr("is no duration or distribution"));
  }
}

}  // namespace
}  // namespace muster::simulation
