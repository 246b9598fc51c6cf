#include "process/child.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <sstream>
#include <thread>

#include "process/system.hpp"

namespace muster::process {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr Millis kPatience = 20s;

struct Outcome {
  Exit exit;
  std::string output;
};

Command shell(const std::string& script) {
  Command command;
  command.arguments = {"/bin/sh", "-c", script};
  command.environment = plain_environment();
  command.directory = "/";
  return command;
}

// Runs to its end; both streams in `output`.
Outcome run(Command command) {
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  command.standard_output = writer.get();
  command.standard_error = writer.get();
  auto child = Child::start(command);
  writer.reset();
  if (!child) return ADD_FAILURE() << child.error().message, Outcome{};
  auto output = read_all(reader.get(), 1 << 20);
  const auto exit = child->wait(kPatience);
  EXPECT_TRUE(exit);
  return {exit.value_or(Exit{}), output.value_or("")};
}

TEST(Child, ReportsItsExitCode) {
  EXPECT_TRUE(run(shell("exit 0")).exit.success());
  EXPECT_EQ(run(shell("exit 37")).exit.shell_code(), 37);
}

TEST(Child, ReportsTheSignalThatEndedIt) {
  const auto exit = run(shell("kill -9 $$")).exit;
  EXPECT_EQ(exit.signal, SIGKILL);
  EXPECT_EQ(exit.shell_code(), 137);
  EXPECT_FALSE(exit.success());
}

TEST(Child, EndsWithItsStarterIfAsked) {
  auto command = shell("sleep 1000");
  command.ends_with_starter = true;
  if (::geteuid() == 0) command.user = *find_user("nobody");
  std::optional<Child> child;
  std::thread([&] { child = *Child::start(command); }).join();
  const auto exit = child->wait(kPatience);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->signal, SIGKILL);
}

TEST(Child, WaitsNoLongerThanItsPatience) {
  auto child = Child::start(shell("sleep 1000"));
  ASSERT_TRUE(child);
  EXPECT_FALSE(child->wait(1ms));
  child->signal_group(SIGKILL);
  EXPECT_TRUE(child->wait(kPatience));
}

TEST(Child, HasExactlyTheEnvironmentItWasGiven) {
  Command command;
  command.arguments = {"/usr/bin/env"};
  command.environment = {{"A", "one two"}, {"B", "x=y"}};
  ::setenv("MUSTER_TEST_LEAK", "secret", 1);
  EXPECT_EQ(run(command).output, "A=one two\nB=x=y\n");
}

TEST(Child, HasOnlyTheThreeStandardDescriptors) {
  const UniqueFd leak(::open("/etc/passwd", O_RDONLY));  // not even marked to be closed
  // ls itself holds the directory that it lists.
  EXPECT_EQ(run(shell("exec ls /proc/self/fd")).output, "0\n1\n2\n3\n");
}

TEST(Child, GainsNoPrivilegesIfItShallNot) {
  auto command = shell("grep NoNewPrivs /proc/self/status");
  command.no_new_privileges = true;
  EXPECT_EQ(run(command).output, "NoNewPrivs:\t1\n");
}

// What a helper would: the test says how it ended.
class HelpersChild : public testing::Test {
 protected:
  HelpersChild() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    reports_.reset(ends[1]);
    process_.emplace(Child::start(shell("exec sleep 1000")).value());
    child_.emplace(
        Child::of_helper(process_->pid(), open_pidfd(process_->pid()), UniqueFd(ends[0])));
  }
  ~HelpersChild() override {
    process_->signal(SIGKILL);
    process_->wait(kPatience);
  }

  UniqueFd reports_;
  std::optional<Child> process_;
  std::optional<Child> child_;
};

TEST_F(HelpersChild, EndsAsItIsReported) {
  EXPECT_FALSE(child_->wait(0ms));
  const int exited_with_7 = 7 << 8;
  ASSERT_EQ(::send(reports_.get(), &exited_with_7, sizeof exited_with_7, 0), sizeof(int));
  EXPECT_TRUE(wait_readable(child_->pidfd(), kPatience));
  const auto exit = child_->wait(kPatience);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, 7);
  EXPECT_EQ(exit->signal, 0);
}

TEST_F(HelpersChild, CountsAsKilledIfItsHelperIs) {
  reports_.reset();
  const auto exit = child_->wait(kPatience);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->shell_code(), 137);
}

TEST_F(HelpersChild, IsSignalledWithItsGroup) {
  child_->signal_group(SIGTERM);
  const auto exit = process_->wait(kPatience);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->signal, SIGTERM);
}

TEST(Child, LeadsASessionOfItsOwn) {
  const auto output = run(shell("echo $$; ps -o sid= -p $$")).output;
  std::istringstream lines(output);
  pid_t pid = 0;
  pid_t session = -1;
  lines >> pid >> session;
  EXPECT_EQ(pid, session);
}

TEST(Child, StartsWithSignalsUnblockedAndNotIgnored) {
  ::signal(SIGUSR1, SIG_IGN);
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
  const auto outcome = run(shell("kill -USR1 $$; echo survived"));
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  EXPECT_EQ(outcome.exit.signal, SIGUSR1);
}

