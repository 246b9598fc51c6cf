#include "base/some_of.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace muster {
namespace {

TEST(SomeOf, SaysHowManyItLeavesOut) {
  const std::vector<std::string> names = {"a", "b", "c"};
  EXPECT_EQ(some_of({}, 2), "");
  EXPECT_EQ(some_of(names, 3), "a, b, c");
  EXPECT_EQ(some_of(names, 2), "a, b and 1 more");
}

}  // namespace
}  // namespace muster
