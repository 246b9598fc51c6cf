#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <optional>
#include <stop_token>
#include <thread>

#include "process/child.hpp"
#include "process/table.hpp"

namespace muster::process {
namespace {

using namespace std::chrono_literals;

constexpr Millis kPatience = 20s;

// Runs a script, and waits until it says that it has done its part, a line on standard output.
Child start_and_hear(const std::string& script, std::string& line) {
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  Command command;
  command.arguments = {"/bin/sh", "-c", script};
  command.environment = plain_environment();
  command.standard_output = writer.get();
  auto child = Child::start(command);
  writer.reset();
  for (char letter = 0; ::read(reader.get(), &letter, 1) == 1 && letter != '\n';) line += letter;
  return std::move(child.value());
}

pid_t pid_in(const std::string& line) {
  return static_cast<pid_t>(std::atoi(line.c_str()));
}

TEST(EndDescendants, EndsADaemonizedGrandchild) {
  become_subreaper();
  std::string line;
  auto child = start_and_hear("setsid sh -c 'echo $$; exec sleep 1000' & wait", line);
  const auto daemon = identify(pid_in(line));
  ASSERT_TRUE(daemon);
  child.signal(SIGKILL);  // only the parent: the daemon lives on, adopted by us
  ASSERT_TRUE(child.wait(kPatience));
  ASSERT_TRUE(is_alive(*daemon));
  const auto ended = end_descendants(kPatience);
  ASSERT_TRUE(ended) << ended.error().message;
  EXPECT_EQ(*ended, 1);
  EXPECT_FALSE(is_alive(*daemon));
}

TEST(EndRelatives, EndsWhatElseDescendsFromAnAncestor) {
  become_subreaper();
  std::string line;
  auto other = start_and_hear("sleep 1000 & echo $!; wait", line);
  auto spared = start_and_hear("echo; exec sleep 1000", line);
  const auto below = identify(pid_in(line));
  const auto ended_by_a_child = [&](const Identity& ancestor) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(end_relatives(ancestor, 2s, {spared.pid()}) ? 0 : 1);
    int status = 0;
    ::waitpid(child, &status, 0);
    return WEXITSTATUS(status) == 0;
  };
  auto own = *identify(::getpid());
  ++own.start_ticks;
  EXPECT_FALSE(ended_by_a_child(own)) << "another that has had this id";
  EXPECT_FALSE(ended_by_a_child(*identify(other.pid()))) << "no ancestor";
  EXPECT_FALSE(other.wait(0ms));
  std::thread reaper([&] { other.wait(kPatience); });  // as whoever asks for it does
  --own.start_ticks;
  ended_by_a_child(own);
  reaper.join();
  EXPECT_FALSE(is_alive(*below));
  EXPECT_TRUE(identify(spared.pid()));
  ASSERT_TRUE(end_descendants(kPatience));
}

TEST(EndDescendants, EndsWhatDescendsFromAnotherAndSparesThat) {
  become_subreaper();
  std::string line;
  auto other = start_and_hear("sleep 1000 & echo $!; wait; exec sleep 1001", line);
  const auto below = identify(pid_in(line));
  ASSERT_TRUE(below);
  const auto ended = end_descendants_of(other.pid(), kPatience);
  ASSERT_TRUE(ended) << ended.error().message;
  EXPECT_EQ(*ended, 1);
  EXPECT_FALSE(is_alive(*below));
  EXPECT_TRUE(identify(other.pid()));
  ASSERT_TRUE(end_descendants(kPatience));
}

TEST(EndDescendants, EndsATreeThatKeepsForking) {
  become_subreaper();
  std::string line;
  // 48 processes that each replace a child as soon as it is gone, and ignore what can be ignored.
  start_and_hear(
      "trap '' TERM INT HUP; i=0; while [ $i -lt 48 ]; do i=$((i+1)); "
      "(while :; do sleep 0.01; done) & done; echo ready; wait",
      line);
  ASSERT_EQ(line, "ready");
  const auto ended = end_descendants(kPatience);
  ASSERT_TRUE(ended) << ended.error().message;
  EXPECT_GE(*ended, 48);
  for (const auto& process : read_table()) EXPECT_NE(process.parent, ::getpid());
}

TEST(EndDescendants, SparesWhatItIsToldToSpare) {
  become_subreaper();
  std::string spared_line;
  std::string other_line;
  auto spared = start_and_hear("sleep 1000 & echo $!; wait", spared_line);
  auto other = start_and_hear("echo $$; exec sleep 1000", other_line);
  const auto grandchild = identify(pid_in(spared_line));
  ASSERT_TRUE(grandchild);
  ASSERT_EQ(end_descendants(kPatience, {spared.pid()}).value_or(-1), 1);
  EXPECT_TRUE(is_alive(*grandchild));
  EXPECT_FALSE(spared.wait(0ms));
  EXPECT_EQ(other.wait(kPatience)->signal, SIGKILL);  // although it was reaped already
  EXPECT_EQ(end_descendants(kPatience).value_or(-1), 2);
}

TEST(EndDescendants, HasNothingToDoWithoutChildren) {
  EXPECT_EQ(end_descendants(kPatience).value_or(-1), 0);
}

TEST(Identity, IsOfALivingProcess) {
  const auto self = identify(::getpid());
  ASSERT_TRUE(self);
  EXPECT_TRUE(is_alive(*self));
  EXPECT_FALSE(self->boot_id.empty());
}

TEST(Identity, OfAReusedIdIsAnother) {
  auto earlier = *identify(::getpid());
  earlier.start_ticks -= 1;
  EXPECT_FALSE(is_alive(earlier));
  auto last_boot = *identify(::getpid());
  last_boot.boot_id = "another";
  EXPECT_FALSE(is_alive(last_boot));
}

TEST(Identity, AZombieDoesNotLive) {
  std::string line;
  auto child = start_and_hear("echo $$", line);
  // Unreaped, so that its id is still taken.
  for (const auto end = system_clock().monotonic() + kPatience;
       identify(child.pid()) && system_clock().monotonic() < end;) {
    ::usleep(1000);
  }
  EXPECT_FALSE(identify(child.pid()));
  EXPECT_TRUE(child.wait(kPatience));
}

TEST(EndDescendants, EndsWhatRunsOnThoughItsFirstThreadHasEnded) {
  become_subreaper();
  std::string line;
  auto child = start_and_hear(
      "exec python3 -c 'import ctypes, threading, time\n"
      "threading.Thread(target=time.sleep, args=(1000,)).start()\n"
      "print(flush=True)\n"
      "ctypes.CDLL(None).pthread_exit(0)'",
      line);
  const auto seems_ended = [&] {
    const auto stat = read_file("/proc/" + std::to_string(child.pid()) + "/stat", 4096);
    return stat && stat->find(") Z ") != std::string::npos;
  };
  for (const auto end = system_clock().monotonic() + kPatience;
       !seems_ended() && system_clock().monotonic() < end;) {
    ::usleep(1000);
  }
  ASSERT_TRUE(seems_ended());
  EXPECT_TRUE(identify(child.pid()));
  const auto ended = end_descendants(kPatience);
  ASSERT_TRUE(ended) << ended.error().message;
  EXPECT_EQ(*ended, 1);
  EXPECT_FALSE(identify(child.pid()));
}

TEST(ParseStat, ReadsNamesThatLookLikeFields) {
  const std::string rest = " 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 777 0 0";
  const auto entry = parse_stat("42 (a) S 7 (b)) R 9" + rest);
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->pid, 42);
  EXPECT_EQ(entry->parent, 9);
  EXPECT_EQ(entry->start_ticks, 777U);
  EXPECT_FALSE(entry->zombie);
}

TEST(ParseStat, RefusesWhatIsCutShort) {
  for (const auto* text : {"", "42", "42 (sh", "42 (sh) S", "42 (sh) S 1 2 3", "x (sh) S 1"}) {
    EXPECT_FALSE(parse_stat(text)) << text;
  }
}

TEST(SignalWatch, TurnsSignalsIntoEvents) {
  SignalWatch watch({SIGUSR2});
  EXPECT_FALSE(watch.wait(0ms));
  ::kill(::getpid(), SIGUSR2);
  EXPECT_EQ(watch.wait(kPatience), SIGUSR2);
}

TEST(SignalWatch, WaitsForASignalOrUntilItIsOver) {
  SignalWatch watch({SIGUSR2});
  std::stop_source over;
  ::kill(::getpid(), SIGUSR2);
  EXPECT_EQ(watch.wait(over.get_token()), SIGUSR2);
  std::optional<int> later = 0;
  {
    const std::jthread waits([&] { later = watch.wait(over.get_token()); });
    over.request_stop();
  }
  EXPECT_FALSE(later);
  EXPECT_FALSE(watch.wait(over.get_token())) << "it is over already";
}

}  // namespace
}  // namespace muster::process
