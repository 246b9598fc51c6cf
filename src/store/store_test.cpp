#include "store/store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crypto.hpp"
#include "store/past_tasks.hpp"

namespace muster::store {
namespace {

using namespace std::chrono_literals;
using protocol::TaskResult;

constexpr Millis kLease = 5min;
const std::string kClass = "local/small";

// A store in a directory of its own, with one class and a clock that stands still. The vocabulary
// of the tests: submit, claim, finish, and read what happened.
class StoreTest : public testing::Test {
 protected:
  StoreTest() {
    reopen();
    make_class(kClass, 0);
  }
  ~StoreTest() override {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }

  void reopen() {
    store_.reset();
    auto opened = Store::open(directory_, kLease);
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = *std::move(opened);
  }

  Queue& queue() { return store_->queue(); }

  void make_class(const std::string& name, std::int64_t max_requeues) {
    ASSERT_TRUE(store_->catalog().create_class({name, "", std::nullopt, max_requeues}));
  }

  static pipeline::Job job(const std::string& resource_class, int parallelism = 1) {
    pipeline::Job made;
    made.name = "j";
    made.resource_class = resource_class;
    made.parallelism = parallelism;
    const pipeline::RunStep step{.name = "s", .command = "true"};
    made.steps = {step, step};
    return made;
  }

  // One workflow; each job by name with those it requires.
  std::string submit(const std::vector<std::pair<std::string, std::vector<std::string>>>& jobs,
                     const std::string& resource_class = kClass, int parallelism = 1) {
    pipeline::Config config;
    pipeline::Workflow workflow{"w", {}};
    for (const auto& [name, required] : jobs) {
      config.jobs[name] = job(resource_class, parallelism);
      workflow.jobs.push_back({name, name, required});
    }
    config.workflows = {workflow};
    return store_->pipelines().create({.project = "p"}, config, now_.wall).id;
  }

  std::optional<protocol::ClaimedTask> claim(const std::string& request_id = new_uuid(),
                                             const std::string& resource_class = kClass) {
    auto task = queue().claim(resource_class, {.request_id = request_id, .name = "r"}, now_);
    EXPECT_TRUE(task) << task.error().message;
    return *task;
  }

  static Attempt attempt(const protocol::ClaimedTask& task) { return {task.task_id, task.attempt}; }

  void finish(const protocol::ClaimedTask& task, TaskResult result = TaskResult::success) {
    const auto done = queue().finish(attempt(task), {result, ""}, now_.wall);
    EXPECT_TRUE(done) << done.error().message;
  }

  std::string state(const std::string& pipeline_id) {
    return store_->pipelines().status(pipeline_id).state;
  }
  std::string job_state(const std::string& pipeline_id, std::size_t index) {
    return store_->pipelines().status(pipeline_id).workflows[0].jobs[index].state;
  }

