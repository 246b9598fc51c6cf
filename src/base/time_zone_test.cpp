#include "base/time_zone.hpp"

#include <gtest/gtest.h>

namespace muster {
namespace {

WallTime utc(const char* text) {
  return parse_rfc3339(text).value();
}

struct Moment {
  const char* zone;
  const char* utc;
  CivilMinute shown;
};

TEST(TimeZone, ShowsWhatTheClockOnTheWallShows) {
  const Moment moments[] = {
      {"UTC", "2026-03-01T12:34:56Z", {2026, 3, 1, 12, 34}},
      {"Europe/Berlin", "2026-01-15T23:30:00Z", {2026, 1, 16, 0, 30}},
      {"Europe/Berlin", "2026-07-15T23:30:00Z", {2026, 7, 16, 1, 30}},
      {"America/New_York", "2026-07-15T00:00:00Z", {2026, 7, 14, 20, 0}},
      {"Asia/Kolkata", "2026-07-15T00:00:00Z", {2026, 7, 15, 5, 30}},
      {"Europe/Berlin", "2090-07-15T12:00:00Z", {2090, 7, 15, 14, 0}},  // by the rule of today
  };
  for (const auto& moment : moments) {
    const auto zone = TimeZone::find(moment.zone);
    ASSERT_TRUE(zone) << zone.error().message;
    EXPECT_EQ(zone->at(utc(moment.utc)), moment.shown) << moment.zone << ' ' << moment.utc;
    EXPECT_EQ(zone->name(), moment.zone);
  }
}

TEST(TimeZone, TellsWhenTheWallShowsATime) {
  const auto berlin = *TimeZone::find("Europe/Berlin");
  EXPECT_EQ(berlin.time_of({2026, 3, 28, 2, 30}), utc("2026-03-28T01:30:00Z"));
  // Put forward from 2 to 3 o'clock: what is left out is the moment of that.
  EXPECT_EQ(berlin.time_of({2026, 3, 29, 2, 30}), utc("2026-03-29T01:00:00Z"));
  EXPECT_EQ(berlin.time_of({2026, 3, 29, 3, 0}), utc("2026-03-29T01:00:00Z"));
  // Put back from 3 to 2: the first of the two.
  EXPECT_EQ(berlin.time_of({2026, 10, 25, 2, 30}), utc("2026-10-25T00:30:00Z"));
  EXPECT_EQ(berlin.time_of({2026, 10, 25, 3, 0}), utc("2026-10-25T02:00:00Z"));
}

TEST(TimeZone, IsTotal) {
  const auto berlin = *TimeZone::find("Europe/Berlin");
  for (const auto time : {WallTime::min(), WallTime::max(), WallTime{}}) {
    EXPECT_GE(berlin.at(time).year, 1970);
  }
}

TEST(TimeZone, RefusesWhatIsNoZone) {
  for (const auto* name :
       {"", "Europe/Berlni", "/etc/passwd", "../../../etc/passwd", "localtime "}) {
    const auto zone = TimeZone::find(name);
    ASSERT_FALSE(zone) << name;
    EXPECT_EQ(zone.error().kind, ErrorKind::not_found);
  }
}

TEST(TimeZone, KnowsDaysAndWeekdays) {
  EXPECT_EQ(weekday_of({2026, 11, 29}), 0) << "a Sunday";
  EXPECT_EQ(weekday_of({2026, 11, 30}), 1);
  EXPECT_EQ(weekday_of({2026, 12, 5}), 6);
  EXPECT_EQ(plus_days({2024, 2, 28, 7, 5}, 2), (CivilMinute{2024, 3, 1, 7, 5}));
  EXPECT_EQ(plus_days({2026, 1, 1}, -1), (CivilMinute{2025, 12, 31}));
}

}  // namespace
}  // namespace muster
