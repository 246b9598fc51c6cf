#include <gmock/gmock.h>

#include "base/text.hpp"
#include "client/fleet_view.hpp"
#include "client/pipeline_view.hpp"

namespace muster::client {
namespace {

using protocol::StepState;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::EndsWith;
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
                  "    ✓ lint     success   4.0 s        runner-0",
                  HasSubstr("    ● test     running   58.0 s"),
                  "      ✓ 1/2    success   4.0 s        runner-0",
                  "      ● 2/2    running   58.0 s       runner-1",
                  HasSubstr("    ○ queue    queued                 for a runner of local/small"),
                  HasSubstr("    · deploy   blocked                after lint")));
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

TEST(Render, CutsNothingWithoutAWidth) {
  auto status = halfway();
  const std::string long_name(150, 'x');
  for (auto& each : status.workflows[0].jobs) each.name = long_name;
  status.subject = std::string(450, 's');
  const auto lines = render(status, kNow, Style{.width = kUnlimited});
  EXPECT_THAT(lines.front(), EndsWith("  " + status.subject));
  EXPECT_THAT(lines.at(2), HasSubstr(" " + long_name + "  success   4.0 s        runner-0"));
  EXPECT_THAT(changes(nullptr, status, kNow).front(), HasSubstr(long_name + "  success"));
}

TEST(Render, OnEightyColumnsALongNameLeavesRoomForTheStep) {
  auto status = pipeline("running", {job(std::string(60, 'j'), "running", {task(0, "running")})});
  auto& running = status.workflows[0].jobs[0].tasks[0];
  running.runner = "local-small-0123456789abcdef";
  running.steps.push_back({.name = "Install dependencies"});
  const auto line = render(status, kNow, Style{.width = 79}).back();
  EXPECT_THAT(line, HasSubstr("  Install dependencies  "));
  EXPECT_EQ(columns(line), 79U);
}

TEST(Render, LeavesOutWhatIsOverBeforeWhatRuns) {
  const auto lines = render(halfway(), kNow, Style{.width = 100}, 6);
  EXPECT_THAT(lines, ElementsAre(HasSubstr("Pipeline 7"), "  build", HasSubstr("test"),
                                 HasSubstr("2/2"), HasSubstr("queue"), "  … 3 more lines"));
  for (std::size_t rows = 1; rows < 10; ++rows) {
    EXPECT_EQ(render(halfway(), kNow, Style{}, rows).size(), std::min<std::size_t>(rows, 8));
  }
}

TEST(Render, ShowsTheStepThatRunsInOneShortLine) {
  auto status = pipeline("running", {job("a", "running", {task(0, "running")})});
  auto& steps = status.workflows[0].jobs[0].tasks[0].steps;
  protocol::StepStatus step;
  step.name = "set -e\nfor i in 1 2 3\ndo true; done";
  steps.push_back(step);
  EXPECT_THAT(render(status, kNow, Style{.width = 100}).back(), EndsWith("  set -e …  runner-0"));
  steps[0].name = std::string(500, 'x');
  EXPECT_THAT(render(status, kNow, Style{.width = 200}).back(), HasSubstr("xx…"));
}

TEST(Render, AStepInTheBackgroundIsNotWhatATaskIsAt) {
  auto status = pipeline("running", {job("a", "running", {task(0, "running")})});
  auto& steps = status.workflows[0].jobs[0].tasks[0].steps;
  steps.push_back({.index = 0, .name = "Serve", .state = StepState::background});
  EXPECT_THAT(render(status, kNow, Style{}).back(), EndsWith("  Serve  runner-0"));
  steps.insert(steps.begin(), {.name = "Prepare", .state = StepState::success});
  EXPECT_THAT(render(status, kNow, Style{}).back(), EndsWith("  Prepare  runner-0"));
}

TEST(Render, ALongStateMovesTheWholeColumnAndNoLineEndsInBlanks) {
  const auto status =
      pipeline("failed", {job("a", "success", {task(0, "success")}),
                          job("b", "infrastructure_fail", {task(0, "infrastructure_fail")}),
                          job("c", "not_run", {task(0, "not_run")}),
                          job("d", "failed", {task(0, "failed"), task(1, "failed")})});
  for (const auto& lines :
       {render(status, kNow, Style{.width = 100}), changes(nullptr, status, kNow)}) {
    std::set<std::size_t> starts;
    for (const auto& line : lines) {
      EXPECT_THAT(line, Not(EndsWith(" ")));
      if (const auto at = line.find("runner-"); at != std::string::npos) starts.insert(at);
    }
    EXPECT_EQ(starts.size(), 1U) << testing::PrintToString(lines);
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
              ElementsAre("[ 1 min 0 s]  test 2/2    failed    runner-1",
                          "[ 1 min 0 s]  test        failed    2 slices"));
}

