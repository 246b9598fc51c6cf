// What is foreseen of jobs that others block, from what ran before.

#include "store/foresight.hpp"

#include <gtest/gtest.h>

#include "base/crypto.hpp"
#include "store/store.hpp"

namespace muster::store {
namespace {

using namespace std::chrono_literals;
using protocol::TaskResult;

const std::string kSmall = "local/small";
const std::string kLarge = "local/large";

class ForesightTest : public testing::Test {
 protected:
  ForesightTest() {
    auto opened = Store::open(directory_, 5min);
    EXPECT_TRUE(opened) << opened.error().message;
    store_ = *std::move(opened);
    for (const auto& name : {kSmall, kLarge}) {
      EXPECT_TRUE(store_->catalog().create_class({name, "", std::nullopt, 0}));
    }
  }
  ~ForesightTest() override {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }

  // "build", and "test" in `slices` on the large class, which it blocks.
  void submit(int slices = 3, const std::string& project = "p") {
    pipeline::Config config;
    pipeline::Workflow workflow{"w", {}};
    add(config, workflow, "build", kSmall, 1, {});
    add(config, workflow, "test", kLarge, slices, {"build"});
    config.workflows = {workflow};
    store_->pipelines().create({.project = project}, config, now_.wall);
  }

  static void add(pipeline::Config& config, pipeline::Workflow& workflow, const std::string& name,
                  const std::string& resource_class, int slices,
                  const std::vector<std::string>& required) {
    pipeline::Job job;
    job.name = name;
    job.resource_class = resource_class;
    job.parallelism = slices;
    job.steps = {pipeline::RunStep{.name = "s", .command = "true"}};
    config.jobs[name] = job;
    workflow.jobs.push_back({name, name, required});
  }

  std::optional<protocol::ClaimedTask> claim(const std::string& resource_class) {
    auto task =
        store_->queue().claim(resource_class, {.request_id = new_uuid(), .name = "r"}, now_);
    EXPECT_TRUE(task);
    return *task;
  }

  void run(const protocol::ClaimedTask& task, Millis took,
           TaskResult result = TaskResult::success) {
    now_.wall += took;
    const Attempt attempt{task.task_id, task.attempt};
    EXPECT_TRUE(store_->queue().finish(attempt, {result, ""}, now_.wall));
  }

  // A whole pipeline, whose build takes so long.
  void past(Millis took, TaskResult result = TaskResult::success,
            const std::string& project = "p") {
    submit(1, project);
    run(*claim(kSmall), took, result);
    if (result == TaskResult::success) run(*claim(kLarge), 1min);
  }

  std::vector<protocol::ForeseenTasks> foreseen(const std::string& resource_class = kLarge) {
    return store_->queue()
        .demand(resource_class, now_.wall)
        .foreseen.value_or(std::vector<protocol::ForeseenTasks>());
  }

  Now now_{WallTime(1'000'000h), 0ms};
  std::unique_ptr<Store> store_;

