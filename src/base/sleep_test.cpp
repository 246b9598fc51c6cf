#include "base/sleep.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <thread>

namespace muster {
namespace {

long task_switches() {
  rusage used{};
  EXPECT_EQ(getrusage(RUSAGE_THREAD, &used), 0);
  return used.ru_nvcsw;
}

TEST(Sleep, LastsAsLongAsAsked) {
  const auto begun = system_clock().monotonic();
  sleep_for(Millis(20), {});
  EXPECT_GE(system_clock().monotonic() - begun, Millis(20));
}

TEST(Sleep, EndsWhenItIsStopped) {
  std::stop_source stop;
  const std::jthread stopper([&] { stop.request_stop(); });
  const auto begun = system_clock().monotonic();
  sleep_for(std::chrono::hours(1), stop.get_token());
  EXPECT_LT(system_clock().monotonic() - begun, std::chrono::minutes(1));
}

// What is paced asks for it before every step, and mostly has not to wait.
TEST(Sleep, ForNothingLeavesTheProcessorToNobody) {
  constexpr int kTimes = 200;
  const auto before = task_switches();
  for (int i = 0; i < kTimes; ++i) sleep_for(Millis(i % 2 - 1), {});
  EXPECT_LT(task_switches() - before, kTimes / 4);
}

}  // namespace
}  // namespace muster
