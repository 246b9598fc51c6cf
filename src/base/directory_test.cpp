#include "base/directory.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.hpp"

namespace muster {
namespace {

namespace fs = std::filesystem;

class OpenDirectory : public testing::Test {
 protected:
  OpenDirectory() {
    fs::create_directories(root / "real" / "below");
    fs::create_directories(root / "holder");
    fs::create_directory_symlink(root / "real", root / "holder" / "link");
  }
  ~OpenDirectory() override { fs::remove_all(root); }

  void set_mode(mode_t mode) { ASSERT_EQ(::chmod((root / "holder").c_str(), mode), 0); }
  static bool is(const Result<UniqueFd>& opened, const fs::path& path) {
    struct stat found {};
    struct stat expected {};
    return opened && ::fstat(opened->get(), &found) == 0 && ::stat(path.c_str(), &expected) == 0 &&
           found.st_ino == expected.st_ino;
  }

  const fs::path root = fs::temp_directory_path() / ("muster-directory-" + random_hex(6));
  const fs::path over_link = root / "holder" / "link" / "below";
};

TEST_F(OpenDirectory, FollowsALinkThatNobodyElseCanHavePutThere) {
  set_mode(0755);
  EXPECT_TRUE(is(open_directory(over_link), root / "real" / "below"));
  fs::create_directory_symlink("../real/./below/", root / "holder" / "relative");
  EXPECT_TRUE(is(open_directory(root / "holder" / "relative"), root / "real" / "below"));
}

TEST_F(OpenDirectory, FollowsALinkOfOursWhereOthersOnlyAdd) {
  set_mode(01777);
  EXPECT_TRUE(is(open_directory(over_link), root / "real" / "below"));
  if (::geteuid() != 0) return;
  ASSERT_EQ(::lchown((root / "holder" / "link").c_str(), 65534, 65534), 0);
  EXPECT_FALSE(open_directory(over_link));
}

TEST_F(OpenDirectory, FollowsNoLinkThatAnotherMayHavePutThere) {
  for (const mode_t mode : {0777, 0775}) {
    set_mode(mode);
    const auto refused = open_directory(over_link);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::forbidden);
    EXPECT_TRUE(is(open_directory(root / "holder"), root / "holder")) << "it is no link itself";
  }
}

TEST_F(OpenDirectory, FollowsNoLinkInAnothersDirectory) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give one away";
  ASSERT_EQ(::chown((root / "holder").c_str(), 65534, 65534), 0);
  EXPECT_FALSE(open_directory(over_link));
}

TEST_F(OpenDirectory, SaysThatThereIsNone) {
  EXPECT_EQ(open_directory(root / "none" / "below").error().kind, ErrorKind::not_found);
  fs::create_directory_symlink("itself", root / "itself");
  EXPECT_FALSE(open_directory(root / "itself"));
}

TEST_F(OpenDirectory, IsOursAloneWhereNobodyElseWrites) {
  const auto alone = [&](mode_t mode) {
    set_mode(mode);
    return is_ours_alone(open_directory(root / "holder")->get());
  };
  EXPECT_TRUE(alone(0755));
  for (const mode_t mode : {0775, 0777, 01777}) EXPECT_FALSE(alone(mode)) << mode;
}

}  // namespace
}  // namespace muster