 private:
  const std::filesystem::path directory_ =
      std::filesystem::temp_directory_path() / ("muster-foresight-" + random_hex(6));
};

TEST_F(ForesightTest, ExpectsWhatARunningJobBlocksByHowLongThatTookBefore) {
  for (const auto took : {2min, 9min, 4min, 3min, 1min}) past(took);
  submit();
  EXPECT_TRUE(foreseen().empty()) << "the build waits itself";
  const auto build = *claim(kSmall);
  ASSERT_EQ(foreseen().size(), 1U);
  EXPECT_EQ(foreseen()[0].expected_at, now_.wall + 4min);
  EXPECT_EQ(foreseen()[0].tasks, 3);
  EXPECT_EQ(foreseen()[0].freed, 0) << "the runner of the build is of another class";
  EXPECT_TRUE(foreseen(kSmall).empty());
  run(build, 5min);
  EXPECT_TRUE(foreseen().empty()) << "they wait now";
}

TEST_F(ForesightTest, ExpectsNothingOfAJobThatNeverRanBefore) {
  past(2min, TaskResult::success, "another project");
  submit();
  static_cast<void>(claim(kSmall));
  EXPECT_TRUE(foreseen().empty());
}

TEST_F(ForesightTest, ExpectsNothingOfAJobThatMostlyFails) {
  past(2min);
  past(1min, TaskResult::failed);
  submit();
  auto build = *claim(kSmall);
  EXPECT_EQ(foreseen().size(), 1U);
  run(build, 1min, TaskResult::failed);
  EXPECT_TRUE(foreseen().empty());
  submit();
  static_cast<void>(claim(kSmall));
  EXPECT_TRUE(foreseen().empty()) << "one of three succeeded";
}

TEST_F(ForesightTest, StaysWhatItIsWhileATaskRuns) {
  past(2min);
  submit();
  const auto first = *claim(kSmall);
  const auto before = foreseen().at(0).expected_at;
  submit();
  const auto second = *claim(kSmall);
  run(second, 10min);
  ASSERT_FALSE(foreseen().empty());
  EXPECT_EQ(foreseen().at(0).expected_at, before);
  run(first, 1min);
}

TEST_F(ForesightTest, TellsNoMoreThanTheProtocolLets) {
  past(2min);
  for (std::size_t i = 0; i < protocol::kMostForeseen + 5; ++i) {
    submit();
    static_cast<void>(claim(kSmall));
    now_.wall += 1s;
  }
  ASSERT_EQ(foreseen().size(), protocol::kMostForeseen);
  EXPECT_TRUE(std::ranges::is_sorted(foreseen(), {}, &protocol::ForeseenTasks::expected_at));
}

// --- When a job should be queued ----------------------------------------------------------------

class QueuedAtTest : public ForesightTest {
 protected:
  // "build", "test", "deploy": each blocks the next.
  std::string submit_chain() {
    pipeline::Config config;
    pipeline::Workflow workflow{"w", {}};
    add(config, workflow, "build", kSmall, 1, {});
    add(config, workflow, "test", kSmall, 1, {"build"});
    add(config, workflow, "deploy", kSmall, 1, {"test"});
    config.workflows = {workflow};
    return store_->pipelines().create({.project = "p"}, config, now_.wall).id;
  }

  std::optional<Millis> in(const std::string& pipeline, std::size_t job) {
    const auto status = store_->pipelines().foreseen_status(pipeline, now_.wall);
    const auto at = status.workflows.at(0).jobs.at(job).expected_at;
    return at ? std::optional<Millis>(*at - now_.wall) : std::nullopt;
  }
};

TEST_F(QueuedAtTest, AddsUpWhatIsBefore) {
  submit_chain();
  for (const auto took : {2min, 5min, 1min}) run(*claim(kSmall), took);
  const auto id = submit_chain();
  EXPECT_EQ(in(id, 0), std::nullopt) << "it is queued already";
  EXPECT_EQ(in(id, 1), 2min) << "as if the build began now";
  EXPECT_EQ(in(id, 2), 7min);
  const auto build = *claim(kSmall);
  now_.wall += 90s;
  EXPECT_EQ(in(id, 1), 30s);
  EXPECT_EQ(in(id, 2), 5min + 30s);
  now_.wall += 90s;
  EXPECT_EQ(in(id, 1), 0s) << "it takes longer than ever";
  run(build, 1s);
  EXPECT_EQ(in(id, 1), std::nullopt);
  EXPECT_EQ(in(id, 2), 5min);
}

TEST_F(QueuedAtTest, IsUnknownBehindAJobThatNeverRan) {
  const auto id = submit_chain();
  EXPECT_EQ(in(id, 1), std::nullopt);
  EXPECT_EQ(in(id, 2), std::nullopt);
}

}  // namespace
}  // namespace muster::store
