#include "agent/directories.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <thread>
#include <vector>

#include "agent/job_directories.hpp"

namespace muster::agent {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// We are root; jobs run as nobody, to whom `theirs` belongs, but not `ours`.
class DirectoriesOfJobs : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can run jobs as another user";
    char name[] = "/tmp/muster-directories-XXXXXX";
    root_ = ::mkdtemp(name);
    ASSERT_EQ(::chmod(root_.c_str(), 0755), 0);
    nobody_ = *process::find_user("nobody");
    fs::create_directories(root_ / "ours" / "below");
    std::ofstream(root_ / "ours" / "below" / "file") << "ours";
    make_theirs("theirs");
  }
  void TearDown() override {
    if (!root_.empty()) fs::remove_all(root_);
  }

  void make_theirs(const fs::path& name) {
    fs::create_directories(root_ / name);
    ASSERT_EQ(::chown((root_ / name).c_str(), nobody_.uid, nobody_.gid), 0);
  }
  void link_theirs(const fs::path& name) {
    fs::create_directory_symlink(root_ / "ours", root_ / name);
    ASSERT_EQ(::lchown((root_ / name).c_str(), nobody_.uid, nobody_.gid), 0);
  }
  bool ours_is_whole() const { return fs::exists(root_ / "ours" / "below" / "file"); }
  struct stat status(const fs::path& name) const {
    struct stat found {};
    EXPECT_EQ(::lstat((root_ / name).c_str(), &found), 0) << name;
    return found;
  }

  fs::path root_;
  process::User nobody_;
};

TEST_F(DirectoriesOfJobs, ALinkInPlaceOfTheWorkingDirectoryLeadsNowhere) {
  link_theirs("theirs/work");
  for (const bool behind_prefix : {false, true}) {
    const Clearing clearing(behind_prefix ? std::nullopt : std::optional(nobody_), behind_prefix);
    clearing.empty(root_ / "theirs" / "work");
    clearing.empty(root_ / "theirs" / "work" / "below");
    clearing.remove(root_ / "theirs" / "work" / "below");
    EXPECT_TRUE(ours_is_whole()) << behind_prefix;
  }
}

TEST_F(DirectoriesOfJobs, NothingOfAnotherIsRemovedThatAJobHasMovedThere) {
  make_theirs("theirs/work");
  fs::create_directories(root_ / "theirs" / "of-another" / "below");
  std::ofstream(root_ / "theirs" / "of-another" / "below" / "file") << "another's";
  fs::rename(root_ / "theirs" / "of-another", root_ / "theirs" / "work" / "moved");
  const auto file = root_ / "theirs" / "work" / "moved" / "below" / "file";
  Clearing(nobody_, false).empty(root_ / "theirs" / "work");
  EXPECT_TRUE(fs::exists(file));
  Clearing(std::nullopt, true).empty(root_ / "theirs" / "work");
  EXPECT_TRUE(fs::exists(file));
  Clearing(nobody_, false).remove(root_ / "theirs" / "work");
  EXPECT_TRUE(fs::exists(file));
  Clearing(std::nullopt, true).remove(root_ / "theirs" / "work");
  EXPECT_TRUE(fs::exists(file));
}

TEST_F(DirectoriesOfJobs, ALinkOfTheJobsUserIsFollowedWithTheirRights) {
  make_theirs("theirs/data");
  make_theirs("theirs/data/deep");
  fs::create_directory_symlink(root_ / "theirs" / "data", root_ / "theirs" / "work");
  ASSERT_EQ(::lchown((root_ / "theirs" / "work").c_str(), nobody_.uid, nobody_.gid), 0);
  Clearing(nobody_, false).empty(root_ / "theirs" / "work");
  EXPECT_TRUE(fs::is_empty(root_ / "theirs" / "data"));
}

// As containers leave it that a job has started.
TEST_F(DirectoriesOfJobs, WhatOthersHaveLeftInADirectoryOfOursIsCleared) {
  make_theirs("work");
  fs::create_directories(root_ / "work" / "of-root" / "below");
  std::ofstream(root_ / "work" / "of-root" / "below" / "file") << "root's";
  Clearing(nobody_, false).empty(root_ / "work" / "");
  EXPECT_TRUE(fs::is_empty(root_ / "work"));
}

