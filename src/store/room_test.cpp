#include "store/room.hpp"

#include <limits>

#include <gtest/gtest.h>

namespace muster::store {
namespace {

constexpr std::uint64_t kMebibyte = 1 << 20;

TEST(Room, ATwentiethOfASmallFileSystemIsKept) {
  EXPECT_EQ(reserve_of(0), 0U);
  EXPECT_EQ(reserve_of(100 * kMebibyte), 5 * kMebibyte);
}

TEST(Room, AndOfALargeOneSoMuchAndNoMore) {
  EXPECT_EQ(reserve_of(5'120 * kMebibyte), 256 * kMebibyte);
  EXPECT_EQ(reserve_of(1'000'000 * kMebibyte), 256 * kMebibyte);
}

TEST(Room, MoreThanThereIsIsRefused) {
  const auto refused = check_room("/", std::numeric_limits<std::uint64_t>::max());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::exhausted);
}

TEST(Room, WhereNobodyKnowsThereIsRoom) {
  EXPECT_TRUE(check_room("/no/such/directory", 1));
}

}  // namespace
}  // namespace muster::store
