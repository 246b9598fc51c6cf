#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/log.hpp"
#include "fleet/fakes_for_tests.hpp"
#include "fleet/loop.hpp"

namespace muster::fleet {
namespace {

// A source that was never read takes that for a change, and would be read twice at once.
TEST(LoopRun, NobodyWatchesBeforeTheFirstPassIsOver) {
  ASSERT_TRUE(log::configure({.format = log::Format::none}));
  ManualClock clock{WallTime(std::chrono::hours(500'000))};
  FakeQueue queue{clock};
  FakeCapacity capacity{clock};
  FakeLedger ledger;
  FakeObserver observer;
  std::atomic<int> lists = 0;
  std::atomic<bool> watched_in_first_pass = false;
  capacity.during_list = [&] {
    if (lists++ > 0) return;
    for (int i = 0; i < 20 && !capacity.watched; ++i) std::this_thread::sleep_for(Millis(10));
    watched_in_first_pass = capacity.watched.load();
  };
  Loop loop({{"local/small", {.min = 0, .max = 4}}}, {queue, capacity, ledger, observer, clock});
  std::jthread running([&](std::stop_token stop) { loop.run(stop); });
  while (!capacity.watched) std::this_thread::sleep_for(Millis(1));
  running.request_stop();
  running.join();
  EXPECT_FALSE(watched_in_first_pass);
}

}  // namespace
}  // namespace muster::fleet