TEST_F(DirectoriesOfJobs, WhatIsTheJobsIsCleared) {
  make_theirs("work");
  make_theirs("work/deep");
  Clearing(nobody_, false).empty(root_ / "work");
  EXPECT_TRUE(fs::is_empty(root_ / "work"));
  make_theirs("work/deep");
  Clearing(nobody_, false).remove(root_ / "work");  // nobody may not take it out of its parent
  EXPECT_FALSE(fs::exists(root_ / "work"));
  make_theirs("theirs/work");
  Clearing(std::nullopt, true).remove(root_ / "theirs" / "work");  // which is empty
  EXPECT_FALSE(fs::exists(root_ / "theirs" / "work"));
}

TEST_F(DirectoriesOfJobs, AreMadeByTheJobsUserWhereThatMay) {
  ASSERT_TRUE(make_for(nobody_, root_ / "theirs" / "a" / "work", ""));
  EXPECT_EQ(status("theirs/a").st_uid, nobody_.uid);
  EXPECT_EQ(status("theirs/a/work").st_uid, nobody_.uid);
  EXPECT_EQ(status("theirs/a/work").st_mode & 07777, 0700U);
}

TEST_F(DirectoriesOfJobs, AreMadeByRootWhereTheJobsUserMayNot) {
  ASSERT_TRUE(make_for(nobody_, root_ / "a" / "id" / "work", root_ / "a" / "id"));
  EXPECT_EQ(status("a").st_uid, 0U);
  EXPECT_EQ(status("a/id").st_uid, nobody_.uid);
  EXPECT_EQ(status("a/id/work").st_uid, nobody_.uid);
  EXPECT_EQ(status("a/id/work").st_mode & 07777, 0700U);
  EXPECT_TRUE(make_for(nobody_, root_ / "a" / "id" / "work", root_ / "a" / "id")) << "it is there";
}

TEST_F(DirectoriesOfJobs, AgentsThatMakeTheSameAtOnceAllHaveIt) {
  for (int round = 0; round < 50; ++round) {
    const auto own = root_ / std::to_string(round) / "id";
    {
      std::vector<std::jthread> agents;
      for (int i = 0; i < 4; ++i) {
        agents.emplace_back([&] {
          const auto made = make_for(nobody_, own / "deep" / "work", own);
          EXPECT_TRUE(made) << made.error().message;
        });
      }
    }
    EXPECT_EQ(status(own.lexically_relative(root_) / "deep" / "work").st_uid, nobody_.uid);
  }
}

TEST_F(DirectoriesOfJobs, RootMakesNothingOverALinkOfTheJob) {
  link_theirs("theirs/link");
  const auto refused = make_for(nobody_, root_ / "theirs" / "link" / "work", "");
  ASSERT_FALSE(refused);
  EXPECT_FALSE(fs::exists(root_ / "ours" / "work"));
  EXPECT_EQ(status("ours").st_uid, 0U);
}

TEST_F(DirectoriesOfJobs, RootMakesNothingWhereAnotherMayChangeIt) {
  fs::create_directory(root_ / "of-another");
  ASSERT_EQ(::chown((root_ / "of-another").c_str(), 1, 1), 0);
  const auto refused = make_for(nobody_, root_ / "of-another" / "work", "");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("which other users may change"));
}

// Whoever was there first could change what bash reads at the start of each step.
TEST_F(DirectoriesOfJobs, BehindAPrefixAJobUsesNothingThatIsThereBefore) {
  make_theirs("work");
  Places places;
  places.made_by_job = root_ / "work" / "own";
  places.home = places.made_by_job / "home";
  places.bash_env = places.made_by_job / "bash_env";
  const Launcher launcher({"env"}, std::nullopt, root_ / "ours");
  const auto prepare = [&] {
    return prepare_directories(launcher, places.made_by_job / "project", places,
                               process::plain_environment());
  };
  fs::create_directory(places.made_by_job);
  ASSERT_EQ(::chmod(places.made_by_job.c_str(), 0777), 0);
  ASSERT_EQ(::chown(places.made_by_job.c_str(), nobody_.uid, nobody_.gid), 0);
  const auto refused = prepare();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("exists"));
  fs::remove(places.made_by_job);
  const auto prepared = prepare();
  ASSERT_TRUE(prepared) << prepared.error().message;
  EXPECT_EQ(status("work/own").st_mode & 07777, 0700U);
  EXPECT_TRUE(fs::exists(places.bash_env));
  std::ofstream(places.made_by_job / "left") << "by an agent that was killed";
  ASSERT_TRUE(prepare()) << "what is the job's own is made anew";
  EXPECT_FALSE(fs::exists(places.made_by_job / "left"));
}

}  // namespace
}  // namespace muster::agent
