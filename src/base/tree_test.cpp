#include "base/tree.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "base/crypto.hpp"

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

}  // namespace
}  // namespace muster