  std::filesystem::path directory_ =
      std::filesystem::temp_directory_path() / ("muster-store-" + random_hex(6));
  std::unique_ptr<Store> store_;
  Now now_{*parse_rfc3339("2026-01-01T00:00:00Z"), ServiceTime(0)};
};

TEST_F(StoreTest, TasksAreClaimedInTheOrderTheyWereQueued) {
  submit({{"a", {}}, {"b", {}}}, kClass, 2);
  submit({{"c", {}}});
  std::vector<std::pair<std::int64_t, std::int64_t>> order;  // job, slice
  for (int i = 0; i < 5; ++i) {
    const auto task = claim();
    order.emplace_back(task->job_number, task->index);
  }
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_EQ(claim(), std::nullopt);
}

TEST_F(StoreTest, ARetriedClaimGetsTheSameTaskAndToken) {
  submit({{"a", {}}, {"b", {}}});
  const auto first = claim("same");
  reopen();
  const auto again = claim("same");
  ASSERT_TRUE(first && again);
  EXPECT_EQ(again->task_id, first->task_id);
  EXPECT_EQ(again->token, first->token);
  EXPECT_EQ(queue().unclaimed(kClass), 1);
}

TEST_F(StoreTest, AWithdrawnClaimNeverGetsATask) {
  const auto nothing = queue().withdraw(kClass, "w", now_);
  ASSERT_TRUE(nothing);
  EXPECT_EQ(*nothing, std::nullopt);
  submit({{"a", {}}});
  const auto late = queue().claim(kClass, {.request_id = "w", .name = "r"}, now_);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::conflict);
  EXPECT_EQ(queue().unclaimed(kClass), 1);
}

TEST_F(StoreTest, WithdrawingAClaimThatHadATaskGivesTheTask) {
  submit({{"a", {}}});
  const auto task = claim("w");
  const auto told = queue().withdraw(kClass, "w", now_);
  ASSERT_TRUE(told && *told);
  EXPECT_EQ((*told)->task_id, task->task_id);
}

TEST_F(StoreTest, TaskTokensNameTheirAttemptAndCannotBeMade) {
  submit({{"a", {}}});
  const auto task = claim();
  EXPECT_EQ(queue().task_tokens().attempt_of(task->token), attempt(*task));
  auto forged = task->token;
  forged.back() = forged.back() == '0' ? '1' : '0';
  EXPECT_EQ(queue().task_tokens().attempt_of(forged), std::nullopt);
  EXPECT_EQ(queue().task_tokens().attempt_of("mut_"), std::nullopt);
  EXPECT_EQ(queue().task_tokens().attempt_of(""), std::nullopt);
}

TEST_F(StoreTest, AJobStartsWhenAllItRequiresHasSucceeded) {
  const auto id = submit({{"a", {}}, {"b", {"a"}}}, kClass, 2);
  const auto first = claim();
  const auto second = claim();
  EXPECT_EQ(claim(), std::nullopt);
  finish(*first);
  EXPECT_EQ(claim(), std::nullopt);
  finish(*second);
  EXPECT_EQ(queue().unclaimed(kClass), 2);
  finish(*claim());
  finish(*claim());
  EXPECT_EQ(state(id), "success");
}

TEST_F(StoreTest, WhatAFailureBlocksNeverRuns) {
  const auto id = submit({{"a", {}}, {"b", {"a"}}, {"c", {"b"}}});
  finish(*claim(), TaskResult::failed);
  EXPECT_EQ(state(id), "failed");
  EXPECT_EQ(job_state(id, 1), "not_run");
  EXPECT_EQ(job_state(id, 2), "not_run");
}

TEST_F(StoreTest, AFinishIsTakenOnceAndItsRepeatIsFine) {
  submit({{"a", {}}});
  const auto task = *claim();
  finish(task, TaskResult::failed);
  finish(task, TaskResult::failed);
  const auto other = queue().finish(attempt(task), {TaskResult::success, ""}, now_.wall);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().kind, ErrorKind::conflict);
}

TEST_F(StoreTest, ALapsedLeaseEndsTheTaskAndTheOutputSaysSo) {
  const auto id = submit({{"a", {}}});
  const auto task = *claim();
  now_.service += kLease - 1ms;
  queue().end_lapsed(now_);
  EXPECT_EQ(state(id), "running");
  ASSERT_TRUE(queue().renew_lease(attempt(task), now_));
  now_.service += kLease;
  queue().end_lapsed(now_);
  EXPECT_EQ(job_state(id, 0), "infrastructure_fail");
  EXPECT_FALSE(queue().renew_lease(attempt(task), now_));
  EXPECT_FALSE(queue().finish(attempt(task), {TaskResult::success, ""}, now_.wall));
}

TEST_F(StoreTest, ALapsedLeaseFailsTheStepThatRanAndEndsTheOneInTheBackground) {
  const auto id = submit({{"a", {}}});
  const auto task = *claim();
  using protocol::StepState;
  protocol::StepUpdate update{"Serve", StepState::background, {}, now_.wall, {}};
  ASSERT_TRUE(queue().update_step(attempt(task), 0, update, now_.wall));
  update = {"Test", StepState::running, {}, now_.wall, {}};
  ASSERT_TRUE(queue().update_step(attempt(task), 1, update, now_.wall));
  now_.service += kLease;
  queue().end_lapsed(now_);
  const auto status = store_->pipelines().status(id);
  const auto& steps = status.workflows[0].jobs[0].tasks[0].steps;
  ASSERT_EQ(steps.size(), 2U);
  EXPECT_EQ(steps[0].state, StepState::background);
  EXPECT_EQ(steps[1].state, StepState::failed);
  for (const auto& step : steps) EXPECT_EQ(step.ended_at, now_.wall);
}

