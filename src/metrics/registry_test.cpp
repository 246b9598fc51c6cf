#include "metrics/registry.hpp"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "metrics/process.hpp"

namespace muster::metrics {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr double kBounds[] = {0.1, 1};
constexpr Definition kJobs{Kind::counter, "jobs_total", "Jobs.", {"class", "result"}};
constexpr Definition kFree{Kind::gauge, "free_bytes", "Room."};
constexpr Definition kAge{Kind::gauge, "age_seconds", "Age.", {"class"}};
constexpr Definition kWait{Kind::histogram, "wait_seconds", "Waits.", {"class"}, kBounds};

// Without what the registry says of itself.
std::string told(const Registry& registry) {
  const auto text = registry.text();
  const auto own = text.find("# HELP muster_metrics_beyond_limit_total");
  EXPECT_NE(own, std::string::npos);
  return text.substr(0, own);
}

TEST(Registry, WritesACounter) {
  Registry registry;
  registry.add(kJobs, {"a", "failed"});
  registry.add(kJobs, {"a", "failed"}, 2);
  registry.add(kJobs, {"a", "success"});
  EXPECT_EQ(told(registry),
            "# HELP jobs_total Jobs.\n# TYPE jobs_total counter\n"
            "jobs_total{class=\"a\",result=\"failed\"} 3\n"
            "jobs_total{class=\"a\",result=\"success\"} 1\n");
}

TEST(Registry, WritesAHistogramWhoseBucketsAddUp) {
  Registry registry;
  for (const double value : {0.05, 0.1, 0.5, 7.0}) registry.observe(kWait, {"a"}, value);
  EXPECT_EQ(told(registry),
            "# HELP wait_seconds Waits.\n# TYPE wait_seconds histogram\n"
            "wait_seconds_bucket{class=\"a\",le=\"0.1\"} 2\n"
            "wait_seconds_bucket{class=\"a\",le=\"1\"} 3\n"
            "wait_seconds_bucket{class=\"a\",le=\"+Inf\"} 4\n"
            "wait_seconds_sum{class=\"a\"} 7.65\n"
            "wait_seconds_count{class=\"a\"} 4\n");
}

TEST(Registry, WritesAValueOutsideOfAllBucketsIntoTheLast) {
  Registry registry;
  registry.observe(kWait, {"a"}, std::numeric_limits<double>::infinity());
  registry.observe(kWait, {"a"}, -1);
  EXPECT_THAT(told(registry), HasSubstr("le=\"0.1\"} 1\n"));
  EXPECT_THAT(told(registry), HasSubstr("le=\"+Inf\"} 2\n"));
}

struct Number {
  double value;
  const char* written;
};
class Numbers : public testing::TestWithParam<Number> {};

TEST_P(Numbers, AreWrittenExactly) {
  Registry registry;
  registry.set(kFree, {}, GetParam().value);
  EXPECT_THAT(told(registry), EndsWith(std::string("\nfree_bytes ") + GetParam().written + "\n"));
}
INSTANTIATE_TEST_SUITE_P(Registry, Numbers,
                         testing::Values(Number{0, "0"}, Number{-3, "-3"}, Number{0.1, "0.1"},
                                         Number{1764577672.125, "1764577672.125"},
                                         Number{1e300, "1e+300"},
                                         Number{9007199254740991, "9007199254740991"},
                                         Number{std::numeric_limits<double>::quiet_NaN(), "NaN"},
                                         Number{std::numeric_limits<double>::infinity(), "+Inf"},
                                         Number{-std::numeric_limits<double>::infinity(), "-Inf"}));

// Names come from outside: none may end its line, its label, or the reading of all others.
TEST(Registry, LetsNoLabelForgeAnother) {
  Registry registry;
  registry.set(kAge, {"a\",result=\"x\"} 1\nforged 2\n# \\ \xff\x01"}, 3);
  EXPECT_THAT(
      told(registry),
      HasSubstr(R"(age_seconds{class="a\",result=\"x\"} 1\\x0aforged 2\\x0a# \\ \\xff\\x01"} 3)"
                "\n"));
}

TEST(Registry, CutsALongLabel) {
  Registry registry;
  registry.set(kAge, {std::string(10'000, 'x')}, 3);
  EXPECT_LT(told(registry).size(), 400U);
}

TEST(Registry, RefusesALabelTooManyOrTooFew) {
  Registry registry;
  EXPECT_THROW(registry.add(kJobs, {"a"}), std::logic_error);
  EXPECT_THROW(registry.set(kFree, {"a"}, 1), std::logic_error);
}

TEST(Registry, ForgetsAGauge) {
  Registry registry;
  registry.set(kAge, {"a"}, 1);
  registry.set(kAge, {"aa"}, 1);
  registry.clear(kAge, "a");
  EXPECT_THAT(told(registry), Not(HasSubstr("{class=\"a\"}")));
  EXPECT_THAT(told(registry), HasSubstr("{class=\"aa\"}"));
  registry.clear(kAge);
  EXPECT_EQ(told(registry), "");
  registry.clear(kAge, "a");
}

TEST(Registry, HasAsManySeriesAsItMay) {
  Registry registry(2);
  for (const auto* name : {"a", "b", "c", "d"}) {
    registry.add(kJobs, {name, "failed"});
    registry.observe(kWait, {name}, 1);
    registry.set(kAge, {name}, 1);
  }
  registry.add(kJobs, {"a", "failed"});
  const auto text = registry.text();
  EXPECT_THAT(text, HasSubstr("jobs_total{class=\"a\",result=\"failed\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("jobs_total{class=\"other\",result=\"other\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("wait_seconds_count{class=\"other\"} 2\n"));
  EXPECT_THAT(text, Not(HasSubstr("age_seconds{class=\"other\"}")));
  EXPECT_THAT(text, Not(HasSubstr("age_seconds{class=\"c\"}")));
  EXPECT_THAT(text, EndsWith("\nmuster_metrics_beyond_limit_total 6\n"));
}

TEST(Process, TellsOfItself) {
  Registry registry;
  describe_process(registry);
  const auto text = told(registry);
  EXPECT_THAT(text, StartsWith("# HELP muster_build_info"));
  for (const auto* name : {"process_cpu_seconds_total", "process_resident_memory_bytes",
                           "process_start_time_seconds"}) {
    const auto line = text.find(std::string("\n") + name + " ");
    ASSERT_NE(line, std::string::npos) << name;
    EXPECT_GT(std::stod(text.substr(line + 2 + std::string_view(name).size())), 0) << name;
  }
}

}  // namespace
}  // namespace muster::metrics
