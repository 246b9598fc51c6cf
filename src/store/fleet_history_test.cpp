// How fleets were, on disk: in bites, once, for so long, and across restarts.

#include "store/fleet_history.hpp"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crypto.hpp"
#include "store/store.hpp"

namespace muster::store {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;
using testing::SizeIs;

class FleetHistoryTest : public testing::Test {
 protected:
  FleetHistoryTest() {
    open();
    EXPECT_TRUE(store_->catalog().create_class({.resource_class = "local/small"}));
  }
  ~FleetHistoryTest() override {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }

  void open() {
    store_.reset();
    store_ = *Store::open(directory_, 5min);
  }
  FleetHistory& history() { return store_->fleet_history(); }

  void pass(Millis time) {
    now_.wall += time;
    now_.service += time;
  }
  void report(std::int64_t busy, std::optional<protocol::Money> price = {}) {
    protocol::ClassFleet fleet{.resource_class = "local/small", .desired = busy, .live = busy};
    fleet.busy = busy;
    fleet.price_per_hour = price;
    if (price) fleet.currency = "EUR";
    history().report(fleet, now_);
  }
  // Reports all the time, and keeps as the server does.
  void be(std::int64_t busy, Millis time, std::optional<protocol::Money> price = {}) {
    for (Millis left = time; left > Millis(0); left -= 10s) {
      report(busy, price);
      pass(10s);
      keep();
    }
    report(0);
  }
  // Whether it wrote something.
  bool keep(bool commits = true) {
    const auto before = store_->database().changes_so_far();
    db::Transaction transaction(store_->database());
    history().keep(now_);
    const auto changes = store_->take_changes();
    if (!commits) return false;
    transaction.commit();
    for (const auto& say : changes.after_commit) say();
    return store_->database().changes_so_far() != before;
  }
  protocol::FleetHistory of(std::string_view span) {
    return history().history("local/small", *span_of(span), now_);
  }
  std::int64_t rows() {
    auto counted = store_->database().query("SELECT count(*) FROM fleet_step");
    return counted.next() ? counted.integer(0) : -1;
  }

