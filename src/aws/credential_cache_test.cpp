#include "aws/credential_cache.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>

#include "base/log.hpp"

namespace muster::aws {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class CredentialCacheTest : public testing::Test {
 protected:
  CredentialCacheTest() { (void)log::configure({.format = log::Format::none}); }

  // The next that are found, ending in so long.
  void offer(std::string id, std::optional<Millis> lasts) {
    offered_ = Credentials{.access_key_id = std::move(id)};
    if (lasts) offered_->expires_at = clock_.wall() + *lasts;
  }
  void offer_nothing() { offered_.reset(); }
  std::string get() {
    const auto credentials = cache_.get({});
    return credentials ? credentials->access_key_id : credentials.error().message;
  }

  ManualClock clock_{WallTime{hours(1000)}};
  std::optional<Credentials> offered_;
  int asked_ = 0;
  CredentialCache cache_{[this](std::stop_token) -> Result<Credentials> {
                           ++asked_;
                           if (offered_) return *offered_;
                           return Error{ErrorKind::unavailable, "none"};
                         },
                         clock_};
};

TEST_F(CredentialCacheTest, KeysThatLastAreLookedForOnce) {
  offer("one", std::nullopt);
  EXPECT_EQ(get(), "one");
  clock_.advance(hours(1000));
  EXPECT_EQ(get(), "one");
  EXPECT_EQ(asked_, 1);
}

TEST_F(CredentialCacheTest, AreRenewedWellBeforeTheirEnd) {
  offer("one", hours(1));
  EXPECT_EQ(get(), "one");
  offer("two", hours(2));
  clock_.advance(minutes(49));
  EXPECT_EQ(get(), "one");
  clock_.advance(minutes(2));
  EXPECT_EQ(get(), "two");
}

TEST_F(CredentialCacheTest, AreUsedToTheirEndIfTheyCannotBeRenewed) {
  offer("one", hours(1));
  EXPECT_EQ(get(), "one");
  offer_nothing();
  clock_.advance(minutes(55));
  EXPECT_EQ(get(), "one");
  EXPECT_EQ(get(), "one");
  EXPECT_EQ(asked_, 2);  // not again within a minute
  clock_.advance(Millis(minutes(4)) + Millis(30'000));
  EXPECT_EQ(get(), "one");
  clock_.advance(Millis(30'000));
  EXPECT_EQ(get(), "none");
  offer("two", hours(1));
  EXPECT_EQ(get(), "two");
}

TEST_F(CredentialCacheTest, ThoseWhoseEndIsNearFromTheStartAreNotAskedForEachTime) {
  offer("one", minutes(5));
  EXPECT_EQ(get(), "one");
  EXPECT_EQ(get(), "one");
  EXPECT_EQ(asked_, 1);
  clock_.advance(minutes(1));
  EXPECT_EQ(get(), "one");
  EXPECT_EQ(asked_, 2);
}

TEST_F(CredentialCacheTest, ThoseThatLastForSecondsAreNotUsedAfterTheirEnd) {
  offer("one", seconds(20));
  EXPECT_EQ(get(), "one");
  clock_.advance(seconds(19));
  EXPECT_EQ(get(), "one");
  offer("two", seconds(20));
  clock_.advance(seconds(1));
  EXPECT_EQ(get(), "two");
  EXPECT_EQ(asked_, 2);
}

TEST_F(CredentialCacheTest, ThoseThatAwsRefusedAreLookedForAnew) {
  offer("one", std::nullopt);
  EXPECT_EQ(get(), "one");
  const auto refused = *cache_.get({});
  offer("two", std::nullopt);
  cache_.discard(refused);
  EXPECT_EQ(get(), "two");
  cache_.discard(refused);  // somebody else's late news
  EXPECT_EQ(get(), "two");
  EXPECT_EQ(asked_, 2);
}

TEST(CredentialCacheThreads, OneAsksForAll) {
  std::atomic<int> asked = 0;
  CredentialCache cache([&](std::stop_token) -> Result<Credentials> {
    ++asked;
    std::this_thread::yield();
    return Credentials{.access_key_id = "one"};
  });
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] { EXPECT_EQ(cache.get({})->access_key_id, "one"); });
    }
  }
  EXPECT_EQ(asked, 1);
}

TEST(CredentialCacheThreads, WhileOneRenewsTheOthersGoOnWithTheOld) {
  ManualClock clock{WallTime{hours(1000)}};
  std::latch renewing{1};
  std::latch go_on{1};
  int asked = 0;
  CredentialCache cache(
      [&](std::stop_token) -> Result<Credentials> {
        if (++asked == 1) {
          return Credentials{.access_key_id = "one", .expires_at = clock.wall() + hours(1)};
        }
        renewing.count_down();
        go_on.wait();
        return Credentials{.access_key_id = "two"};
      },
      clock);
  EXPECT_EQ(cache.get({})->access_key_id, "one");
  clock.advance(minutes(55));
  std::jthread renewer([&] { EXPECT_EQ(cache.get({})->access_key_id, "two"); });
  renewing.wait();
  EXPECT_EQ(cache.get({})->access_key_id, "one");
  go_on.count_down();
  renewer.join();
  EXPECT_EQ(cache.get({})->access_key_id, "two");
}

}  // namespace
}  // namespace muster::aws
