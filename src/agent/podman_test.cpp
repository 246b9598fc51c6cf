#include "agent/podman.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "agent/launcher.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

namespace muster::agent {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr Millis kPatience = std::chrono::seconds(20);

ContainerPlan plan() {
  ContainerPlan plan;
  plan.name = "muster-7-0011aabb";
  plan.state = "/state";
  plan.image = "docker.io/library/debian:12";
  plan.user = {65534, 65534, "nobody", "/nonexistent"};
  plan.commands = "/state/tasks/7/commands";
  plan.temporary = "/state/tasks/7/tmp";
  plan.writable = {"/state/tasks/7", "/srv/project"};
  return plan;
}

std::string line_of(const ContainerPlan& plan) {
  const auto arguments = run_arguments(plan);
  return arguments ? join(*arguments, " ") : arguments.error().message;
}

TEST(Podman, RunsAsTheJobsUserWithoutRightsAndIsFoundByItsState) {
  EXPECT_THAT(
      line_of(plan()),
      AllOf(HasSubstr("podman run --detach --rm "), HasSubstr(" --name muster-7-0011aabb "),
            HasSubstr(" --label muster.state=/state "), HasSubstr(" --user 65534:65534 "),
            HasSubstr(" --cap-drop all --security-opt no-new-privileges "),
            HasSubstr(" --http-proxy=false "), Not(HasSubstr("keep-id")),
            HasSubstr(" --entrypoint /bin/sh "), HasSubstr(" docker.io/library/debian:12 -c ")));
  auto rootless = plan();
  rootless.as_root = false;
  EXPECT_THAT(line_of(rootless), HasSubstr(" --userns keep-id "));
}

TEST(Podman, MountsWhatIsTheTasksAndTheCommandsReadOnly) {
  std::vector<std::string> mounts;
  const auto words = run_arguments(plan()).value();
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] == "--mount") mounts.push_back(words[i + 1]);
  }
  EXPECT_THAT(
      mounts,
      ElementsAre("type=bind,source=/state/tasks/7/commands,destination=/run/muster,ro=true",
                  "type=bind,source=/state/tasks/7/tmp,destination=/tmp",
                  "type=bind,source=/state/tasks/7,destination=/state/tasks/7",
                  "type=bind,source=/srv/project,destination=/srv/project"));
}

TEST(Podman, TheNetworkIsTheMachinesOrNone) {
  EXPECT_THAT(line_of(plan()), HasSubstr(" --network host "));
  auto none = plan();
  none.network = false;
  EXPECT_THAT(line_of(none), HasSubstr(" --network none "));
}

TEST(Podman, RefusesAPathThatItsListsCannotHold) {
  auto odd = plan();
  odd.writable.emplace_back("/srv/a,source=/etc");
  EXPECT_THAT(line_of(odd), HasSubstr("mounts no path with a comma"));
}

TEST(Podman, AContainersNameHasItsTask) {
  const auto name = container_name("0190a2b4-0000-7000-8000-000000000001");
  EXPECT_NE(name, container_name("0190a2b4-0000-7000-8000-000000000001"));
  EXPECT_EQ(task_of_container(name), "0190a2b4-0000-7000-8000-000000000001");
  for (const auto* other : {"", "muster-", "muster-0011aabb", "postgres-0011aabb"}) {
    EXPECT_EQ(task_of_container(other), "") << other;
  }
}

TEST(Podman, NoValueOfTheEnvironmentIsAnArgument) {
  EXPECT_THAT(join(exec_arguments("box", 3), " "),
              AllOf(HasSubstr("podman exec --preserve-fds 2 box /bin/sh /run/muster/3"),
                    Not(HasSubstr("--env"))));
}

// Run by this machine's shell, with the descriptors that podman would pass on.
class ContainerScript : public testing::Test {
 protected:
  ContainerScript() {
    char name[] = "/tmp/muster-script-XXXXXX";
    root_ = ::mkdtemp(name);
  }
  ~ContainerScript() override {
    std::filesystem::remove_all(root_);
    std::filesystem::remove(session_file(kNumber));
  }

