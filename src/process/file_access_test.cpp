#include "process/file_access.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <latch>
#include <thread>

#include "base/file.hpp"
#include "process/child.hpp"
#include "process/groups.hpp"

namespace muster::process {
namespace {

class FileAccessTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can act as another user";
    char name[] = "/tmp/muster-access-XXXXXX";
    directory_ = ::mkdtemp(name);
    ASSERT_EQ(::chmod(directory_.c_str(), 0755), 0);
    nobody_ = *find_user("nobody");
  }
  void TearDown() override {
    if (!directory_.empty()) std::filesystem::remove_all(directory_);
  }

  bool makes(const std::string& name) const {
    return ::mkdir((directory_ / name).c_str(), 0755) == 0;
  }
  uid_t owner(const std::string& name) const {
    struct stat status {};
    return ::stat((directory_ / name).c_str(), &status) == 0 ? status.st_uid : -1;
  }

  std::filesystem::path directory_;
  User nobody_;
};

TEST_F(FileAccessTest, MayDoWhatTheUserMayAndNoMore) {
  ASSERT_TRUE(makes("theirs"));
  ASSERT_EQ(::chown((directory_ / "theirs").c_str(), nobody_.uid, nobody_.gid), 0);
  {
    const auto access = FileAccess::as(nobody_);
    ASSERT_TRUE(access) << access.error().message;
    EXPECT_FALSE(makes("ours"));
    EXPECT_TRUE(makes("theirs/new"));
  }
  EXPECT_EQ(owner("theirs/new"), nobody_.uid);
  EXPECT_TRUE(makes("ours")) << "given back";
  EXPECT_EQ(owner("ours"), 0U);
}

// The links of /proc lead past what may not be entered, for who may inspect the process.
TEST_F(FileAccessTest, MayNotGoThroughAnothersProcess) {
  ASSERT_TRUE(makes("closed"));
  ASSERT_EQ(::chmod((directory_ / "closed").c_str(), 0700), 0);
  ASSERT_TRUE(makes("closed/open"));
  ASSERT_EQ(::chmod((directory_ / "closed/open").c_str(), 0777), 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    static_cast<void>(::chdir((directory_ / "closed").c_str()));
    for (;;) ::pause();
  }
  const auto link = std::filesystem::path("/proc") / std::to_string(pid) / "cwd";
  while (std::filesystem::read_symlink(link) != directory_ / "closed") std::this_thread::yield();
  {
    const auto access = FileAccess::as(nobody_);
    EXPECT_TRUE(access);
    EXPECT_NE(::mkdir((link / "open/new").c_str(), 0755), 0);
  }
  EXPECT_EQ(::mkdir((link / "open/new").c_str(), 0755), 0) << "given back";
  ::kill(pid, SIGKILL);
  EXPECT_EQ(::waitpid(pid, nullptr, 0), pid);
}

TEST_F(FileAccessTest, LeavesWhetherWeMayBeInspected) {
  const int before = ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
  { EXPECT_TRUE(FileAccess::as(nobody_)); }
  EXPECT_EQ(::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), before);
}

TEST_F(FileAccessTest, HasNoneOfOurGroups) {
  const auto file = directory_ / "of a group";
  UniqueFd(::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0640)).reset();
  const auto access = FileAccess::as(nobody_);
  ASSERT_TRUE(access);
  EXPECT_FALSE(read_file(file, 10));
  std::vector<gid_t> groups(100);
  groups.resize(static_cast<std::size_t>(::getgroups(100, groups.data())));
  EXPECT_EQ(groups, groups_of(nobody_));
}

TEST_F(FileAccessTest, OtherThreadsAndWhoWeAreStayAsTheyAre) {
  std::latch taken(1);
  bool made = false;
  std::thread other([&] {  // a thread that is started later would have the rights of its starter
    taken.wait();
    made = makes("of another thread");
  });
  {
    const auto access = FileAccess::as(nobody_);
    EXPECT_TRUE(access);
    EXPECT_EQ(::getuid(), 0U);
    EXPECT_EQ(::geteuid(), 0U);
    EXPECT_FALSE(makes("of this thread"));
    taken.count_down();
    other.join();
  }
  EXPECT_TRUE(made);
}

}  // namespace
}  // namespace muster::process