TEST(Changes, SlicesSpeakForThemselvesOnlyOnceClaimed) {
  const auto waiting = [](const std::string& state) {
    return pipeline("running", {job("test", state, {task(0, state), task(1, state)})});
  };
  const auto blocked = waiting("blocked");
  const auto queued = waiting("queued");
  EXPECT_THAT(changes(nullptr, blocked, kNow),
              ElementsAre("[ 1 min 0 s]  test        blocked   2 slices",
                          "[ 1 min 0 s]  pipeline 7  running"));
  EXPECT_THAT(changes(&blocked, queued, kNow), ElementsAre(HasSubstr("test        queued")));
  const auto running =
      pipeline("running", {job("test", "running", {task(0, "running"), task(1, "queued")})});
  EXPECT_THAT(changes(&queued, running, kNow),
              ElementsAre("[ 1 min 0 s]  test 1/2    running   runner-0"));
}

// Two workflows may well have jobs of one name.
protocol::PipelineStatus two_workflows() {
  auto made = pipeline("failed", {job("test", "failed", {task(0, "success"), task(1, "failed")})});
  made.workflows.push_back(
      {"w2", "nightly", "success", {job("test", "success", {task(0, "success")})}});
  made.workflows[1].jobs[0].tasks[0].id = "another";
  return made;
}

TEST(Changes, NameTheWorkflowWhereThereAreSeveral) {
  EXPECT_THAT(
      changes(nullptr, two_workflows(), kNow),
      ElementsAre(HasSubstr("  build › test 1/2  success"), HasSubstr("  build › test 2/2  "),
                  HasSubstr("  build › test      failed"), HasSubstr("  nightly › test    success"),
                  HasSubstr("pipeline 7")));
}

TEST(Changes, AnotherAttemptIsAChange) {
  const auto before = pipeline("running", {job("a", "running", {task(0, "running")})});
  auto after = before;
  after.workflows[0].jobs[0].tasks[0].attempt = 2;
  EXPECT_THAT(changes(&before, after, kNow), ElementsAre(HasSubstr("attempt 2")));
}

TEST(Changes, WithoutABeforeTellsAll) {
  EXPECT_EQ(changes(nullptr, halfway(), kNow).size(), 6U);  // 3 jobs, 2 slices, the pipeline
}

TEST(ResultTable, HasARowForEachTask) {
  EXPECT_THAT(result_table(halfway()), ElementsAre("JOB       WAIT   RUN    RUNNER    RESULT",
                                                   "lint      2.0 s  4.0 s  runner-0  success",
                                                   "test 1/2  2.0 s  4.0 s  runner-0  success",
                                                   "test 2/2  2.0 s  -      runner-1  running",
                                                   "queue     -      -      -         queued",
                                                   "deploy    -      -      -         blocked"));
}

TEST(ResultTable, IsFittedToTheWidth) {
  auto status = pipeline("success", {job(std::string(90, 'j'), "success", {task(0, "success")})});
  const auto rows = result_table(status, 60);
  EXPECT_THAT(rows.at(1), EndsWith("j…  2.0 s  4.0 s  runner-0  success"));
  for (const auto& row : rows) EXPECT_LE(columns(row), 60U);
  EXPECT_GT(columns(result_table(status).at(1)), 90U);
}

TEST(ResultTable, NamesTheWorkflowWhereThereAreSeveral) {
  const auto rows = result_table(two_workflows());
  EXPECT_THAT(rows.at(2), testing::StartsWith("build › test 2/2  "));
  EXPECT_THAT(rows.at(3), testing::StartsWith("nightly › test    "));
  EXPECT_EQ(failures(two_workflows()).at(0).task, "build › test 2/2");
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
  EXPECT_EQ(headline(found[0]), "test 2/2: step 'npm …' failed with exit code 7");
}

TEST(Failures, WhyAStepTimedOutIsSaidByItsRunner) {
  auto status = pipeline("failed", {job("a", "failed", {task(0, "timedout")})});
  auto& slow = status.workflows[0].jobs[0].tasks[0];
  slow.steps.push_back({.name = "s", .state = StepState::timedout});
  EXPECT_EQ(headline(failures(status)[0]), "a: step 's' timed out");
  slow.message = "step 's' was silent for 10m";
  EXPECT_EQ(headline(failures(status)[0]), "a: step 's' was silent for 10m");
}

