#include "agent/claim_loop.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "agent/fake_control_plane.hpp"

namespace muster::agent {
namespace {

using namespace std::chrono_literals;

class ClaimLoopTest : public testing::Test {
 protected:
  void queue(const std::string& id) {
    protocol::ClaimedTask task;
    task.task_id = id;
    server_.queue(task);
  }
  Result<ClaimLoop::Ended> run() {
    ClaimLoop loop(settings_, "box", server_,
                   [this](const protocol::ClaimedTask& task) {
                     ran_.push_back(task.task_id);
                     if (on_task_) on_task_();
                     return able_;
                   },
                   {drain_.get_token(), end_now_.get_token()});
    return loop.run();
  }

  // The first claim is answered at once; the second waits.
  void wait_for_the_waiting_claim() {
    EXPECT_TRUE(server_.wait_until([this] { return server_.claims().size() == 2; }));
  }
  void expect_that_it_was_withdrawn() {
    ASSERT_EQ(server_.withdrawn().size(), 1U);
    EXPECT_TRUE(server_.claims().contains(*server_.withdrawn().begin()));
  }

  FakeControlPlane server_;
  Settings settings_;
  std::stop_source drain_;
  std::stop_source end_now_;
  std::vector<std::string> ran_;
  std::function<void()> on_task_;  // what happens while it runs
  bool able_ = true;               // to run them
};

TEST_F(ClaimLoopTest, SingleTaskRunsExactlyOne) {
  settings_.single_task = true;
  queue("a");
  queue("b");
  EXPECT_EQ(run(), ClaimLoop::Ended::task_done);
  EXPECT_EQ(ran_, std::vector<std::string>{"a"});
}

// Or it would have every task of the queue in a moment, and each fail.
TEST_F(ClaimLoopTest, ARunnerThatCannotRunItsTaskWaitsBeforeTheNext) {
  able_ = false;
  queue("a");
  queue("b");
  std::vector<MonotonicTime> begun;
  on_task_ = [&] {
    begun.push_back(system_clock().monotonic());
    if (begun.size() == 2) drain_.request_stop();
  };
  EXPECT_EQ(run(), ClaimLoop::Ended::drained);
  ASSERT_EQ(begun.size(), 2U);
  EXPECT_GE(begun[1] - begun[0], 500ms);
}

TEST_F(ClaimLoopTest, ATaskThatTheLoopWasToldToEndIsNotDone) {
  for (const bool single_task : {true, false}) {
    settings_.single_task = single_task;
    queue("a");
    on_task_ = [this] {
      drain_.request_stop();
      end_now_.request_stop();
    };
    EXPECT_EQ(run(), ClaimLoop::Ended::stopped);
    drain_ = end_now_ = {};
  }
}

TEST_F(ClaimLoopTest, SaysWhichClassItWasStartedFor) {
  settings_.single_task = true;
  settings_.resource_class = "local/small";
  queue("a");
  EXPECT_TRUE(run());
  EXPECT_EQ(server_.claimed_class(), "local/small");
}

TEST_F(ClaimLoopTest, EndsWhenIdle) {
  settings_.idle_timeout = 50ms;
  queue("a");
  queue("b");
  EXPECT_EQ(run(), ClaimLoop::Ended::idle);
  EXPECT_EQ(ran_, (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(server_.withdrawn().empty());  // every claim was answered
}

TEST_F(ClaimLoopTest, WaitsOtherwiseOnceItHasHadATask) {
  settings_.idle_timeout = std::chrono::hours(1);
  settings_.idle_after_task = 0ms;
  for (const auto* id : {"a", "b"}) queue(id);
  EXPECT_EQ(run(), ClaimLoop::Ended::idle_after_task);
  EXPECT_EQ(ran_, (std::vector<std::string>{"a", "b"})) << "it asks once more after each";
  EXPECT_TRUE(server_.withdrawn().empty()) << "every claim was answered";
}

TEST_F(ClaimLoopTest, WaitsAsEverForItsFirstTask) {
  settings_.idle_timeout = 50ms;
  settings_.idle_after_task = std::chrono::hours(1);
  EXPECT_EQ(run(), ClaimLoop::Ended::idle);
}

TEST_F(ClaimLoopTest, IsRecycledAfterSoManyTasks) {
  settings_.recycling.after_tasks = 2;
  for (const auto* id : {"a", "b", "c"}) queue(id);
  EXPECT_EQ(run(), ClaimLoop::Ended::recycled);
  EXPECT_EQ(ran_, (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(server_.withdrawn().empty()) << "every claim was answered";
}

// Its time is over in mid-task: the task ends first.
TEST_F(ClaimLoopTest, IsRecycledBetweenTwoTasks) {
  settings_.recycling.after = 50ms;
  on_task_ = [] { std::this_thread::sleep_for(100ms); };
  for (const auto* id : {"a", "b"}) queue(id);
  EXPECT_EQ(run(), ClaimLoop::Ended::recycled);
  EXPECT_EQ(ran_, std::vector<std::string>{"a"});
}

TEST_F(ClaimLoopTest, IsRecycledWhileItIsIdle) {
  settings_.recycling.after = 50ms;
  queue("a");
  EXPECT_EQ(run(), ClaimLoop::Ended::recycled);
  EXPECT_EQ(ran_, std::vector<std::string>{"a"});
}

TEST_F(ClaimLoopTest, WhoIsRecycledWithoutAnAnswerWasNeverReached) {
  settings_.recycling.after = 50ms;
  server_.set_reachable(false);
  const auto ended = run();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().kind, ErrorKind::unavailable);
}

TEST_F(ClaimLoopTest, ALostAnswerIsAskedForAgain) {
  settings_.single_task = true;
  server_.lose_answers(2);
  queue("a");
  queue("b");
  EXPECT_TRUE(run());
  EXPECT_EQ(ran_, std::vector<std::string>{"a"});
  EXPECT_EQ(server_.claims().size(), 1U);
}

TEST_F(ClaimLoopTest, ADrainWithdrawsTheOpenClaim) {
  std::jthread signal([this] {
    wait_for_the_waiting_claim();
    drain_.request_stop();
  });
  EXPECT_EQ(run(), ClaimLoop::Ended::drained);
  EXPECT_TRUE(ran_.empty());
  expect_that_it_was_withdrawn();
}

TEST_F(ClaimLoopTest, TimeWithoutAServerIsIdleTime) {
  settings_.idle_timeout = 50ms;
  settings_.url = "http://ci.example";
  server_.set_reachable(false);
  const auto ended = run();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(ended.error().message,
            "the server at http://ci.example answered no claim until the idle_timeout: cannot be "
            "reached");
  EXPECT_EQ(server_.withdrawals_tried(), 0);  // no claim has left
}

TEST_F(ClaimLoopTest, IdleAfterTheServerWentAwayIsNoFailure) {
  settings_.idle_timeout = 200ms;
  std::jthread outage([this] {
    EXPECT_TRUE(server_.wait_until([this] { return !server_.claims().empty(); }));
    server_.set_reachable(false);
  });
  EXPECT_EQ(run(), ClaimLoop::Ended::idle);
}

TEST_F(ClaimLoopTest, AClaimThatArrivedStaysOpenAlsoIfLaterTriesNeverLeave) {
  settings_.idle_timeout = 500ms;
  server_.crash_at_next_answer();
  queue("a");
  std::jthread restart([this] {
    EXPECT_TRUE(server_.wait_until([this] { return server_.withdrawals_tried() > 0; }));
    server_.set_reachable(true);
  });
  EXPECT_EQ(run(), ClaimLoop::Ended::idle);
  EXPECT_EQ(ran_, std::vector<std::string>{"a"});
}

TEST_F(ClaimLoopTest, RunsTheTaskThatAWithdrawnClaimHadAfterAll) {
  settings_.idle_timeout = 50ms;
  server_.lose_answers(1);
  queue("a");
  EXPECT_TRUE(run());
  EXPECT_EQ(ran_, std::vector<std::string>{"a"});
  EXPECT_EQ(server_.withdrawn(), server_.claims());
}

TEST_F(ClaimLoopTest, ASecondSignalCutsAWithdrawalShort) {
  std::jthread signals([this] {
    wait_for_the_waiting_claim();
    server_.set_reachable(false);
    drain_.request_stop();
    EXPECT_TRUE(server_.wait_until([this] { return server_.calls_while_cut_off() >= 2; }));
    end_now_.request_stop();
  });
  const auto begun = system_clock().monotonic();
  EXPECT_TRUE(run());
  EXPECT_LT(system_clock().monotonic() - begun, 20s);  // not the minutes that it has otherwise
  EXPECT_TRUE(server_.withdrawn().empty());
}

TEST_F(ClaimLoopTest, EndedAtOnceItStillWithdrawsItsOpenClaim) {
  std::jthread signals([this] {
    wait_for_the_waiting_claim();
    end_now_.request_stop();
    drain_.request_stop();
  });
  EXPECT_EQ(run(), ClaimLoop::Ended::stopped);
  expect_that_it_was_withdrawn();
}

TEST_F(ClaimLoopTest, WhoIsSentAwayEndsAndHasNothingToWithdraw) {
  server_.refuse_claims({ErrorKind::cancelled, "runner r was drained"});
  EXPECT_EQ(run(), ClaimLoop::Ended::sent_away);
  EXPECT_EQ(server_.withdrawals_tried(), 0);
}

TEST_F(ClaimLoopTest, WhoIsSentAwayHasWorkedItsTask) {
  queue("a");
  queue("b");
  on_task_ = [this] { server_.refuse_claims({ErrorKind::cancelled, "runner r was drained"}); };
  EXPECT_EQ(run(), ClaimLoop::Ended::sent_away);
  EXPECT_EQ(ran_, std::vector<std::string>{"a"});
}

TEST_F(ClaimLoopTest, ARefusedTokenEndsAtOnce) {
  for (const auto kind : {ErrorKind::unauthenticated, ErrorKind::forbidden}) {
    server_.refuse_claims({kind, "Invalid token provided."});
    const auto ended = run();
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().kind, kind);
    EXPECT_NE(ended.error().message.find("Invalid token provided."), std::string::npos);
  }
}

}  // namespace
}  // namespace muster::agent
