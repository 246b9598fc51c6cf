#include "client/output_choice.hpp"

#include <gmock/gmock.h>

#include "base/text.hpp"

namespace muster::client {
namespace {

using protocol::StepState;
using testing::ElementsAre;

const WallTime kStart = *parse_rfc3339("2026-01-01T00:00:00Z");

protocol::StepStatus step(std::int64_t index, const std::string& name) {
  return {.index = index, .name = name, .state = StepState::success, .started_at = kStart};
}

protocol::TaskStatus task(std::int64_t index, std::vector<protocol::StepStatus> steps) {
  return {.id = "t", .index = index, .state = "queued", .steps = std::move(steps)};
}

// lint; test in two slices, of which the second has not begun.
protocol::PipelineStatus pipeline() {
  protocol::WorkflowStatus main{.name = "main"};
  main.jobs.push_back({.name = "lint", .tasks = {task(0, {step(0, "Checkout"), step(2, "2")})}});
  main.jobs.push_back(
      {.name = "test", .tasks = {task(0, {step(0, "npm test\n# all")}), task(1, {})}});
  return {.number = 7, .workflows = {main}};
}

protocol::PipelineStatus two_workflows() {
  auto status = pipeline();
  status.workflows.push_back(status.workflows[0]);
  status.workflows[1].name = "at night";
  return status;
}

// "test 1/2: 1", the steps by their numbers; or the error.
std::vector<std::string> chosen(const protocol::PipelineStatus& status, const std::string& job,
                                const std::string& wanted = "") {
  const auto tasks = choose_output(status, job, wanted);
  if (!tasks) return {tasks.error().message};
  std::vector<std::string> found;
  for (const auto& each : *tasks) {
    std::vector<std::string> numbers;
    for (const auto& ran : each.task.steps) numbers.push_back(std::to_string(ran.index + 1));
    found.push_back(each.name + ": " + join(numbers, " "));
  }
  return found;
}

TEST(OutputChoice, NarrowsByJobTaskAndStep) {
  EXPECT_THAT(chosen(pipeline(), ""), ElementsAre("lint: 1 3", "test 1/2: 1", "test 2/2: "));
  EXPECT_THAT(chosen(pipeline(), "test"), ElementsAre("test 1/2: 1", "test 2/2: "));
  EXPECT_THAT(chosen(pipeline(), "test/2"), ElementsAre("test 2/2: "));
  EXPECT_THAT(chosen(pipeline(), "main/lint"), ElementsAre("lint: 1 3"));
  EXPECT_THAT(chosen(pipeline(), "", "1"), ElementsAre("lint: 1", "test 1/2: 1"));
  EXPECT_THAT(chosen(pipeline(), "lint", "Checkout"), ElementsAre("lint: 1"));
  EXPECT_THAT(chosen(pipeline(), "test/1", "npm test …"), ElementsAre("test 1/2: 1"));
}

TEST(OutputChoice, WithSeveralWorkflowsAJobIsInEach) {
  EXPECT_THAT(chosen(two_workflows(), "lint"),
              ElementsAre("main › lint: 1 3", "at night › lint: 1 3"));
  EXPECT_THAT(chosen(two_workflows(), "at night/test/1"), ElementsAre("at night › test 1/2: 1"));
}

TEST(OutputChoice, SaysWhatThereIs) {
  EXPECT_THAT(chosen(pipeline(), "tset"),
              ElementsAre("pipeline 7 has no job 'tset'; it has: lint, test/1 to test/2"));
  EXPECT_THAT(chosen(pipeline(), "test/3"),
              ElementsAre("pipeline 7 has no job 'test/3'; it has: lint, test/1 to test/2"));
  EXPECT_THAT(chosen(pipeline(), "lint", "2"),
              ElementsAre("lint has run no step '2'; it has run: 1 'Checkout', 3 '2'"));
  EXPECT_THAT(chosen(pipeline(), "test/2", "1"),
              ElementsAre("no step of test 2/2 has run yet: it is queued"));
}

// What a hint names must be what the command then finds, whatever things are called.
TEST(OutputChoice, ACommandMeansOneStepAlone) {
  for (const auto& status : {pipeline(), two_workflows()}) {
    for (const auto& workflow : status.workflows) {
      for (const auto& job : workflow.jobs) {
        for (const auto& each : job.tasks) {
          const auto choice = choice_of(status, workflow, job, each);
          EXPECT_EQ(chosen(status, choice).size(), 1U) << choice;
        }
      }
    }
  }
  EXPECT_EQ(output_command(7, "test/2", step(2, "2")), "muster pipeline output 7 test/2 --step 3");
  EXPECT_EQ(output_command(7, "it's/x", step(0, "")),
            "muster pipeline output 7 'it'\\''s/x' --step 1");
}

TEST(OutputChoice, AHeadingTellsHowTheStepEnded) {
  using std::chrono::seconds;
  auto ran = step(1, "Run");
  ran.ended_at = kStart + seconds(2);
  const auto heading = [&](StepState state) {
    ran.state = state;
    return step_heading("a", ran, kStart + seconds(9));
  };
  EXPECT_EQ(heading(StepState::success), "a, step 2: Run (success after 2.0 s)");
  EXPECT_EQ(heading(StepState::timedout), "a, step 2: Run (timed out after 2.0 s)");
  EXPECT_EQ(heading(StepState::background), "a, step 2: Run (ran in the background for 2.0 s)");
  ran.exit_code = 3;
  EXPECT_EQ(heading(StepState::failed), "a, step 2: Run (failed with exit code 3 after 2.0 s)");
  ran.ended_at.reset();
  EXPECT_EQ(heading(StepState::running), "a, step 2: Run (running for 9.0 s)");
}

}  // namespace
}  // namespace muster::client