TEST(Child, ReadsItsStandardInput) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  ASSERT_TRUE(write_all(writer.get(), "hello"));
  writer.reset();
  auto command = shell("cat");
  command.standard_input = reader.get();
  EXPECT_EQ(run(command).output, "hello");
}

TEST(Child, SaysWhyItCouldNotStart) {
  Command command = shell("true");
  command.arguments = {"no-such-program-of-muster"};
  auto child = Child::start(command);
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().kind, ErrorKind::not_found);
  EXPECT_THAT(child.error().message, HasSubstr("cannot run no-such-program-of-muster"));

  command.arguments = {"/etc/passwd"};
  child = Child::start(command);
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().kind, ErrorKind::forbidden);

  command = shell("true");
  command.directory = "/no/such/directory";
  child = Child::start(command);
  ASSERT_FALSE(child);
  EXPECT_THAT(child.error().message, HasSubstr("cannot enter the directory /no/such/directory"));

  command = shell(std::string("true\0false", 10));
  ASSERT_FALSE(Child::start(command));
}

TEST(Child, FindsProgramsInTheGivenPath) {
  auto command = shell("");
  command.arguments = {"true"};
  EXPECT_TRUE(run(command).exit.success());
  command.environment["PATH"] = "/nowhere";
  EXPECT_FALSE(Child::start(command));
}

TEST(Child, DropsToAUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  const auto user = find_user("nobody");
  ASSERT_TRUE(user) << user.error().message;
  auto command = shell("id -u; id -G; grep NoNewPrivs /proc/self/status");
  command.user = *user;
  const auto outcome = run(command);
  EXPECT_EQ(outcome.output,
            std::to_string(user->uid) + "\n" + std::to_string(user->gid) + "\nNoNewPrivs:\t1\n");
}

// A child that has our memory until it runs its program must not open it when it becomes another.
TEST(Child, StartingAUsersProgramLetsNobodyInspectUs) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  const pid_t pid = ::fork();
  if (pid == 0) {
    forbid_inspection();
    auto command = shell("exit 0");
    command.user = *find_user("nobody");
    auto child = Child::start(command);
    const bool ended = child && child->wait(kPatience);
    ::_exit(ended ? ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) : 99);
  }
  auto child = Child::adopt(pid);
  ASSERT_TRUE(child);
  const auto exit = child->wait(kPatience);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, 0) << "not inspectable";
}

// As a job may do it, to hold up the next program of its user. Until it is killed.
[[noreturn]] void stop_all_of(uid_t uid) {
  if (::syscall(SYS_setresuid, uid, uid, uid) != 0) ::_exit(1);
  for (;; ::usleep(1000)) ::kill(-1, SIGSTOP);
}

TEST(Child, IsKilledIfItIsStoppedBeforeItRunsItsProgram) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  constexpr uid_t kNobodyElse = 61'234;
  const pid_t attacker = ::fork();
  if (attacker == 0) stop_all_of(kNobodyElse);
  Command command;
  command.arguments = {"program-that-takes-long-to-find"};
  constexpr int kLookups = 30'000;  // some tenths of a second, and still a PATH that exec takes
  for (int lookup = 0; lookup < kLookups; ++lookup) command.environment["PATH"] += "/-:";
  command.user = User{kNobodyElse, kNobodyElse, "", "/"};
  command.start_patience = 2s;
  // On a busy machine the attacker may come too late.
  const auto deadline = system_clock().monotonic() + kPatience;
  auto child = Child::start(command);
  while (!child && system_clock().monotonic() < deadline) child = Child::start(command);
  ::kill(attacker, SIGKILL);
  EXPECT_EQ(::waitpid(attacker, nullptr, 0), attacker);
  ASSERT_TRUE(child) << child.error().message << ": it was not stopped";
  const auto exit = child->wait(kPatience);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->signal, SIGKILL);
}

TEST(Child, EntersItsDirectoryAsTheUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  char name[] = "/tmp/muster-child-XXXXXX";
  ASSERT_NE(::mkdtemp(name), nullptr);  // mode 0700, of root
  auto command = shell("true");
  command.user = *find_user("nobody");
  command.directory = name;
  const auto child = Child::start(command);
  ::rmdir(name);
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().kind, ErrorKind::forbidden);
}

TEST(Child, CanBeStartedByManyThreadsAtOnce) {
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([thread] {
      for (int round = 0; round < 10; ++round) {
        EXPECT_EQ(run(shell("exit " + std::to_string(thread))).exit.code, thread);
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

TEST(FindUser, SaysWhoIsMissing) {
  const auto user = find_user("no-such-user-of-muster");
  ASSERT_FALSE(user);
  EXPECT_THAT(user.error().message, HasSubstr("no user 'no-such-user-of-muster'"));
}

TEST(PlainEnvironment, KeepsNothingButWhatIsHarmless) {
  ::setenv("CIRCLECI_RUNNER_API_AUTH_TOKEN", "secret", 1);
  ::setenv("LC_MUSTER", "C", 1);
  const auto environment = plain_environment();
  ::unsetenv("CIRCLECI_RUNNER_API_AUTH_TOKEN");
  EXPECT_TRUE(environment.contains("PATH"));
  EXPECT_TRUE(environment.contains("LC_MUSTER"));
  EXPECT_FALSE(environment.contains("CIRCLECI_RUNNER_API_AUTH_TOKEN"));
}

}  // namespace
}  // namespace muster::process
