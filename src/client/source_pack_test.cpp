#include "client/source_pack.hpp"

#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include <gmock/gmock.h>

#include "base/crypto.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

namespace muster::client {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr auto kConfig = "version: 2.1\n";

// A directory with a git repository in it, as a person would have it.
class Repository : public testing::Test {
 protected:
  void SetUp() override {
    auto made = Scratch::make();
    ASSERT_TRUE(made) << made.error().message;
    home_.emplace(std::move(*made));
    root_ = home_->path() / "my app";
    fs::create_directory(root_);
    for (const auto* name : {"GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"}) unsetenv(name);
    setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
    setenv("HOME", home_->path().c_str(), 1);
  }

  std::string shell(const std::string& script, const fs::path& directory) const {
    const auto line = "cd '" + directory.string() + "' && set -e; " + script;
    std::FILE* pipe = popen(line.c_str(), "r");
    std::string output(1 << 16, '\0');
    output.resize(fread(output.data(), 1, output.size(), pipe));
    EXPECT_EQ(pclose(pipe), 0) << script;
    return std::string(trim(output));
  }
  std::string shell(const std::string& script) const { return shell(script, root_); }

  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << text;
  }

  void commit_something() const {
    shell("git init -q -b main && git config user.name P && git config user.email p@x");
    write(".circleci/config.yml", kConfig);
    write("run.sh", "#!/bin/sh\n");
    write("deep/er/name with blanks.txt", "text\n");
    write(".gitignore", "ignored\n");
    shell("chmod +x run.sh && ln -s run.sh link && git add -A && git commit -qm 'First line'");
  }

  Result<SourcePack> pack(bool working_tree = false) const {
    return pack_source(root_, working_tree, {});
  }

  // What a runner makes of it: names, modes and contents.
  std::string unpacked(const SourcePack& source) const {
    const auto fresh = home_->path() / "fresh";
    fs::remove_all(fresh);
    fs::create_directory(fresh);
    shell("git init -q && echo " + source.revision + " > .git/shallow && git index-pack --stdin " +
              "--fix-thin < '" + source.file.string() + "' > /dev/null && git checkout -q " +
              source.revision,
          fresh);
    EXPECT_EQ(shell("git status --porcelain && git fsck 2>&1 >/dev/null", fresh), "");
    return listing(fresh);
  }
  std::string listing(const fs::path& directory) const {
    return shell(
        "find . -path ./.git -prune -o ! -type d -printf '%M %P %l\\n' "
        "-exec sha256sum {} \\; | sort",
        directory);
  }

  std::optional<Scratch> home_;
  fs::path root_;
};

TEST_F(Repository, PackHoldsExactlyTheCommit) {
  commit_something();
  write("later.txt", "second commit\n");
  shell("git add -A && git commit -qm 'Second line' -m body");
  const auto source = pack();
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_EQ(source->revision, shell("git rev-parse HEAD"));
  EXPECT_EQ(source->project, "my app");
  EXPECT_EQ(source->branch, "main");
  EXPECT_EQ(source->subject, "Second line");
  EXPECT_EQ(source->config, kConfig);
  EXPECT_EQ(source->left_out, 0);
  const auto content = read_file(source->file, 1 << 20);
  ASSERT_TRUE(content);
  EXPECT_EQ(source->sha256, sha256_hex(*content));
  EXPECT_EQ(source->size, content->size());
  EXPECT_EQ(unpacked(*source), listing(root_));
}

