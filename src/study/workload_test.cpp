#include "study/workload.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::study {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::HasSubstr;

Trace generated(std::string_view spec, std::uint64_t seed = 1) {
  const auto workload = parse_workload(spec);
  EXPECT_TRUE(workload) << workload.error().message;
  auto trace = generate({*workload}, seed);
  EXPECT_TRUE(trace) << trace.error().message;
  return *trace;
}

// As --write-trace writes it.
std::string csv_of(std::string_view spec, std::uint64_t seed) {
  auto trace = generated(spec, seed);
  trace.beginning.reset();
  return to_csv(trace);
}

std::int64_t queued_between(const Trace& trace, Millis from, Millis until) {
  return std::ranges::count_if(
      trace.tasks, [&](const auto& task) { return task.at >= from && task.at < until; });
}

// What a seed gives is a promise: bench/workloads is made with it.
TEST(Workload, IsTheSameOnEveryMachine) {
  constexpr auto kSpec = "week,rate=5,stages=1-2,days=1,run=pareto:1m:1.5";
  const auto csv = csv_of(kSpec, 7);
  EXPECT_THAT(csv, testing::StartsWith("resource_class,queued_at,duration\n"
                                       "generated/linux,28805.019,174.481\n"));
  EXPECT_EQ(csv, csv_of(kSpec, 7));
  EXPECT_NE(csv, csv_of(kSpec, 8));
}

TEST(Workload, PoissonComesAtItsRate) {
  const auto trace = generated("poisson,rate=60,days=10,run=1m");
  EXPECT_NEAR(static_cast<double>(trace.tasks.size()), 60 * 240, 500);
  EXPECT_EQ(trace.work(), minutes(1) * std::ssize(trace.tasks));
  EXPECT_NEAR(static_cast<double>(queued_between(trace, hours(0), hours(24))), 60 * 24, 200);
  EXPECT_TRUE(std::ranges::is_sorted(trace.tasks, {}, &TraceTask::at));
}

TEST(Workload, EachStageOfAChainIsBlockedByTheOneBefore) {
  const auto trace = generated("poisson,rate=1,days=10,chain=1-2-1,vary=0,run=5m,fail=0.5");
  const auto arrivals = trace.with_pipelines().at("generated/linux");
  ASSERT_EQ(arrivals.size(), trace.tasks.size());
  EXPECT_LT(trace.tasks_that_come(), std::ssize(trace.tasks)) << "some fail";
  EXPECT_EQ(std::ssize(trace.by_class().at("generated/linux")), trace.tasks_that_come());
  std::size_t behind_two = 0;
  for (std::size_t i = 0; i < arrivals.size(); ++i) {
    EXPECT_EQ(arrivals[i].blocked_by.empty(), trace.tasks[i].place->stage == 0);
    EXPECT_EQ(arrivals[i].took_before, minutes(5));
    for (const auto by : arrivals[i].blocked_by) EXPECT_LT(by, i);
    behind_two += arrivals[i].blocked_by.size() == 2 ? 1 : 0;
  }
  EXPECT_EQ(behind_two * 4, arrivals.size());
}

TEST(Workload, AWeekIsBusyInItsOfficeHours) {
  const auto trace = generated("week,rate=60,days=7");
  const auto tuesday_morning = queued_between(trace, hours(24 + 10), hours(24 + 11));
  EXPECT_NEAR(static_cast<double>(tuesday_morning), 60, 25);
  EXPECT_LT(queued_between(trace, hours(24 + 1), hours(24 + 4)), 15);
  EXPECT_LT(queued_between(trace, hours(24 * 5), hours(24 * 7)), 48 * 10);
}

TEST(Workload, BurstsComeWhenTheyShouldAndAreAsLargeAsTheyMay) {
  const auto trace = generated("bursts,every=24h,first=2h,size=30-40,within=10m,days=3");
  for (int day = 0; day < 3; ++day) {
    const auto burst = queued_between(trace, hours(24 * day + 2), hours(24 * day + 3));
    EXPECT_GE(burst, 30);
    EXPECT_LE(burst, 40);
  }
  EXPECT_EQ(queued_between(trace, hours(3), hours(26)), 0);
}