TEST(Failures, WithoutAStepGiveTheReason) {
  auto status = pipeline("failed", {job("a", "failed", {task(0, "infrastructure_fail")})});
  status.workflows[0].jobs[0].tasks[0].message = "the runner went silent";
  ASSERT_EQ(failures(status).size(), 1U);
  EXPECT_EQ(headline(failures(status)[0]), "a failed: the runner went silent");
}

TEST(Failures, ATaskMayTimeOutWithoutAStep) {
  auto status = pipeline("failed", {job("a", "timedout", {task(0, "timedout")})});
  auto& timed_out = status.workflows[0].jobs[0].tasks[0];
  EXPECT_EQ(headline(failures(status).at(0)), "a timed out");
  timed_out.message = "the task ran longer than the runner's max_run_time";
  EXPECT_EQ(headline(failures(status).at(0)),
            "a timed out: the task ran longer than the runner's max_run_time");
}

using protocol::FleetStatus;

const ClassNames kBoth{"local/small", "local/large"};

FleetStatus fleet(std::int64_t small, std::int64_t large, WallTime reported_at = kStart) {
  FleetStatus made;
  const auto add = [&](const std::string& name, std::int64_t live) {
    protocol::ClassFleet reported;
    reported.resource_class = name;
    reported.live = live;
    reported.busy = live;
    reported.desired = live;
    made.classes.push_back({name, 3, 0, reported, reported_at});
  };
  add("local/small", small);
  add("local/large", large);
  return made;
}

TEST(FleetView, HasALineForEachClassThatIsUsed) {
  EXPECT_THAT(render(fleet(2, 0), {"local/small"}, Style{}),
              ElementsAre("  local/small  queue 3   desired 2   booting 0   busy 2   idle 0   "
                          "ending 0"));
  auto ending = fleet(2, 0);
  ending.classes[0].fleet->draining = 2;
  EXPECT_THAT(render(ending, {"local/small"}, Style{}), ElementsAre(EndsWith("  ending 2")));
  auto silent = fleet(0, 0);
  silent.classes[0].fleet.reset();
  EXPECT_THAT(render(silent, {"local/small"}, Style{}),
              ElementsAre(HasSubstr("no scaler reports")));
}

TEST(FleetView, NamesTheSilentClasses) {
  EXPECT_EQ(silence_of(kBoth),
            "No scaler reports on local/large, local/small: is 'muster scale' running?");
}

TEST(FleetView, AnOldReportIsNoScalersThatIsThere) {
  auto reported = fleet(0, 0);
  reported.classes[1].reported_at = kStart + seconds(5);
  const auto silent = [&](int at) { return silent_at(reported, kStart + seconds(at)); };
  EXPECT_THAT(silent(29), IsEmpty());
  EXPECT_THAT(silent(30), ElementsAre("local/small"));
  EXPECT_EQ(silent(900), kBoth);
  EXPECT_THAT(silent(-900), IsEmpty());
  EXPECT_THAT(silent_at(reported, std::nullopt), IsEmpty());
  reported.classes[1].reported_at.reset();
  EXPECT_THAT(silent(900), ElementsAre("local/small"));
}

TEST(FleetView, SaysWhyTasksWait) {
  auto waiting = fleet(0, 0);
  waiting.classes[1].unclaimed = 0;
  auto& small = waiting.classes[0];
  EXPECT_THAT(why_waiting(waiting, {"local/large"}, {}), IsEmpty());
  const auto why = [&](const ClassNames& silent = {}) {
    return why_waiting(waiting, kBoth, silent).at(0);
  };
  small.fleet->max = 2;
  small.fleet->reasons = {"back-off after a failed launch: launch 0 instead of 3", "x"};
  EXPECT_EQ(why(),
            "local/small: 3 tasks wait, and its scaler says: back-off after a failed "
            "launch: launch 0 instead of 3; x.");
  small.fleet->booting = small.fleet->live = 1;
  EXPECT_EQ(why(), "local/small: 3 tasks wait, and 1 runner boots.");
  small.fleet->live = 2;
  EXPECT_EQ(why(), "local/small: 3 tasks wait, and the class is at its maximum of 2 runners.");
  EXPECT_EQ(why(kBoth), "local/small: 3 tasks wait, and its scaler no longer reports.");
  small.fleet.reset();
  small.unclaimed = 1;
  EXPECT_THAT(why_waiting(waiting, kBoth, {}),
              ElementsAre("local/small: 1 task waits, and no scaler has ever reported.",
                          HasSubstr("muster scale --config FILE")));
}

TEST(FleetView, FindsTheLastEnd) {
  auto status = pipeline("success", {job("a", "success", {task(0, "success"), task(1, "success")}),
                                     job("b", "not_run", {task(0, "not_run")})});
  status.workflows[0].jobs[0].tasks[1].ended_at = kStart + seconds(9);
  EXPECT_EQ(last_end_of(status), kStart + seconds(9));
}

