#include "scaling/schedule.hpp"

#include <gtest/gtest.h>

namespace muster::scaling {
namespace {

WallTime utc(const char* text) {
  return parse_rfc3339(text).value();
}

Schedule schedule(std::string name, const char* start, const char* end, std::int64_t min) {
  return {.name = std::move(name),
          .start = Cron::parse(start).value(),
          .end = Cron::parse(end).value(),
          .min = min};
}

const Policy kAlways{.min = 0, .max = 10};

TEST(Schedule, IsInForceFromItsStartToItsEnd) {
  const auto office = schedule("office", "0 8 * * 1-5", "0 18 * * *", 2);
  const std::pair<const char*, bool> cases[] = {
      {"2026-11-30T07:59:59Z", false}, {"2026-11-30T08:00:00Z", true},
      {"2026-11-30T17:59:59Z", true},  {"2026-11-30T18:00:00Z", false},
      {"2026-11-29T12:00:00Z", false},  // a Sunday
  };
  for (const auto& [now, in_force] : cases) {
    EXPECT_EQ(is_in_force(office, utc(now)), in_force) << now;
  }
}

TEST(Schedule, MayGoOnOverNightAndOverDays) {
  const auto night = schedule("night", "0 22 * * *", "0 6 * * *", 1);
  EXPECT_TRUE(is_in_force(night, utc("2026-11-30T02:00:00Z")));
  EXPECT_FALSE(is_in_force(night, utc("2026-11-30T06:00:00Z")));
  const auto weekend = schedule("weekend", "0 18 * * fri", "0 6 * * mon", 1);
  EXPECT_TRUE(is_in_force(weekend, utc("2026-11-29T12:00:00Z")));
  EXPECT_FALSE(is_in_force(weekend, utc("2026-12-02T12:00:00Z")));
}

TEST(Schedule, IsNeverInForceIfItEndsAsItStarts) {
  const auto none = schedule("none", "0 8 * * *", "0 8 * * *", 1);
  EXPECT_FALSE(is_in_force(none, utc("2026-11-30T08:00:00Z")));
  EXPECT_FALSE(is_in_force(none, utc("2026-11-30T09:00:00Z")));
}

TEST(Schedule, TheFirstListedThatIsInForceCountsAlone) {
  const auto week = schedule("week", "0 0 * * 1", "0 0 * * 6", 1);
  auto rush = schedule("rush", "0 9 * * *", "0 10 * * *", 5);
  rush.max = 40;
  rush.headroom = 3;
  const auto now = utc("2026-11-30T09:30:00Z");
  const auto both = policy_at(kAlways, {rush, week}, now);
  EXPECT_EQ(both.schedule, "rush");
  EXPECT_EQ(both.policy.min, 5);
  EXPECT_EQ(both.policy.max, 40);
  EXPECT_EQ(both.policy.headroom, 3);
  EXPECT_EQ(both.until, utc("2026-11-30T10:00:00Z"));
  EXPECT_EQ(policy_at(kAlways, {week, rush}, now).schedule, "week");
  EXPECT_EQ(policy_at(kAlways, {week, rush}, now).policy.max, 10) << "what it leaves open";
  const auto none = policy_at(kAlways, {rush}, utc("2026-11-30T11:00:00Z"));
  EXPECT_EQ(none.schedule, "");
  EXPECT_EQ(none.policy.min, 0);
  EXPECT_EQ(none.until, utc("2026-12-01T09:00:00Z"));
  EXPECT_EQ(policy_at(kAlways, {}, now).until, std::nullopt);
  EXPECT_EQ(highest_max(kAlways, {week, rush}), 40);
}

TEST(Schedule, ALowerMaximumLowersTheMinimum) {
  auto quiet = schedule("quiet", "0 0 * * *", "0 6 * * *", 0);
  quiet.min.reset();
  quiet.max = 0;
  const auto found = policy_at({.min = 2, .max = 10}, {quiet}, utc("2026-11-30T03:00:00Z"));
  EXPECT_EQ(found.policy.min, 0);
  EXPECT_EQ(found.policy.max, 0);
}

}  // namespace
}  // namespace muster::scaling