TEST_F(StoreTest, AStepWhoseOutputMayNotBeOnTheDiskHasNotEnded) {
  const auto id = submit({{"a", {}}});
  const auto task = *claim();
  const OutputKey key{task.task_id, 1, 0};
  const protocol::StepUpdate ended{"Test", protocol::StepState::success, 0, now_.wall, now_.wall};
  const auto latest = [&] { return *queue().latest_attempt(task.task_id); };
  ASSERT_TRUE(store_->outputs().append(key, 0, "hello"));
  const auto path = store_->outputs().path(key);
  std::filesystem::rename(path, directory_ / "away");
  std::filesystem::create_symlink(path, path);  // nobody can open it, not even root
  const auto refused = queue().update_step(attempt(task), 0, ended, now_.wall);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::internal) << "anything else would end the attempt";
  EXPECT_FALSE(queue().has_step_ended(latest(), 0));
  std::filesystem::rename(directory_ / "away", path);
  EXPECT_TRUE(queue().update_step(attempt(task), 0, ended, now_.wall));
  EXPECT_TRUE(queue().has_step_ended(latest(), 0));
}

TEST_F(StoreTest, WhereNoStepRanTheNoteHasAStepOfItsOwn) {
  const auto id = submit({{"a", {}}});
  const auto task = *claim();
  const protocol::StepUpdate done{"Test", protocol::StepState::success, 0, now_.wall, now_.wall};
  ASSERT_TRUE(queue().update_step(attempt(task), 0, done, now_.wall));
  now_.service += kLease;
  {
    db::Transaction undone(store_->database());
    queue().end_lapsed(now_);
  }
  EXPECT_EQ(state(id), "running");
  queue().steps().take_back_notes();
  queue().end_lapsed(now_);
  const auto status = store_->pipelines().status(id);
  const auto& told = status.workflows[0].jobs[0].tasks[0];
  ASSERT_EQ(told.steps.size(), 2U);
  EXPECT_EQ(told.steps[0].output_size, 0);
  EXPECT_EQ(told.steps[1].name, "Runner Instance Failure");
  EXPECT_EQ(told.steps[1].state, protocol::StepState::failed);
  const auto note = read_file(store_->outputs().path({task.task_id, 1, told.steps[1].index}), 1000);
  EXPECT_EQ(*note, told.message + ".\n");
}

TEST_F(StoreTest, AnAgentMayBeHeardForAnHourAfterItsTask) {
  submit({{"a", {}}});
  const auto task = *claim();
  const auto heard = [&](std::int64_t number) {
    return queue().may_be_heard({task.task_id, number}, now_.wall);
  };
  now_.wall += 24h;
  EXPECT_TRUE(heard(1)) << "it runs";
  EXPECT_FALSE(heard(2)) << "there was none";
  finish(task, TaskResult::success);
  EXPECT_TRUE(heard(1));
  now_.wall += 1h;
  EXPECT_FALSE(heard(1));
  EXPECT_FALSE(queue().may_be_heard({new_uuid(), 1}, now_.wall));
}

class UndoneLapse : public StoreTest {
 protected:
  // With a step that runs and has printed "half a li".
  UndoneLapse() {
    submit({{"a", {}}});
    task_ = *claim();
    const protocol::StepUpdate runs{"Test", protocol::StepState::running, {}, now_.wall, {}};
    EXPECT_TRUE(queue().update_step(attempt(task_), 0, runs, now_.wall));
    EXPECT_TRUE(store_->outputs().append(key(), 0, "half a li"));
    auto late = now_;
    late.service += kLease;
    db::Transaction undone(store_->database());
    queue().end_lapsed(late);
    EXPECT_GT(store_->outputs().size(key()), 9U);
  }

  OutputKey key() const { return {task_.task_id, 1, 0}; }
  std::string output() { return *read_file(store_->outputs().path(key()), 1000); }

  protocol::ClaimedTask task_;
};

TEST_F(UndoneLapse, AfterAKillTheOutputGoesOnWhereItWas) {
  reopen();
  ASSERT_TRUE(queue().renew_lease(attempt(task_), now_));
  EXPECT_EQ(*store_->outputs().append(key(), 9, "ne\n"), 12U);
  EXPECT_EQ(output(), "half a line\n");
}

TEST_F(UndoneLapse, IsNotedOnceInTheEnd) {
  queue().steps().take_back_notes();
  queue().steps().take_back_notes();
  EXPECT_EQ(output(), "half a li");
  now_.service += kLease;
  queue().end_lapsed(now_);
  EXPECT_EQ(output(),
            "half a li\nLost contact with runner r: no heartbeat for 5 min 0 s (attempt 1).\n");
  reopen();
  EXPECT_NE(output(), "half a li") << "what was committed stays";
}

