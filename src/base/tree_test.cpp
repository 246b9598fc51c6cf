#include "base/tree.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "base/crypto.hpp"
#include "base/file.hpp"

namespace muster {
namespace {

namespace fs = std::filesystem;

class RemoveTree : public testing::Test {
 protected:
  RemoveTree() {
    fs::create_directories(tree / "deep");
    std::ofstream(tree / "deep" / "file") << "x";
  }
  ~RemoveTree() override { fs::remove_all(root); }

  const fs::path root = fs::temp_directory_path() / ("muster-tree-" + random_hex(6));
  const fs::path tree = root / "tree";
};

TEST_F(RemoveTree, AlsoWhereADirectoryCannotBeEmptied) {
  fs::permissions(tree / "deep", fs::perms::owner_read | fs::perms::owner_exec);
  EXPECT_TRUE(remove_tree(tree));
  EXPECT_FALSE(fs::exists(tree));
  EXPECT_TRUE(remove_tree(tree)) << "nothing there is fine";
}

TEST_F(RemoveTree, FollowsNoLink) {
  fs::create_directories(root / "elsewhere");
  std::ofstream(root / "elsewhere" / "file") << "x";
  fs::create_directory_symlink(root / "elsewhere", tree / "link");
  EXPECT_TRUE(remove_tree(tree));
  EXPECT_TRUE(fs::exists(root / "elsewhere" / "file"));
}

TEST_F(RemoveTree, HowDeepEver) {
  UniqueFd at(::open(tree.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (int depth = 0; depth < 5000; ++depth) {  // far past the longest path, and the open files
    ASSERT_EQ(::mkdirat(at.get(), "directory", 0700), 0);
    at.reset(::openat(at.get(), "directory", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ASSERT_TRUE(at);
  }
  EXPECT_TRUE(remove_tree(tree));
  EXPECT_FALSE(fs::exists(tree));
}

TEST_F(RemoveTree, WhatIsPutThereMeanwhileLeadsNowhere) {
  const auto elsewhere = root / "elsewhere";
  fs::create_directories(elsewhere / "below");
  std::ofstream(elsewhere / "below" / "file") << "x";
  fs::permissions(elsewhere, fs::perms::owner_read | fs::perms::owner_exec);
  std::atomic<bool> over = false;
  std::jthread swapping([&] {
    std::error_code ignored;
    while (!over) {
      fs::create_directories(tree / "deep" / "below", ignored);
      fs::remove_all(tree / "deep", ignored);
      fs::create_directory_symlink(elsewhere, tree / "deep", ignored);
      fs::remove(tree / "deep", ignored);
    }
  });
  for (int round = 0; round < 2000; ++round)
    [[maybe_unused]] const auto removed = remove_tree(tree);
  over = true;
  swapping.join();
  EXPECT_TRUE(fs::exists(elsewhere / "below" / "file"));
  EXPECT_EQ(fs::status(elsewhere).permissions(), fs::perms::owner_read | fs::perms::owner_exec);
}

TEST_F(RemoveTree, OfAnOpenDirectoryOnlyWhatIsInIt) {
  const UniqueFd open(::open(tree.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  std::ofstream(tree / ".hidden") << "x";
  EXPECT_TRUE(empty_tree(open.get()));
  EXPECT_TRUE(fs::is_empty(tree));
}

TEST_F(RemoveTree, GoesOnPastWhatCannotBeRemoved) {
  if (::geteuid() == 0) GTEST_SKIP() << "root can remove everything";
  fs::permissions(root, fs::perms::owner_read | fs::perms::owner_exec);
  const auto removed = remove_tree(tree);
  fs::permissions(root, fs::perms::owner_all);
  ASSERT_FALSE(removed);
  EXPECT_NE(removed.error().message.find("tree: Permission denied"), std::string::npos);
  EXPECT_TRUE(fs::is_empty(tree));
}

}  // namespace
}  // namespace muster
