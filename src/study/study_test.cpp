#include "study/study.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iterator>

#include "base/log.hpp"
#include "study/bound.hpp"
#include "study/workload.hpp"

namespace muster::study {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<Policy> named(const std::vector<std::string>& names) {
  std::vector<Policy> policies;
  for (const auto& name : names) policies.push_back(policy_named(name).value());
  return policies;
}

Trace generated(std::string_view spec) {
  return generate({parse_workload(spec).value()}, 1).value();
}

// Tasks of a minute, an hour apart, from Monday midnight on.
Trace hourly(int tasks) {
  Trace trace;
  trace.classes = {"a/b"};
  trace.beginning = *parse_rfc3339("2026-01-05T00:00:00Z");
  for (int i = 0; i < tasks; ++i) trace.tasks.push_back({0, hours(i), minutes(1)});
  return trace;
}

// With a warm instance from 8 to 18 o'clock, by the clock of Berlin.
Policy office_hours() {
  fleet::ManagedClass managed{"a/b", {}, {}};
  managed.policy.max = 3;
  managed.policy.scale_in_delay = minutes(1);
  scaling::Schedule day{"day", scaling::Cron::parse("0 8 * * *").value(),
                        scaling::Cron::parse("0 18 * * *").value()};
  day.zone = TimeZone::find("Europe/Berlin").value();
  day.warm = scaling::Warm{0, 1, 1};
  managed.schedules = {day};
  Configured configured;
  configured.classes["a/b"] = {managed, false};
  return {"m.yaml", configured, {}};
}

class Study : public testing::Test {
 protected:
  static void SetUpTestSuite() { static_cast<void>(log::configure({.format = log::Format::none})); }
};

TEST_F(Study, PercentilesAreTheNearestRank) {
  std::vector<Millis> waits;
  for (int i = 1; i <= 10; ++i) waits.emplace_back(i);
  EXPECT_EQ(percentile(waits, 50), Millis(5));
  EXPECT_EQ(percentile(waits, 51), Millis(6));
  EXPECT_EQ(percentile(waits, 95), Millis(10));
  EXPECT_EQ(percentile(waits, 100), Millis(10));
  EXPECT_EQ(percentile({Millis(7)}, 50), Millis(7));
  EXPECT_EQ(percentile({}, 99), Millis(0));
}

TEST_F(Study, PoliciesAreKnownByTheirNames) {
  EXPECT_EQ(policy_named("fixed:12")->fixed, 12);
  EXPECT_THAT(policy_named("tutorail").error().message, HasSubstr("did you mean 'tutorial'?"));
  for (const auto* name : {"fixed:", "fixed:0", "fixed:x", "fixed:100001", "", "Muster"}) {
    EXPECT_FALSE(policy_named(name)) << name;
  }
}

TEST_F(Study, SchedulesOfAConfigurationAreInForceAtTheirTimes) {
  Terms terms;
  terms.idle_timeout = terms.idle_after_task = minutes(30);
  const auto study = run_study("t", hourly(24), {office_hours()}, terms);
  ASSERT_TRUE(study) << study.error().message;
  const auto& waits = study->policies.at(0).waits;  // sorted
  ASSERT_EQ(waits.size(), 24U);
  // From 7:00 to 17:00 UTC somebody is there, or just boots; before and after nobody is.
  EXPECT_EQ(std::ranges::count_if(waits, [](Millis wait) { return wait < seconds(90); }), 10);
  EXPECT_GE(study->policies.at(0).instance_time, hours(10));
}

TEST_F(Study, AConfigurationIsHeldToTheTraceBeforeAnythingRuns) {
  const auto refused = [](const Trace& trace, const Policy& policy) {
    return run_study("t", trace, {policy}, {}).error().message;
  };
  auto undated = hourly(2);
  undated.beginning.reset();
  EXPECT_THAT(refused(undated, office_hours()), HasSubstr("RFC 3339"));
  auto other = hourly(2);
  other.classes = {"a/c"};
  EXPECT_THAT(refused(other, office_hours()),
              HasSubstr("t: a/c of the trace is not in m.yaml, which has a/b"));
  auto none = office_hours();
  auto& managed = std::get<Configured>(none.what).classes.at("a/b").managed;
  managed.policy.max = 0;
  EXPECT_THAT(refused(hourly(2), none), HasSubstr("'max' of a/b is 0"));
}

TEST_F(Study, AConfigurationWithoutExtrasDoesWhatOurOwnDoes) {
  fleet::ManagedClass managed{"generated/linux", {}, {}};
  managed.policy.max = 1000;
  managed.policy.soon_free = true;
  Configured configured;
  configured.classes["generated/linux"] = {managed, false};
  auto policies = named({"muster"});
  policies.push_back({"m.yaml", configured, {}});
  const auto study = run_study("t", generated("week,rate=5,days=1"), policies, {});
  ASSERT_TRUE(study) << study.error().message;
  EXPECT_EQ(study->policies[0].waits, study->policies[1].waits);
  EXPECT_EQ(study->policies[0].instance_time, study->policies[1].instance_time);
}

// Four tasks at a time, on one instance or on four.
TEST_F(Study, AConfigurationMayHaveSlots) {
  Trace bursts;
  bursts.classes = {"a/b"};
  for (int i = 0; i < 40; ++i) bursts.tasks.push_back({0, hours(i / 4), minutes(1)});
  const auto launches = [&](std::int64_t slots) {
    Configured configured;
    configured.classes["a/b"] = {{"a/b", {.max = 9, .slots = slots}, {}}, false};
    const auto study = run_study("t", bursts, {{"m.yaml", configured, {}}}, {});
    EXPECT_TRUE(study);
    return study->policies[0].launches;
  };
  EXPECT_EQ(launches(1), 40);
  EXPECT_EQ(launches(4), 10);
}

// Two tasks at once made it below zero, and so a number without sense.
TEST_F(Study, TimeWithSeveralTasksIsBusyOnce) {
  Trace pair;
  pair.classes = {"a/b"};
  pair.tasks = {{0, seconds(0), hours(1)}, {0, seconds(0), hours(1)}};
  Configured configured;
  configured.classes["a/b"] = {{"a/b", {.max = 9, .slots = 2}, {}}, false};
  const auto study = run_study("t", pair, {{"m.yaml", configured, {}}}, {});
  ASSERT_TRUE(study) << study.error().message;
  const auto& policy = study->policies[0];
  EXPECT_EQ(policy.busy_time, hours(1));
  EXPECT_EQ(policy.instance_time, hours(1) + seconds(90)) << "and a boot";
  EXPECT_EQ(policy.idle_permille(), 24);
}

TEST_F(Study, AnInstanceWaitsOtherwiseOnceItHasHadATask) {
  Trace one;
  one.classes = {"a/b"};
  one.tasks = {{0, seconds(0), hours(1)}};
  Terms terms;
  terms.idle_timeout = minutes(7);
  terms.idle_after_task = seconds(20);
  const auto study = run_study("t", one, named({"muster"}), terms);
  ASSERT_TRUE(study) << study.error().message;
  EXPECT_EQ(study->policies[0].instance_time, hours(1) + seconds(90) + seconds(20));
}

TEST_F(Study, TellsWhichPolicyRuns) {
  std::vector<std::string> told;
  const auto study = run_study("t", hourly(2), named({"muster", "bound"}), {},
                               [&](const Policy& policy) { told.push_back(policy.name); });
  ASSERT_TRUE(study) << study.error().message;
  EXPECT_THAT(told, ElementsAre("muster", "bound"));
}

// They had no place in the world, and nothing was launched.
TEST_F(Study, TheGroupsOfAClassAreAsOneOfThemAll) {
  auto grouped = office_hours();
  auto& managed = std::get<Configured>(grouped.what).classes.at("a/b").managed;
  managed.schedules.clear();
  managed.policy.max = 5;
  auto alone = grouped;
  managed.groups = {{"spot", 2}, {"on-demand", 1}};
  managed.policy.min = 5;
  std::get<Configured>(alone.what).classes.at("a/b").managed.policy.max = 3;
  std::get<Configured>(alone.what).classes.at("a/b").managed.policy.min = 3;
  auto trace = hourly(6);
  for (auto& task : trace.tasks) task.at = seconds(0);
  const auto study = run_study("t", trace, {grouped, alone}, {});
  ASSERT_TRUE(study) << study.error().message;
  const auto& [first, second] = std::tie(study->policies[0], study->policies[1]);
  EXPECT_EQ(first.waits, second.waits);
  EXPECT_GT(first.waits[3], first.waits[2] + seconds(50)) << "more than three run at once";
  EXPECT_EQ(first.launches, second.launches);
  EXPECT_EQ(first.instance_time, second.instance_time);
}

// Three tasks; the second begins ten seconds after the first has ended, the third much later.
TEST_F(Study, TheBoundBootsOnlyWhereAPauseIsLongerThanABoot) {
  const auto totals = lower_bound(
      {{seconds(0), seconds(60)}, {seconds(70), seconds(60)}, {seconds(900), seconds(60)}},
      seconds(90));
  EXPECT_EQ(totals.launches, 2);
  EXPECT_EQ(totals.instance_time, seconds(2 * 90 + 3 * 60 + 10));
}

// Of two that are free the one that was used last is used again, and the other ends.
TEST_F(Study, TheBoundLetsTheLongestPauseGrow) {
  const auto totals = lower_bound({{seconds(0), seconds(10)},
                                   {seconds(0), seconds(60)},
                                   {seconds(70), seconds(50)},
                                   {seconds(130), seconds(10)}},
                                  seconds(90));
  EXPECT_EQ(totals.launches, 2);
  EXPECT_EQ(totals.instance_time, seconds(2 * 90 + 130 + 20));
}

// It took the mean, and some who let nobody wait needed fewer hours.
TEST_F(Study, TheBoundTakesTheShortestBootThatThereMayBe) {
  const auto trace = generated("week,rate=20,days=2");
  const auto hours_with = [&](std::string_view boot) {
    Terms terms;
    terms.boot = simulation::Distribution::parse(boot).value();
    return run_study("t", trace, named({"bound"}), terms).value().policies[0].instance_time;
  };
  EXPECT_EQ(hours_with("pareto:60s:1.5"), hours_with("60s"));
  EXPECT_EQ(hours_with("exponential:90s"), trace.work());
  EXPECT_LT(hours_with("lognormal:90s:0.3"), hours_with("60s"));
  EXPECT_GT(hours_with("lognormal:90s:0.3"), trace.work());
}

// Whatever the boots are, and though somebody knows each of them.
TEST_F(Study, NobodyWhoLetsNobodyWaitNeedsFewerHoursThanTheBound) {
  simulation::Random random(11);
  for (const auto* text : {"exponential:90s", "lognormal:90s:1", "pareto:60s:0.5", "90s"}) {
    const auto boot = simulation::Distribution::parse(text).value();
    std::vector<simulation::Arrival> tasks;
    Millis needed{}, end{};
    for (int i = 0; i < 500; ++i) {
      const auto pause = random.between(Millis(0), seconds(300));
      tasks.push_back({end + pause, random.between(seconds(1), minutes(5))});
      end = tasks.back().at + tasks.back().duration;
      const auto booted = boot.draw(random);
      needed += tasks.back().duration + (i == 0 ? booted : std::min(pause, booted));
    }
    EXPECT_LE(lower_bound(tasks, boot.least()).instance_time, needed) << text;
  }
}

TEST_F(Study, EveryPolicyDoesAllTasksAndNoneBeatsTheBound) {
  const auto trace = generated("week,rate=20,stages=1-4-1,days=2");
  Terms terms;
  terms.boot = simulation::Distribution::lognormal(seconds(90), 300);
  const auto result = run_study("two days", trace,
                                named({"muster", "muster-single", "tutorial", "provisioner",
                                       "buildkite", "gitlab", "drone", "fixed:30", "bound"}),
                                terms);
  ASSERT_TRUE(result) << result.error().message;
  for (const auto& policy : result->policies) {
    EXPECT_EQ(policy.waits.size(), trace.tasks.size()) << policy.name;
    EXPECT_EQ(policy.busy_time, trace.work()) << policy.name;
    EXPECT_GE(policy.instance_time, policy.busy_time) << policy.name;
    EXPECT_GE(policy.launches, policy.wasted_boots) << policy.name;
  }
  EXPECT_EQ(percentile(result->policies.back().waits, 100), Millis(0));
}

// The floor without foresight: poll and boot.
TEST_F(Study, AnInstanceForEachTaskIsThereAfterAPollAndABoot) {
  const auto trace = generated("week,rate=20,days=2");
  const auto result = run_study("two days", trace, named({"muster-single"}), {});
  ASSERT_TRUE(result);
  const auto& single = result->policies.front();
  EXPECT_LE(percentile(single.waits, 95), seconds(96));
  EXPECT_LE(single.instance_time.count() * 100, result->boots_and_work.count() * 102);
  EXPECT_LE(single.wasted_boots * 100, single.launches * 2);
}

TEST_F(Study, IsTheSameFromTheSameSeed) {
  const auto trace = generated("bursts,every=exponential:2h,days=2");
  Terms terms;
  terms.boot = simulation::Distribution::lognormal(seconds(90), 300);
  const auto run = [&] { return run_study("x", trace, named({"muster", "tutorial"}), terms); };
  const auto first = run();
  const auto second = run();
  terms.seed = 2;
  const auto third = run();
  EXPECT_EQ(first->policies[0].waits, second->policies[0].waits);
  EXPECT_EQ(first->policies[1].instance_time, second->policies[1].instance_time);
  EXPECT_NE(first->policies[0].waits, third->policies[0].waits);
}

TEST_F(Study, NoPolicyHasMoreInstancesThanTheMaximum) {
  const auto trace = generated("bursts,size=20,every=4h,days=1");
  Terms terms;
  terms.max = 3;
  terms.curves = true;
  const auto result =
      run_study("x", trace, named({"muster", "tutorial", "buildkite", "gitlab", "drone"}), terms);
  ASSERT_TRUE(result);
  for (const auto& policy : result->policies) {
    ASSERT_GE(policy.curve.size(), Curves::kPoints);
    for (const auto& point : policy.curve) EXPECT_LE(point.live.most, 3) << policy.name;
  }
}

TEST_F(Study, ClassesAreSummedAndSoAreTraces) {
  const auto one = generate({*parse_workload("week,days=1,class=a/b")}, 1).value();
  const auto two =
      generate({*parse_workload("week,days=1,class=a/b"), *parse_workload("week,days=1,class=a/c")},
               1)
          .value();
  Terms terms;
  terms.price = 250'000;
  const auto first = run_study("one", one, named({"muster"}), terms).value();
  const auto second = run_study("two", two, named({"muster"}), terms).value();
  EXPECT_EQ(second.classes, 2);
  EXPECT_EQ(second.policies[0].waits.size(), two.tasks.size());
  const auto all = together({first, second});
  EXPECT_EQ(all.tasks, first.tasks + second.tasks);
  EXPECT_EQ(all.policies[0].instance_time,
            first.policies[0].instance_time + second.policies[0].instance_time);
  EXPECT_EQ(first.policies[0].cost(terms),
            first.policies[0].instance_time.count() * 250'000 / 3'600'000);
  EXPECT_TRUE(std::ranges::is_sorted(all.policies[0].waits));
}

TEST_F(Study, CurvesAreMeansOverEqualSpans) {
  Curves curves(seconds(360));
  curves.add(Millis(500), {2, 0, 0, 0});
  curves.add(seconds(2), {0, 5, 4, 3});
  curves.add(seconds(360), {});
  curves.next_world();
  curves.add(seconds(359), {1, 0, 0, 0});
  curves.add(seconds(360), {});
  curves.next_world();
  const auto points = curves.points();
  EXPECT_DOUBLE_EQ(points.at(0).waiting.mean, 1);
  EXPECT_DOUBLE_EQ(points.at(1).waiting.mean, 2);
  EXPECT_DOUBLE_EQ(points.at(2).waiting.mean, 0);
  EXPECT_DOUBLE_EQ(points.at(200).live.mean, 4);
  EXPECT_DOUBLE_EQ(points.at(359).waiting.mean, 1);
  EXPECT_DOUBLE_EQ(points.at(359).busy.mean, 3);
  EXPECT_DOUBLE_EQ(points.at(360).busy.mean, 0);
}

// A queue of 50 for a tenth of a span was one of 5, and what lasts no time is none.
TEST_F(Study, CurvesKnowTheMostOfEachSpan) {
  Curves curves(seconds(360));
  curves.add(seconds(7), {50, 0, 0, 0});
  curves.add(Millis(7'100), {90, 0, 0, 0});
  curves.add(Millis(7'100), {0, 0, 2, 2});
  curves.add(Millis(8'500), {});
  curves.next_world();
  curves.add(Millis(7'500), {0, 0, 3, 3});
  curves.add(Millis(7'600), {});
  curves.next_world();
  const auto points = curves.points();
  EXPECT_DOUBLE_EQ(points.at(7).waiting.mean, 5);
  EXPECT_DOUBLE_EQ(points.at(7).waiting.most, 50);
  EXPECT_DOUBLE_EQ(points.at(7).busy.most, 5) << "of both worlds at once";
  EXPECT_DOUBLE_EQ(points.at(8).busy.most, 2);
  EXPECT_DOUBLE_EQ(points.at(9).busy.most, 0);
}

// The plots ended where the last task would have, had none waited.
TEST_F(Study, CurvesGoOnUntilTheLastTaskHasEnded) {
  Trace trace;
  trace.classes = {"a/b"};
  for (int i = 0; i < 8; ++i) trace.tasks.push_back({0, minutes(i), hours(1)});
  Terms terms;
  terms.curves = true;
  const auto study = run_study("t", trace, named({"muster", "fixed:6"}), terms).value();
  const auto& few = study.policies[1];
  EXPECT_EQ(few.work_end, kLead + hours(2) + minutes(1));
  EXPECT_EQ(study.last_queued, kLead + minutes(7));
  EXPECT_GE(study.curve_end, few.work_end + kLead);
  EXPECT_LE(study.curve_end, few.work_end + kLead + minutes(1));
  EXPECT_EQ(study.policies[0].curve.size(), few.curve.size());
  const auto at = [&](Millis when) {
    return few.curve[static_cast<std::size_t>(when * std::ssize(few.curve) / study.curve_end)];
  };
  EXPECT_DOUBLE_EQ(at(few.work_end - minutes(5)).busy.mean, 2);
  EXPECT_DOUBLE_EQ(at(few.work_end + minutes(1)).busy.most, 0);
}

// Or nobody could see the trace any more.
TEST_F(Study, CurvesAreAtMostTwiceAsLongAsExpected) {
  auto trace = hourly(3);
  for (int i = 0; i < 40; ++i) trace.tasks.push_back({0, hours(3), hours(1)});
  Terms terms;
  terms.curves = true;
  const auto study = run_study("t", trace, named({"fixed:2"}), terms).value();
  EXPECT_EQ(study.policies[0].work_end, kLead + hours(3 + 20));
  EXPECT_EQ(study.curve_end, 2 * (hours(4) + 2 * kLead));
  EXPECT_DOUBLE_EQ(study.policies[0].curve.back().busy.mean, 2);
}

}  // namespace
}  // namespace muster::study
