#include "agent/bubblewrap.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/text.hpp"

namespace muster::agent {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

SandboxPlan plan() {
  SandboxPlan plan;
  plan.system.entries = {{"/usr", ""}, {"/bin", "usr/bin"}, {"/etc", ""}, {"/opt", ""}};
  plan.temporary = "/state/tasks/7/tmp";
  plan.writable = {"/state/tasks/7", "/srv/project"};
  plan.executable = "/opt/muster/muster";
  return plan;
}

std::string line_of(const SandboxPlan& plan) {
  return join(bubblewrap_arguments(plan), " ") + " ";
}

// Later ones lie over earlier ones.
::testing::AssertionResult comes_before(const std::string& line, const std::string& first,
                                        const std::string& second) {
  const auto at = line.find(first);
  const auto then = line.find(second);
  if (at != std::string::npos && then != std::string::npos && at < then) {
    return ::testing::AssertionSuccess();
  }
  return ::testing::AssertionFailure() << first << " before " << second << " in " << line;
}

TEST(Bubblewrap, NamespacesRightsAndEnd) {
  const auto line = line_of(plan());
  for (const auto* word : {"--unshare-user ", "--unshare-pid ", "--unshare-ipc ", "--unshare-uts ",
                           "--unshare-cgroup-try ", "--die-with-parent ", "--new-session ",
                           "--cap-drop ALL ", "--proc /proc ", "--dev /dev "}) {
    EXPECT_THAT(line, HasSubstr(word));
  }
  EXPECT_TRUE(line.ends_with(" --remount-ro / --chdir / -- ")) << line;
}

TEST(Bubblewrap, ShowsTheSystemReadOnlyAndLinksAsLinks) {
  EXPECT_THAT(line_of(plan()),
              AllOf(HasSubstr("--ro-bind /usr /usr "), HasSubstr("--symlink usr/bin /bin "),
                    HasSubstr("--ro-bind /opt/muster/muster /opt/muster/muster "),
                    Not(HasSubstr("--ro-bind / "))));
}

TEST(Bubblewrap, WritableIsWhatIsTheTasks) {
  const auto words = bubblewrap_arguments(plan());
  std::vector<std::string> writable;
  for (std::size_t i = 0; i + 2 < words.size(); ++i) {
    if (words[i] == "--bind") writable.push_back(words[i + 2]);
  }
  EXPECT_THAT(writable, testing::ElementsAre("/tmp", "/state/tasks/7", "/srv/project"));
  EXPECT_THAT(line_of(plan()), HasSubstr("--bind /state/tasks/7/tmp /tmp "));
}

TEST(Bubblewrap, TheNetworkIsTheMachinesOrNone) {
  auto shared = plan();
  shared.system.resolver = "/run/resolve/stub.conf";
  EXPECT_THAT(line_of(shared),
              AllOf(Not(HasSubstr("--unshare-net")),
                    HasSubstr("--ro-bind-try /run/resolve/stub.conf /run/resolve/stub.conf ")));
  auto none = shared;
  none.network = false;
  EXPECT_THAT(line_of(none),
              AllOf(HasSubstr("--unshare-net "), Not(HasSubstr("/run/resolve/stub.conf"))));
}

TEST(Bubblewrap, HidesWhatIsTheAgentsWhereTheJobWouldSeeIt) {
  auto hiding = plan();
  hiding.hidden = {{"/etc/muster", true},
                   {"/opt/agent.yaml", false},
                   {"/root/agent.yaml", false},
                   {"/optional", true}};
  hiding.writable = {"/etc/muster/tasks/7"};
  const auto line = line_of(hiding);
  EXPECT_THAT(line, AllOf(HasSubstr("--tmpfs /etc/muster "),
                          HasSubstr("--ro-bind /dev/null /opt/agent.yaml "),
                          Not(HasSubstr("/root/agent.yaml")), Not(HasSubstr("/optional"))));
  EXPECT_TRUE(comes_before(line, "--ro-bind /etc /etc ", "--tmpfs /etc/muster "));
  EXPECT_TRUE(comes_before(line, "--tmpfs /etc/muster ", "--bind /etc/muster/tasks/7 "));
}

// A test of muster's own, and many a trial, works in /tmp.
TEST(Bubblewrap, WhatIsTheTasksMayLieInTmp) {
  auto below = plan();
  below.writable = {"/tmp/work"};
  below.executable = "/tmp/muster";
  const auto line = line_of(below);
  EXPECT_TRUE(comes_before(line, " /tmp ", "--bind /tmp/work "));
  EXPECT_TRUE(comes_before(line, " /tmp ", "--ro-bind /tmp/muster "));
}

TEST(Bubblewrap, ThisMachineHasASystem) {
  const auto system = look_at_system();
  const auto has = [&](std::string_view path) {
    return std::any_of(system.entries.begin(), system.entries.end(),
                       [&](const auto& entry) { return entry.path == path; });
  };
  for (const auto* path : {"/usr", "/etc", "/bin"}) EXPECT_TRUE(has(path)) << path;
  for (const auto* path : {"/root", "/home", "/var", "/tmp", "/run"}) EXPECT_FALSE(has(path));
}

struct Refusal {
  const char* said;
  const char* cure;
};

class BubblewrapRefusal : public testing::TestWithParam<Refusal> {};

TEST_P(BubblewrapRefusal, SaysWhatWasSaidAndTheCure) {
  const auto refusal = bubblewrap_refusal({ErrorKind::unavailable, GetParam().said});
  EXPECT_EQ(refusal.kind, ErrorKind::invalid);
  EXPECT_THAT(refusal.message, AllOf(HasSubstr("isolation: bubblewrap does not work here: "),
                                     HasSubstr(GetParam().said), HasSubstr(GetParam().cure),
                                     HasSubstr("isolation: none")));
}

INSTANTIATE_TEST_SUITE_P(
    All, BubblewrapRefusal,
    testing::Values(
        Refusal{"cannot run bwrap: No such file or directory", "apt-get install bubblewrap"},
        Refusal{"bwrap: No permissions to create new namespace, likely because the kernel does not "
                "allow non-privileged user namespaces.",
                "kernel.unprivileged_userns_clone=1"},
        Refusal{"bwrap: Creating new namespace failed: nesting depth or "
                "/proc/sys/user/max_*_namespaces exceeded (ENOSPC)",
                "user.max_user_namespaces"},
        Refusal{"bwrap: setting up uid map: Permission denied", "apparmor_restrict"},
        Refusal{"bwrap: Can't mount proc on /newroot/proc: Operation not permitted",
                "ProtectKernelTunables=no"},
        Refusal{"bwrap: Can't find source path /root/muster: Permission denied", "chmod o+x"},
        Refusal{"bwrap: Unknown option --unshare-cgroup-try", "too old"},
        Refusal{"bwrap: a fault that nobody has seen", "a fault that nobody has seen"}));

}  // namespace
}  // namespace muster::agent
