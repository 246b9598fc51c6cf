#include "base/file.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstdlib>

namespace muster {
namespace {

using testing::HasSubstr;

class FileTest : public testing::Test {
 protected:
  FileTest() {
    std::string name = testing::TempDir() + "muster-new-file.XXXXXX";
    directory_ = ::mkdtemp(name.data());
  }
  ~FileTest() override { std::filesystem::remove_all(directory_); }

  std::size_t entries() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(directory_), {}));
  }

  std::filesystem::path directory_;
};

using NewFileTest = FileTest;
using OutputFileTest = FileTest;
using NewDirectoryTest = FileTest;

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

TEST_F(NewDirectoryTest, AppearsWholeOrNotAtAll) {
  const auto path = directory_ / "new";
  {
    const auto given_up = NewDirectory::prepare(path, 0700);
    ASSERT_TRUE(given_up) << given_up.error().message;
    ASSERT_TRUE(write_file_atomically(given_up->draft() / "file", "half", 0600));
    EXPECT_FALSE(std::filesystem::exists(path));
  }
  EXPECT_EQ(entries(), 0U);

  auto made = NewDirectory::prepare(path.string() + "/", 0700);
  ASSERT_TRUE(made) << made.error().message;
  ASSERT_TRUE(write_file_atomically(made->draft() / "file", "whole", 0600));
  ASSERT_TRUE(made->appear());
  EXPECT_EQ(read_file(path / "file", 10), "whole");
  EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms::owner_all);
  EXPECT_EQ(entries(), 1U);
}

TEST_F(NewDirectoryTest, NeverReplacesWhatIsThere) {
  const auto path = directory_ / "there";
  ASSERT_TRUE(write_file_atomically(path, "a file", 0644));
  const auto refused = NewDirectory::prepare(path, 0700);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
  EXPECT_THAT(refused.error().message, HasSubstr("there: it exists already"));

  const auto meanwhile = directory_ / "meanwhile";
  {
    auto made = NewDirectory::prepare(meanwhile, 0700);
    ASSERT_TRUE(made);
    ASSERT_TRUE(make_directory(meanwhile, 0700));
    ASSERT_TRUE(write_file_atomically(meanwhile / "file", "theirs", 0644));
    EXPECT_FALSE(made->appear());
  }
  EXPECT_EQ(read_file(meanwhile / "file", 10), "theirs");
  EXPECT_EQ(entries(), 2U);
}

TEST_F(NewDirectoryTest, SaysWhereItCannotBe) {
  const auto none = NewDirectory::prepare(directory_ / "none" / "new", 0700);
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, HasSubstr("none/new: No such file"));
}

TEST_F(OutputFileTest, LeavesNothingUntilItIsWritten) {
  auto file = OutputFile::prepare(directory_ / "new", 0640);
  ASSERT_TRUE(file);
  EXPECT_EQ(entries(), 0U);
  ASSERT_TRUE(file->write("text"));
  EXPECT_EQ(read_file(directory_ / "new", 10), "text");
  EXPECT_EQ(entries(), 1U);
}

TEST_F(OutputFileTest, FollowsLinks) {
  const auto target = directory_ / "target", link = directory_ / "link";
  std::filesystem::create_symlink("target", directory_ / "between");
  std::filesystem::create_symlink(directory_ / "between", link);
  for (const auto* text : {"first", "second"}) {  // the target is not there, and then is
    ASSERT_TRUE(OutputFile::prepare(link, 0644)->write(text));
    EXPECT_TRUE(std::filesystem::is_symlink(link));
    EXPECT_TRUE(std::filesystem::is_regular_file(std::filesystem::symlink_status(target)));
    EXPECT_EQ(read_file(target, 10), text);
  }
}

TEST_F(OutputFileTest, WritesIntoWhatIsNoRegularFile) {
  const auto pipe = directory_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const UniqueFd reader(::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  {
    auto file = OutputFile::prepare(pipe, 0644);
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->write("text"));
  }
  EXPECT_EQ(read_all(reader.get(), 10), "text");
  EXPECT_TRUE(std::filesystem::is_fifo(pipe));

  const auto full = directory_ / "full";
  std::filesystem::create_symlink("/dev/full", full);
  auto file = OutputFile::prepare(full, 0644);
  ASSERT_TRUE(file);
  const auto written = file->write("text");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind, ErrorKind::exhausted);
  EXPECT_THAT(written.error().message, HasSubstr("/full: write: No space left"));
  EXPECT_TRUE(std::filesystem::is_character_file(full));
}

TEST_F(OutputFileTest, SaysBeforeTheWorkWhereItCannotBe) {
  const auto file = OutputFile::prepare(directory_ / "none" / "new", 0600);
  ASSERT_FALSE(file);
  EXPECT_THAT(file.error().message, HasSubstr("none/new: open: No such file"));
  const auto directory = OutputFile::prepare(directory_, 0600);
  ASSERT_FALSE(directory);
  EXPECT_THAT(directory.error().message, HasSubstr("it is a directory: name a file in it"));
}

}  // namespace
}  // namespace muster