TEST_F(Repository, OnlyTheUserMayReadThePackAndItIsGoneAfterwards) {
  commit_something();
  fs::path file;
  {
    const auto source = pack();
    ASSERT_TRUE(source) << source.error().message;
    file = source->file;
    struct stat status {};
    ASSERT_EQ(::stat(file.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U);
  }
  EXPECT_FALSE(fs::exists(file.parent_path()));
}

TEST_F(Repository, ASubdirectoryMeansItsRepository) {
  commit_something();
  const auto source = pack_source(root_ / "deep/er", false, {});
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_EQ(source->project, "my app");
}

TEST_F(Repository, UncommittedChangesAreCountedAndLeftOut) {
  commit_something();
  write("new.txt", "n\n");
  write("run.sh", "#!/bin/bash\n");
  fs::remove(root_ / "link");
  const auto source = pack();
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_EQ(source->left_out, 3);
  EXPECT_THAT(unpacked(*source), Not(HasSubstr("new.txt")));
}

TEST_F(Repository, WorkingTreeIsPackedWithoutTouchingTheRepository) {
  commit_something();
  write("forced.ignored", "kept\n");
  write(".gitignore", "ignored\n*.ignored\n");
  shell("git add -f forced.ignored");
  write("new/untracked.txt", "n\n");
  write("run.sh", "#!/bin/bash\necho changed\n");
  fs::remove(root_ / "link");
  write("ignored", "secret\n");
  const auto state = [&] {
    return shell(
        "git status --porcelain; git count-objects -v; git for-each-ref; "
        "sha256sum .git/index; ls -a .git");
  };
  shell("git status > /dev/null");
  const auto before = state();

  const auto source = pack(true);
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_EQ(state(), before);
  EXPECT_NE(source->revision, shell("git rev-parse HEAD"));
  EXPECT_EQ(source->subject, "First line");
  const auto files = unpacked(*source);
  EXPECT_THAT(files, Not(HasSubstr(" ignored")));
  fs::remove(root_ / "ignored");
  EXPECT_EQ(files, listing(root_));
}

// The same size within the same clock tick: only an index as old as the original tells.
TEST_F(Repository, WorkingTreeSeesAChangeThatLooksLikeNone) {
  commit_something();
  for (int round = 0; round < 20; ++round) {
    const auto text = std::to_string(100 + round);
    shell("echo old > racy && git add racy && echo " + text + " > racy");
    const auto source = pack(true);
    ASSERT_TRUE(source) << source.error().message;
    const auto sum = split(shell("sha256sum racy"), ' ').front();
    ASSERT_THAT(unpacked(*source), HasSubstr(sum)) << round;
  }
}

TEST_F(Repository, WorkingTreeWithoutChangesIsHead) {
  commit_something();
  const auto source = pack(true);
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_EQ(source->revision, shell("git rev-parse HEAD"));
}

TEST_F(Repository, DetachedHeadHasNoBranch) {
  commit_something();
  shell("git checkout -q --detach");
  const auto source = pack();
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_EQ(source->branch, "");
}

TEST_F(Repository, HooksAreNotRun) {
  commit_something();
  shell(
      "for hook in pre-commit post-index-change reference-transaction; do "
      "printf '#!/bin/sh\\ntouch ran\\n' > .git/hooks/$hook; chmod +x .git/hooks/$hook; done");
  write("new.txt", "n\n");
  ASSERT_TRUE(pack(true));
  EXPECT_FALSE(fs::exists(root_ / "ran"));
}

TEST_F(Repository, WhatCannotBePackedIsSaidClearly) {
  EXPECT_THAT(pack().error().message, HasSubstr("is not in a git repository"));
  EXPECT_THAT(pack_source(root_ / "none", false, {}).error().message,
              HasSubstr("is not a directory"));
  shell("git init -q -b main && git config user.name P && git config user.email p@x");
  EXPECT_THAT(pack().error().message, HasSubstr("has no commit yet"));
  write("file", "x");
  shell("git add -A && git commit -qm x");
  EXPECT_THAT(pack().error().message, HasSubstr("has no .circleci/config.yml"));
  write(".circleci/config.yml", kConfig);
  EXPECT_THAT(pack().error().message, HasSubstr("not committed; commit it, or use --working-tree"));
  const auto source = pack(true);
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_EQ(source->config, kConfig);
}

TEST_F(Repository, StopsWhenAsked) {
  commit_something();
  std::stop_source stop;
  stop.request_stop();
  const auto source = pack_source(root_, false, stop.get_token());
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().kind, ErrorKind::cancelled);
}

}  // namespace
}  // namespace muster::client
