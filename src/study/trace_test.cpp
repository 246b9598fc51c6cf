#include "study/trace.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/core.h>

namespace muster::study {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr const char* kHeader = "resource_class,queued_at,duration\n";
constexpr const char* kExport =
    "JOB_NAME,RESOURCE_CLASS,JOB_RUN_QUEUED_AT,JOB_RUN_STARTED_AT,JOB_RUN_STOPPED_AT,CREDITS\n";

TEST(Trace, IsReadInSecondsFromItsFirstTask) {
  const auto trace =
      parse_trace(std::string(kHeader) + "a/b,1000,60\na/c,1000.5,0.25\na/b,1002,0\n");
  ASSERT_TRUE(trace) << trace.error().message;
  EXPECT_THAT(trace->classes, testing::ElementsAre("a/b", "a/c"));
  ASSERT_EQ(trace->tasks.size(), 3U);
  EXPECT_EQ(trace->tasks[1].at, Millis(500));
  EXPECT_EQ(trace->tasks[1].duration, Millis(250));
  EXPECT_EQ(trace->span(), seconds(60));
  EXPECT_EQ(trace->work(), Millis(60'250));
  EXPECT_EQ(trace->by_class().at("a/b").size(), 2U);
  EXPECT_EQ(parse_trace(to_csv(*trace)).value().tasks[1].at, Millis(500));
}

TEST(Trace, IsReadFromDatesOtherColumnsQuotesAndLineEndsOfWindows) {
  const auto trace = parse_trace(
      "\xef\xbb\xbfqueued_at,note,duration,resource_class\r\n"
      "2026-01-05T09:00:00Z,\"one, \"\"two\"\"\nthree\",60,a/b\r\n"
      "\r\n"
      "2026-01-05T10:00:01.5+01:00,,60,a/b");
  ASSERT_TRUE(trace) << trace.error().message;
  EXPECT_EQ(trace->tasks.at(1).at, Millis(1'500));
}

TEST(Trace, IsReadFromCircleCisUsageExportAsItIs) {
  const auto trace = parse_trace(
      std::string(kExport) +
      "late,medium,2026-01-05 10:00:00,2026-01-05 10:00:30.500,2026-01-05 10:01:00.750,1\n"
      "never,medium,2026-01-05 09:30:00,\\N,\\N,0\n"
      "runs,medium,2026-01-05 09:40:00,2026-01-05 09:41:00,,0\n"
      "cloud,,2026-01-05 09:30:00,2026-01-05 09:30:01,2026-01-05 09:30:02,0\n"
      "cloud,\\N,2026-01-05 09:30:00,2026-01-05 09:30:01,2026-01-05 09:30:02,0\n"
      "early,large,2026-01-05T09:00:00Z,2026-01-05 09:00:01 UTC,2026-01-05 09:00:02+00:00,1\n");
  ASSERT_TRUE(trace) << trace.error().message;
  EXPECT_EQ(trace->left_out, 4);
  ASSERT_EQ(trace->tasks.size(), 2U);
  EXPECT_EQ(trace->classes[trace->tasks[0].resource_class], "large");
  EXPECT_EQ(trace->tasks[0].duration, seconds(1));
  EXPECT_EQ(trace->tasks[1].at, hours(1));
  EXPECT_EQ(trace->tasks[1].duration, Millis(30'250));
}

TEST(Trace, MayBeOfSomeOfItsClassesOnly) {
  const auto trace =
      parse_trace(std::string(kHeader) + "a/b,10,60\na/c,11,61\na/b,12,62\na/d,13,63\n").value();
  const auto some = trace.only({"a/d", "a/c"});
  EXPECT_EQ(to_csv(some), std::string(kHeader) + "a/c,1,61\na/d,3,63\n");
  EXPECT_EQ(some.by_class().at("a/d").front().at, seconds(2));
  EXPECT_EQ(some.span(), seconds(65));
}

// Two machines' clocks tell when.
TEST(Trace, OfAJobThatStartedJustBeforeItWasQueuedIsQueuedThen) {
  const auto trace = parse_trace(fmt::format(
      "{}n,m,2026-01-05 09:01:00,2026-01-05 09:00:00,2026-01-05 09:03:00,0\n", kExport));
  ASSERT_TRUE(trace) << trace.error().message;
  EXPECT_EQ(format_rfc3339(*trace->beginning), "2026-01-05T09:00:00Z");
  EXPECT_EQ(trace->tasks[0].duration, seconds(180));
}

TEST(Trace, OfAnExportKnowsEachFormOfAZone) {
  for (const auto* zone : {"Z", " UTC", "+00", "+0000", "-00:00", " +0000", " +0000 UTC",
                           " +00:00 UTC", " -00", "+0000 UTC", ".000 +0000 UTC"}) {
    const auto trace =
        parse_trace(fmt::format("{0}n,m,2026-01-05 09:00:00{1},2026-01-05 09:00:00{1},2026-01-05 "
                                "09:03:00{1},0\n",
                                kExport, zone));
    ASSERT_TRUE(trace) << zone << ": " << trace.error().message;
    EXPECT_EQ(format_rfc3339(*trace->beginning), "2026-01-05T09:00:00Z") << zone;
  }
  const auto east = parse_trace(fmt::format(
      "{}n,m,2026-01-05 09:00:00+02,2026-01-05 09:00:00+0200,2026-01-05 09:03:00+02:00,0\n",
      kExport));
  ASSERT_TRUE(east) << east.error().message;
  EXPECT_EQ(format_rfc3339(*east->beginning), "2026-01-05T07:00:00Z");
}

TEST(Trace, OfAnExportIsKnownByItsHeaderInAnyLetters) {
  const auto trace = parse_trace(
      "resource_class,job_run_queued_at,Job_Run_Started_At,job_run_stopped_at\n"
      "m,2026-01-02 03:04:05 +0000 UTC,2026-01-02 03:04:06 +0200,2026-01-02 03:04:07 +0200\n");
  ASSERT_FALSE(trace);
  EXPECT_THAT(trace.error().message, HasSubstr("line 2: JOB_RUN_STARTED_AT, 2026-01-02T01:04:06Z"));
  EXPECT_TRUE(parse_trace("Resource_Class,QUEUED_AT,Duration\na/b,0,60\n"));
}

// CircleCI gives a month in several files, which are in no order.
TEST(Trace, OfSeveralExportsIsOne) {
  const auto part = [](std::string_view rows) {
    return parse_trace(fmt::format("{}{}", kExport, rows)).value();
  };
  const auto trace = merged({
      part("n,m,2026-01-05 09:10:00,2026-01-05 09:10:00,2026-01-05 09:11:00,0\n"
           "n,m,2026-01-05 09:00:00,\\N,\\N,0\n"),
      part("n,l,2026-01-05 09:00:00,2026-01-05 09:00:00,2026-01-05 09:00:02,0\n"
           "n,m,2026-01-05 09:20:00,2026-01-05 09:20:00,2026-01-05 09:20:03,0\n"
           "n,m,2026-01-05 09:00:00,\\N,\\N,0\n"),
  });
  ASSERT_TRUE(trace) << trace.error().message;
  EXPECT_TRUE(trace->is_export);
  EXPECT_EQ(trace->left_out, 2);
  EXPECT_EQ(to_csv(*trace), std::string(kHeader) +
                                "l,2026-01-05T09:00:00Z,2\nm,2026-01-05T09:10:00Z,60\n"
                                "m,2026-01-05T09:20:00Z,3\n");
}

TEST(Trace, OfSeveralExportsMayNotBeTooLong) {
  const auto at = [](std::string_view day) {
    return parse_trace(
               fmt::format("{0}n,m,{1} 09:00:00,{1} 09:00:00,{1} 09:01:00,0\n", kExport, day))
        .value();
  };
  const auto trace = merged({at("2026-01-05"), at("2021-01-05")});
  ASSERT_FALSE(trace);
  EXPECT_THAT(trace.error().message, HasSubstr("tasks of more than 1098 days together"));
}

struct Bad {
  const char* name;
  std::string text;
  std::string why;
};

class BadTrace : public testing::TestWithParam<Bad> {};

TEST_P(BadTrace, IsRefusedWithItsLineAndWhy) {
  const auto trace = parse_trace(GetParam().text);
  ASSERT_FALSE(trace);
  EXPECT_EQ(trace.error().kind, ErrorKind::invalid);
  EXPECT_THAT(trace.error().message, HasSubstr(GetParam().why));
}

std::string rows(std::string_view more) {
  return fmt::format("{}a/b,0,60\n{}", kHeader, more);
}
std::string jobs(std::string_view more) {
  return fmt::format("{}{}", kExport, more);
}

INSTANTIATE_TEST_SUITE_P(
    Trace, BadTrace,
    testing::Values(
        Bad{"Empty", "", "the file is empty"}, Bad{"OnlyLines", "\n\n", "the file is empty"},
        Bad{"OnlyAHeader", kHeader, "there is no task in it"},
        Bad{"NoHeader", "a/b,0,60\n", "line 1: the header has no resource_class"},
        Bad{"Semicolons", "resource_class;queued_at;duration\n",
            "line 1: its fields are not separated by commas"},
        Bad{"NoDuration", "resource_class,queued_at\n", "line 1: the header has no duration"},
        Bad{"TwiceTheSame", "resource_class,queued_at,duration,duration\n",
            "line 1: the header has duration twice"},
        Bad{"ClassMissing", rows(",1,60\n"), "line 3: the resource class is missing"},
        Bad{"TimeMissing", rows("a/b,,60\n"), "line 3: queued_at is missing"},
        Bad{"DurationMissing", rows("a/b,1,\n"), "line 3: the duration is missing"},
        Bad{"Unordered", rows("a/b,9,60\n\na/b,8,60\n"),
            "line 5: queued_at is before that of line 3; sort the file"},
        Bad{"NegativeTime", rows("a/b,-1,60\n"), "line 3: queued_at: '-1' is negative"},
        Bad{"NegativeDuration", rows("a/b,1,-60\n"), "line 3: duration: '-60' is negative"},
        Bad{"NoNumber", rows("a/b,1,sixty\n"), "line 3: duration: 'sixty' is no number"},
        Bad{"NotANumber", rows("a/b,1,nan\n"), "'nan' is no number"},
        Bad{"Exponent", rows("a/b,1,1e3\n"), "'1e3' is no number"},
        Bad{"NoFraction", rows("a/b,1,1.\n"), "'1.' is no number"},
        Bad{"AbsurdTime", rows("a/b,99999999999999999999,60\n"), "line 3: queued_at: '9999"},
        Bad{"AbsurdDuration", rows("a/b,1,2600000\n"), "line 3: a task of more than 30 days"},
        Bad{"AbsurdlyLate", rows("a/b,7,60\na/b,99999999999,60\n"),
            "line 4: queued_at, 99999999999, is too far from that of line 3, 7: a trace has at "
            "most 1098 days"},
        Bad{"AbsurdlyEarly", rows("a/b,99999999999,60\na/b,99999999999,60\n"),
            "line 2: queued_at, 0, is too far from that of line 3, 99999999999"},
        Bad{"AbsurdlyLateBeforeOthers", rows("a/b,99999999999,60\na/b,9,60\n"),
            "line 4: queued_at is before that of line 3; sort the file by queued_at, or correct "
            "the "
            "one that is wrong of 9 and 99999999999"},
        Bad{"OfAnotherDecade",
            std::string(kHeader) + "a/b,1970-01-01T00:00:00Z,60\n" +
                "a/b,2024-01-05T09:00:00Z,60\na/b,2024-01-05T09:00:00Z,60\n",
            "line 2: queued_at, 1970-01-01T00:00:00Z, is too far from that of line 3, 2024-01-05"},
        Bad{"MixedForms", rows("a/b,2026-01-05T09:00:00Z,60\n"),
            "is a date where the lines before"},
        Bad{"BadDate", std::string(kHeader) + "a/b,2026-13-05T09:00:00Z,60\n",
            "line 2: queued_at: '2026-13-05T09:00:00Z' is not a time"},
        Bad{"CutOff", rows("a/b,1"), "line 3: 2 fields where the header has 3; was the file cut"},
        Bad{"CutOffInAQuote", rows("\"a/b,1,60\na/b,2,60\n"), "line 3: a quote is never closed"},
        Bad{"StrayQuote", rows("a\"b,1,60\n"), "line 3: a quote stands where none may"},
        Bad{"TooManyFields", rows("a/b,1,60,7\n"), "line 3: 4 fields where the header has 3"},
        Bad{"NotUtf8", rows("a/\xff,1,60\n"), "line 3: not UTF-8"},
        Bad{"Zeros", rows(std::string_view("a/\0b,1,60\n", 10)), "line 3: 'a/\\x00b' cannot be"},
        Bad{"LongName", rows(std::string(300, 'a') + ",1,60\n"), "cannot be a resource class"},
        Bad{"LongLine", rows(std::string(70'000, 'a') + ",1,60\n"), "line 3: longer than 65536"},
        Bad{"ExportWithoutAColumn", "JOB_RUN_QUEUED_AT,JOB_RUN_STARTED_AT,RESOURCE_CLASS\n",
            "line 1: the header has no JOB_RUN_STOPPED_AT"},
        Bad{"ExportWithNothingRun", jobs("n,m,2026-01-05 09:00:00,,,0\n"),
            "no job in it has a start, an end and a class"},
        Bad{"ExportWithoutAClass",
            jobs("n,,2026-01-05 09:00:00,2026-01-05 09:00:00,2026-01-05 09:00:00,0\n"),
            "no job in it has a start, an end and a class"},
        Bad{"Gzipped", "\x1f\x8b\x08 and so on", "compressed by gzip; unpack it with gunzip first"},
        Bad{"Zipped", "PK\x03\x04 and so on", "a zip archive; unpack it with unzip first"},
        Bad{"ExportThatStopsBeforeItStarts",
            jobs("n,m,2026-01-05 09:00:00,2026-01-05 09:02:00,2026-01-05 09:01:00,0\n"),
            "line 2: JOB_RUN_STOPPED_AT is before JOB_RUN_STARTED_AT"},
        Bad{"ExportThatStartsBeforeItIsQueued",
            jobs("n,m,2026-01-05 09:03:01,2026-01-05 09:02:00,2026-01-05 09:04:00,0\n"),
            "line 2: JOB_RUN_STARTED_AT, 2026-01-05T09:02:00Z, is before JOB_RUN_QUEUED_AT, "
            "2026-01-05T09:03:01Z"},
        Bad{"ExportOfAnotherDecade",
            jobs("n,m,2024-01-05 09:00:00,2024-01-05 09:00:00,2024-01-05 09:00:00,0\n"
                 "n,m,1970-01-05 09:00:00,2024-01-05 09:00:00,2024-01-05 09:00:00,0\n"
                 "n,m,2024-01-05 09:00:00,2024-01-05 09:00:00,2024-01-05 09:00:00,0\n"),
            "line 3: queued_at, 1970-01-05T09:00:00Z, is too far from that of line 2"},
        Bad{"ExportWithAColumnTwice",
            "RESOURCE_CLASS,JOB_RUN_QUEUED_AT,JOB_RUN_STARTED_AT,JOB_RUN_STOPPED_AT,resource_"
            "class\n",
            "line 1: the header has RESOURCE_CLASS twice"},
        Bad{"ExportOfTwoZones",
            jobs("n,m,2026-01-05 09:00:00 +0200 UTC,2026-01-05 09:02:00,2026-01-05 09:03:00,0\n"),
            "line 2: '2026-01-05 09:00:00 +0200 UTC' is no time"},
        Bad{"ExportOfAZoneByName",
            jobs("n,m,2026-01-05 09:00:00 CET,2026-01-05 09:02:00,2026-01-05 09:03:00,0\n"),
            "line 2: '2026-01-05 09:00:00 CET' is no time"},
        Bad{"ExportOfAZoneWithoutATime",
            jobs("n,m,2026-01-05 +0000 UTC,2026-01-05 09:02:00,2026-01-05 09:03:00,0\n"),
            "line 2: '2026-01-05 +0000 UTC' is no time"},
        Bad{"ExportWithANumber", jobs("n,m,12,2026-01-05 09:02:00,2026-01-05 09:03:00,0\n"),
            "line 2: '12' is no time"}),
    [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace muster::study