TEST_F(UndoneLapse, WhatCannotBeTakenBackIsTriedAgain) {
  const auto path = store_->outputs().path(key());
  std::filesystem::rename(path, directory_ / "away");
  std::filesystem::create_directory(path);
  queue().steps().take_back_notes();
  EXPECT_FALSE(queue().steps().remove_wrong_notes(key()));
  std::filesystem::remove(path);
  std::filesystem::rename(directory_ / "away", path);
  queue().steps().keep_notes();  // of a later transaction
  EXPECT_TRUE(queue().steps().remove_wrong_notes(key()));
  EXPECT_EQ(output(), "half a li");
}

TEST_F(StoreTest, TimeInWhichTheServerWasAwayDoesNotCount) {
  const auto id = submit({{"a", {}}});
  claim();
  store_->keep_service_time(kLease - 1ms);
  reopen();
  now_.wall += 24h;
  now_.service = store_->service_time();
  queue().end_lapsed(now_);
  EXPECT_EQ(state(id), "running");
}

TEST_F(StoreTest, AClaimOfARunningTaskIsKnownWhateverTheClockSays) {
  submit({{"a", {}}, {"b", {}}});
  const auto first = claim("same");
  const auto ended = claim("ended");
  finish(*ended);
  now_.wall += 25h;
  queue().forget_old_claims(now_.wall);
  const auto again = claim("same");
  ASSERT_TRUE(again) << "it is no new claim";
  EXPECT_EQ(again->task_id, first->task_id);
  EXPECT_EQ(claim("ended"), std::nullopt) << "what has ended is forgotten";
}

TEST_F(StoreTest, AClassMayQueueALapsedTaskAgainAtMostNTimes) {
  make_class("local/spot", 1);
  const auto id = submit({{"a", {}}}, "local/spot");
  const auto first = *claim(new_uuid(), "local/spot");
  EXPECT_TRUE(first.ends_with_lease);
  now_.service += kLease;
  queue().end_lapsed(now_);
  EXPECT_EQ(job_state(id, 0), "queued");
  const auto second = *claim(new_uuid(), "local/spot");
  EXPECT_EQ(second.task_id, first.task_id);
  EXPECT_EQ(second.attempt, 2);
  EXPECT_FALSE(queue().check_live(attempt(first)));
  now_.service += kLease;
  queue().end_lapsed(now_);
  EXPECT_EQ(job_state(id, 0), "infrastructure_fail");
}

TEST_F(StoreTest, ATaskThatItsRunnerCouldNotRunIsQueuedAgainAtMostNTimes) {
  make_class("local/spot", 1);
  const auto id = submit({{"a", {}}, {"b", {"a"}}}, "local/spot");
  const auto first = *claim(new_uuid(), "local/spot");
  const protocol::StepUpdate server_step{.name = "db", .state = protocol::StepState::background};
  ASSERT_TRUE(queue().update_step(attempt(first), 0, server_step, now_.wall));
  const protocol::FinishRequest broken{TaskResult::infrastructure_fail, "disk full"};
  ASSERT_TRUE(queue().finish(attempt(first), broken, now_.wall));
  EXPECT_EQ(job_state(id, 0), "queued");
  EXPECT_EQ(queue().unclaimed("local/spot"), 1);
  const auto told = store_->pipelines().status(id).workflows[0].jobs[0].tasks[0];
  EXPECT_EQ(told.message, "disk full (attempt 1 on r; queued again)");
  EXPECT_TRUE(queue().has_step_ended(*queue().latest_attempt(first.task_id), 0));
  EXPECT_TRUE(queue().finish(attempt(first), broken, now_.wall)) << "its answer was lost";
  EXPECT_EQ(queue().unclaimed("local/spot"), 1);

  const auto second = *claim(new_uuid(), "local/spot");
  EXPECT_EQ(second.attempt, 2);
  const auto late = queue().finish(attempt(first), broken, now_.wall);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::conflict);
  finish(second, TaskResult::infrastructure_fail);
  EXPECT_EQ(job_state(id, 0), "infrastructure_fail");
  EXPECT_EQ(job_state(id, 1), "not_run");
}

