#include "scaling/cron.hpp"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::scaling {
namespace {

using testing::HasSubstr;

const TimeZone kBerlin = TimeZone::find("Europe/Berlin").value();

WallTime utc(const std::string& text) {
  return parse_rfc3339(text).value();
}

struct Case {
  const char* cron;
  const char* now;     // in UTC
  const char* latest;  // in Berlin
  const char* next;
};

TEST(Cron, KnowsTheLatestAndTheNext) {
  // 2026-11-30 is a Monday; Berlin is an hour ahead in winter, two in summer.
  const Case cases[] = {
      {"0 8 * * 1-5", "2026-11-30T07:00:00Z", "2026-11-30T07:00:00Z", "2026-12-01T07:00:00Z"},
      {"0 8 * * 1-5", "2026-11-30T06:59:59Z", "2026-11-27T07:00:00Z", "2026-11-30T07:00:00Z"},
      {"0 8 * * MON-FRI", "2026-11-29T12:00:00Z", "2026-11-27T07:00:00Z", "2026-11-30T07:00:00Z"},
      {"*/15 8-9 * * *", "2026-07-01T06:20:00Z", "2026-07-01T06:15:00Z", "2026-07-01T06:30:00Z"},
      {"30 2 * * *", "2026-03-29T05:00:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"},
      {"30 2 * * *", "2026-10-25T01:45:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"},
      {"0 0 29 2 *", "2026-11-30T00:00:00Z", "2024-02-28T23:00:00Z", "2028-02-28T23:00:00Z"},
      {"0 0 29 feb *", "2103-01-01T00:00:00Z", "2096-02-28T23:00:00Z", "2104-02-28T23:00:00Z"},
      {"0 12 1 * 0", "2026-11-29T12:00:00Z", "2026-11-29T11:00:00Z", "2026-12-01T11:00:00Z"},
      {"0 12 * * 7", "2026-11-30T12:00:00Z", "2026-11-29T11:00:00Z", "2026-12-06T11:00:00Z"},
      {"5/20 0 1 1,7 *", "2026-11-30T00:00:00Z", "2026-06-30T22:45:00Z", "2026-12-31T23:05:00Z"},
  };
  for (const auto& example : cases) {
    SCOPED_TRACE(std::string(example.cron) + " at " + example.now);
    const auto cron = Cron::parse(example.cron);
    ASSERT_TRUE(cron) << cron.error().message;
    const auto now = utc(example.now);
    EXPECT_EQ(cron->latest(now, kBerlin), utc(example.latest));
    EXPECT_EQ(cron->next(now, kBerlin), utc(example.next));
  }
}

// Whatever the zone does, nothing is left out and nothing comes twice.
TEST(Cron, TheLatestOfTheNextIsTheNext) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 dice(seed);
  std::uniform_int_distribution<std::int64_t> some(0, 60LL * 365 * 24 * 3600);
  for (const auto* text : {"*/7 * * * *", "0 2,3 * * *", "30 1-3 * 3,10 0", "15 4 1,15 * *"}) {
    const auto cron = *Cron::parse(text);
    for (int i = 0; i < 200; ++i) {
      const WallTime now{std::chrono::seconds(some(dice))};
      const auto next = cron.next(now, kBerlin);
      ASSERT_TRUE(next) << text;
      EXPECT_GT(*next, now);
      EXPECT_EQ(cron.latest(*next, kBerlin), next) << text << " after " << format_rfc3339(now);
      const auto latest = cron.latest(*next - Millis(1), kBerlin);
      if (latest) {
        EXPECT_LE(*latest, now) << text << " before " << format_rfc3339(*next);
      }
    }
  }
}

TEST(Cron, SaysWhatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "five fields"},
      {"0 8 * *", "five fields"},
      {"0 8 * * 1-5 *", "five fields"},
      {"60 8 * * *", "the minute is 0 to 59"},
      {"0 24 * * *", "the hour is 0 to 23"},
      {"0 8 0 * *", "the day of the month is 1 to 31"},
      {"0 8 * 13 *", "the month is 1 to 12"},
      {"0 8 * * 8", "the day of the week is 0 to 7"},
      {"0 8 * * fri-mon", "the day of the week"},
      {"0 8-6 * * *", "the hour"},
      {"*/0 * * * *", "the minute"},
      {"1,,2 * * * *", "the minute"},
      {"1-2-3 * * * *", "the minute"},
      {"*/5/5 * * * *", "the minute"},
      {"-1 * * * *", "the minute"},
      {"0 0 30 2 *", "never comes"},
      {"0 0 31 4,6,9,11 *", "never comes"},
  };
  for (const auto& [text, words] : cases) {
    const auto cron = Cron::parse(text);
    ASSERT_FALSE(cron) << text;
    EXPECT_EQ(cron.error().kind, ErrorKind::invalid);
    EXPECT_THAT(cron.error().message, HasSubstr(words)) << text;
  }
}

}  // namespace
}  // namespace muster::scaling
