#include "study/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <regex>

#include "base/log.hpp"
#include "study/labels.hpp"
#include "study/trace_times.hpp"
#include "study/workload.hpp"

namespace muster::study {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

PolicyResult some_policy(std::string name) {
  PolicyResult policy;
  policy.name = std::move(name);
  policy.waits = {Millis(0), Millis(1'250), seconds(90)};
  policy.instance_time = hours(2) + std::chrono::minutes(30);
  policy.busy_time = hours(1);
  policy.launches = 1'234;
  policy.wasted_boots = 7;
  return policy;
}

TraceResult some_result(std::string name = "a.csv") {
  TraceResult result;
  result.name = std::move(name);
  result.tasks = 3;
  result.classes = 1;
  result.work = hours(1);
  result.span = hours(36);
  result.policies = {some_policy("muster")};
  return result;
}

TEST(ReportTable, HasARowForEachPolicy) {
  Terms terms;
  terms.price = 170'000;
  const auto text = report_table({some_result()}, terms);
  EXPECT_THAT(text, HasSubstr("a.csv: 3 tasks of 1 class in 1.5 days; 1.0 hours of work\n"));
  EXPECT_THAT(text, HasSubstr("  muster         1.3   90.0   90.0   90.0    2.5  60.0 %     1,234"
                              "       7  0.43\n"));
  EXPECT_THAT(text, Not(HasSubstr("all together")));
}

TEST(ReportTable, SeveralTracesAreAlsoTakenTogetherAndNamesAreMadePrintable) {
  const auto text = report_table({some_result("a\x1b[31m.csv"), some_result("b.csv")}, {});
  EXPECT_THAT(text, HasSubstr("a\\x1b[31m.csv: 3 tasks"));
  EXPECT_THAT(text, HasSubstr("all together: 6 tasks of 2 classes"));
}

TEST(ReportTable, TellsThePriceAsItWasGiven) {
  Terms terms;
  for (const auto& [given, shown] :
       {std::pair("0.0416", "0.0416"), {"0.000001", "0.000001"}, {"0.17", "0.17"}, {"3", "3.00"}}) {
    terms.price = parse_millionths(given);
    EXPECT_THAT(report_table({some_result()}, terms),
                HasSubstr(std::string(", ") + shown + " an instance-hour\n"));
  }
  for (const auto* given : {"0.0000001", "", ".5", "1.", "-1", "1e3", "1234567890123"}) {
    EXPECT_FALSE(parse_millionths(given)) << given;
  }
}

TEST(ReportJson, HasSecondsHoursAndShares) {
  const auto policy =
      std::string(R"({"name":"muster","wait_p50":1.250,"wait_p95":90.000,"wait_p99":90.000,)") +
      R"("wait_max":90.000,"instance_hours":2.500000,"idle_share":0.600,"launches":1234,)" +
      R"("wasted_boots":7})";
  EXPECT_EQ(report_json({some_result()}, {}),
            R"({"policies":[)" + policy +
                R"(],"traces":[{"name":"a.csv","tasks":3,"classes":1,"left_out":0,)" +
                R"("work_hours":1.000000,"policies":[)" + policy +
                R"(],"events":0,"passes":0,"passes_made":0}]})" + "\n");
}

TEST(ReportJson, HasTheCostOnlyWithAPrice) {
  Terms terms;
  terms.price = 170'000;
  EXPECT_THAT(report_json({some_result()}, terms),
              HasSubstr(R"("wasted_boots":7,"cost":0.425000})"));
}

TEST(ReportPage, NeedsNothingElseAndEscapesNames) {
  static_cast<void>(log::configure({.format = log::Format::none}));
  Terms terms;
  terms.curves = true;
  const auto trace = generate({parse_workload("bursts,days=1,every=6h").value()}, 1).value();
  const std::vector<Policy> policies = {policy_named("muster").value(),
                                        policy_named("bound").value()};
  const auto result = run_study("<b>&\".csv", trace, policies, terms);
  const auto page = report_page({*result, *result}, terms);
  for (const auto* outside : {"http", "<script", "src=", "url(", "<link", "@import", "<b>"}) {
    EXPECT_THAT(page, Not(HasSubstr(outside)));
  }
  for (const auto* within : {"&lt;b&gt;&amp;", "prefers-color-scheme: dark", "instance-hours",
                             "hours since the beginning", "all together", "in seconds"}) {
    EXPECT_THAT(page, HasSubstr(within));
  }
  EXPECT_THAT(page, Not(HasSubstr("nan")));
  EXPECT_THAT(page, Not(HasSubstr("inf")));
}

// One of them costs many times what the others do, and stands at the edge with its cost.
TEST(ReportPage, APolicyThatCostsMuchMoreDoesNotPressTheOthersTogether) {
  auto result = some_result();
  result.policies = {some_policy("muster"), some_policy("tutorial"), some_policy("fixed:10")};
  result.policies[1].instance_time = hours(3);
  result.policies[2].instance_time = hours(1'680);
  const auto page = report_page({result}, {});
  EXPECT_THAT(page, HasSubstr(">fixed:10 at 1680 &gt;</text>"));
  EXPECT_THAT(page, HasSubstr(">3</text>"));  // on the scale, which ends before 4
  EXPECT_THAT(page, Not(HasSubstr(">500</text>")));
  EXPECT_THAT(page, Not(HasSubstr("<dt>blocked</dt>")));
  result.policies[0].blocked_waits = {seconds(1)};
  EXPECT_THAT(report_page({result}, {}), HasSubstr("<dt>blocked</dt>"));
}

// The more expensive one of two stood outside.
TEST(ReportPage, TwoPoliciesBothFitHoweverMuchTheyDiffer) {
  auto result = some_result();
  result.policies = {some_policy("muster"), some_policy("bound")};
  result.policies[0].instance_time = hours(77);
  const auto page = report_page({result}, {});
  EXPECT_THAT(page, HasSubstr(">muster</text>"));
  EXPECT_THAT(page, Not(HasSubstr(" &gt;</text>")));
  EXPECT_THAT(page, HasSubstr(">0</text>"));
  EXPECT_THAT(page, HasSubstr(">80</text>"));
}

// A phone shows four columns.
TEST(ReportPage, TheColumnsThatTellMostComeFirst) {
  Terms terms;
  terms.price = 170'000;
  const auto page = report_page({some_result()}, terms);
  EXPECT_THAT(page, HasSubstr("<th>policy</th><th>wait p95 s</th><th>hours</th><th>cost</th>"
                              "<th>wait p50 s</th><th>p99 s</th><th>max s</th><th>idle</th>"));
  EXPECT_THAT(page, HasSubstr("<td>muster</td><td>90.0</td><td>2.5</td><td>0.43</td><td>1.3</td>"));
  EXPECT_THAT(report_page({some_result()}, {}),
              HasSubstr("<td>muster</td><td>90.0</td><td>2.5</td><td>1.3</td>"));
}

struct Word {
  double left, right, middle;
};

// Where the names of a drawing are, read back from it.
std::vector<Word> words_in(const std::string& drawn) {
  std::vector<Word> words;
  const std::regex text(
      R"re(<text x="([-0-9.]+)" y="([-0-9.]+)" text-anchor="(\w+)"[^>]*>([^<]*)<)re");
  for (std::sregex_iterator at(drawn.begin(), drawn.end(), text), end; at != end; ++at) {
    const auto x = std::stod((*at)[1]);
    const auto width = svg::width_of((*at)[4].str());
    const auto left = (*at)[3] == "end" ? x - width : x;
    words.push_back({left, left + width, std::stod((*at)[2])});
  }
  return words;
}

TEST(Labels, NoNameCoversAnother) {
  const svg::Frame frame{46, 30, 446, 300};
  std::vector<NamedPoint> points;
  for (const auto* name : {"muster", "muster-single", "tutorial", "provisioner", "buildkite"}) {
    points.push_back({name, {430, 295}, "theirs"});
  }
  points.push_back({"fixed:20", {428, 290}, "theirs"});
  const auto words = words_in(with_names(points, frame));
  ASSERT_EQ(words.size(), points.size());
  for (std::size_t i = 0; i < words.size(); ++i) {
    EXPECT_GE(words[i].left, frame.left);
    EXPECT_LE(words[i].right, frame.right);
    for (std::size_t j = 0; j < i; ++j) {
      const bool beside = words[i].left >= words[j].right || words[j].left >= words[i].right;
      EXPECT_TRUE(beside || std::abs(words[i].middle - words[j].middle) > 12) << i << " " << j;
    }
  }
}

TEST(Ticks, AreRoundAndWithin) {
  EXPECT_THAT(svg::round_ticks(0, 7.3, 7), testing::ElementsAre(0, 2, 4, 6));
  EXPECT_THAT(svg::round_ticks(0, 1.05, 3, true), testing::ElementsAre(0, 1));
  EXPECT_THAT(svg::round_ticks(1210, 2800, 5), testing::ElementsAre(1500, 2000, 2500));
  EXPECT_FALSE(std::signbit(svg::round_ticks(0, 5, 5).front()));
  EXPECT_EQ(svg::number(12'000), "12 k");
  EXPECT_EQ(svg::number(0.5), "0.5");
  EXPECT_EQ(svg::number(0.0885), "0.0885");
  EXPECT_EQ(svg::number(3 * 0.1), "0.3");
}

}  // namespace
}  // namespace muster::study
