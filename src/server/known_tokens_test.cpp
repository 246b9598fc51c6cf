#include "server/known_tokens.hpp"

#include <gtest/gtest.h>

namespace muster::server {
namespace {

using std::chrono::seconds;

class KnownTokensTest : public testing::Test {
 protected:
  bool ask(const std::string& token, bool there) {
    return tokens.is_known(token, now, [&] {
      ++looked_up;
      return there;
    });
  }

  KnownTokens tokens;
  MonotonicTime now{seconds(1'000)};
  int looked_up = 0;
};

TEST_F(KnownTokensTest, AreLookedUpOnceInAWhile) {
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(ask("a", true));
  EXPECT_EQ(looked_up, 1);
  now += seconds(10);
  EXPECT_FALSE(ask("a", false)) << "revoked since";
  EXPECT_EQ(looked_up, 2);
  EXPECT_EQ(tokens.size(), 0U);
}

TEST_F(KnownTokensTest, OfStrangersNothingIsKept) {
  for (int i = 0; i < 1'000; ++i) EXPECT_FALSE(ask(std::to_string(i), false));
  EXPECT_EQ(looked_up, 1'000);
  EXPECT_EQ(tokens.size(), 0U);
}

TEST_F(KnownTokensTest, AreNotKeptWithoutEnd) {
  for (int i = 0; i < 100'000; ++i) EXPECT_TRUE(ask(std::to_string(i), true));
  EXPECT_LE(tokens.size(), 20'000U);
}

}  // namespace
}  // namespace muster::server
