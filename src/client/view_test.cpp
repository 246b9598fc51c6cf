#include <gmock/gmock.h>

#include "base/text.hpp"
#include "client/fleet_view.hpp"
#include "client/pipeline_view.hpp"

namespace muster::client {
namespace {

using protocol::StepState;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const WallTime kStart = *parse_rfc3339("2026-01-01T00:00:00Z");
const WallTime kNow = kStart + seconds(60);

protocol::TaskStatus task(std::int64_t index, const std::string& state) {
  protocol::TaskStatus made;
  made.id = "task-" + std::to_string(index);
  made.index = index;
  made.state = state;
  made.queued_at = kStart;
  if (state != "queued" && state != "blocked" && state != "not_run") {
    made.attempt = 1;
    made.runner = "runner-" + std::to_string(index);
    made.started_at = kStart + seconds(2);
    if (state != "running") made.ended_at = kStart + seconds(6);
  }
  return made;
}

protocol::JobStatus job(const std::string& name, const std::string& state,
                        std::vector<protocol::TaskStatus> tasks) {
  for (auto& each : tasks) each.id = name + "/" + each.id;
  return {"job-" + name, 1, name, state, "local/small", {"lint"}, std::move(tasks)};
}

protocol::PipelineStatus pipeline(const std::string& state, std::vector<protocol::JobStatus> jobs) {
  protocol::PipelineStatus made;
  made.id = "p";
  made.number = 7;
  made.state = state;
  made.project = "app";
  made.branch = "main";
  made.revision = std::string(40, 'a');
  made.subject = "A change";
  made.created_at = kStart;
  made.workflows.push_back({"w", "build", state, std::move(jobs)});
  return made;
}

protocol::PipelineStatus halfway() {
  return pipeline("running", {job("lint", "success", {task(0, "success")}),
                              job("test", "running", {task(0, "success"), task(1, "running")}),
                              job("queue", "queued", {task(0, "queued")}),
                              job("deploy", "blocked", {task(0, "blocked")})});
}

TEST(Render, ShowsTheTree) {
  EXPECT_THAT(
      render(halfway(), kNow, Style{.width = 100}),
      ElementsAre("Pipeline 7  app  running  main  aaaaaaaa  A change", "  build",
                  HasSubstr("    ✓ lint                       success    4.0 s"),
                  HasSubstr("    ● test                       running    58.0 s"),
                  HasSubstr("      ✓ 1/2                      success    4.0 s         runner-0"),
                  HasSubstr("      ● 2/2                      running    58.0 s        runner-1"),
                  HasSubstr("    ○ queue                      queued"),
                  HasSubstr("    · deploy                     blocked")));
}

TEST(Render, KeepsToTheWidthAndToNoColors) {
  auto status = halfway();
  status.workflows[0].jobs[0].name = "\x1b[2J" + std::string(200, 'x');
  status.subject = "\xe2\x80\xae" + std::string(300, 's');
  for (const std::size_t width : {1, 20, 40, 80, 200}) {
    for (const auto& line : render(status, kNow, Style{.width = width})) {
      EXPECT_LE(columns(line), width);
      EXPECT_EQ(line.find('\x1b'), std::string::npos);
    }
  }
}

TEST(Render, ToleratesStatesItDoesNotKnow) {
  const auto lines =
      render(pipeline("odd", {job("a", "odd", {}), job("b", "odder", {})}), kNow, {});
  EXPECT_THAT(lines.back(), HasSubstr("odder"));
}

TEST(Changes, TellsEachChangeOnce) {
  const auto before = halfway();
  EXPECT_THAT(changes(&before, before, kNow), IsEmpty());
  auto after = before;
  after.workflows[0].jobs[1].tasks[1] = task(1, "failed");
  after.workflows[0].jobs[1].tasks[1].id = "test/task-1";
  after.workflows[0].jobs[1].state = "failed";
  EXPECT_THAT(changes(&before, after, kNow),
              ElementsAre("[ 1 min 0 s]  test                      failed",
                          "[ 1 min 0 s]  test 2/2                  failed  runner-1"));
}

TEST(Changes, AnotherAttemptIsAChange) {
  const auto before = pipeline("running", {job("a", "running", {task(0, "running")})});
  auto after = before;
  after.workflows[0].jobs[0].tasks[0].attempt = 2;
  EXPECT_THAT(changes(&before, after, kNow), ElementsAre(HasSubstr("attempt 2")));
}

TEST(Changes, WithoutABeforeTellsAll) {
  EXPECT_EQ(changes(nullptr, halfway(), kNow).size(), 7U);  // 4 jobs, 2 tasks, the pipeline
}

TEST(ResultTable, HasARowForEachTask) {
  EXPECT_THAT(result_table(halfway()), ElementsAre("JOB       WAIT   RUN    RUNNER    RESULT",
                                                   "lint      2.0 s  4.0 s  runner-0  success",
                                                   "test 1/2  2.0 s  4.0 s  runner-0  success",
                                                   "test 2/2  2.0 s  -      runner-1  running",
                                                   "queue     -      -      -         queued",
                                                   "deploy    -      -      -         blocked"));
}

TEST(Failures, NamesTheStepThatFailed) {
  auto status =
      pipeline("failed", {job("test", "failed", {task(0, "success"), task(1, "failed")})});
  protocol::StepStatus step;
  step.name = "ok";
  step.state = StepState::success;
  status.workflows[0].jobs[0].tasks[1].steps.push_back(step);
  step.index = 3;
  step.name = "npm\ntest";
  step.state = StepState::failed;
  step.exit_code = 7;
  status.workflows[0].jobs[0].tasks[1].steps.push_back(step);
  const auto found = failures(status);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].step.index, 3);
  EXPECT_EQ(headline(found[0]), "test 2/2: step 'npm\\x0atest' failed with exit code 7");
}

