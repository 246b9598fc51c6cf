#include "process/orphans.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "process/child.hpp"
#include "process/table.hpp"

namespace muster::process {
namespace {

using namespace std::chrono_literals;

constexpr Millis kPatience = 20s;

Child start(const std::string& script) {
  Command command;
  command.arguments = {"/bin/sh", "-c", script};
  command.environment = plain_environment();
  return std::move(Child::start(command).value());
}

std::int64_t zombies() {
  const auto table = read_table();
  return std::count_if(table.begin(), table.end(), [](const TableEntry& process) {
    return process.parent == ::getpid() && process.zombie;
  });
}

bool come_to(std::int64_t count) {
  const auto deadline = system_clock().monotonic() + kPatience;
  while (zombies() != count && system_clock().monotonic() < deadline) {
    std::this_thread::sleep_for(2ms);
  }
  return zombies() == count;
}

TEST(ReapOrphans, ReapsThoseThatHaveEndedAndNoMore) {
  become_subreaper();
  const auto child = start("(true &); (true &); (true &); (sleep 1000 &); exec sleep 1000");
  ASSERT_TRUE(come_to(3));
  reap_orphans();
  EXPECT_EQ(zombies(), 0);
  EXPECT_EQ(end_descendants(kPatience).value_or(-1), 2);
}

TEST(ReapOrphans, LeavesWhatSomebodyWaitsFor) {
  become_subreaper();
  auto waited_for = start("exit 7");
  ASSERT_TRUE(come_to(1));
  auto child = start("(true &); exec sleep 1000");
  ASSERT_TRUE(come_to(2));
  reap_orphans();
  EXPECT_EQ(zombies(), 1) << "the orphan behind it is reaped";
  const auto exit = waited_for.wait(0ms);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, 7);
  EXPECT_EQ(end_descendants(kPatience).value_or(-1), 1);
}

TEST(ReapOrphans, ReapsAChildThatNobodyWaitsForAnyMore) {
  { const auto left_alone = start("exit 0"); }
  ASSERT_TRUE(come_to(1));
  reap_orphans();
  EXPECT_EQ(zombies(), 0);
}

TEST(ReapOrphans, LeavesAllWhileSomebodyHoldsIt) {
  { const auto left_alone = start("exit 0"); }
  ASSERT_TRUE(come_to(1));
  {
    const auto held = hold_reaping();
    std::thread([] { reap_orphans(); }).join();
    EXPECT_EQ(zombies(), 1);
  }
  reap_orphans();
  EXPECT_EQ(zombies(), 0);
}

}  // namespace
}  // namespace muster::process
