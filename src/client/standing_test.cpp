#include "client/standing.hpp"

#include <gmock/gmock.h>

namespace muster::client {
namespace {

using protocol::JobStatus;
using protocol::PipelineStatus;
using protocol::TaskStatus;
using std::chrono::seconds;

constexpr WallTime kNow{std::chrono::hours(500'000)};

TaskStatus task(std::string id, std::string state) {
  TaskStatus task;
  task.id = std::move(id);
  task.state = std::move(state);
  return task;
}

// lint has succeeded, build runs in two tasks, of which one is queued again; test needs both.
PipelineStatus some_pipeline() {
  auto lint = task("1", "success");
  auto first = task("2", "running");
  first.started_at = kNow - seconds(3);
  first.runner = "vm-1";
  auto second = task("3", "queued");
  second.index = 1;
  second.queued_at = kNow - seconds(40);
  const auto job = [](std::string name, std::string state, std::vector<TaskStatus> tasks) {
    JobStatus made;
    made.name = std::move(name);
    made.state = std::move(state);
    made.resource_class = "a/b";
    made.tasks = std::move(tasks);
    return made;
  };
  PipelineStatus status;
  status.number = 7;
  status.workflows.emplace_back().jobs = {job("lint", "success", {lint}),
                                          job("build", "running", {first, second}),
                                          job("test", "blocked", {task("4", "blocked")})};
  status.workflows[0].jobs[2].requires_jobs = {"lint", "build"};
  return status;
}

std::vector<std::string> told(const std::string& job) {
  const auto standings = standings_of(some_pipeline(), job);
  std::vector<std::string> lines;
  for (const auto& standing : standings.value()) {
    lines.push_back(standing.name + " " + in_words(standing, kNow));
  }
  return lines;
}

TEST(Standing, SaysWhatEachTaskWaitsFor) {
  EXPECT_THAT(told(""),
              testing::ElementsAre("lint success", "build 1/2 running for 3.0 s on vm-1",
                                   "build 2/2 queued for 40.0 s: waits for a runner of a/b",
                                   "test blocked: waits for build (running)"));
}

TEST(Standing, IsOfOneJobIfThatIsAskedFor) {
  EXPECT_THAT(told("test"), testing::ElementsAre("test blocked: waits for build (running)"));
  EXPECT_EQ(told("build/2").size(), 1U);
  const auto none = standings_of(some_pipeline(), "deploy");
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, testing::HasSubstr("pipeline 7 has no job 'deploy'"));
}

TEST(Standing, SaysWhenABlockedOneShouldBeQueued) {
  auto standing = standings_of(some_pipeline(), "test").value().front();
  standing.expected_at = kNow + seconds(30);
  EXPECT_EQ(in_words(standing, kNow),
            "blocked: waits for build (running); expected to be queued in 30.0 s");
  standing.expected_at = kNow;
  EXPECT_EQ(in_words(standing, kNow),
            "blocked: waits for build (running); expected to be queued at any moment");
}

TEST(Standing, IsJson) {
  const auto standings = standings_of(some_pipeline(), "").value();
  EXPECT_EQ(to_json(standings[2]),
            R"({"id":"3","name":"build 2/2","resource_class":"a/b","state":"queued",)"
            R"("queued_at":"2027-01-15T07:59:20Z","started_at":null,"runner":"",)"
            R"("waits_for_jobs":[],"expected_at":null})");
  EXPECT_THAT(to_json(standings[3]),
              testing::HasSubstr(R"("waits_for_jobs":[{"name":"build","state":"running"}],)"
                                 R"("expected_at":null})"));
}

}  // namespace
}  // namespace muster::client
