#include "agent/server_client.hpp"

#include <mutex>

#include "net/test_server.hpp"
#include "protocol/json.hpp"

namespace muster::agent {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// Against a real socket, whose answers a test sets.
class ServerClientTest : public net::ServerFixture {
 protected:
  // Every request gets this answer.
  void answer(int status, std::string body) {
    start([this, status, body](const net::Request& request, const net::ExchangePtr& exchange) {
      {
        const std::lock_guard lock(mutex_);
        seen_ = request;
      }
      exchange->send({.status = status, .body = body});
    });
    agent_.emplace(url(""), "muc_class");
  }
  net::Request seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  std::string authorization() { return seen().headers.get("Authorization").value_or(""); }

  std::optional<ServerClient> agent_;
  const Attempt attempt_{"0190a2b4-0000-7000-8000-000000000001", 2, "mut_task"};

 private:
  std::mutex mutex_;
  net::Request seen_;
};

protocol::ClaimRequest a_claim() {
  return {.request_id = new_uuid(), .name = "runner", .hostname = "box", .version = "1"};
}

TEST_F(ServerClientTest, ClaimsATask) {
  protocol::ClaimedTask task;
  task.task_id = attempt_.task_id;
  task.attempt = 2;
  task.token = "mut_task";
  task.job.name = "build";
  answer(200, protocol::to_json(task));
  const auto claimed = agent_->claim(a_claim(), {});
  ASSERT_TRUE(claimed) << claimed.error().message;
  ASSERT_TRUE(*claimed);
  EXPECT_EQ((*claimed)->task_id, attempt_.task_id);
  EXPECT_EQ((*claimed)->attempt, 2);
  EXPECT_EQ((*claimed)->job.name, "build");
  EXPECT_EQ(seen().path, "/api/muster/v1/claim");
  EXPECT_EQ(authorization(), "Bearer muc_class");
}

TEST_F(ServerClientTest, AnEmptyQueueIsNoTask) {
  answer(204, "");
  const auto claimed = agent_->claim(a_claim(), {});
  ASSERT_TRUE(claimed) << claimed.error().message;
  EXPECT_FALSE(*claimed);
  const auto withdrawn = agent_->withdraw({new_uuid()}, {});
  ASSERT_TRUE(withdrawn) << withdrawn.error().message;
  EXPECT_FALSE(*withdrawn);
  EXPECT_EQ(seen().path, "/api/muster/v1/claim/withdraw");
}

TEST_F(ServerClientTest, ARefusalSaysWhatTheServerSays) {
  answer(401, R"({"message":"Invalid token provided."})");
  const auto claimed = agent_->claim(a_claim(), {});
  ASSERT_FALSE(claimed);
  EXPECT_EQ(claimed.error().kind, ErrorKind::unauthenticated);
  EXPECT_THAT(claimed.error().message, HasSubstr("Invalid token provided."));
}

TEST_F(ServerClientTest, WhoIsGoneIsSentAway) {
  answer(410, R"({"message":"runner r was drained"})");
  const auto claimed = agent_->claim(a_claim(), {});
  ASSERT_FALSE(claimed);
  EXPECT_EQ(claimed.error(), (Error{ErrorKind::cancelled, "runner r was drained"}));
}

TEST_F(ServerClientTest, AConflictIsAStaleAttempt) {
  answer(409, R"({"message":"stale"})");
  const auto finished = agent_->finish(attempt_, {protocol::TaskResult::success, ""}, {});
  ASSERT_FALSE(finished);
  EXPECT_TRUE(is_stale(finished.error()));
  EXPECT_EQ(seen().path, "/api/muster/v1/tasks/" + attempt_.task_id + "/attempts/2/finish");
  EXPECT_EQ(authorization(), "Bearer mut_task");
}

TEST_F(ServerClientTest, OutputTellsWhatTheServerHolds) {
  answer(200, R"({"size":8})");
  EXPECT_EQ(agent_->put_output(attempt_, 3, 5, "abc", {}).value_or(0), 8U);
  EXPECT_THAT(seen().path, HasSubstr("/steps/3/output"));
  EXPECT_EQ(seen().query, "offset=5");
  EXPECT_EQ(seen().body, "abc");
}

TEST_F(ServerClientTest, OutputThatLeavesAGapTellsWhatTheServerHolds) {
  answer(416, R"({"size":2})");
  const auto held = agent_->put_output(attempt_, 0, 5, "abc", {});
  ASSERT_TRUE(held) << held.error().message;
  EXPECT_EQ(*held, 2U);
}

TEST_F(ServerClientTest, OutputPastTheLimitIsUnacceptable) {
  answer(413, R"({"message":"limited"})");
  const auto held = agent_->put_output(attempt_, 0, 5, "abc", {});
  ASSERT_FALSE(held);
  EXPECT_EQ(held.error().kind, ErrorKind::too_large);
  EXPECT_TRUE(is_unacceptable(held.error()));
}

TEST_F(ServerClientTest, AnAnswerThatIsNotTheServersIsAskedForAgain) {
  answer(200, "<html>Log in to this network</html>");
  const auto claimed = agent_->claim(a_claim(), {});
  ASSERT_FALSE(claimed);
  EXPECT_EQ(claimed.error().kind, ErrorKind::unavailable);
  const auto beat = agent_->heartbeat(attempt_, 0ms, 10s, {});
  ASSERT_FALSE(beat);
  EXPECT_EQ(beat.error().kind, ErrorKind::unavailable);
}

TEST_F(ServerClientTest, NobodyThereIsUnavailable) {
  answer(204, "");
  stop();
  const auto finished = agent_->finish(attempt_, {protocol::TaskResult::success, ""}, {});
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().kind, ErrorKind::unavailable);
  EXPECT_FALSE(is_stale(finished.error()) || is_unacceptable(finished.error()));
}

}  // namespace
}  // namespace muster::agent