TEST_F(StoreTest, AFinishTellsItsLastStepTooAndIsAllOrNothing) {
  const auto id = submit({{"a", {}}});
  const auto task = *claim();
  protocol::FinishRequest finish{TaskResult::success, "", protocol::StepReport{99, {}}};
  {
    db::Transaction undone(store_->database());
    EXPECT_EQ(queue().finish(attempt(task), finish, now_.wall).error().kind, ErrorKind::not_found);
  }
  EXPECT_EQ(job_state(id, 0), "running");
  const protocol::StepUpdate ended{"Test", protocol::StepState::success, 0, now_.wall, now_.wall};
  finish.last_step = protocol::StepReport{0, ended};
  ASSERT_TRUE(queue().finish(attempt(task), finish, now_.wall));
  EXPECT_TRUE(queue().finish(attempt(task), finish, now_.wall)) << "its answer was lost";
  const auto told = store_->pipelines().status(id).workflows[0].jobs[0].tasks[0];
  EXPECT_EQ(told.state, "success");
  ASSERT_EQ(told.steps.size(), 1U);
  EXPECT_EQ(told.steps[0].state, protocol::StepState::success);
  EXPECT_EQ(told.steps[0].exit_code, 0);
}

TEST_F(StoreTest, OnlyWhatIsTheRunnersFaultIsQueuedAgain) {
  make_class("local/spot", 1);
  for (const auto result : {TaskResult::failed, TaskResult::timedout, TaskResult::canceled}) {
    submit({{"a", {}}}, "local/spot");
    finish(*claim(new_uuid(), "local/spot"), result);
    EXPECT_EQ(queue().unclaimed("local/spot"), 0);
  }
  const auto id = submit({{"a", {}}}, "local/spot");
  const auto task = *claim(new_uuid(), "local/spot");
  store_->pipelines().cancel(id, now_.wall);
  finish(task, TaskResult::infrastructure_fail);
  EXPECT_EQ(queue().unclaimed("local/spot"), 0) << "nobody wants it any more";
}

TEST_F(StoreTest, CancelingEndsWhatWaitsAndAsksWhatRuns) {
  const auto id = submit({{"a", {}}, {"b", {}}, {"c", {"a"}}});
  const auto task = *claim();
  EXPECT_TRUE(store_->pipelines().cancel(id, now_.wall));
  EXPECT_FALSE(store_->pipelines().cancel(id, now_.wall)) << "it is asked for already";
  EXPECT_EQ(job_state(id, 1), "canceled");
  EXPECT_EQ(job_state(id, 2), "canceled");
  EXPECT_TRUE(queue().is_cancel_requested(attempt(task)));
  finish(task, TaskResult::canceled);
  EXPECT_EQ(state(id), "canceled");
  EXPECT_FALSE(store_->pipelines().cancel(id, now_.wall)) << "it has ended";
}

TEST_F(StoreTest, OutputNeitherLosesNorDoublesAByte) {
  const OutputKey key{"t", 1, 0};
  auto& outputs = store_->outputs();
  EXPECT_EQ(*outputs.append(key, 0, "hello "), 6U);
  EXPECT_EQ(*outputs.append(key, 0, "hello "), 6U);     // repeated
  EXPECT_EQ(*outputs.append(key, 3, "lo world"), 11U);  // overlapping
  EXPECT_EQ(*outputs.append(key, 2, "llo"), 11U);       // late
  const auto gap = outputs.append(key, 12, "!");
  ASSERT_FALSE(gap);
  EXPECT_EQ(gap.error().kind, ErrorKind::out_of_range);
  EXPECT_EQ(*read_file(outputs.path(key), 100), "hello world");
}

TEST_F(StoreTest, KnowsWhichRunnersOfOtherClassesAreActive) {
  auto& runners = store_->runners();
  const auto seen = [&](const std::string& resource_class, const std::string& name, Millis ago) {
    EXPECT_TRUE(
        runners.contacted({.resource_class = resource_class, .name = name}, now_.wall - ago));
  };
  seen(kClass, "ours", 0min);
  seen("local/a", "earlier", 2min);
  seen("local/b", "later", 1min);
  seen("local/b", "gone", 6min);
  const auto others = runners.active_elsewhere({kClass}, now_.wall);
  ASSERT_EQ(others.size(), 2U);
  EXPECT_EQ(others[0].name, "later");
  EXPECT_EQ(others[1].resource_class, "local/a");
  EXPECT_TRUE(runners.active_elsewhere({kClass, "local/a", "local/b"}, now_.wall).empty());
}

