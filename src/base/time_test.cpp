#include "base/time.hpp"

#include <gtest/gtest.h>

namespace muster {
namespace {

using namespace std::chrono_literals;

TEST(TimeTest, ReadsDurationsAsCircleCiWritesThem) {
  const std::pair<const char*, Millis> cases[] = {{"72h", 72h},     {"1h30m20s", 1h + 30min + 20s},
                                                  {"10m", 10min},   {"0.5s", 500ms},
                                                  {"250ms", 250ms}, {"0s", 0ms},
                                                  {"1.5m", 90s}};
  for (const auto& [text, expected] : cases) {
    const auto duration = parse_duration(text);
    ASSERT_TRUE(duration) << text;
    EXPECT_EQ(*duration, expected) << text;
  }
}

TEST(TimeTest, RefusesWhatIsNoDuration) {
  for (const auto* text : {"", "5", "m", "-5m", "5m-1s", "1e3s", "5 m", "nans", "99999999h"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(TimeTest, WritesDurationsThatReadTheSame) {
  for (const Millis duration : {Millis(0), Millis(1), Millis(1'001), Millis(5'420'000)}) {
    EXPECT_EQ(*parse_duration(format_duration(duration)), duration);
  }
  EXPECT_EQ(format_duration(5h + 5min), "5h5m");
}

TEST(TimeTest, WritesAndReadsRfc3339) {
  const auto time = parse_rfc3339("2020-05-15T10:20:30.042Z");
  ASSERT_TRUE(time);
  EXPECT_EQ(format_rfc3339(*time), "2020-05-15T10:20:30.042Z");
  EXPECT_EQ(format_rfc3339(*parse_rfc3339("2020-05-15T12:20:30+02:00")), "2020-05-15T10:20:30Z");
  for (const auto* bad : {"", "2020-05-15", "2020-13-01T00:00:00Z", "2020-05-15T00:00:00",
                          "2020-02-30T00:00:00Z", "2020-05-15T24:00:00Z", "-020-05-15T00:00:00Z"}) {
    EXPECT_FALSE(parse_rfc3339(bad)) << bad;
  }
}

TEST(TimeTest, HumanizesForTables) {
  EXPECT_EQ(humanize(38ms), "38 ms");
  EXPECT_EQ(humanize(4200ms), "4.2 s");
  EXPECT_EQ(humanize(200s), "3 min 20 s");
  EXPECT_EQ(humanize(2h + 5min), "2 h 5 min");
  EXPECT_EQ(humanize(-5s), "0 ms");
}

}  // namespace
}  // namespace muster
