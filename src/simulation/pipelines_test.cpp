// Tasks that block others, and what is foreseen of them.

#include "simulation/pipelines.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "base/log.hpp"
#include "simulation/world.hpp"

namespace muster::simulation {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr Millis kUpstream = minutes(5);

// An hour apart: one task, and three that it blocks.
std::vector<Arrival> pipelines(int count, Millis took_before = kUpstream) {
  std::vector<Arrival> arrivals;
  for (int i = 0; i < count; ++i) {
    const auto first = arrivals.size();
    arrivals.push_back({std::chrono::hours(i), kUpstream, {}, {}, took_before});
    for (int j = 0; j < 3; ++j) arrivals.push_back({Millis(0), minutes(2), {first}});
  }
  return arrivals;
}

class BlockedTasks : public testing::Test {
 protected:
  static void SetUpTestSuite() { static_cast<void>(log::configure({.format = log::Format::none})); }

  RunTotals run(const std::vector<Arrival>& arrivals, bool foresight = true) {
    scaling::Policy policy;
    policy.max = 10;
    policy.reaps = true;
    policy.drains = false;
    policy.soon_free = true;
    policy.foresight = foresight;
    Conditions conditions;
    conditions.habits = {.single_task = false, .idle_timeout = minutes(1)};
    World world(conditions, arrivals, 1);
    world.scaled_by_us(policy);
    auto totals = world.run(std::chrono::hours(48));
    EXPECT_TRUE(totals.violations.empty()) << totals.violations.front();
    return totals;
  }
};

// Of the three that are blocked one is taken by whoever ran what blocked it.
TEST_F(BlockedTasks, FindAnInstanceReadyWhereTheyAreForeseen) {
  const auto without = run(pipelines(10), false);
  EXPECT_EQ(
      std::ranges::count_if(without.blocked_waits, [](auto wait) { return wait > minutes(1); }),
      20);
  const auto with = run(pipelines(10));
  EXPECT_EQ(with.blocked_waits.size(), 30U);
  EXPECT_LE(std::ranges::count_if(with.blocked_waits, [](auto wait) { return wait > seconds(10); }),
            2)
      << "of the first pipeline, as no boot was seen before";
  EXPECT_EQ(with.group.launches, without.group.launches);
  EXPECT_EQ(with.group.wasted, 0);
  EXPECT_TRUE(with.rules.contains(scaling::Rule::foreseen));
}

TEST_F(BlockedTasks, NeverComeOnceWhatBlocksThemHasFailed) {
  auto arrivals = pipelines(10);
  for (std::size_t i = 4; i < arrivals.size(); i += 4) arrivals[i].fails = true;
  const auto with = run(arrivals);
  EXPECT_EQ(with.unfinished, 0);
  EXPECT_EQ(with.blocked_waits.size(), 3U);
  EXPECT_EQ(with.left, 0);
  EXPECT_EQ(with.group.wasted, 18) << "two for each that failed, and no more";
}

// It takes twice as long as ever before: the instances end idle, once, and no more are launched
// than with the grace.
TEST_F(BlockedTasks, ThatComeFarTooLateCostABootEach) {
  const auto late = run(pipelines(10, kUpstream / 2));
  EXPECT_EQ(late.unfinished, 0);
  EXPECT_LE(late.group.wasted, 20);
}

TEST_F(BlockedTasks, ComeWhenTheLastOfSeveralThatBlockThemHasEnded) {
  std::vector<Arrival> arrivals = {{Millis(0), minutes(2), {}, {}, minutes(2)},
                                   {Millis(0), minutes(8), {}, {}, minutes(8)}};
  arrivals.push_back({Millis(0), minutes(1), {0, 1}});
  const auto totals = run(arrivals);
  EXPECT_EQ(totals.unfinished, 0);
  EXPECT_EQ(totals.blocked_waits, std::vector<Millis>{Millis(0)});
  arrivals[0].canceled_after = Millis(1);
  EXPECT_TRUE(run(arrivals).blocked_waits.empty());
}

TEST(Pipelines, ForeseeWhatOnlyRunningTasksBlock) {
  const std::vector<Arrival> arrivals = {{Millis(0), kUpstream, {}, {}, minutes(4)},
                                         {Millis(0), kUpstream, {}, {}, minutes(6)},
                                         {Millis(0), kUpstream, {0}},
                                         {Millis(0), kUpstream, {0, 1}},
                                         {Millis(0), kUpstream, {2}}};
  Timeline timeline{WallTime{std::chrono::hours(500'000)}};
  TaskQueue queue(timeline);
  Pipelines blocked(arrivals);
  const auto foreseen = [&] { return blocked.foreseen(queue, timeline); };
  blocked.arrived(0, queue.arrive(kUpstream));
  blocked.arrived(1, queue.arrive(kUpstream));
  EXPECT_TRUE(foreseen().empty()) << "what blocks them waits itself";
  static_cast<void>(queue.claim());
  ASSERT_EQ(foreseen().size(), 1U);
  EXPECT_EQ(foreseen()[0].expected_at, timeline.wall() + minutes(4));
  EXPECT_EQ(foreseen()[0].tasks, 1);
  EXPECT_EQ(foreseen()[0].freed, 1);
  static_cast<void>(queue.claim());
  ASSERT_EQ(foreseen().size(), 2U);
  EXPECT_EQ(foreseen()[1].expected_at, timeline.wall() + minutes(6));
  EXPECT_EQ(blocked.given_up(0), 3U);
  EXPECT_TRUE(foreseen().empty());
}

}  // namespace
}  // namespace muster::simulation
