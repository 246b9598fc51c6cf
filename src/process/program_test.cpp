#include "process/program.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "base/crypto.hpp"

namespace muster::process {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

Command shell(const std::string& script) {
  Command command;
  command.arguments = {"/bin/sh", "-c", script};
  command.environment = plain_environment();
  return command;
}

TEST(OutputOf, IsWhatWasPrintedAndNothingElse) {
  EXPECT_EQ(output_of(shell("echo a; echo wrong >&2; echo b"), {}).value(), "a\nb\n");
  EXPECT_EQ(output_of(shell("head -c 300000 /dev/zero"), {}).value().size(), 300'000U);
}

TEST(OutputOf, AFailureSaysWhatTheProgramSaidLast) {
  const auto failed = output_of(shell("echo first >&2; echo no such zone >&2; exit 3"), {});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "/bin/sh ended with exit code 3: no such zone");
  const auto killed = output_of(shell("kill -9 $$"), {});
  ASSERT_FALSE(killed);
  EXPECT_EQ(killed.error().message, "/bin/sh ended with signal 9");
}

TEST(OutputOf, NoSuchProgram) {
  Command command;
  command.arguments = {"/no/such/program"};
  const auto failed = output_of(command, {});
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().message, HasSubstr("cannot run /no/such/program"));
}

TEST(OutputOf, EndsWhatTakesTooLongWithItsChildren) {
  const auto file = std::filesystem::temp_directory_path() / ("muster-child-" + random_hex(6));
  const auto late =
      output_of(shell("sleep 1000 & echo $! > " + file.string() + "; wait"), {.timeout = 2s});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::timeout);
  EXPECT_THAT(late.error().message, HasSubstr("did not end within 2s"));
  const auto child = read_file(file, 100);
  ASSERT_TRUE(child);
  const auto alive = [&] { return identify(std::stoi(*child)).has_value(); };
  for (int tries = 0; alive() && tries < 2000; ++tries) std::this_thread::sleep_for(10ms);
  EXPECT_FALSE(alive());
  std::filesystem::remove(file);
}

TEST(OutputOf, EndsWhatPrintsTooMuch) {
  const auto much = output_of(shell("yes"), {.output = 1000});
  ASSERT_FALSE(much);
  EXPECT_EQ(much.error().kind, ErrorKind::too_large);
}

TEST(OutputOf, DoesNotWaitForWhatWasLeftInTheBackground) {
  const auto output = output_of(shell("sleep 60 & echo $!"), {.timeout = 30s});
  ASSERT_TRUE(output) << output.error().message;
  EXPECT_TRUE(identify(std::stoi(*output))) << "it was ended";
  ::kill(std::stoi(*output), SIGKILL);
}

TEST(OutputOf, StartsNothingOnceItIsStopped) {
  std::stop_source stop;
  stop.request_stop();
  const auto stopped = output_of(shell("echo here"), {.grace = 60s}, stop.get_token());
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().kind, ErrorKind::cancelled);
  EXPECT_EQ(stopped.error().message, "/bin/sh was not started: we were stopped");
}

// Stopped once it runs, which is when it makes a file.
Result<std::string> stopped_while_it_runs(const std::string& script, Millis grace) {
  const auto file = std::filesystem::temp_directory_path() / ("muster-running-" + random_hex(6));
  std::stop_source stop;
  const std::jthread stopper([&](const std::stop_token& over) {
    while (!over.stop_requested() && !std::filesystem::exists(file)) {
      std::this_thread::sleep_for(1ms);
    }
    stop.request_stop();
  });
  auto output = output_of(shell("touch " + file.string() + "; " + script),
                          {.timeout = std::chrono::minutes(2), .grace = grace}, stop.get_token());
  std::filesystem::remove(file);
  return output;
}

TEST(OutputOf, IsStopped) {
  const auto stopped = stopped_while_it_runs("sleep 3600", 0ms);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().kind, ErrorKind::cancelled);
}

TEST(OutputOf, IsStoppedAfterItsGraceOnly) {
  const auto done = stopped_while_it_runs("sleep 0.5; echo done", 60s);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(*done, "done\n");
  const auto begun = std::chrono::steady_clock::now();
  const auto stopped = stopped_while_it_runs("sleep 3600", 500ms);
  EXPECT_GE(std::chrono::steady_clock::now() - begun, 500ms);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().kind, ErrorKind::cancelled);
}

TEST(InheritedEnvironment, LeavesOutWhatItIsTold) {
  ::setenv("MUSTER_TEST_SECRET", "x", 1);
  EXPECT_TRUE(inherited_environment().contains("MUSTER_TEST_SECRET"));
  EXPECT_FALSE(inherited_environment({"MUSTER_TEST_SECRET"}).contains("MUSTER_TEST_SECRET"));
  ::unsetenv("MUSTER_TEST_SECRET");
}

}  // namespace
}  // namespace muster::process