  std::string output_of(const JobCommand& command) {
    std::ofstream(root_ / "script") << container_script(command, kNumber);
    std::ofstream(root_ / "input") << "the input\n";
    process::Command shell;
    const auto line = "/bin/sh script 3>output 4<input";
    shell.arguments = {"/bin/sh", "-c", line};
    shell.environment = {{"PATH", std::string(process::kStandardPath)}};
    shell.directory = root_.string();
    auto child = process::Child::start(shell);
    EXPECT_TRUE(child);
    exit_ = child->wait(kPatience).value_or(process::Exit{.signal = 9});
    return read_file(root_ / "output", 1 << 20).value_or("no output");
  }

  static constexpr int kNumber = 987654;
  std::filesystem::path root_;
  process::Exit exit_;
};

TEST_F(ContainerScript, KeepsEveryValueAndArgumentAsItIs) {
  const std::string odd = "it's $HOME `id` \"x\" \\ *\nsecond line";
  JobCommand command;
  command.arguments = {"/bin/sh", "-c",
                       "printf '%s|' \"$ODD\" \"$1\"; cat; pwd; echo err >&2; exit 7", "name", odd};
  command.environment = {{"ODD", odd}, {"not a name", "x"}};
  command.directory = "/usr";
  EXPECT_EQ(output_of(command), odd + "|" + odd + "|the input\n/usr\nerr\n");
  EXPECT_EQ(exit_.code, 7);
}

TEST_F(ContainerScript, NotesItsSession) {
  JobCommand command;
  command.arguments = {"/bin/sh", "-c", "echo $$"};
  command.directory = "/";
  const auto said = output_of(command);
  EXPECT_EQ(read_file(session_file(kNumber), 100).value_or(""), said);
}

TEST_F(ContainerScript, ADirectoryThatIsMissingIsToldAndNothingRuns) {
  JobCommand command;
  command.arguments = {"/bin/echo", "ran"};
  command.directory = "/no/such/place";
  const auto said = output_of(command);
  EXPECT_THAT(said, AllOf(HasSubstr("/no/such/place"), Not(HasSubstr("ran"))));
  EXPECT_EQ(exit_.code, 126);
}

struct Refusal {
  const char* said;
  const char* cure;
};

class PodmanRefusal : public testing::TestWithParam<Refusal> {};

TEST_P(PodmanRefusal, SaysWhatWasTriedWhatWasSaidAndTheCure) {
  const auto refusal =
      podman_refusal("fetch the image x", {ErrorKind::unavailable, GetParam().said});
  EXPECT_EQ(refusal.kind, ErrorKind::invalid);
  EXPECT_THAT(refusal.message, AllOf(HasSubstr("isolation: podman cannot fetch the image x: "),
                                     HasSubstr(GetParam().said), HasSubstr(GetParam().cure)));
}

TEST(PodmanRefusalLength, LeavesRoomForAllThatIsSaid) {
  const std::string said(999, 'x');
  EXPECT_THAT(podman_refusal("run", {ErrorKind::unavailable, said + "!"}).message,
              HasSubstr(said + "!"));
  EXPECT_LT(podman_refusal("run", {ErrorKind::unavailable, said + said}).message.size(), 1100U);
}

INSTANTIATE_TEST_SUITE_P(
    All, PodmanRefusal,
    testing::Values(
        Refusal{"cannot run podman: No such file or directory", "apt-get install podman"},
        Refusal{"podman ended with exit code 125: Error: cannot find UID/GID for user "
                "ci: no subuid ranges found for user \"ci\" in /etc/subuid",
                "usermod --add-subuids"},
        Refusal{"Error: reading manifest 13 in x: unauthorized: authentication required",
                "podman login"},
        Refusal{"Error: runc: runc create failed: unable to start container process: error during "
                "container init: error setting rlimits for ready process: error setting rlimit "
                "type 7: operation not permitted: OCI permission denied",
                "CONTAINERS_CONF"},
        Refusal{"Error: crun: setrlimit `RLIMIT_NOFILE`: Operation not permitted: OCI permission "
                "denied",
                "default_ulimits"},
        Refusal{"Error: short-name \"debian:12\" did not resolve to an alias",
                "docker.io/library/NAME:TAG"},
        Refusal{"a fault that nobody has seen", "a fault that nobody has seen"}));

}  // namespace
}  // namespace muster::agent
