#include "server/request_rate.hpp"

#include <gtest/gtest.h>

namespace muster::server {
namespace {

using std::chrono::seconds;

class Rate : public testing::Test {
 protected:
  // How many of so many at once may be handled.
  int taken(int many, const net::Request& request) {
    int taken = 0;
    for (int i = 0; i < many; ++i) taken += rate.wait_for(request, now) ? 0 : 1;
    return taken;
  }
  static net::Request with_token(const std::string& token) {
    net::Request request;
    request.headers.set("Circle-Token", token);
    request.peer = "10.0.0.1";
    return request;
  }
  static net::Request from(const std::string& peer) {
    net::Request request;
    request.peer = peer;
    return request;
  }

  RequestRate rate{100};
  MonotonicTime now{seconds(1'000)};
};

TEST_F(Rate, LetsTwoSecondsOfItComeAtOnce) {
  EXPECT_EQ(taken(500, with_token("a")), 200);
  now += seconds(1);
  EXPECT_EQ(taken(500, with_token("a")), 100);
  now += seconds(60);
  EXPECT_EQ(taken(500, with_token("a")), 200) << "a longer rest does not add up";
}

TEST_F(Rate, SaysWhenTheNextMayCome) {
  ASSERT_EQ(taken(200, with_token("a")), 200);
  EXPECT_EQ(rate.wait_for(with_token("a"), now), Millis(10));
  now += Millis(9);
  EXPECT_EQ(rate.wait_for(with_token("a"), now), Millis(1));
  now += Millis(1);
  EXPECT_EQ(rate.wait_for(with_token("a"), now), std::nullopt);
}

TEST_F(Rate, IsEachCallersOwn) {
  ASSERT_EQ(taken(300, with_token("a")), 200);
  EXPECT_EQ(taken(300, with_token("b")), 200);
  EXPECT_EQ(taken(300, from("10.0.0.1")), 200);
  EXPECT_EQ(taken(300, from("10.0.0.2")), 200);
  auto bearer = from("10.0.0.2");
  bearer.headers.set("Authorization", "Bearer a");
  EXPECT_EQ(taken(300, bearer), 200);
}

TEST_F(Rate, OfNoneIsNoLimit) {
  rate = RequestRate(0);
  EXPECT_EQ(taken(10'000, from("10.0.0.1")), 10'000);
  EXPECT_EQ(rate.callers(), 0U);
}

// Whoever sends another token each time costs no memory without end, and gets no more for it.
TEST_F(Rate, OfManyCallersIsShared) {
  int taken = 0;
  for (int i = 0; i < 100'000; ++i) {
    taken += rate.wait_for(with_token(std::to_string(i)), now) ? 0 : 1;
  }
  EXPECT_LE(rate.callers(), 20'001U);
  EXPECT_EQ(taken, 20'000 + 200);
  now += seconds(10);
  EXPECT_EQ(rate.wait_for(with_token("new"), now), std::nullopt);
  EXPECT_LE(rate.callers(), 2U) << "those who have rested are forgotten";
}

}  // namespace
}  // namespace muster::server
