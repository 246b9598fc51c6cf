#include "process/guardian.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <csignal>

#include "process/child.hpp"

namespace muster::process {
namespace {

using namespace std::chrono_literals;

constexpr Millis kPatience = 20s;

// A guardian with its worker, which are heard through a pipe.
class Guarded {
 public:
  using Work = std::function<int(UniqueFd guardian, int out)>;

  explicit Guarded(const Work& work) {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    reader_.reset(ends[0]);
    UniqueFd writer(ends[1]);
    const pid_t pid = ::fork();
    if (pid == 0) {
      constexpr int kNoGuardian = 99;
      const auto code =
          run_guarded([&](UniqueFd guardian) { return work(std::move(guardian), writer.get()); });
      ::_exit(code.value_or(kNoGuardian));
    }
    guardian_.emplace(std::move(Child::adopt(pid).value()));
  }
  // Nothing of a test that failed stays behind.
  ~Guarded() {
    guardian_->signal(SIGKILL);
    EXPECT_TRUE(end_descendants(kPatience));
  }

  Child& guardian() { return *guardian_; }
  std::string line() {
    std::string line;
    for (char letter = 0; ::read(reader_.get(), &letter, 1) == 1 && letter != '\n';) line += letter;
    return line;
  }
  std::optional<Identity> process() { return identify(std::atoi(line().c_str())); }

 private:
  UniqueFd reader_;
  std::optional<Child> guardian_;
};

void say(int out, const std::string& text) {
  EXPECT_TRUE(write_all(out, text + "\n"));
}

// True for a signal, false for the guardian's death.
bool wait_for_word(const UniqueFd& guardian) {
  char signal = 0;
  pollfd entry{guardian.get(), POLLIN, 0};
  ::poll(&entry, 1, -1);
  return ::read(guardian.get(), &signal, 1) == 1;
}

// Names itself and a daemon that it has started, and then only waits.
int start_daemon_and_wait(const UniqueFd&, int out) {
  say(out, std::to_string(::getpid()));
  Command command;
  command.arguments = {"/bin/sh", "-c", "setsid sh -c 'echo $$; exec sleep 1000' & wait"};
  command.environment = plain_environment();
  command.standard_output = out;
  const auto child = Child::start(command);
  for (;;) ::pause();
}

class RunGuarded : public testing::Test {
 protected:
  RunGuarded() { become_subreaper(); }
};

TEST_F(RunGuarded, PassesTheExitCodeOn) {
  Guarded guarded([](const UniqueFd&, int) { return 4; });
  const auto exit = guarded.guardian().wait(kPatience);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, 4);
  EXPECT_EQ(exit->signal, 0);
}

TEST_F(RunGuarded, EndsWhatAKilledWorkerHadStarted) {
  Guarded guarded(start_daemon_and_wait);
  const auto worker = guarded.process();
  const auto daemon = guarded.process();
  ASSERT_TRUE(worker && daemon);
  ::kill(worker->pid, SIGKILL);
  const auto exit = guarded.guardian().wait(kPatience);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, 128 + SIGKILL);
  EXPECT_FALSE(is_alive(*daemon));
}

TEST_F(RunGuarded, EndsWhatAWorkerLeftBehind) {
  Guarded guarded([](const UniqueFd& guardian, int out) {
    if (::fork() == 0) {
      say(out, std::to_string(::getpid()));
      for (;;) ::pause();
    }
    wait_for_word(guardian);
    return 0;
  });
  const auto left = guarded.process();
  ASSERT_TRUE(left);
  guarded.guardian().signal(SIGTERM);
  ASSERT_TRUE(guarded.guardian().wait(kPatience));
  EXPECT_FALSE(is_alive(*left));
}

TEST_F(RunGuarded, TellsTheWorkerOfEachSignal) {
  Guarded guarded([](const UniqueFd& guardian, int out) {
    say(out, "ready");
    for (const auto* word : {"first", "second"}) {
      if (wait_for_word(guardian)) say(out, word);
    }
    return 0;
  });
  ASSERT_EQ(guarded.line(), "ready");
  guarded.guardian().signal(SIGTERM);
  EXPECT_EQ(guarded.line(), "first");
  guarded.guardian().signal(SIGINT);
  EXPECT_EQ(guarded.line(), "second");
  EXPECT_TRUE(guarded.guardian().wait(kPatience)->success());
}

TEST_F(RunGuarded, TheWorkerHearsOfItsGuardiansDeath) {
  Guarded guarded([](const UniqueFd& guardian, int out) {
    say(out, "ready");
    if (!wait_for_word(guardian)) say(out, "alone");
    return 0;
  });
  ASSERT_EQ(guarded.line(), "ready");
  guarded.guardian().signal(SIGKILL);
  EXPECT_EQ(guarded.line(), "alone");
}

}  // namespace
}  // namespace muster::process
