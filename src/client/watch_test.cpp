#include "client/watch.hpp"

#include <atomic>

#include <gmock/gmock.h>

namespace muster::client {
namespace {

using protocol::FleetStatus;
using protocol::PipelineStatus;
using testing::HasSubstr;

// A server that is set to what it shall answer; a poll that has nothing new to say waits.
class FakeServer {
 public:
  void say(Result<PipelineStatus> answer) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
  }
  void say_version(const std::string& version) {
    PipelineStatus status;
    status.version = version;
    say(status);
  }
  void go_away() { say(Error{ErrorKind::unavailable, "cannot reach it"}); }

  Watch::Sources sources(bool answered) {
    return {[this](const std::string& seen) { return poll(seen); }, {}, answered};
  }
  std::stop_token stop() const { return stop_.get_token(); }
  void shut_down() { stop_.request_stop(); }

 private:
  Result<PipelineStatus> poll(const std::string& seen) {
    while (!stop_.stop_requested()) {
      {
        const std::lock_guard lock(mutex_);
        if (answer_ && (!*answer_ || (*answer_)->version != seen)) return *answer_;
      }
      std::this_thread::sleep_for(Millis(1));
    }
    return Error{ErrorKind::cancelled, "stopped"};
  }

  std::mutex mutex_;
  std::optional<Result<PipelineStatus>> answer_;
  std::stop_source stop_;
};

class WatchTest : public testing::Test {
 protected:
  void start(bool answered) { watch_.emplace(server_.sources(answered), clock_, server_.stop()); }
  void TearDown() override { server_.shut_down(); }

  // Whether the condition came true before the watch ended or a generous deadline passed.
  template <class Condition>
  bool comes(const Condition& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (std::chrono::steady_clock::now() < deadline) {
      last_ = watch_->update();
      if (condition()) return true;
      if (!last_) return false;
      std::this_thread::sleep_for(Millis(1));
    }
    return false;
  }
  bool sees(const std::string& version) {
    return comes([&] { return watch_->pipeline() && watch_->pipeline()->version == version; });
  }
  bool ends() {
    return comes([&] { return !last_; });
  }

  ManualClock clock_;
  FakeServer server_;
  std::optional<Watch> watch_;
  Result<void> last_;
};

TEST_F(WatchTest, GoesOnWhenTheServerIsBack) {
  start(false);
  server_.say_version("1");
  ASSERT_TRUE(sees("1"));
  EXPECT_FALSE(watch_->away());
  server_.go_away();
  ASSERT_TRUE(comes([&] { return watch_->away(); }));
  EXPECT_EQ(watch_->pipeline()->version, "1");  // what was known stays known
  server_.say_version("2");
  ASSERT_TRUE(sees("2"));
  EXPECT_FALSE(watch_->away());
}

TEST_F(WatchTest, ASubmittedPipelineIsWaitedForFromTheStart) {
  server_.go_away();
  start(true);
  ASSERT_TRUE(comes([&] { return watch_->away(); }));
  EXPECT_FALSE(watch_->pipeline());
  server_.say_version("1");
  EXPECT_TRUE(sees("1"));
}

TEST_F(WatchTest, AServerThatNeverAnsweredIsNotWaitedFor) {
  server_.go_away();
  start(false);
  ASSERT_TRUE(ends());
  EXPECT_EQ(last_.error().kind, ErrorKind::unavailable);
}

TEST_F(WatchTest, GivesUpAfterALongTime) {
  start(true);
  server_.go_away();
  ASSERT_TRUE(comes([&] { return watch_->away(); }));
  clock_.advance(kAwayPatience - Millis(1));
  EXPECT_TRUE(watch_->update().has_value());
  clock_.advance(Millis(1));
  ASSERT_TRUE(ends());
  EXPECT_EQ(last_.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(last_.error().message, HasSubstr("away for 10 min"));
}

TEST_F(WatchTest, EachAbsenceIsMeasuredOnItsOwn) {
  start(true);
  for (const auto* version : {"1", "2", "3"}) {
    server_.go_away();
    ASSERT_TRUE(comes([&] { return watch_->away(); }));
    clock_.advance(kAwayPatience - Millis(1));
    server_.say_version(version);
    ASSERT_TRUE(sees(version));
  }
}

TEST_F(WatchTest, AnyOtherErrorEndsIt) {
  start(true);
  server_.say_version("1");
  ASSERT_TRUE(sees("1"));
  server_.say(Error{ErrorKind::unauthenticated, "revoked"});
  ASSERT_TRUE(ends());
  EXPECT_EQ(last_.error().message, "revoked");
}

}  // namespace
}  // namespace muster::client
