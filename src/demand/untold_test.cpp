#include "demand/untold.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/json.hpp"

namespace muster::demand {
namespace {

using testing::ElementsAre;

constexpr std::size_t kMuch = 1 << 20;

fleet::ClassPass pass_of(const std::string& name, std::int64_t desired, std::string words = "so",
                         std::int64_t launch = 0) {
  fleet::ClassPass pass{name, {}, {}};
  pass.snapshot.now = WallTime(Millis(desired));
  pass.snapshot.demand = scaling::DemandReading{3, 2};
  pass.decision.desired = desired;
  pass.decision.launch = launch;
  pass.decision.counts.idle = 4;
  pass.decision.reasons = {{scaling::Rule::satisfied, 0, 0, "", std::move(words)}};
  return pass;
}

std::vector<std::int64_t> desired_in(const protocol::ClassFleet& fleet) {
  std::vector<std::int64_t> found;
  for (const auto& decision : fleet.decisions.value_or(std::vector<protocol::FleetDecision>())) {
    found.push_back(decision.desired);
  }
  return found;
}

protocol::FleetReport report_of(std::initializer_list<const char*> names) {
  protocol::FleetReport report;
  for (const auto* name : names) report.classes.push_back({.resource_class = name});
  return report;
}

TEST(Untold, SaysWhatWasSeenAndDecided) {
  Untold untold;
  auto pass = pass_of("a/b", 5, "so", 1);
  pass.decision.drain = {"x", "y"};
  pass.decision.reap = {"z"};
  pass.decision.withdraw = 6;
  EXPECT_TRUE(untold.add(pass));
  auto report = report_of({"a/b"});
  untold.put_into(report, kMuch);
  const auto told = report.classes.front().decisions->front();
  EXPECT_EQ(protocol::to_json(told),
            R"({"at":"1970-01-01T00:00:00.005Z","desired":5,"live":4,"unclaimed":3,"running":2,)"
            R"("launch":1,"drain":2,"end":1,"withdraw":6,"reasons":["so: nothing to do"]})");
}

TEST(Untold, OnlyNewsIsTold) {
  Untold untold;
  EXPECT_TRUE(untold.add(pass_of("a/b", 1)));
  EXPECT_FALSE(untold.add(pass_of("a/b", 1)));
  EXPECT_TRUE(untold.add(pass_of("a/b", 2)));
  EXPECT_TRUE(untold.add(pass_of("a/b", 2, "otherwise")));
  EXPECT_FALSE(untold.add(pass_of("a/b", 2, "otherwise")));
  EXPECT_TRUE(untold.add(pass_of("a/b", 2, "otherwise", 1)));
  EXPECT_TRUE(untold.add(pass_of("a/b", 2, "otherwise", 1))) << "it acts again";
  EXPECT_TRUE(untold.add(pass_of("a/c", 2)));
  auto report = report_of({"a/b", "a/c"});
  untold.put_into(report, kMuch);
  EXPECT_THAT(desired_in(report.classes[0]), ElementsAre(1, 2, 2, 2, 2));
  EXPECT_THAT(desired_in(report.classes[1]), ElementsAre(2));
}

TEST(Untold, WaitsUntilItWasTold) {
  Untold untold;
  untold.add(pass_of("a/b", 1));
  auto first = report_of({"a/b"});
  const auto mark = untold.put_into(first, kMuch);
  untold.add(pass_of("a/b", 2));
  auto again = report_of({"a/b"});
  untold.put_into(again, kMuch);
  EXPECT_THAT(desired_in(again.classes[0]), ElementsAre(1, 2)) << "the first did not arrive";
  untold.told(mark);
  auto last = report_of({"a/b"});
  untold.told(untold.put_into(last, kMuch));
  EXPECT_THAT(desired_in(last.classes[0]), ElementsAre(2));
  EXPECT_TRUE(untold.empty());
}

TEST(Untold, WhatDoesNotFitGoesWithTheNext) {
  Untold untold;
  for (const auto one : {1, 2, 3}) untold.add(pass_of("a/b", one));
  auto report = report_of({"a/b"});
  untold.told(untold.put_into(report, 450));
  EXPECT_THAT(desired_in(report.classes[0]), ElementsAre(1, 2));
  auto none = report_of({"a/b"});
  EXPECT_EQ(untold.put_into(none, 0), 0U);
  EXPECT_EQ(none.classes[0].decisions, std::nullopt);
  auto next = report_of({"a/b"});
  untold.told(untold.put_into(next, 450));
  EXPECT_THAT(desired_in(next.classes[0]), ElementsAre(3));
}

TEST(Untold, OfTooManyTheOldestOfThatClassAreForgotten) {
  Untold untold;
  untold.add(pass_of("a/c", 7));
  for (std::int64_t i = 1; i <= 60; ++i) untold.add(pass_of("a/b", i));
  auto report = report_of({"a/b", "a/c"});
  untold.put_into(report, kMuch);
  ASSERT_EQ(desired_in(report.classes[0]).size(), protocol::kMostDecisions);
  EXPECT_EQ(desired_in(report.classes[0]).front(), 11);
  EXPECT_THAT(desired_in(report.classes[1]), ElementsAre(7));
}

TEST(Untold, OfAClassThatIsNotReportedAnyMoreNothingWaits) {
  Untold untold;
  untold.add(pass_of("a/gone", 1));
  untold.add(pass_of("a/b", 2));
  auto report = report_of({"a/b"});
  untold.told(untold.put_into(report, kMuch));
  EXPECT_TRUE(untold.empty());
}

}  // namespace
}  // namespace muster::demand
