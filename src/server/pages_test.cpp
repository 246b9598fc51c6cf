#include "server/pages.hpp"

#include <gmock/gmock.h>

namespace muster::server {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kHostile = "<script>alert(1)</script>\"'&\x1b[31m\u202e";
constexpr WallTime kNow{Millis(1'000'000)};

protocol::PipelineStatus hostile_pipeline() {
  protocol::TaskStatus task{.id = "t", .state = "failed", .runner = kHostile, .message = kHostile};
  task.steps = {
      {.index = 3, .name = kHostile, .state = protocol::StepState::failed, .exit_code = 7}};
  protocol::JobStatus job{.name = kHostile, .state = "failed", .tasks = {task}};
  return {.number = 1,
          .state = "failed",
          .project = kHostile,
          .branch = kHostile,
          .subject = kHostile,
          .workflows = {{.name = kHostile, .state = "failed", .jobs = {job}}}};
}

TEST(PagesTest, WhatComesFromOutsideIsText) {
  const protocol::RunnerItem runner{
      .resource_class = kHostile, .hostname = kHostile, .name = kHostile, .version = kHostile};
  const protocol::ClassFleet fleet{.resource_class = kHostile, .reasons = {kHostile}};
  const Overview overview{.fleet = {"", {{kHostile, 1, 1, fleet, kNow}}},
                          .runners = {{runner}},
                          .busy = {},
                          .pipelines = {{{.number = 1,
                                          .state = kHostile,
                                          .project = kHostile,
                                          .branch = kHostile,
                                          .subject = kHostile}}}};
  for (const auto& page : {overview_page(overview, kNow), pipeline_page(hostile_pipeline(), kNow),
                           output_page({.job = kHostile, .step = kHostile, .text = kHostile})}) {
    EXPECT_THAT(page, Not(HasSubstr("<script")));
    EXPECT_THAT(page, Not(HasSubstr("\x1b")));
    EXPECT_THAT(page, Not(HasSubstr("\u202e")));
  }
}

TEST(PagesTest, AStepLinksToItsOutputByItsPlaceInTheJob) {
  const auto page = pipeline_page(hostile_pipeline(), kNow);
  EXPECT_THAT(page, HasSubstr("/tasks/t/steps/3"));
  EXPECT_THAT(page, HasSubstr("failed</span> exit 7"));
}

TEST(PagesTest, AStepInTheBackgroundHasEndedWithItsJob) {
  auto pipeline = hostile_pipeline();
  auto& step = pipeline.workflows[0].jobs[0].tasks[0].steps[0];
  step = {.name = "Serve", .state = protocol::StepState::background, .started_at = kNow};
  EXPECT_THAT(pipeline_page(pipeline, kNow), HasSubstr(">in the background</span>"));
  step.ended_at = kNow;
  EXPECT_THAT(pipeline_page(pipeline, kNow), HasSubstr(">ran in the background</span>"));
}

TEST(PagesTest, AClassHasItsNumbersInTheOrderOfTheirHeads) {
  const protocol::ClassFleet fleet{
      .desired = 3, .booting = 4, .idle = 5, .busy = 6, .draining = 7, .max = 8};
  const auto page = overview_page({.fleet = {"", {{"a/b", 1, 2, fleet, kNow}}}}, kNow);
  std::string cells;
  for (int number = 1; number <= 8; ++number) {
    cells += "<td class=\"number\">" + std::to_string(number) + "</td>";
  }
  EXPECT_THAT(page, HasSubstr(cells));
  EXPECT_LT(page.find(">Busy<"), page.find(">Ending<"));
}

TEST(PagesTest, AScalerThatFellSilentIsNotQuoted) {
  const protocol::ClassFleet fleet{.desired = 31, .reasons = {"because"}};
  const auto page = [&](Millis silence) {
    return overview_page({.fleet = {"", {{"a/b", 1, 2, fleet, kNow - silence}}}}, kNow);
  };
  EXPECT_THAT(page(Millis(29'000)), HasSubstr("because"));
  const auto silent = page(Millis(45'000));
  EXPECT_THAT(silent, HasSubstr("no report for 45.0 s"));
  EXPECT_THAT(silent, Not(HasSubstr("because")));
  EXPECT_THAT(silent, Not(HasSubstr(">31<")));
}

TEST(PagesTest, ARunnerIsShownWhileItIsThere) {
  const auto page = [&](Millis silence, bool busy) {
    const protocol::RunnerItem runner{.name = "r1", .last_connected = kNow - silence};
    Overview overview{.runners = {{runner}}};
    if (busy) overview.busy.insert("r1");
    return overview_page(overview, kNow);
  };
  EXPECT_THAT(page(Millis(60'000), false), HasSubstr(">not busy<"));
  EXPECT_THAT(page(Millis(100'000), false), Not(HasSubstr("r1")));
  EXPECT_THAT(page(Millis(20'000), true), HasSubstr(">busy<"));
  EXPECT_THAT(page(Millis(100'000), true), HasSubstr("no heartbeat for 1 min 40 s"));
}

TEST(PagesTest, AnEmptyServerSaysWhatToDoNext) {
  const auto page = overview_page({}, kNow);
  EXPECT_THAT(page, HasSubstr("muster resource-class create"));
  EXPECT_THAT(page, HasSubstr("muster run"));
}

TEST(PagesTest, OutputThatIsCutSaysSo) {
  const auto page = output_page(
      {.pipeline_number = 7, .job = "j", .step = "Test app", .text = "end", .omitted = 12});
  EXPECT_THAT(page, HasSubstr("first 12 bytes"));
  EXPECT_THAT(page, HasSubstr("<title>Test app"));
  EXPECT_THAT(page, HasSubstr("/pipelines/7"));
}

}  // namespace
}  // namespace muster::server
