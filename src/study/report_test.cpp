#include "study/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <regex>

#include "base/log.hpp"
#include "simulation/random.hpp"
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
}

TEST(ReportPage, SaysHowToReadItOnce) {
  auto result = some_result();
  Terms terms;
  const auto times = [&](const std::string& words) {
    const auto page = report_page({result, result, result}, terms);
    int found = 0;
    for (auto at = page.find(words); at != std::string::npos; at = page.find(words, at + 1)) {
      ++found;
    }
    return found;
  };
  EXPECT_EQ(times("How to read this"), 1);
  EXPECT_EQ(times("<dt>blocked</dt>"), 0);
  EXPECT_EQ(times("<dt>cost</dt>"), 0);
  result.policies[0].blocked_waits = {seconds(1)};
  terms.price = 41'600;
  EXPECT_EQ(times("<dt>blocked</dt>"), 1);
  EXPECT_EQ(times("The hours, at 0.0416 an instance-hour: in the currency of that price."), 1);
  EXPECT_EQ(times(">cost, at 0.0416 an instance-hour"), 4) << "of each, and of all together";
}

// The plots ended with what was queued, and nobody saw what was left.
TEST(ReportPage, MarksWhereTheLastTaskIsQueuedIfWorkGoesOn) {
  auto result = some_result();
  result.policies[0].curve.resize(720);
  result.curve_end = hours(40);
  result.last_queued = hours(20);
  result.policies[0].work_end = hours(39);
  const auto page = report_page({result}, {});
  EXPECT_THAT(page, HasSubstr("hours since the beginning; dotted: the last task is queued"));
  EXPECT_THAT(page, HasSubstr("means over spans of 3 min 20 s, and in pale how many"));
  EXPECT_THAT(page, Not(HasSubstr("beyond the plots")));
  result.last_queued = hours(39);
  result.policies[0].work_end = hours(90);
  const auto longer = report_page({result}, {});
  EXPECT_THAT(longer, Not(HasSubstr("dotted")));
  EXPECT_THAT(longer, HasSubstr("Under muster the last task ends"));
}

// Who lets nobody wait stood at the end of an axis without a number.
TEST(ReportPage, ZeroIsMarkedWhereTheScaleBeginsAboveIt) {
  auto result = some_result();
  result.policies = {some_policy("muster"), some_policy("buildkite"), some_policy("bound")};
  for (auto& policy : result.policies) policy.waits = {Millis(0)};
  result.policies[0].waits = {seconds(92)};
  result.policies[1].waits = {seconds(1'800)};
  const auto page = report_page({result}, {});
  EXPECT_THAT(page, HasSubstr("in seconds (logarithmic)"));
  EXPECT_THAT(page, HasSubstr("text-anchor=\"end\" class=\"tick\">0</text>"));
  EXPECT_THAT(page, HasSubstr("class=\"break\""));
  result.policies.pop_back();
  EXPECT_THAT(report_page({result}, {}), Not(HasSubstr("class=\"break\"")));
}

// Where all cost nearly the same, the scale does not begin at 0.
TEST(ReportPage, PoliciesOfLikeCostAreSeenApart) {
  auto result = some_result();
  result.policies = {some_policy("muster"), some_policy("tutorial")};
  result.policies[0].instance_time = hours(400);
  result.policies[1].instance_time = hours(440);
  const auto page = report_page({result}, {});
  EXPECT_THAT(page, HasSubstr("instance-hours (the scale does not begin at 0)"));
  const std::regex circle(R"re(<circle cx="([-0-9.]+)")re");
  std::vector<double> across;
  for (std::sregex_iterator at(page.begin(), page.end(), circle), end; at != end; ++at) {
    across.push_back(std::stod((*at)[1]));
  }
  ASSERT_EQ(across.size(), 2U);
  EXPECT_GT(std::abs(across[0] - across[1]), 100);
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

  bool covers(double x, double y) const {
    return x > left && x < right && std::abs(y - middle + 4) < 6;
  }
};

// Where the names of a drawing are, read back from it.
std::vector<Word> words_in(const std::string& drawn) {
  std::vector<Word> words;
  const std::regex text(
      R"re(<text x="([-0-9.]+)" y="([-0-9.]+)" text-anchor="(\w+)"[^>]*>([^<]*)<)re");
  for (std::sregex_iterator at(drawn.begin(), drawn.end(), text), end; at != end; ++at) {
    const auto x = std::stod((*at)[1]);
    const auto width = svg::width_of((*at)[4].str());
    const auto anchor = (*at)[3].str();
    const auto left = anchor == "end" ? x - width : anchor == "middle" ? x - width / 2 : x;
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

// Where a name is gone through by a line: the line as text, or nothing.
std::string line_through_a_name(const std::string& drawn) {
  const std::regex line(
      R"re(<line x1="([-0-9.]+)" y1="([-0-9.]+)" x2="([-0-9.]+)" y2="([-0-9.]+)" class="leader")re");
  const auto words = words_in(drawn);
  for (std::sregex_iterator at(drawn.begin(), drawn.end(), line), end; at != end; ++at) {
    const auto number = [&](std::size_t group) { return std::stod((*at)[group]); };
    for (int step = 0; step <= 100; ++step) {
      const auto part = step / 100.0;
      const auto x = number(1) + part * (number(3) - number(1));
      const auto y = number(2) + part * (number(4) - number(2));
      for (const auto& word : words) {
        if (word.covers(x, y)) return at->str();
      }
    }
  }
  return "";
}

// "muster" was behind the line through "gitlab".
TEST(Labels, NoLineGoesThroughAName) {
  const svg::Frame frame{46, 30, 446, 300};
  simulation::Random random(20);
  for (int round = 0; round < 200; ++round) {
    std::vector<NamedPoint> points;
    for (const auto* name : {"muster", "muster-single", "muster-eager", "tutorial", "provisioner",
                             "buildkite", "gitlab", "drone", "fixed:10", "bound"}) {
      const auto x = 60 + static_cast<double>(random.between(0, 119));
      const auto y = 200 + static_cast<double>(random.between(0, 79));
      points.push_back({name, {x, y}, "theirs"});
    }
    const auto drawn = with_names(points, frame);
    EXPECT_EQ(line_through_a_name(drawn), "") << round;
  }
}

TEST(Ticks, AreRoundAndWithin) {
  EXPECT_THAT(svg::round_ticks(0, 7.3, 7), testing::ElementsAre(0, 2, 4, 6));
  EXPECT_THAT(svg::round_ticks(0, 1.05, 3, true), testing::ElementsAre(0, 1));
  EXPECT_THAT(svg::round_ticks(1210, 2800, 5), testing::ElementsAre(1500, 2000, 2500));
  EXPECT_FALSE(std::signbit(svg::round_ticks(0, 5, 5).front()));
  EXPECT_THAT(svg::Scale::of_magnitudes(70, 400, 0, 1).ticks(5),
              testing::ElementsAre(70, 100, 150, 200, 300, 400));
  EXPECT_THAT(svg::Scale::of_magnitudes(30, 400, 0, 1).ticks(5),
              testing::ElementsAre(50, 100, 200));
  EXPECT_THAT(svg::Scale::of_magnitudes(7, 4000, 0, 1).ticks(5),
              testing::ElementsAre(10, 100, 1000));
  EXPECT_EQ(svg::number(12'000), "12 k");
  EXPECT_EQ(svg::number(0.5), "0.5");
  EXPECT_EQ(svg::number(0.0885), "0.0885");
  EXPECT_EQ(svg::number(3 * 0.1), "0.3");
}

}  // namespace
}  // namespace muster::study