TEST(Workload, AStageBeginsWhenTheOneBeforeItHasRun) {
  const auto trace =
      generated("bursts,every=24h,first=1h,size=1,within=0s,days=1,stages=1-3-1,run=5m");
  ASSERT_EQ(trace.tasks.size(), 5U);
  EXPECT_EQ(trace.tasks[0].at, hours(1));
  EXPECT_EQ(trace.tasks[3].at, hours(1) + minutes(5));
  EXPECT_EQ(trace.tasks[4].at, hours(1) + minutes(10));
}

TEST(Workload, NoTaskIsLongerThanTheLongest) {
  const auto trace = generated("poisson,run=pareto:1m:0.5,longest=1h,days=2");
  EXPECT_EQ(std::ranges::max(trace.tasks, {}, &TraceTask::duration).duration, hours(1));
}

TEST(Workload, SeveralAreOneTrace) {
  const auto day = parse_workload("week,class=a/b,days=1");
  const auto night = parse_workload("bursts,class=a/c,every=24h,days=1,size=3");
  const auto trace = generate({*day, *night, *day}, 1);
  ASSERT_TRUE(trace);
  EXPECT_THAT(trace->classes, testing::ElementsAre("a/b", "a/c"));
  EXPECT_EQ(trace->by_class().at("a/c").size(), 3U);
}

struct Bad {
  const char* spec;
  const char* why;
};

class BadWorkload : public testing::TestWithParam<Bad> {};

TEST_P(BadWorkload, IsRefusedWithWhatIsMeant) {
  const auto workload = parse_workload(GetParam().spec);
  ASSERT_FALSE(workload) << GetParam().spec;
  EXPECT_THAT(workload.error().message, HasSubstr(GetParam().why));
}

INSTANTIATE_TEST_SUITE_P(
    Workload, BadWorkload,
    testing::Values(Bad{"", "it begins with poisson, week or bursts"},
                    Bad{"weeks", "it begins with poisson, week or bursts"},
                    Bad{"week,rat=3", "there is no 'rat' (did you mean 'rate'?)"},
                    Bad{"week,", "there is no ''"}, Bad{"week,rate", "rate is pipelines an hour"},
                    Bad{"week,rate=0", "rate is pipelines"}, Bad{"week,rate=-1", "rate is pipel"},
                    Bad{"week,rate=1e9", "rate is pipelines"}, Bad{"week,days=0", "days is a num"},
                    Bad{"week,days=1001", "days is a number from 1 to 1000"},
                    Bad{"week,stages=1--1", "stages is how many"},
                    Bad{"week,stages=0", "stages is how many"},
                    Bad{"bursts,size=9-3", "size is a number or a range"},
                    Bad{"bursts,size=1-2-3", "size is a number or a range"},
                    Bad{"bursts,every=x", "every is a duration or distribution"},
                    Bad{"week,run=pareto:1m", "run is a distribution"},
                    Bad{"week,longest=9000h", "longest is a duration"},
                    Bad{"week,class=", "class is a name"}));

// A key without an effect would be taken for one that has it.
INSTANTIATE_TEST_SUITE_P(
    InVain, BadWorkload,
    testing::Values(Bad{"week,vary=0.5", "vary is of a chain alone"},
                    Bad{"week,stages=1-2,fail=0.3", "fail is of a chain alone"},
                    Bad{"bursts,rate=5", "rate is not of bursts: every and size"},
                    Bad{"poisson,every=1h", "every is of bursts alone"},
                    Bad{"poisson,first=1h", "first is of bursts alone"},
                    Bad{"week,size=3", "size is of bursts alone"},
                    Bad{"week,within=1m", "within is of bursts alone"},
                    Bad{"week,chain=1-2,stages=1-2", "stages and chain are in each other's place"},
                    Bad{"bursts,every=0s", "of a second at least"},
                    Bad{"bursts,every=exponential:0.9s", "every is a duration"}));

TEST(Workload, NeitherTooManyNorNone) {
  const auto many = generate({*parse_workload("bursts,size=10000,every=1m,run=1s,stages=1000")}, 1);
  ASSERT_FALSE(many);
  EXPECT_THAT(many.error().message, HasSubstr("more than 2000000 tasks"));
  EXPECT_FALSE(generate({*parse_workload("poisson,rate=0.001,days=1")}, 1));
}

}  // namespace
}  // namespace muster::study