TEST(Failures, WithoutAStepGiveTheReason) {
  auto status = pipeline("failed", {job("a", "failed", {task(0, "infrastructure_fail")})});
  status.workflows[0].jobs[0].tasks[0].message = "the runner went silent";
  ASSERT_EQ(failures(status).size(), 1U);
  EXPECT_EQ(headline(failures(status)[0]), "a failed: the runner went silent");
}

protocol::FleetStatus fleet(std::int64_t small, std::int64_t large) {
  protocol::FleetStatus made;
  const auto add = [&](const std::string& name, std::int64_t live) {
    protocol::ClassFleet reported;
    reported.resource_class = name;
    reported.live = live;
    reported.busy = live;
    reported.desired = live;
    made.classes.push_back({name, 3, 0, reported, kStart});
  };
  add("local/small", small);
  add("local/large", large);
  return made;
}

const ClassNames kBoth{"local/small", "local/large"};

TEST(FleetView, HasALineForEachClassThatIsUsed) {
  EXPECT_THAT(render(fleet(2, 0), {"local/small"}, Style{}),
              ElementsAre("  local/small         queue 3    desired 2    booting 0    "
                          "busy 2    idle 0"));
  auto silent = fleet(0, 0);
  silent.classes[0].fleet.reset();
  EXPECT_THAT(render(silent, {"local/small"}, Style{}),
              ElementsAre(HasSubstr("no scaler reports")));
}

TEST(FleetRecord, RemembersThePeakAndTheReturnToZero) {
  FleetRecord record;
  record.observe(fleet(0, 0), kBoth, kStart);
  record.observe(fleet(4, 1), kBoth, kStart + seconds(1));
  EXPECT_FALSE(record.is_at_zero());
  record.observe(fleet(1, 2), kBoth, kStart + seconds(5));
  record.observe(fleet(0, 0), kBoth, kStart + seconds(9));
  record.observe(fleet(0, 0), kBoth, kStart + seconds(20));
  EXPECT_TRUE(record.is_at_zero());
  EXPECT_EQ(record.peak(), "Peak: 5 runners (local/large 2, local/small 4).");
  const auto ended = pipeline("success", {job("a", "success", {task(0, "success")})});
  EXPECT_EQ(record.return_to_zero(ended), "Back at zero 3.0 s after the last job.");
}

TEST(FleetRecord, AClassThatNobodyReportsIsNotAtZero) {
  FleetRecord record;
  auto partly = fleet(0, 0);
  partly.classes[1].fleet.reset();
  record.observe(partly, kBoth, kStart);
  EXPECT_FALSE(record.is_at_zero());
  EXPECT_THAT(record.unreported(), ElementsAre("local/large"));
}

}  // namespace
}  // namespace muster::client
