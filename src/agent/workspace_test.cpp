#include "agent/workspace.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <thread>

namespace muster::agent {
namespace {

namespace fs = std::filesystem;

class WorkspaceTest : public testing::Test {
 protected:
  WorkspaceTest() {
    char name[] = "/tmp/muster-workspace-XXXXXX";
    state_ = ::mkdtemp(name);
    settings_.working_directory = (state_ / "named" / "%s").string();
  }
  ~WorkspaceTest() override { fs::remove_all(state_); }

  Result<Workspace> make(const std::string& task_id) {
    return Workspace::make(state_, settings_, std::nullopt, task_id);
  }
  // In a process that ends without a chance to clean up.
  void make_and_be_killed(const std::string& task_id) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      const auto made = make(task_id);
      write("named/" + task_id + "/file");
      write("work/" + task_id + "/project/file");
      ::_exit(made ? 0 : 1);
    }
    int status = 1;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    ASSERT_EQ(status, 0);
  }
  void write(const fs::path& file) {
    fs::create_directories((state_ / file).parent_path());
    std::ofstream(state_ / file) << "content";
  }
  bool exists(const fs::path& path) { return fs::exists(state_ / path); }

  fs::path state_;
  Settings settings_;
};

TEST_F(WorkspaceTest, RemovesItselfAndAWorkingDirectoryThatIsFresh) {
  {
    const auto workspace = make("a");
    ASSERT_TRUE(workspace);
    write("named/a/file");
    write("named/b/file");
  }
  EXPECT_FALSE(exists("tasks/a"));
  EXPECT_FALSE(exists("work/a"));
  EXPECT_FALSE(exists("named/a"));
  EXPECT_TRUE(exists("named/b/file"));
}

TEST_F(WorkspaceTest, AFreshWorkingDirectoryGoesFromItsTasksNameOn) {
  settings_.working_directory = (state_ / "named" / "for-%s" / "deep").string();
  {
    const auto workspace = make("a");
    ASSERT_TRUE(workspace);
    EXPECT_EQ(workspace->places().working_directory, state_ / "named" / "for-a" / "deep");
    write("named/for-a/deep/file");
  }
  EXPECT_FALSE(exists("named/for-a"));
  EXPECT_TRUE(exists("named"));
}

TEST_F(WorkspaceTest, AWorkingDirectoryThatTasksShareStaysAndIsEmptiedIfAsked) {
  settings_.working_directory = (state_ / "named").string();
  write("named/kept");
  EXPECT_TRUE(make("a"));
  EXPECT_TRUE(exists("named/kept"));
  settings_.cleanup_working_directory = true;
  EXPECT_TRUE(make("b"));
  EXPECT_FALSE(exists("named/kept"));
  EXPECT_TRUE(exists("named"));
}

TEST_F(WorkspaceTest, WhatAKilledAgentLeftIsRemoved) {
  make_and_be_killed("dead");
  ASSERT_TRUE(exists("work/dead/project/file"));
  remove_leftovers(state_, settings_, std::nullopt);
  EXPECT_FALSE(exists("tasks/dead"));
  EXPECT_FALSE(exists("work/dead"));
  EXPECT_FALSE(exists("named/dead"));
}

TEST_F(WorkspaceTest, WhatALivingAgentUsesStays) {
  const auto living = make("living");
  ASSERT_TRUE(living);
  write("named/living/file");
  remove_leftovers(state_, settings_, std::nullopt);
  EXPECT_TRUE(exists("tasks/living"));
  EXPECT_TRUE(exists("work/living"));
  EXPECT_TRUE(exists("named/living/file"));
}

TEST_F(WorkspaceTest, AWorkingDirectoryThatTasksShareIsNotEmptiedForADeadOne) {
  make_and_be_killed("dead");
  settings_.working_directory = (state_ / "named" / "dead").string();
  settings_.cleanup_working_directory = true;
  remove_leftovers(state_, settings_, std::nullopt);
  EXPECT_FALSE(exists("work/dead"));
  EXPECT_TRUE(exists("named/dead/file"));
}

TEST_F(WorkspaceTest, ANewAttemptStartsAfresh) {
  make_and_be_killed("again");
  const auto workspace = make("again");
  ASSERT_TRUE(workspace) << workspace.error().message;
  EXPECT_TRUE(exists("work/again"));
  EXPECT_FALSE(exists("work/again/project"));
}

TEST_F(WorkspaceTest, AnotherAgentThatLooksForLeftoversIsNotInTheWay) {
  std::vector<std::jthread> others;
  for (int i = 0; i < 3; ++i) {
    others.emplace_back([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) remove_leftovers(state_, settings_, std::nullopt);
    });
  }
  for (int i = 0; i < 300; ++i) {
    const auto made = make("t");
    ASSERT_TRUE(made) << made.error().message;
    ASSERT_TRUE(exists("tasks/t") && exists("work/t"));
  }
}

TEST_F(WorkspaceTest, AStateDirectoryThatIsNotThereHoldsNoLeftovers) {
  remove_leftovers(state_ / "missing", settings_, std::nullopt);
  EXPECT_FALSE(exists("missing"));
}

TEST_F(WorkspaceTest, IsItsJobsAlone) {
  const auto workspace = make("a");
  ASSERT_TRUE(workspace);
  EXPECT_EQ(fs::status(state_ / "work" / "a").permissions(), fs::perms(0700));
}

TEST_F(WorkspaceTest, BehindAPrefixAnyoneMayAddAndNobodyReplace) {
  settings_.command_prefix = {"env"};
  settings_.working_directory = "";
  const auto workspace = make("a");
  ASSERT_TRUE(workspace);
  EXPECT_EQ(fs::status(state_ / "work" / "a").permissions(), fs::perms(01777));
  const auto own = state_ / "work" / "a" / "own";
  EXPECT_EQ(workspace->places().made_by_job, own);
  EXPECT_EQ(workspace->places().working_directory, own / "project");
  EXPECT_EQ(workspace->places().home, own / "home");
  EXPECT_EQ(workspace->places().bash_env, own / "bash_env");
}

TEST_F(WorkspaceTest, RefusesIdsThatAreNoNames) {
  for (const auto* id : {"", ".", "..", "a/b", "../x"}) EXPECT_FALSE(make(id)) << id;
}

}  // namespace
}  // namespace muster::agent