TEST_F(StoreTest, ARunnerThatIsGoneIsForgottenAlsoIfTheClockWasSetBack) {
  auto& runners = store_->runners();
  EXPECT_TRUE(runners.contacted({.resource_class = kClass, .name = "gone"}, now_.wall));
  now_.wall -= 24h;
  runners.forget_unseen(now_.wall);
  EXPECT_EQ(runners.activity(kClass, now_.wall).size(), 1U);
  now_.wall += 6min;
  EXPECT_TRUE(runners.activity(kClass, now_.wall).empty());
  now_.wall += 12h;
  runners.forget_unseen(now_.wall);
  EXPECT_TRUE(runners.list({}, now_.wall).empty());
}

// --- Runners that are to go -----------------------------------------------------------------

class DrainTest : public StoreTest {
 protected:
  Runners& runners() { return store_->runners(); }
  void contact(const std::string& name = "r") {
    ASSERT_TRUE(runners().contacted({.resource_class = kClass, .name = name}, now_.wall));
  }
  std::vector<std::string> states() {
    std::vector<std::string> states;
    for (const auto& item : runners().list({}, now_.wall)) states.push_back(item.state.value());
    return states;
  }
};

TEST_F(DrainTest, ADrainedRunnerGetsNoTaskAlsoAfterARestart) {
  contact();
  submit({{"a", {}}});
  EXPECT_EQ(runners().drain(kClass, "r"), true);
  EXPECT_EQ(runners().drain(kClass, "r"), false) << "it is no news";
  EXPECT_EQ(claim(), std::nullopt);
  reopen();
  contact();
  EXPECT_EQ(claim(), std::nullopt);
  EXPECT_EQ(queue().unclaimed(kClass), 1);
  const auto other = queue().claim(kClass, {.request_id = new_uuid(), .name = "s"}, now_);
  EXPECT_TRUE(other && *other) << "which is somebody else's";
}

TEST_F(DrainTest, WhatWasGivenBeforeIsStillGiven) {
  contact();
  submit({{"a", {}}, {"b", {}}});
  const auto task = claim("lost");
  EXPECT_TRUE(runners().drain(kClass, "r"));
  const auto again = claim("lost");
  ASSERT_TRUE(task && again) << "the answer may have been lost";
  EXPECT_EQ(again->task_id, task->task_id);
  finish(*task);
  EXPECT_EQ(claim(), std::nullopt);
}

TEST_F(DrainTest, IsToldToWhomItConcerns) {
  contact();
  store_->take_changes();
  EXPECT_TRUE(runners().drain(kClass, "r"));
  const auto changes = store_->take_changes();
  EXPECT_THAT(changes.drained, testing::ElementsAre(testing::Pair(kClass, "r")));
  EXPECT_THAT(changes.demand, testing::ElementsAre(kClass));
  EXPECT_EQ(runners().activity(kClass, now_.wall).at(0).draining, true);
}

TEST_F(DrainTest, AStateInAWord) {
  contact();
  EXPECT_THAT(states(), testing::ElementsAre("idle"));
  EXPECT_EQ(runners().activity(kClass, now_.wall).at(0).draining, std::nullopt);
  submit({{"a", {}}});
  const auto task = *claim();
  EXPECT_THAT(states(), testing::ElementsAre("busy"));
  const auto works_on = runners().list({}, now_.wall).at(0).task;
  ASSERT_TRUE(works_on);
  EXPECT_EQ(works_on->id, task.task_id);
  EXPECT_EQ(works_on->pipeline_number, task.pipeline_number);
  EXPECT_EQ(works_on->job_number, task.job_number);
  EXPECT_EQ(works_on->job, "a");
  EXPECT_EQ(works_on->started_at, now_.wall);
  EXPECT_TRUE(runners().drain(kClass, "r"));
  EXPECT_THAT(states(), testing::ElementsAre("draining"));
  finish(task);
  EXPECT_THAT(states(), testing::ElementsAre("draining"));
  EXPECT_EQ(runners().list({}, now_.wall).at(0).task, std::nullopt);
  now_.wall += 6min;
  EXPECT_THAT(states(), testing::ElementsAre("gone"));
}

TEST_F(DrainTest, OnlyWhoTakesNoTaskIsRemoved) {
  contact();
  const auto refused = [&] {
    const auto removed = runners().remove(kClass, "r", now_.wall);
    return removed ? "" : removed.error().message;
  };
  EXPECT_EQ(refused(), "runner r may take a task: drain it first");
  submit({{"a", {}}});
  const auto task = *claim();
  EXPECT_EQ(refused(), "runner r runs a task: drain it first");
  EXPECT_TRUE(runners().drain(kClass, "r"));
  EXPECT_EQ(refused(), "runner r still runs a task: remove it once that has ended");
  now_.wall += 6min;
  EXPECT_EQ(refused(), "runner r still runs a task: remove it once that has ended");
  finish(task);
  EXPECT_EQ(runners().remove(kClass, "r", now_.wall), true);
}

