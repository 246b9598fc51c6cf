#include "agent/task_runner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

#include "agent/exec.hpp"
#include "agent/fake_control_plane.hpp"
#include "agent/sandbox_keeper.hpp"
#include "base/crypto.hpp"
#include "base/sleep.hpp"

namespace muster::agent {
namespace {

using namespace std::chrono_literals;
using protocol::StepState;
using protocol::TaskResult;
using testing::HasSubstr;
using testing::Not;

// Commands behind a prefix start this very program as `agent-exec`.
__attribute__((constructor)) void act_as_agent_exec(int count, char** arguments, char**) {
  if (count == 2 && arguments[1] == kExecWord) ::_exit(run_agent_exec());
  if (count == 2 && arguments[1] == kSandboxWord) ::_exit(run_sandbox_keeper());
}

pipeline::RunStep run(std::string command) {
  pipeline::RunStep step;
  step.name = command;
  step.command = std::move(command);
  return step;
}

class TaskRunner : public testing::Test {
 protected:
  TaskRunner() {
    char name[] = "/tmp/muster-agent-XXXXXX";
    root_ = ::mkdtemp(name);
    std::filesystem::permissions(root_, std::filesystem::perms(0711));
    setup_.state = root_ / "state";
    if (::geteuid() == 0) setup_.user = *process::find_user("nobody");
    task_.task_id = "0190a2b4-0000-7000-8000-000000000001";
    task_.token = "mut_secret";
    task_.lease_ms = 300'000;
    task_.branch = "main";
    task_.project = "shop";
    task_.revision = std::string(40, 'a');
    task_.job.name = "build";
    process::become_subreaper();
  }
  ~TaskRunner() override { std::filesystem::remove_all(root_); }

  void step(pipeline::Step step) { task_.job.steps.push_back(std::move(step)); }

  TaskResult run_it() {
    able_ = run_task(setup_, server_, task_, end_now_.get_token());
    return server_.result() ? server_.result()->result : TaskResult::infrastructure_fail;
  }
  // In the background, so that a test can act meanwhile.
  std::jthread start_it() {
    return std::jthread([this] { run_task(setup_, server_, task_, end_now_.get_token()); });
  }

