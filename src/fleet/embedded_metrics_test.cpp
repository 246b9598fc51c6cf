#include "fleet/embedded_metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::fleet {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

constexpr WallTime kNow{Millis(1'800'000'000'123)};

ClassPass pass(const std::string& name, scaling::Demand demand, std::int64_t launch) {
  ClassPass pass{name, {}, {}};
  pass.snapshot.demand = std::move(demand);
  pass.decision.launch = launch;
  pass.decision.desired = launch;
  return pass;
}

TEST(EmbeddedMetrics, AreALineAClassWithEverySample) {
  EmbeddedMetrics metrics("scaler");
  metrics.decided({pass("acme/linux", scaling::DemandReading{3, 1}, 2)});
  metrics.decided({pass("acme/linux", scaling::DemandReading{1, 3}, 0)});
  ASSERT_THAT(metrics.latest(), SizeIs(1));
  EXPECT_EQ(metrics.latest()[0].decision.launch, 0);
  const auto lines = metrics.take_lines(kNow);
  EXPECT_THAT(metrics.latest(), IsEmpty());
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_THAT(lines[0], StartsWith(R"({"_aws":{"Timestamp":1800000000123,"CloudWatchMetrics":)"
                                   R"([{"Namespace":"Muster",)"
                                   R"("Dimensions":[["FunctionName","ResourceClass"]],)"));
  EXPECT_THAT(lines[0], AllOf(HasSubstr(R"({"Name":"Waiting","Unit":"Count"})"),
                              HasSubstr(R"("FunctionName":"scaler","ResourceClass":"acme/linux")"),
                              HasSubstr(R"("Waiting":[3,1])"), HasSubstr(R"("Running":[1,3])"),
                              HasSubstr(R"("Launches":[2,0])"), HasSubstr(R"("Held":[0,0])")));
  EXPECT_THAT(metrics.take_lines(kNow), IsEmpty()) << "each sample once";
}

TEST(EmbeddedMetrics, AnUnknownQueueIsHeldAndNeverZero) {
  EmbeddedMetrics metrics("scaler");
  auto held = pass("acme/linux", scaling::DemandUnknown{"away"}, 0);
  held.decision.reasons = {{scaling::Rule::demand_unknown, 0, 0, "", "the queue is unknown"}};
  metrics.decided({held});
  EXPECT_THAT(metrics.take_lines(kNow),
              ElementsAre(AllOf(HasSubstr(R"("Held":[1])"), Not(HasSubstr("Waiting")))));
}

TEST(EmbeddedMetrics, GroupsThatAreShortAreCountedWhereThereAreSeveral) {
  EmbeddedMetrics metrics("scaler");
  auto seen = pass("acme/linux", scaling::DemandReading{}, 0);
  seen.snapshot.now = kNow;
  seen.decision.next.shortages = {{"spot", 1, kNow + Millis(1), ""}, {"other", 1, kNow, ""}};
  metrics.decided({seen});
  EXPECT_THAT(metrics.take_lines(kNow), ElementsAre(Not(HasSubstr("ShortGroups"))));
  seen.snapshot.groups = {{.name = "spot"}, {.name = "other"}};
  metrics.decided({seen});
  EXPECT_THAT(metrics.take_lines(kNow), ElementsAre(HasSubstr(R"("ShortGroups":[1])")));
}

TEST(EmbeddedMetrics, InstancesThatLookDeadAndWereSparedAreCounted) {
  EmbeddedMetrics metrics("scaler");
  auto silent = pass("acme/linux", scaling::DemandReading{}, 0);
  silent.decision.reasons = {{scaling::Rule::queue, 1, 1, "", ""},
                             {scaling::Rule::many_silent, 7, 0, "", ""}};
  metrics.decided({silent});
  EXPECT_THAT(metrics.take_lines(kNow), ElementsAre(HasSubstr(R"("LookDead":[7])")));
}

TEST(EmbeddedMetrics, InstancesThatAreNotHeardOfAnyMoreAreCounted) {
  EmbeddedMetrics metrics("scaler");
  auto lost = pass("acme/linux", scaling::DemandReading{}, 0);
  lost.decision.counts.lost = 2;
  metrics.decided({lost});
  EXPECT_THAT(metrics.take_lines(kNow), ElementsAre(HasSubstr(R"("Lost":[2])")));
}

TEST(EmbeddedMetrics, InstancesThatEndedWithoutATaskAreCounted) {
  EmbeddedMetrics metrics("scaler");
  auto seen = pass("acme/linux", scaling::DemandReading{}, 0);
  seen.ended_unused = 2;
  metrics.decided({seen});
  EXPECT_THAT(metrics.take_lines(kNow), ElementsAre(HasSubstr(R"("EndedUnused":[2])")));
}

TEST(EmbeddedMetrics, NoLineHasMoreSamplesThanCloudWatchTakes) {
  EmbeddedMetrics metrics("scaler");
  for (int i = 0; i < 150; ++i) metrics.decided({pass("a/b", scaling::DemandReading{1, 0}, 1)});
  const auto line = metrics.take_lines(kNow).at(0);
  const auto from = line.find(R"("Waiting":[)");
  const auto samples = line.substr(from, line.find(']', from) - from);
  EXPECT_EQ(std::ranges::count(samples, ','), 99);
}

TEST(EmbeddedMetrics, ANameIsQuoted) {
  EmbeddedMetrics metrics("scaler");
  metrics.decided({pass("a\"\n/b", scaling::DemandReading{}, 0)});
  EXPECT_THAT(metrics.take_lines(kNow).at(0), Not(HasSubstr("\n")));
}

}  // namespace
}  // namespace muster::fleet
