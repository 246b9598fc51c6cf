#include "process/own_program.hpp"

#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>

namespace muster::process {
namespace {

namespace fs = std::filesystem;

TEST(OwnProgram, IsThisOne) {
  const auto own = own_program();
  ASSERT_TRUE(own) << own.error().message;
  EXPECT_TRUE(fs::equivalent(*own, "/proc/self/exe"));
}

// As a package does it: the link of who still runs the old file is marked then.
TEST(OwnProgram, IsTheOneInThePlaceOfThatWhichWasReplaced) {
  char directory[] = "/tmp/muster-program-XXXXXX";
  ASSERT_NE(::mkdtemp(directory), nullptr);
  const auto file = fs::path(directory) / "muster";
  const fs::path marked = file.string() + " (deleted)";
  EXPECT_EQ(without_removal_mark(marked), marked) << "nothing is there";
  std::ofstream(file) << "new";
  EXPECT_EQ(without_removal_mark(marked), file);
  EXPECT_EQ(without_removal_mark(file), file);
  fs::remove_all(directory);
}

}  // namespace
}  // namespace muster::process