  std::filesystem::path directory_ =
      std::filesystem::temp_directory_path() / ("muster-history-" + random_hex(6));
  std::unique_ptr<Store> store_;
  Now now_{*parse_rfc3339("2026-12-01T00:00:00Z"), ServiceTime(1'000)};
};

TEST_F(FleetHistoryTest, TellsTheSameByEachSpan) {
  be(2, 10min, protocol::Money{600'000});
  for (const auto* span : {"hour", "day", "week", "month"}) {
    const auto told = of(span);
    EXPECT_EQ(told.span, span);
    EXPECT_EQ(told.totals.instance_ms, 1'200'000) << span;
    EXPECT_EQ(told.totals.busy_ms, 1'200'000) << span;
    EXPECT_EQ(told.totals.cost, protocol::Money{200'000}) << span;
    EXPECT_EQ(told.totals.currency, "EUR") << span;
    ASSERT_FALSE(told.points.empty());
    EXPECT_EQ(told.points.front().live, 2);
  }
  EXPECT_THAT(of("hour").points, SizeIs(61));
  EXPECT_THAT(of("day").points, SizeIs(3));
  EXPECT_THAT(of("month").points, SizeIs(1));
  EXPECT_EQ(span_of("year"), std::nullopt);
}

TEST_F(FleetHistoryTest, PointsAreInOrderAndTheLastIsNow) {
  be(1, 1min);
  pass(3s);
  report(7);
  const auto points = of("hour").points;
  ASSERT_THAT(points, SizeIs(7));
  for (std::size_t i = 1; i < points.size(); ++i) EXPECT_EQ(points[i].at - points[i - 1].at, 10s);
  EXPECT_EQ(points.back().at, begin_of_step(now_.wall, 10s));
  EXPECT_EQ(points.back().live, 7);
}

TEST_F(FleetHistoryTest, ARestartKeepsWhatWasKept) {
  be(3, 5min);
  open();
  EXPECT_EQ(of("hour").totals.instance_ms, 900'000);
  be(3, 5min);
  EXPECT_EQ(of("hour").totals.instance_ms, 1'800'000) << "the step that was begun goes on";
  EXPECT_EQ(of("month").totals.instance_ms, 1'800'000);
}

TEST_F(FleetHistoryTest, ACrashLosesWhatWasNotKept) {
  be(1, 1min);
  report(1);
  pass(9s);
  EXPECT_EQ(of("hour").totals.instance_ms, 69'000);
  open();
  EXPECT_EQ(of("hour").totals.instance_ms, 60'000);
}

TEST_F(FleetHistoryTest, WhatWasUndoneIsWrittenWithTheNext) {
  report(1);
  pass(10s);
  keep(false);
  EXPECT_EQ(rows(), 0);
  report(1);
  pass(10s);
  keep(false);
  report(1);
  pass(10s);
  EXPECT_TRUE(keep());
  open();
  EXPECT_EQ(of("hour").totals.instance_ms, 30'000);
}

TEST_F(FleetHistoryTest, WhatIsBeingWrittenIsNotCountedTwice) {
  report(1);
  pass(10s);
  db::Transaction transaction(store_->database());
  history().keep(now_);
  EXPECT_EQ(of("hour").totals.instance_ms, 10'000);
}

TEST_F(FleetHistoryTest, WhileNothingIsThereItIsWrittenOnceInFiveMinutes) {
  int writings = 0;
  for (int i = 0; i < 100; ++i) {
    report(0);
    pass(10s);
    writings += keep() ? 1 : 0;
  }
  EXPECT_EQ(writings, 3);
  EXPECT_EQ(rows(), 3);
  EXPECT_THAT(of("hour").points, SizeIs(101));
  EXPECT_THAT(of("month").points, SizeIs(1));
  EXPECT_EQ(of("hour").points.back().live, 0);
  pass(1h);
  keep();
  EXPECT_FALSE(keep()) << "no scaler speaks any more";
  open();
  EXPECT_THAT(of("day").points, SizeIs(4));
}

TEST_F(FleetHistoryTest, ATaskThatEndedCountsForItsClass) {
  const Milestone ended{.what = Milestone::What::ended, .resource_class = "local/small"};
  const Milestone claimed{.what = Milestone::What::claimed, .resource_class = "local/small"};
  const Milestone gone{.what = Milestone::What::ended, .resource_class = "local/gone"};
  history().happened({ended, claimed, ended, gone}, now_);
  EXPECT_EQ(of("hour").totals.tasks, 2);
  EXPECT_THAT(of("hour").points, IsEmpty()) << "no scaler has spoken";
  EXPECT_TRUE(keep());
  open();
  EXPECT_EQ(of("month").totals.tasks, 2);
  EXPECT_EQ(rows(), 3) << "of a class that is not there nothing is kept";
}

TEST_F(FleetHistoryTest, OldStepsAreForgottenByTheirTier) {
  be(1, 10s);
  const auto tiers_after = [&](Millis age) {
    pass(age);
    history().forget_old(now_.wall);
    return rows();
  };
  EXPECT_EQ(tiers_after(1h), 4) << "of the finest two, as it was so at the end of the first";
  EXPECT_EQ(tiers_after(1h), 2);
  EXPECT_EQ(tiers_after(std::chrono::days(2)), 1);
  EXPECT_EQ(tiers_after(std::chrono::days(29)), 1);
  EXPECT_EQ(tiers_after(std::chrono::days(2)), 0);
}

TEST_F(FleetHistoryTest, OldStepsAreForgottenInBites) {
  store_->database().run_script(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500) INSERT INTO "
      "fleet_step SELECT 'local/small', 10000, i * 10000, 1, 0, 0, 0, 0, 1, NULL, NULL, 0, 0, 0, "
      "0, 0, 0, 0 FROM n");
  history().forget_old(now_.wall);
  EXPECT_EQ(rows(), 500);
  history().forget_old(now_.wall);
  EXPECT_EQ(rows(), 0);
}

TEST_F(FleetHistoryTest, AClassTakesItsHistoryWithIt) {
  be(1, 1min);
  report(1);
  pass(5s);
  history().forget("local/small");
  EXPECT_THAT(of("hour").points, IsEmpty());
  EXPECT_EQ(of("hour").totals.instance_ms, 0);
  EXPECT_EQ(rows(), 0);
  EXPECT_FALSE(keep());
}

}  // namespace
}  // namespace muster::store
