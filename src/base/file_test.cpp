#include "base/file.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstdlib>

namespace muster {
namespace {

using testing::HasSubstr;

class NewFileTest : public testing::Test {
 protected:
  NewFileTest() {
    std::string name = testing::TempDir() + "muster-new-file.XXXXXX";
    directory_ = ::mkdtemp(name.data());
  }
  ~NewFileTest() override { std::filesystem::remove_all(directory_); }

  std::size_t entries() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(directory_), {}));
  }

  std::filesystem::path directory_;
};

TEST_F(NewFileTest, ADirectoryIsNoFileToRead) {
  const auto read = read_file(directory_, 10);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, ErrorKind::invalid);
  EXPECT_EQ(read.error().message, directory_.string() + " is a directory: name a file in it");
}

TEST_F(NewFileTest, AppearsWithItsContentAndMode) {
  const auto path = directory_ / "new";
  auto file = NewFile::prepare(path, 0600);
  ASSERT_TRUE(file);
  EXPECT_FALSE(std::filesystem::exists(path));
  ASSERT_TRUE(file->appear_with("text"));
  EXPECT_EQ(read_file(path, 10), "text");
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
  EXPECT_EQ(entries(), 1U);
}

TEST_F(NewFileTest, LeavesNothingIfItDoesNotAppear) {
  { ASSERT_TRUE(NewFile::prepare(directory_ / "new", 0600)); }
  EXPECT_EQ(entries(), 0U);
}

TEST_F(NewFileTest, ReplacesNothing) {
  const auto path = directory_ / "old";
  ASSERT_TRUE(write_file_atomically(path, "old", 0644));
  const auto refused = NewFile::prepare(path, 0600);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
  EXPECT_THAT(refused.error().message, HasSubstr("old: File exists"));

  const auto meanwhile = directory_ / "meanwhile";
  auto file = NewFile::prepare(meanwhile, 0600);
  ASSERT_TRUE(file);
  ASSERT_TRUE(write_file_atomically(meanwhile, "theirs", 0644));
  EXPECT_FALSE(file->appear_with("ours"));
  EXPECT_EQ(read_file(meanwhile, 10), "theirs");
  EXPECT_EQ(entries(), 2U);
}

TEST_F(NewFileTest, SaysWhereItCannotBe) {
  const auto file = NewFile::prepare(directory_ / "none" / "new", 0600);
  ASSERT_FALSE(file);
  EXPECT_THAT(file.error().message, HasSubstr("none/new: open: No such file"));
}

}  // namespace
}  // namespace muster
