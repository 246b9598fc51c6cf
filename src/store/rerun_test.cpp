#include "store/rerun.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crypto.hpp"
#include "store/store.hpp"

namespace muster::store {
namespace {

using namespace std::chrono_literals;
using protocol::TaskResult;
using testing::ElementsAre;
using testing::HasSubstr;

const std::string kClass = "local/small";

// A pipeline of workflow "w": a, then b; and c beside them, of two slices.
class RerunTest : public testing::Test {
 protected:
  RerunTest() {
    store_ = *Store::open(directory_, 5min);
    EXPECT_TRUE(store_->catalog().create_class({kClass}));
    pipeline::Config config{{}, {{"w", {{"a", "a", {}}, {"b", "b", {"a"}}, {"c", "c", {}}}}}};
    for (const auto* name : {"a", "b", "c"}) {
      config.jobs[name] = {.name = name, .resource_class = kClass};
    }
    config.jobs["c"].parallelism = 2;
    id_ = store_->pipelines().create({.project = "p"}, config, now_.wall).id;
  }
  ~RerunTest() override {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }

  // Runs all that waits; the jobs that are named fail. What was run, in order.
  std::vector<std::string> run(const std::set<std::string>& failing = {}) {
    std::vector<std::string> names;
    for (;;) {
      auto task = store_->queue().claim(kClass, {.request_id = new_uuid(), .name = "r"}, now_);
      EXPECT_TRUE(task);
      if (!task || !*task) return names;
      const auto& name = (*task)->job.name;
      names.push_back(name);
      const auto result = failing.contains(name) ? TaskResult::failed : TaskResult::success;
      EXPECT_TRUE(
          store_->queue().finish({(*task)->task_id, (*task)->attempt}, {result, ""}, now_.wall));
    }
  }
  Result<void> again(const RerunChoice& choice = {}) {
    return store_->pipelines().rerun(id_, choice, now_.wall);
  }
  protocol::PipelineStatus status() { return store_->pipelines().status(id_); }

  std::filesystem::path directory_ =
      std::filesystem::temp_directory_path() / ("muster-rerun-" + random_hex(6));
  std::unique_ptr<Store> store_;
  Now now_;
  std::string id_;
};

TEST_F(RerunTest, RunsAllAgainInOrder) {
  EXPECT_THAT(run({"a"}), ElementsAre("a", "c", "c"));
  EXPECT_EQ(status().state, "failed");
  ASSERT_TRUE(again());
  EXPECT_EQ(status().state, "running");
  EXPECT_THAT(run(), ElementsAre("a", "c", "c", "b"));
  EXPECT_EQ(status().state, "success") << "what was run again counts for what it was";
  ASSERT_EQ(status().workflows.size(), 2U);
  EXPECT_EQ(status().workflows[0].state, "failed") << "and what was stays to be seen";
  EXPECT_EQ(status().workflows[1].state, "success");
  EXPECT_THAT(status().workflows[1].jobs[1].requires_jobs, ElementsAre("a"));
}

TEST_F(RerunTest, FromFailedLeavesOutWhatSucceeded) {
  EXPECT_THAT(run({"b"}), ElementsAre("a", "c", "c", "b"));
  ASSERT_TRUE(again({{}, true}));
  EXPECT_THAT(run(), ElementsAre("b"));
  EXPECT_EQ(status().state, "success");
  ASSERT_TRUE(again());
  EXPECT_THAT(run(), ElementsAre("a", "c", "c", "b")) << "all is all, whatever was run again";
}

TEST_F(RerunTest, FromFailedRunsWhatWasNeverRun) {
  EXPECT_THAT(run({"a"}), ElementsAre("a", "c", "c"));
  ASSERT_TRUE(again({{}, true}));
  EXPECT_THAT(run(), ElementsAre("a", "b"));
  EXPECT_EQ(status().state, "success");
}

TEST_F(RerunTest, WhatCannotBeRunAgainIsRefusedAndNothingChanges) {
  const auto refused = [&](const RerunChoice& choice, ErrorKind kind, const std::string& why) {
    const auto done = again(choice);
    ASSERT_FALSE(done) << why;
    EXPECT_EQ(done.error().kind, kind);
    EXPECT_THAT(done.error().message, HasSubstr(why));
  };
  refused({}, ErrorKind::conflict, "workflow w still runs");
  refused({new_uuid(), false}, ErrorKind::not_found, "no such workflow");
  run();
  refused({{}, true}, ErrorKind::conflict, "no job has failed");
  const auto first = status().workflows[0].id;
  ASSERT_TRUE(again({first, false}));
  run({"a"});
  refused({first, false}, ErrorKind::conflict, "was run again since");
  for (const auto& item : store_->catalog().classes(std::nullopt)) {
    ASSERT_TRUE(store_->catalog().delete_class(item.id, true));
  }
  refused({{}, true}, ErrorKind::conflict, "there is no class local/small any more");
  EXPECT_EQ(status().workflows.size(), 2U);
}

}  // namespace
}  // namespace muster::store