// Or it would be back with its next claim, and have a task.
TEST_F(DrainTest, WhoWasRemovedIsANewcomerOnlyAfterFiveMinutesOfSilence) {
  contact();
  submit({{"a", {}}});
  EXPECT_TRUE(runners().drain(kClass, "r"));
  EXPECT_EQ(runners().remove(kClass, "r", now_.wall), true);
  EXPECT_EQ(runners().remove(kClass, "r", now_.wall), false) << "it is no news";
  EXPECT_THAT(states(), testing::IsEmpty());
  for (int minute = 0; minute < 12; minute += 4, now_.wall += 4min) {
    contact();
    runners().forget_unseen(now_.wall);
    EXPECT_EQ(claim(), std::nullopt);
    EXPECT_THAT(states(), testing::IsEmpty());
  }
  EXPECT_EQ(runners().activity(kClass, now_.wall).size(), 1U) << "a scaler must know of it";
  now_.wall += 2min;
  contact();
  EXPECT_THAT(states(), testing::ElementsAre("idle"));
  EXPECT_TRUE(claim());
}

TEST_F(DrainTest, WhoWasRemovedIsForgottenOnceItIsSilent) {
  contact();
  EXPECT_TRUE(runners().drain(kClass, "r"));
  EXPECT_TRUE(runners().remove(kClass, "r", now_.wall));
  now_.wall += 6min;
  runners().forget_unseen(now_.wall);
  EXPECT_FALSE(runners().is_leaving(kClass, "r"));
  EXPECT_FALSE(runners().remove(kClass, "r", now_.wall));
}

TEST_F(DrainTest, WhoIsGoneIsForgottenAtOnceAndItsDrainWithIt) {
  for (const bool drained : {false, true}) {
    contact();
    if (drained) {
      EXPECT_TRUE(runners().drain(kClass, "r"));
    }
    now_.wall += 6min;
    EXPECT_EQ(runners().remove(kClass, "r", now_.wall), true);
    EXPECT_THAT(states(), testing::IsEmpty());
    contact();
    EXPECT_THAT(states(), testing::ElementsAre("idle"));
  }
}

TEST_F(DrainTest, WhoIsNotKnownIsNotFoundInTheSameWords) {
  contact();
  const std::string words = "there is no runner x of resource class local/small";
  EXPECT_EQ(runners().drain(kClass, "x").error().message, words);
  EXPECT_EQ(runners().remove(kClass, "x", now_.wall).error().message, words);
  contact("x");
  EXPECT_TRUE(runners().drain(kClass, "x"));
  EXPECT_TRUE(runners().remove(kClass, "x", now_.wall));
  EXPECT_EQ(runners().drain(kClass, "x").error(), (Error{ErrorKind::not_found, words}))
      << "also if it is only out of sight";
  EXPECT_EQ(runners().drain("local/other", "r").error().message,
            "there is no runner r of resource class local/other");
}

TEST_F(StoreTest, AClassHasSoManyRunnersAndKeepsThoseThatItHas) {
  constexpr int kMost = 20'000;
  auto& runners = store_->runners();
  const auto contact = [&](const std::string& name, const std::string& resource_class = kClass) {
    return runners.contacted({.resource_class = resource_class, .name = name}, now_.wall);
  };
  db::Transaction transaction(store_->database());
  for (int n = 0; n < kMost; ++n) ASSERT_TRUE(contact(std::to_string(n)));
  const auto refused = contact("one more");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
  EXPECT_THAT(refused.error().message, testing::HasSubstr("has 20000 runners already"));
  EXPECT_TRUE(contact("other's", "local/other"));
  EXPECT_EQ(runners.activity(kClass, now_.wall).size(), kMost);

  now_.wall += 6min;
  EXPECT_TRUE(contact("7")) << "who is known goes on";
  EXPECT_FALSE(contact("one more"));
  runners.forget_unseen(now_.wall);
  EXPECT_TRUE(contact("one more")) << "those unseen for minutes make room";
  EXPECT_EQ(runners.list({.resource_class = kClass, .of_namespace = {}}, now_.wall).size(), 2U);
  EXPECT_EQ(runners.list({.resource_class = "local/other", .of_namespace = {}}, now_.wall).size(),
            1U)
      << "of a class with few, those of hours are kept";
  transaction.commit();
}

