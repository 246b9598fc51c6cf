#include "server/request_rate.hpp"

#include <string>

#include <gtest/gtest.h>

namespace muster::server {
namespace {

using std::chrono::seconds;

class Rate : public testing::Test {
 protected:
  // How many of so many at once may be handled.
  int taken(int many, const Caller& caller) {
    int taken = 0;
    for (int i = 0; i < many; ++i) taken += rate.wait_for(caller, now) ? 0 : 1;
    return taken;
  }
  // Likewise, of as many callers, one request each.
  template <class Make>
  int taken_of_each(int many, Make make) {
    int taken = 0;
    for (int i = 0; i < many; ++i) taken += rate.wait_for(make(std::to_string(i)), now) ? 0 : 1;
    return taken;
  }

  RequestRate rate{100};
  MonotonicTime now{seconds(1'000)};
};

TEST_F(Rate, LetsTwoSecondsOfItComeAtOnce) {
  EXPECT_EQ(taken(500, known_by("a")), 200);
  now += seconds(1);
  EXPECT_EQ(taken(500, known_by("a")), 100);
  now += seconds(60);
  EXPECT_EQ(taken(500, known_by("a")), 200) << "a longer rest does not add up";
}

TEST_F(Rate, SaysWhenTheNextMayCome) {
  ASSERT_EQ(taken(200, known_by("a")), 200);
  EXPECT_EQ(rate.wait_for(known_by("a"), now), Millis(10));
  now += Millis(9);
  EXPECT_EQ(rate.wait_for(known_by("a"), now), Millis(1));
  now += Millis(1);
  EXPECT_EQ(rate.wait_for(known_by("a"), now), std::nullopt);
}

TEST_F(Rate, IsEachCallersOwn) {
  ASSERT_EQ(taken(300, known_by("a")), 200);
  EXPECT_EQ(taken(300, known_by("b")), 200);
  EXPECT_EQ(taken(300, stranger_at("10.0.0.1")), 200);
  EXPECT_EQ(taken(300, stranger_at("10.0.0.2")), 200);
}

TEST_F(Rate, OfNoneIsNoLimit) {
  rate = RequestRate(0);
  EXPECT_EQ(taken(10'000, stranger_at("10.0.0.1")), 10'000);
  EXPECT_EQ(rate.callers(), 0U);
}

TEST_F(Rate, OfANetworkOfIpv6IsOne) {
  ASSERT_EQ(taken(300, stranger_at("2001:db8:0:1::1")), 200);
  EXPECT_EQ(taken(300, stranger_at("2001:db8:0:1:ffff::2")), 0);
  EXPECT_EQ(taken(300, stranger_at("2001:db8:0:2::1")), 200);
  EXPECT_EQ(taken(300, stranger_at("::ffff:10.0.0.1")), 200);
  EXPECT_EQ(taken(300, stranger_at("::ffff:10.0.0.2")), 200) << "of IPv4, each is its own";
}

// Who has very many addresses costs no memory without end, and gets no more than so many of them.
TEST_F(Rate, OfManyStrangersIsSharedAndLeavesTheKnownTheirs) {
  ASSERT_EQ(taken(1, known_by("before")), 1);
  EXPECT_EQ(taken_of_each(100'000, stranger_at), 20'000 + 200);
  EXPECT_LE(rate.callers(), 20'002U);
  EXPECT_EQ(taken(300, known_by("before")), 199);
  EXPECT_EQ(taken(300, known_by("new")), 200);
  now += seconds(10);
  EXPECT_EQ(rate.wait_for(stranger_at("new"), now), std::nullopt);
  EXPECT_LE(rate.callers(), 2U) << "those who have rested are forgotten";
}

TEST_F(Rate, OfManyKnownIsShared) {
  EXPECT_EQ(taken_of_each(100'000, known_by), 20'000 + 200);
  EXPECT_LE(rate.callers(), 20'001U);
}

}  // namespace
}  // namespace muster::server
