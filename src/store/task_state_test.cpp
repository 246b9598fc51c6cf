#include "store/task_state.hpp"

#include <gtest/gtest.h>

#include "store/progress.hpp"

namespace muster::store {
namespace {

using enum TaskState;

constexpr TaskState kAllStates[] = {
    blocked, queued, running, success, failed, canceled, timedout, infrastructure_fail, not_run};

TEST(TaskStateTest, WordsAndStatesAreOneToOne) {
  for (const auto state : kAllStates) EXPECT_EQ(task_state(to_string(state)), state);
  EXPECT_THROW(task_state("sleeping"), std::invalid_argument);
}

TEST(TaskStateTest, NothingLeavesAFinalState) {
  for (const auto state : kAllStates) {
    bool leaves = false;
    for (int event = 0; event <= static_cast<int>(TaskEvent::requeued); ++event) {
      leaves |= next(state, static_cast<TaskEvent>(event)).has_value();
    }
    EXPECT_EQ(leaves, !is_final(state)) << to_string(state);
  }
}

TEST(TaskStateTest, OnlyAQueuedTaskCanBeClaimed) {
  for (const auto state : kAllStates) {
    EXPECT_EQ(next(state, TaskEvent::claimed).has_value(), state == queued) << to_string(state);
  }
}

TEST(TaskStateTest, CombinesParts) {
  struct Case {
    std::vector<TaskState> parts;
    TaskState whole;
  };
  const Case cases[] = {
      {{blocked, blocked}, blocked},
      {{queued, queued}, queued},
      {{queued, blocked}, queued},
      {{queued, running}, running},
      {{success, queued}, running},
      {{failed, running}, running},
      {{success, success}, success},
      {{success, failed}, failed},
      {{failed, infrastructure_fail}, infrastructure_fail},
      {{failed, not_run}, failed},
      {{canceled, success}, canceled},
      {{timedout, canceled}, timedout},
  };
  for (const auto& [parts, whole] : cases) EXPECT_EQ(combine(parts), whole) << to_string(whole);
}

TEST(ProgressTest, ReleasesWhatRequiresNothing) {
  const auto next = next_jobs({{blocked, {}}, {blocked, {0}}});
  EXPECT_EQ(next.release, std::vector<std::size_t>{0});
  EXPECT_TRUE(next.skip.empty());
}

TEST(ProgressTest, WaitsForAllRequirements) {
  EXPECT_TRUE(next_jobs({{success, {}}, {running, {}}, {blocked, {0, 1}}}).release.empty());
  EXPECT_EQ(next_jobs({{success, {}}, {success, {}}, {blocked, {0, 1}}}).release,
            std::vector<std::size_t>{2});
}

TEST(ProgressTest, SkipsEverythingBehindAFailureInWhateverOrder) {
  const auto next = next_jobs({{blocked, {1}}, {blocked, {2}}, {failed, {}}, {blocked, {}}});
  EXPECT_EQ(next.skip, (std::vector<std::size_t>{1, 0}));
  EXPECT_EQ(next.release, std::vector<std::size_t>{3});
}

}  // namespace
}  // namespace muster::store
