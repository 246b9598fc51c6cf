#include "pipeline/names.hpp"

#include <string>

#include <gtest/gtest.h>

namespace muster::pipeline {
namespace {

TEST(Names, OfJobs) {
  for (const auto* good : {"a", "Build", "build-and_test 2"})
    EXPECT_TRUE(is_job_name(good)) << good;
  for (const auto* bad : {"", "1a", "_a", "a/b", "a\nb", "é"})
    EXPECT_FALSE(is_job_name(bad)) << bad;
  EXPECT_TRUE(is_job_name(std::string(kLongestName, 'a')));
  EXPECT_FALSE(is_job_name(std::string(kLongestName + 1, 'a')));
}

TEST(Names, OfVariables) {
  for (const auto* good : {"A", "_a1"}) EXPECT_TRUE(is_environment_name(good)) << good;
  for (const auto* bad : {"", "1A", "A-B", "A=", "A B"})
    EXPECT_FALSE(is_environment_name(bad)) << bad;
}

TEST(Names, OfResourceClasses) {
  for (const auto* good : {"local/small", "a_b-1/A:b+c_d-2"})
    EXPECT_TRUE(is_resource_class(good)) << good;
  for (const auto* bad : {"", "a", "/", "a/", "/b", "A/b", "a/b/c", "a:b/c", "a/b c", "a/b.c"}) {
    EXPECT_FALSE(is_resource_class(bad)) << bad;
  }
}

}  // namespace
}  // namespace muster::pipeline