class FleetRecordTest : public testing::Test {
 protected:
  // What the server says `at` seconds after the start, all of it reported then.
  void observe(int at, std::int64_t small, std::int64_t large) {
    observe(at, fleet(small, large, kStart + seconds(at)));
  }
  void observe(int at, const FleetStatus& status) { record_.observe(status, kBoth, after(at)); }
  static MonotonicTime after(int at) { return MonotonicTime(seconds(at)); }

  const WallTime last_end_ = kStart + seconds(6);
  FleetRecord record_;
};

TEST_F(FleetRecordTest, RemembersThePeakAndTheReturnToZero) {
  observe(0, 0, 0);
  observe(1, 4, 1);
  observe(5, 1, 2);
  EXPECT_FALSE(record_.is_back(last_end_));
  observe(7, 1, 0);
  EXPECT_EQ(record_.way_back(last_end_), "The fleet is not back at zero.");
  observe(9, 0, 0);
  observe(20, 0, 0);
  EXPECT_TRUE(record_.is_back(last_end_));
  EXPECT_EQ(record_.peak(), "Peak: 5 runners (local/large 2, local/small 4).");
  EXPECT_EQ(record_.way_back(last_end_), "Back at zero 3.0 s after the last job.");
}

TEST_F(FleetRecordTest, AQuickReturnIsToldInMilliseconds) {
  observe(0, 1, 0);
  observe(7, 0, 0);
  EXPECT_EQ(record_.way_back(kStart + Millis(6977)), "Back at zero 23 ms after the last job.");
}

TEST_F(FleetRecordTest, AReportFromBeforeTheLastEndProvesNothing) {
  observe(6, 0, 0);
  EXPECT_FALSE(record_.is_back(last_end_));
  observe(8, fleet(0, 0, kStart + seconds(6)));  // seen again
  EXPECT_FALSE(record_.is_back(last_end_));
  observe(16, 0, 0);
  EXPECT_TRUE(record_.is_back(last_end_));
}

TEST_F(FleetRecordTest, RunnersThatAreYetToBeLaunchedAreNoZero) {
  auto launching = fleet(0, 0, kStart + seconds(7));
  launching.classes[0].fleet->desired = 2;
  observe(7, launching);
  EXPECT_FALSE(record_.is_back(last_end_));
}

TEST_F(FleetRecordTest, BackIsTheMinimumWithNothingUnderWay) {
  auto status = fleet(2, 0, kStart + seconds(7));
  auto& small = *status.classes[0].fleet;
  small.min = 2;
  observe(7, status);  // both are busy
  EXPECT_FALSE(record_.is_back(last_end_));
  EXPECT_EQ(record_.way_back(last_end_), "The fleet is not back at its minimum of 2 runners.");
  small.busy = 0;
  for (auto* under_way : {&small.booting, &small.draining}) {
    *under_way = 1;
    observe(8, status);
    EXPECT_FALSE(record_.is_back(last_end_));
    *under_way = 0;
  }
  small.live = small.desired = 1;
  observe(8, status);
  EXPECT_FALSE(record_.is_back(last_end_));
  small.live = small.desired = small.idle = 2;
  status.classes[0].reported_at = kStart + seconds(8);
  observe(8, status);
  EXPECT_EQ(record_.way_back(last_end_),
            "Back at its minimum of 2 runners 2.0 s after the last job.");
}

TEST_F(FleetRecordTest, AClassThatNobodyReportsIsNotAtZeroButSilent) {
  auto partly = fleet(0, 0, kStart + seconds(7));
  partly.classes[1].fleet.reset();
  partly.classes[1].reported_at.reset();
  observe(7, partly);
  EXPECT_FALSE(record_.is_back(last_end_));
  EXPECT_THAT(record_.silent(after(36)), IsEmpty());
  partly.classes[0].reported_at = kStart + seconds(30);
  observe(30, partly);
  EXPECT_THAT(record_.silent(after(37)), ElementsAre("local/large"));
}

TEST_F(FleetRecordTest, AScalerThatHasDiedFallsSilent) {
  observe(0, 2, 2);
  observe(20, fleet(2, 2));
  observe(30, fleet(2, 2));
  EXPECT_EQ(record_.silent(after(30)), kBoth);
}

TEST_F(FleetRecordTest, WhileTheServerIsAwayNobodyIsSilent) {
  observe(0, 2, 2);
  record_.excuse_silence(after(100));
  EXPECT_THAT(record_.silent(after(129)), IsEmpty());
  EXPECT_EQ(record_.silent(after(130)), kBoth);
}

}  // namespace
}  // namespace muster::client