  std::filesystem::path root_;
  RunnerSetup setup_;
  FakeControlPlane server_;
  protocol::ClaimedTask task_;
  std::stop_source end_now_;
  bool able_ = true;  // as the last run said
};

TEST_F(TaskRunner, RunsStepsInOrderWithBothStreamsInOrder) {
  step(run("echo one; echo two >&2; echo three"));
  step(run("echo four"));
  EXPECT_EQ(run_it(), TaskResult::success);
  EXPECT_EQ(server_.output(0), "one\ntwo\nthree\n");
  EXPECT_EQ(server_.output(1), "four\n");
  EXPECT_EQ(server_.steps()[0].state, StepState::success);
  EXPECT_EQ(server_.steps()[0].exit_code, 0);
  EXPECT_EQ(server_.doubtful_output(), 0);
}

TEST_F(TaskRunner, AFailureSkipsWhatDoesNotAskForIt) {
  step(run("exit 7"));
  step(run("echo skipped"));
  auto always = run("echo always");
  always.when = pipeline::When::always;
  step(always);
  auto on_fail = run("echo failed");
  on_fail.when = pipeline::When::on_fail;
  step(on_fail);
  EXPECT_EQ(run_it(), TaskResult::failed);
  EXPECT_EQ(server_.steps()[0].exit_code, 7);
  EXPECT_FALSE(server_.steps().contains(1));
  EXPECT_EQ(server_.output(2), "always\n");
  EXPECT_EQ(server_.output(3), "failed\n");
  EXPECT_THAT(server_.output(0), HasSubstr("\nExited with code 7\n"));
}

TEST_F(TaskRunner, OnFailIsSkippedWithoutAFailure) {
  auto on_fail = run("echo failed");
  on_fail.when = pipeline::When::on_fail;
  step(on_fail);
  EXPECT_EQ(run_it(), TaskResult::success);
  EXPECT_TRUE(server_.steps().empty());
}

TEST_F(TaskRunner, AFailingPipelineFailsTheStep) {
  step(run("false | cat; echo not reached"));
  EXPECT_EQ(run_it(), TaskResult::failed);
  EXPECT_THAT(server_.output(0), Not(HasSubstr("not reached")));
}

TEST_F(TaskRunner, SaysWhichSignalEndedAStep) {
  step(run("kill -SEGV $$"));
  EXPECT_EQ(run_it(), TaskResult::failed);
  EXPECT_EQ(server_.steps()[0].exit_code, 139);
  EXPECT_THAT(server_.output(0), HasSubstr("signal 11"));
}

TEST_F(TaskRunner, BashEnvCarriesVariablesToLaterSteps) {
  step(run("echo 'export COLOR=blue' >> \"$BASH_ENV\""));
  step(run("echo $COLOR"));
  EXPECT_EQ(run_it(), TaskResult::success);
  EXPECT_EQ(server_.output(1), "blue\n");
}

TEST_F(TaskRunner, EnvironmentHasNoSecretAndTheNearestValueWins) {
  ::setenv("CIRCLECI_RUNNER_API_AUTH_TOKEN", "muc_secret", 1);
  task_.job.environment = {{"A", "job"}, {"B", "job $HOME"}, {"CIRCLE_BRANCH", "mine"}};
  auto shown = run("env; pwd");
  shown.environment = {{"A", "step"}};
  step(shown);
  EXPECT_EQ(run_it(), TaskResult::success);
  ::unsetenv("CIRCLECI_RUNNER_API_AUTH_TOKEN");
  const auto output = server_.output(0);
  EXPECT_THAT(output, Not(HasSubstr("secret")));
  for (const auto* line : {"A=step\n", "B=job $HOME\n", "CIRCLE_BRANCH=mine\n", "CI=true\n"}) {
    EXPECT_THAT(output, HasSubstr(line));
  }
}

TEST_F(TaskRunner, AJobKnowsItsUserAndHasNoTerminal) {
  step(run("[ \"$USER $LOGNAME\" = \"$(id -un) $(id -un)\" ] && echo \"$TERM\""));
  EXPECT_EQ(run_it(), TaskResult::success);
  EXPECT_EQ(server_.output(0), "dumb\n");
}

TEST_F(TaskRunner, RunsBehindAPrefixWithoutItsEnvironment) {
  setup_.user.reset();
  setup_.settings.command_prefix = {"env", "FROM_PREFIX=1"};
  step(run("echo \"[${FROM_PREFIX:-}]\""));
  EXPECT_EQ(run_it(), TaskResult::success);
  EXPECT_EQ(server_.output(0), "[]\n");
}

TEST_F(TaskRunner, RunsAsTheJobsUserAndHidesItsOwnFiles) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can run jobs as another user";
  step(run("id -un; touch here; ls " + (setup_.state / "tasks").string()));
  EXPECT_EQ(run_it(), TaskResult::failed);
  EXPECT_THAT(server_.output(0), HasSubstr("nobody\n"));
  EXPECT_THAT(server_.output(0), HasSubstr("Permission denied"));
}

TEST_F(TaskRunner, RemovesItsDirectories) {
  step(run("mkdir deep && touch deep/file && chmod 500 deep"));
  EXPECT_EQ(run_it(), TaskResult::success);
  EXPECT_TRUE(std::filesystem::is_empty(setup_.state / "tasks"));
  EXPECT_TRUE(std::filesystem::is_empty(setup_.state / "work"));
}

TEST_F(TaskRunner, EndsABackgroundStepWithTheTask) {
  auto background = run("echo serving; exec sleep 1000");
  background.background = true;
  step(background);
  step(run("echo tested"));
  EXPECT_EQ(run_it(), TaskResult::success);
  EXPECT_EQ(server_.steps()[0].state, StepState::background);
  EXPECT_TRUE(server_.steps()[0].ended_at);
  EXPECT_EQ(process::end_descendants(1s).value_or(-1), 0);
}

TEST_F(TaskRunner, AStepEndsWithItsShellAndItsLeftoversWithTheTask) {
  step(run("setsid sh -c 'sleep 1000' & echo started"));
  step(run("pgrep -f 'sleep 1000' > /dev/null && echo still there"));
  EXPECT_EQ(run_it(), TaskResult::success);
  EXPECT_EQ(server_.output(1), "still there\n");
  EXPECT_EQ(process::end_descendants(1s).value_or(-1), 0);
}

TEST_F(TaskRunner, ASilentStepIsEndedWithAllItStarted) {
  auto silent = run("(trap '' TERM; sleep 1000) & sleep 1000");
  silent.name = "quiet";
  silent.no_output_timeout = 100ms;
  step(silent);
  EXPECT_EQ(run_it(), TaskResult::timedout);
  EXPECT_EQ(server_.steps()[0].state, StepState::timedout);
  EXPECT_THAT(server_.output(0), HasSubstr("Too long with no output (exceeded 100ms)"));
  EXPECT_EQ(server_.result()->message, "step 'quiet' was silent for 100ms");
}

TEST_F(TaskRunner, ATaskOverItsTimeIsEnded) {
  setup_.settings.max_run_time = 500ms;
  step(run("while :; do echo tick; sleep 0.05; done"));
  EXPECT_EQ(run_it(), TaskResult::timedout);
  const auto* why =
      "step 'while :; do echo tick; sleep 0.05; done' was ended: "
      "the task ran for longer than 500ms, the runner's max_run_time";
  EXPECT_EQ(server_.result()->message, why);
  EXPECT_THAT(server_.output(0), HasSubstr(why));
}

TEST_F(TaskRunner, CancelingEndsTheWork) {
  step(run("echo ready; sleep 1000"));
  step(run("echo never"));
  const auto thread = start_it();
  ASSERT_TRUE(server_.wait_for_output(0, "ready"));
  server_.cancel();
  ASSERT_TRUE(server_.wait_until([&] { return server_.result().has_value(); }));
  EXPECT_EQ(server_.result()->result, TaskResult::canceled);
  EXPECT_EQ(server_.steps()[0].state, StepState::canceled);
  EXPECT_FALSE(server_.steps().contains(1));
}

TEST_F(TaskRunner, ASecondSignalEndsTheWork) {
  step(run("echo ready; sleep 1000"));
  const auto thread = start_it();
  ASSERT_TRUE(server_.wait_for_output(0, "ready"));
  end_now_.request_stop();
  ASSERT_TRUE(server_.wait_until([&] { return server_.result().has_value(); }));
  EXPECT_EQ(server_.result()->message,
            "the agent stopped before the task had ended; its log says why");
}

TEST_F(TaskRunner, ASecondSignalCutsShortTheWaitForTheServer) {
  step(run("echo ready"));
  server_.refuse_finish({ErrorKind::unavailable, "cannot be reached"});
  auto thread = start_it();
  ASSERT_TRUE(server_.wait_until([&] { return server_.finish_calls() >= 2; }));
  const auto told = system_clock().monotonic();
  end_now_.request_stop();
  thread.join();
  EXPECT_LT(system_clock().monotonic() - told, 20s);  // not the hour that it has otherwise
  EXPECT_FALSE(server_.result());
}

TEST_F(TaskRunner, OutputPastTheServersLimitIsDroppedAndTheTaskGoesOn) {
  server_.limit_output(1000);
  step(run("echo first; sleep 0.3; seq 200000; sleep 0.1; echo last"));
  step(run("echo second"));
  EXPECT_EQ(run_it(), TaskResult::success);
  EXPECT_EQ(server_.output(0), "first\n");
  EXPECT_EQ(server_.steps()[0].state, StepState::success);
  EXPECT_EQ(server_.output(1), "second\n");
  EXPECT_EQ(server_.output_refusals(), 1);
}

TEST_F(TaskRunner, AMessageThatIsRefusedForGoodEndsTheTask) {
  server_.refuse_steps({ErrorKind::invalid, "no such step"});
  step(run("sleep 1000"));
  EXPECT_EQ(run_it(), TaskResult::infrastructure_fail);
  ASSERT_TRUE(server_.result());
  EXPECT_EQ(server_.result()->message,
            "the server refuses what the task has to tell: no such step");
}

TEST_F(TaskRunner, AResultThatIsRefusedForGoodIsNotSentAgain) {
  server_.refuse_finish({ErrorKind::invalid, "no such result"});
  step(run("true"));
  run_it();
  EXPECT_EQ(server_.finish_calls(), 1);
}

TEST_F(TaskRunner, AStaleAttemptEndsWithoutAResult) {
  step(run("echo ready; sleep 1000"));
  auto thread = start_it();
  ASSERT_TRUE(server_.wait_for_output(0, "ready"));
  server_.make_stale();
  thread.join();
  EXPECT_FALSE(server_.result());
}

TEST_F(TaskRunner, HearsOfItsLeaseBeforeItBeginsIfItEndsWithThat) {
  task_.ends_with_lease = true;
  step(run("true"));
  EXPECT_EQ(run_it(), TaskResult::success);
  EXPECT_GE(server_.heartbeats(), 1);
}

TEST_F(TaskRunner, ATaskThatGoesOnKeepsItsLease) {
  step(run("while :; do sleep 0.01; done"));
  const auto thread = start_it();
  EXPECT_TRUE(server_.wait_until([&] { return server_.heartbeats() >= 1; }));
  server_.cancel();
}

// The margin is a fifth of the lease: a long one, as a slow machine needs some of it.
TEST_F(TaskRunner, EndsTheWorkBeforeItsLeaseIsOver) {
  task_.lease_ms = 10'000;
  task_.ends_with_lease = true;
  step(run("echo ready; sleep 1000"));
  auto thread = start_it();
  ASSERT_TRUE(server_.wait_for_output(0, "ready"));
  const auto cut = system_clock().monotonic();
  server_.set_reachable(false);
  thread.join();
  EXPECT_LT(system_clock().monotonic() - cut, 10'000ms);
  EXPECT_FALSE(server_.result());
}

TEST_F(TaskRunner, WorkGoesOnWhileTheServerIsAway) {
  const auto flag = root_ / "flag";
  step(run("echo ready; while ! [ -e " + flag.string() + " ]; do sleep 0.01; done; seq 20000"));
  step(run("echo more"));
  auto thread = start_it();
  ASSERT_TRUE(server_.wait_for_output(0, "ready"));
  server_.set_reachable(false);
  std::ofstream(flag) << "";
  sleep_for(300ms, {});
  server_.lose_answers(1);
  server_.set_reachable(true);
  thread.join();
  ASSERT_TRUE(server_.result());
  EXPECT_EQ(server_.result()->result, TaskResult::success);
  std::string expected = "ready\n";
  for (int line = 1; line <= 20'000; ++line) expected += std::to_string(line) + "\n";
  EXPECT_EQ(server_.output(0), expected);
  EXPECT_EQ(server_.output(1), "more\n");
  EXPECT_EQ(server_.doubtful_output(), 0);
}

TEST_F(TaskRunner, AWrongShellOrDirectoryFailsTheStep) {
  auto wrong = run("true");
  wrong.shell = "/no/such/shell";
  step(wrong);
  auto elsewhere = run("true");
  elsewhere.working_directory = "missing";
  elsewhere.when = pipeline::When::always;
  step(elsewhere);
  EXPECT_EQ(run_it(), TaskResult::failed);
  EXPECT_THAT(server_.output(0), HasSubstr("cannot run /no/such/shell"));
  EXPECT_THAT(server_.output(1), HasSubstr("cannot enter the directory"));
}

TEST_F(TaskRunner, AnUnusableWorkingDirectoryIsNamed) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can run jobs as another user";
  std::filesystem::create_directory(root_ / "locked");
  std::filesystem::permissions(root_ / "locked", std::filesystem::perms(0700));
  setup_.settings.working_directory = (root_ / "locked" / "%s").string();
  step(run("true"));
  EXPECT_EQ(run_it(), TaskResult::infrastructure_fail);
  EXPECT_THAT(server_.result()->message, HasSubstr("runner.working_directory"));
  EXPECT_FALSE(able_);
}

TEST_F(TaskRunner, AnUnusableWorkingDirectoryOfTheJobsOwnIsItsFailure) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can run jobs as another user";
  std::filesystem::create_directory(root_ / "locked");
  std::filesystem::permissions(root_ / "locked", std::filesystem::perms(0700));
  task_.job.working_directory = (root_ / "locked" / "project").string();
  step(run("true"));
  EXPECT_EQ(run_it(), TaskResult::failed);
  EXPECT_THAT(server_.result()->message, HasSubstr("cannot use its working directory"));
  EXPECT_TRUE(able_) << "the next job may be better off";
}

TEST_F(TaskRunner, RunsBehindAPrefix) {
  setup_.user.reset();
  setup_.settings.command_prefix = {"env", "-i"};
  task_.job.environment = {{"A", "x y"}};
  step(run("echo $A; cat; exit 3"));
  EXPECT_EQ(run_it(), TaskResult::failed);
  EXPECT_THAT(server_.output(0), testing::StartsWith("x y\n"));
  EXPECT_EQ(server_.steps()[0].exit_code, 3);
}

TEST_F(TaskRunner, BehindAPrefixTheFreshWorkingDirectoryIsRemovedAsWell) {
  setup_.user.reset();
  setup_.settings.command_prefix = {"env", "-i"};
  setup_.settings.working_directory = (root_ / "named" / "%s").string();
  step(run("pwd; touch file .hidden"));
  EXPECT_EQ(run_it(), TaskResult::success);
  EXPECT_EQ(server_.output(0), (root_ / "named" / task_.task_id).string() + "\n");
  EXPECT_TRUE(std::filesystem::is_empty(root_ / "named"));
}

TEST_F(TaskRunner, RunsBehindSudo) {
  if (::geteuid() != 0 || ::access("/usr/bin/sudo", X_OK) != 0) {
    GTEST_SKIP() << "needs root and sudo";
  }
  setup_.user.reset();
  setup_.settings.command_prefix = {"sudo", "-nHu", "nobody", "--"};
  task_.job.environment = {{"A", "x y"}};
  step(run("id -un; echo $A"));
  EXPECT_EQ(run_it(), TaskResult::success) << server_.result()->message;
  EXPECT_EQ(server_.output(0), "nobody\nx y\n");
}

class Checkout : public TaskRunner {
 protected:
  // A repository with one commit, as a pack without history.
  Checkout() {
    const auto script = "cd " + root_.string() +
                        " && git init -q repo && cd repo && echo hello > file && git add file && "
                        "git -c user.name=a -c user.email=a@b commit -qm first && "
                        "git rev-parse --verify HEAD > ../revision && "
                        "git rev-list --objects HEAD | git pack-objects -q --stdout > ../pack";
    EXPECT_EQ(std::system(script.c_str()), 0);
    task_.revision = read_file(root_ / "revision", 100)->substr(0, 40);
    pack_ = *read_file(root_ / "pack", 1 << 20);
    task_.source_sha256 = sha256_hex(pack_);
    server_.set_source(pack_);
    step(pipeline::CheckoutStep{});
  }
  std::string pack_;
};

TEST_F(Checkout, BringsExactlyTheCommit) {
  step(run("git rev-parse HEAD; git branch --show-current; cat file; git status --porcelain"));
  EXPECT_EQ(run_it(), TaskResult::success) << server_.output(0) << server_.output(1);
  EXPECT_TRUE(able_);
  EXPECT_EQ(server_.output(1), task_.revision + "\nmain\nhello\n");
}

TEST_F(Checkout, WithoutABranchIsDetached) {
  task_.branch = "";
  step(run("git rev-parse HEAD"));
  EXPECT_EQ(run_it(), TaskResult::success) << server_.output(0);
}

TEST_F(Checkout, IntoARepositoryThatIsThere) {
  step(run("echo change > file; echo stays > untracked"));
  step(pipeline::CheckoutStep{});
  step(run("cat file"));
  EXPECT_EQ(run_it(), TaskResult::success) << server_.output(2);
  EXPECT_EQ(server_.output(3), "hello\n");
}

TEST_F(Checkout, RefusesADirectoryThatIsInUse) {
  task_.job.steps.insert(task_.job.steps.begin(), run("touch mine"));
  EXPECT_EQ(run_it(), TaskResult::failed);
  EXPECT_THAT(server_.output(1), HasSubstr("is not empty"));
}

TEST_F(Checkout, RefusesAnotherPackAndBlamesNoJob) {
  server_.set_source(pack_ + "x");
  EXPECT_EQ(run_it(), TaskResult::infrastructure_fail);
  EXPECT_THAT(server_.output(0), HasSubstr("SHA-256"));
}

TEST_F(Checkout, WaitsWhileTheServersDiskIsFull) {
  server_.refuse_sources({ErrorKind::exhausted, "the server's disk is full"}, 2);
  EXPECT_EQ(run_it(), TaskResult::success) << server_.output(0);
}

TEST_F(Checkout, ASourceThatIsGoneIsNoFaultOfTheJob) {
  server_.refuse_sources({ErrorKind::not_found, "the source is gone"}, 1);
  EXPECT_EQ(run_it(), TaskResult::infrastructure_fail);
  EXPECT_TRUE(able_) << "nor of the runner";
  EXPECT_THAT(server_.output(0), HasSubstr("the source is gone"));
}

TEST_F(Checkout, WorksBehindAPrefix) {
  setup_.user.reset();
  setup_.settings.command_prefix = {"env", "-i"};
  step(run("cat file"));
  EXPECT_EQ(run_it(), TaskResult::success) << server_.output(0);
  EXPECT_EQ(server_.output(1), "hello\n");
}

}  // namespace
}  // namespace muster::agent
