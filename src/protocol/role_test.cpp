#include "protocol/role.hpp"

#include <gtest/gtest.h>

namespace muster::protocol {
namespace {

constexpr Role kRoles[] = {Role::read, Role::run, Role::admin};

TEST(RoleTest, EachMayWhatThoseBeforeItMay) {
  for (const auto has : kRoles) {
    for (const auto needed : kRoles) {
      EXPECT_EQ(may(has, needed), has == needed || has > needed);
    }
  }
  EXPECT_FALSE(may(Role::read, Role::run));
  EXPECT_FALSE(may(Role::run, Role::admin));
  EXPECT_TRUE(may(Role::admin, Role::read));
}

TEST(RoleTest, HasAWord) {
  EXPECT_EQ(to_string(Role::run), "run");
  for (const auto role : kRoles) EXPECT_EQ(role_of(to_string(role)), role);
  for (const auto* word : {"", "Admin", "root", "admin "}) EXPECT_FALSE(role_of(word));
}

}  // namespace
}  // namespace muster::protocol