TEST_F(StoreTest, ARunnerWhoseContactWasUndoneTakesNoRoomForLong) {
  const auto contact = [&](int n) {
    return store_->runners().contacted({.resource_class = kClass, .name = std::to_string(n)},
                                       now_.wall);
  };
  {
    const db::Transaction undone(store_->database());
    for (int n = 0; n < 20'000; ++n) ASSERT_TRUE(contact(n));
  }
  now_.wall += 1s;
  EXPECT_TRUE(contact(0));
}

TEST_F(StoreTest, ThoseWhoseForgettingWasUndoneTakeTheirRoom) {
  const auto contact = [&](const std::string& name) {
    return store_->runners().contacted({.resource_class = kClass, .name = name}, now_.wall);
  };
  {
    db::Transaction transaction(store_->database());
    for (int n = 0; n < 20'000; ++n) ASSERT_TRUE(contact(std::to_string(n)));
    transaction.commit();
  }
  now_.wall += 6min;
  {
    const db::Transaction undone(store_->database());
    store_->runners().forget_unseen(now_.wall);
    EXPECT_TRUE(contact("one more"));
  }
  store_->runners().count_anew();
  EXPECT_FALSE(contact("one more"));
}

TEST_F(StoreTest, TokensAreHashedRevocableAndOfTheirKind) {
  const auto made = store_->catalog().create_token({kClass, "n", std::nullopt}, now_.wall);
  ASSERT_TRUE(made);
  EXPECT_EQ(store_->catalog().authenticate(*made->token)->resource_class, kClass);
  EXPECT_FALSE(store_->catalog().authenticate(*made->token + "0"));
  EXPECT_FALSE(store_->catalog().authenticate(made->token->substr(0, 20)));
  EXPECT_FALSE(store_->catalog().revoke_token(made->id, true));
  ASSERT_TRUE(store_->catalog().revoke_token(made->id, false));
  EXPECT_FALSE(store_->catalog().authenticate(*made->token));
}

TEST_F(StoreTest, APersonalTokenHasARole) {
  using protocol::Role;
  auto& catalog = store_->catalog();
  const auto role_of = [&](const protocol::NewToken& wanted) {
    return catalog.authenticate(*catalog.create_token(wanted, now_.wall)->token)->role;
  };
  EXPECT_EQ(role_of({"", "n"}), Role::run);
  for (const auto role : {Role::read, Role::run, Role::admin}) {
    EXPECT_EQ(role_of({"", "n", std::nullopt, role}), role);
  }
  const auto refused = catalog.create_token({kClass, "n", std::nullopt, Role::admin}, now_.wall);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::invalid);
}

TEST_F(StoreTest, ItsHistoryIsReadWhileAServerIsAtWork) {
  const auto queued_at = now_.wall;
  const auto id = submit({{"runs", {}}, {"waits", {}}, {"never", {"runs"}}});
  now_.wall += 5s;
  const auto task = *claim();
  now_.wall += 60s;
  finish(task, TaskResult::failed);
  std::vector<TaskTimes> all;
  const auto read = each_task(directory_, [&](const TaskTimes& each) {
    all.push_back(each);
    return ok();
  });
  ASSERT_TRUE(read) << read.error().message;
  std::ranges::sort(all, {},
                    [](const auto& each) { return std::tuple(each.started_at, each.ended_at); });
  ASSERT_EQ(all.size(), 3U);
  EXPECT_TRUE(!all[0].started_at && !all[0].ended_at && all[0].queued_at);
  EXPECT_TRUE(!all[1].started_at && all[1].ended_at && !all[1].queued_at);
  EXPECT_EQ(all[2].resource_class, kClass);
  EXPECT_EQ(all[2].queued_at, queued_at);
  EXPECT_EQ(*all[2].ended_at - *all[2].started_at, 60s);
}

TEST_F(StoreTest, NoHistoryIsAnErrorAndMakesNone) {
  const auto none = each_task(directory_ / "uploads", [](const TaskTimes&) { return ok(); });
  EXPECT_FALSE(none);
  EXPECT_FALSE(std::filesystem::exists(directory_ / "uploads/muster.db"));
}

TEST_F(StoreTest, ADirectoryHasOneServer) {
  const auto second = Store::open(directory_, kLease);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::conflict);
}

}  // namespace
}  // namespace muster::store
