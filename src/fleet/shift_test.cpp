#include "fleet/shift.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include "base/log.hpp"
#include "fleet/fakes_for_tests.hpp"

namespace muster::fleet {
namespace {

class ShiftTest : public testing::Test {
 protected:
  ShiftTest() { EXPECT_TRUE(log::configure({.format = log::Format::none})); }
  ShiftOutcome work(Millis interval, Millis length, const std::stop_token& stop = {}) {
    const auto& clock = system_clock();
    return work_shift(loop, interval, clock.monotonic() + length, clock, stop);
  }

  FakeQueue queue{system_clock()};
  FakeCapacity capacity{system_clock()};
  FakeLedger ledger;
  FakeObserver observer;
  Loop loop{{{"local/small", scaling::Policy{.max = 4}}},
            {queue, capacity, ledger, observer, system_clock()}};
};

TEST_F(ShiftTest, MakesOnePassHoweverShortItIs) {
  const auto outcome = work(Millis(1000), Millis(0));
  EXPECT_EQ(outcome.passes, 1);
  EXPECT_TRUE(verdict_of(outcome.last));
}

TEST_F(ShiftTest, MakesAPassEachIntervalUntilItsEnd) {
  const auto outcome = work(Millis(50), Millis(225));
  EXPECT_GE(outcome.passes, 2);
  EXPECT_LE(outcome.passes, 5);
}

TEST_F(ShiftTest, EndsWhenItIsToldTo) {
  std::stop_source stop;
  std::jthread shift([&] {
    const auto outcome = work(std::chrono::hours(1), std::chrono::hours(2), stop.get_token());
    EXPECT_EQ(outcome.passes, 1);
  });
  while (ledger.charge_asked == 0) std::this_thread::yield();
  stop.request_stop();
}

TEST_F(ShiftTest, AFailedPassIsToldThoughAGoodOneFollows) {
  const auto file = testing::TempDir() + "shift_test.log";
  ASSERT_TRUE(log::configure({.format = log::Format::text, .file = file}));
  capacity.listable = false;
  work(Millis(1000), Millis(0));
  ASSERT_TRUE(log::configure({.format = log::Format::none}));
  std::ifstream written(file);
  const std::string lines(std::istreambuf_iterator<char>(written), {});
  EXPECT_NE(lines.find("no list today"), std::string::npos) << lines;
  std::filesystem::remove(file);
}

TEST_F(ShiftTest, IsJudgedByHowItStoodAtTheEnd) {
  queue.readable = false;
  const auto held = verdict_of(work(Millis(1000), Millis(0)).last);
  ASSERT_FALSE(held);
  EXPECT_EQ(held.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(held.error().message,
            "nothing was decided: local/small: the queue is unknown: the queue is away");

  queue.readable = true;
  queue.unclaimed = 1;
  capacity.room = 0;
  EXPECT_FALSE(verdict_of(work(Millis(1000), Millis(0)).last)) << "nothing could be launched";

  capacity.listable = false;
  EXPECT_FALSE(verdict_of(work(Millis(1000), Millis(0)).last));

  ledger.charges["local/small"] = {Charge::Kind::anothers, "b is in charge"};
  EXPECT_TRUE(verdict_of(work(Millis(1000), Millis(0)).last)) << "standing by is no failure";
}

TEST_F(ShiftTest, HasFailedIfMostOfItsPassesHave) {
  const auto failing = [&](int from, int to) {
    std::stop_source stop;
    int listed = 0;
    capacity.during_list = [&] {
      ++listed;
      queue.readable = listed < from || listed >= to;
      if (listed == 6) stop.request_stop();
    };
    return verdict_of(work(Millis(1), std::chrono::hours(1), stop.get_token()));
  };
  EXPECT_TRUE(failing(1, 3)) << "two of six";
  const auto four = failing(1, 5);
  ASSERT_FALSE(four);
  EXPECT_EQ(four.error().message,
            "4 of 6 passes failed; nothing was decided: local/small: the queue is unknown: the "
            "queue is away");
  EXPECT_FALSE(failing(5, 7)) << "the last that was whole";
}

TEST_F(ShiftTest, APassThatWasCutTellsNothingOfThoseBefore) {
  std::stop_source stop;
  int listed = 0;
  capacity.during_list = [&] {
    if (++listed == 2) stop.request_stop();
  };
  const auto second_cut = work(Millis(1), std::chrono::hours(1), stop.get_token());
  EXPECT_EQ(second_cut.passes, 2);
  EXPECT_TRUE(verdict_of(second_cut.last));

  listed = 0;
  stop = {};
  queue.readable = false;
  EXPECT_FALSE(verdict_of(work(Millis(1), std::chrono::hours(1), stop.get_token()).last))
      << "the first was held";

  capacity.during_list = [&] { stop.request_stop(); };
  stop = {};
  const auto only_cut = work(Millis(1), std::chrono::hours(1), stop.get_token());
  ASSERT_FALSE(only_cut.last);
  EXPECT_EQ(only_cut.last.error().kind, ErrorKind::cancelled);
}

}  // namespace
}  // namespace muster::fleet
