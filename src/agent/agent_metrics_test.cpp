#include "agent/agent_metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/fake_control_plane.hpp"

namespace muster::agent {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

class AgentMetricsTest : public testing::Test {
 protected:
  std::string text() { return metrics_.text({{"ok", 7}, {"timeout", 1}}); }

  ManualClock clock_;
  AgentMetrics metrics_{clock_};
  FakeControlPlane fake_;
  WatchedControlPlane server_{fake_, metrics_};
  const Attempt attempt_{"a-task", 1, "a-token"};
};

TEST_F(AgentMetricsTest, FollowATask) {
  fake_.queue({.task_id = "a-task", .attempt = 1});
  metrics_.waits();
  clock_.advance(9s);
  ASSERT_TRUE(server_.claim({.request_id = "1"}, {}));
  EXPECT_THAT(text(), HasSubstr("muster_agent_busy 1\n"));
  EXPECT_THAT(text(), HasSubstr("muster_agent_claim_wait_seconds_sum 9\n"));
  fake_.lose_answers(1);
  EXPECT_FALSE(server_.put_output(attempt_, 0, 0, "hello", {}));
  ASSERT_TRUE(server_.put_output(attempt_, 0, 0, "hello", {}));
  ASSERT_TRUE(server_.put_output(attempt_, 0, 5, ", you", {}));
  EXPECT_THAT(text(), HasSubstr("muster_agent_output_bytes_total 10\n"));
  ASSERT_TRUE(server_.finish(attempt_, {.result = protocol::TaskResult::failed}, {}));
  const auto page = text();
  EXPECT_THAT(page, HasSubstr("muster_agent_busy 0\n"));
  EXPECT_THAT(page, HasSubstr("muster_agent_tasks_total{result=\"failed\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("muster_agent_requests_total{outcome=\"timeout\"} 1\n"));
  EXPECT_THAT(page, Not(HasSubstr("a-task")));
}

TEST_F(AgentMetricsTest, SayWhetherTheServerIsThere) {
  EXPECT_EQ(metrics_.ready().error().message, "the server has not answered yet");
  metrics_.called(true);
  EXPECT_TRUE(metrics_.ready());
  fake_.set_reachable(false);
  EXPECT_FALSE(server_.finish(attempt_, {}, {}));
  EXPECT_EQ(metrics_.ready().error().message, "the server cannot be reached; the log says why");
  EXPECT_THAT(text(), Not(HasSubstr("muster_agent_tasks_total")));
}

}  // namespace
}  // namespace muster::agent
