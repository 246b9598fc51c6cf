#include "server/metrics.hpp"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crypto.hpp"
#include "protocol/json.hpp"
#include "server/fake_loop_for_tests.hpp"

namespace muster::server {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

const std::string kClass = "local/a";
constexpr WallTime kStart{Millis(1'700'000'000'000)};

class MetricsTest : public testing::Test {
 protected:
  MetricsTest() {
    Router router;
    add_agent_routes(router);
    add_scaler_routes(router);
    store_ = *store::Store::open(directory_, 5min);
    dispatcher_.emplace(*store_, std::move(router), clock_, loop_.handle());
    dispatcher_->watched_by(metrics_);
    EXPECT_TRUE(store_->catalog().create_class({kClass, "", {}, 1}));
    token_ = *store_->catalog().create_token({kClass, ""}, clock_.wall())->token;
  }
  ~MetricsTest() override {
    dispatcher_.reset();
    store_.reset();
    std::filesystem::remove_all(directory_);
  }

  std::shared_ptr<FakeExchange> send(const std::string& method, const std::string& path,
                                     const std::string& token, std::string body,
                                     const std::string& query = "") {
    auto exchange = std::make_shared<FakeExchange>();
    net::Request request{.method = method, .path = path, .query = query, .body = std::move(body)};
    request.headers.set("Authorization", "Bearer " + token);
    dispatcher_->submit(std::move(request), exchange);
    loop_.run();
    return exchange;
  }

  std::shared_ptr<FakeExchange> claim(Millis wait = 0ms) {
    return send("POST", "/api/muster/v1/claim", token_,
                protocol::to_json(protocol::ClaimRequest{new_uuid(), "r", "h", "v", wait.count()}));
  }

  void queue_tasks(int count) {
    dispatcher_->submit([count](store::Store& open, const store::Now& now) {
      pipeline::Job job{.name = "j", .resource_class = kClass, .parallelism = count};
      job.steps.resize(3);
      pipeline::Config config{{{"j", job}}, {{"w", {{"j", "j", {}}}}}};
      open.pipelines().create({.project = "p"}, config, now.wall);
    });
    loop_.run();
  }

  // What the agent of a claimed task says of it.
  void tell(const protocol::ClaimedTask& task, const std::string& method, const std::string& what,
            std::string body, const std::string& query = "") {
    const auto path =
        fmt::format("/api/muster/v1/tasks/{}/attempts/{}/{}", task.task_id, task.attempt, what);
    EXPECT_LT(send(method, path, task.token, std::move(body), query)->response.status, 300);
  }

  protocol::ClaimedTask claimed() {
    return *protocol::from_json<protocol::ClaimedTask>(claim()->response.body);
  }

  std::string text() {
    return metrics_.text(
        *store_, {dispatcher_->effort(), dispatcher_->parked(), dispatcher_->streams(), 3, 10},
        clock_.wall());
  }

  std::filesystem::path directory_ =
      std::filesystem::temp_directory_path() / ("muster-metrics-test-" + new_uuid());
  ManualClock clock_{kStart};
  FakeLoop loop_{clock_};
  Metrics metrics_;
  std::unique_ptr<store::Store> store_;
  std::optional<Dispatcher> dispatcher_;
  std::string token_;
};

std::string running_step() {
  return protocol::to_json(
      protocol::StepUpdate{.name = "s", .state = protocol::StepState::running});
}

TEST_F(MetricsTest, CountsWhatATaskGoesThrough) {
  queue_tasks(1);
  clock_.advance(7s);
  const auto task = claimed();
  clock_.advance(20ms);
  tell(task, "POST", "steps/0", running_step());
  tell(task, "POST", "steps/1", running_step());
  clock_.advance(2s);
  tell(task, "PUT", "steps/1/output", "hello", "offset=0");
  tell(task, "PUT", "steps/1/output", "hello, you", "offset=0");
  tell(task, "PUT", "steps/2/output", "more", "offset=0");
  tell(task, "POST", "finish", R"({"result":"failed"})");
  tell(task, "POST", "finish", R"({"result":"failed"})");
  const auto page = text();
  const std::string stage = "muster_server_job_start_seconds";
  const auto series = [&](const char* which, const char* what, const char* value) {
    return fmt::format("{}_{}{{resource_class=\"local/a\",stage=\"{}\"}} {}\n", stage, what, which,
                       value);
  };
  EXPECT_THAT(page, HasSubstr(series("queued_to_claimed", "sum", "7")));
  EXPECT_THAT(page, HasSubstr(series("claimed_to_first_step", "sum", "0.02")));
  EXPECT_THAT(page, HasSubstr(series("claimed_to_first_step", "count", "1")));
  EXPECT_THAT(page, HasSubstr(series("claimed_to_first_output", "sum", "2.02")));
  EXPECT_THAT(page, HasSubstr(series("claimed_to_first_output", "count", "1")));
  EXPECT_THAT(page, HasSubstr("muster_server_output_bytes_total 14\n"));
  EXPECT_THAT(page, HasSubstr("muster_server_tasks_finished_total{resource_class=\"local/a\","
                              "result=\"failed\"} 1\n"));
}

TEST_F(MetricsTest, AClockThatIsSetBackMakesNoNegativeWait) {
  queue_tasks(1);
  clock_.jump_wall(-24h);
  claimed();
  EXPECT_THAT(text(), HasSubstr("muster_server_job_start_seconds_sum{resource_class=\"local/a\","
                                "stage=\"queued_to_claimed\"} 0\n"));
}

TEST_F(MetricsTest, TellsWhatWaitsAndRuns) {
  const auto empty = text();
  EXPECT_THAT(empty, HasSubstr("muster_server_tasks{resource_class=\"local/a\",state=\"queued\"} "
                               "0\n"));
  EXPECT_THAT(empty, Not(HasSubstr("muster_server_next_task_queued_timestamp_seconds")));
  queue_tasks(3);
  clock_.advance(1s);
  claimed();
  const auto page = text();
  EXPECT_THAT(page, HasSubstr("muster_server_tasks{resource_class=\"local/a\",state=\"queued\"} "
                              "2\n"));
  EXPECT_THAT(page, HasSubstr("muster_server_tasks{resource_class=\"local/a\",state=\"running\"} "
                              "1\n"));
  EXPECT_THAT(page, HasSubstr("muster_server_next_task_queued_timestamp_seconds{resource_class="
                              "\"local/a\"} 1700000000\n"));
  EXPECT_THAT(page, HasSubstr("muster_server_runners{resource_class=\"local/a\",state=\"busy\"} "
                              "1\n"));
  EXPECT_THAT(page, HasSubstr("muster_server_runners{resource_class=\"local/a\",state=\"idle\"} "
                              "0\n"));
}

TEST_F(MetricsTest, CountsATaskThatIsQueuedAgain) {
  queue_tasks(1);
  claimed();
  dispatcher_->submit([](store::Store& open, const store::Now& now) {
    open.queue().end_lapsed({now.wall, now.service + 6min});
  });
  loop_.run();
  EXPECT_THAT(text(), HasSubstr("muster_server_tasks_requeued_total{resource_class=\"local/a\"} "
                                "1\n"));
}

// A path is anybody's: what is in it is no label.
TEST_F(MetricsTest, NamesRoutesAndNeverPaths) {
  queue_tasks(1);
  const auto task = claimed();
  tell(task, "POST", "steps/0", running_step());
  for (int i = 0; i < 100; ++i) send("BREW" + std::to_string(i), "/" + new_uuid(), "", "");
  const auto page = text();
  EXPECT_THAT(page, Not(HasSubstr(task.task_id)));
  EXPECT_THAT(page, Not(HasSubstr("BREW")));
  EXPECT_THAT(page,
              HasSubstr("muster_server_requests_total{method=\"POST\",route=\"/api/muster/v1/tasks/"
                        "{task}/attempts/{attempt}/steps/{step}\",status=\"2xx\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("muster_server_requests_total{method=\"none\",route=\"none\","
                              "status=\"4xx\"} 100\n"));
}

TEST_F(MetricsTest, ATimeThatWasSpentWaitingIsNotTheServers) {
  const auto exchange = claim(1min);
  EXPECT_EQ(exchange->sent, 0);
  EXPECT_THAT(text(), HasSubstr("muster_server_parked_requests 1\n"));
  loop_.advance(1min);
  EXPECT_EQ(exchange->response.status, 204);
  const auto page = text();
  EXPECT_THAT(page, HasSubstr("muster_server_requests_total{method=\"POST\",route=\"/api/muster/v1/"
                              "claim\",status=\"2xx\"} 1\n"));
  EXPECT_THAT(page, Not(HasSubstr("muster_server_request_seconds")));
}

// What a failed transaction has said happened is not counted: the disk does not have it.
TEST_F(MetricsTest, WhatIsUndoneWasNotThere) {
  queue_tasks(1);
  dispatcher_->submit([](store::Store& open, const store::Now& now) {
    const protocol::ClaimRequest request{new_uuid(), "r", "h", "v", 0};
    EXPECT_TRUE(open.queue().claim(kClass, request, now));
    throw db::Failure({ErrorKind::exhausted, "full"});
  });
  loop_.run();
  EXPECT_THAT(text(), Not(HasSubstr("muster_server_job_start_seconds")));
}

TEST_F(MetricsTest, TellsWhatTheDiskHasCost) {
  claim();
  metrics_.refused(429);
  const auto page = text();
  EXPECT_THAT(page, HasSubstr("muster_server_commit_groups_total 1\n"));
  EXPECT_THAT(page, HasSubstr("muster_server_grouped_requests_total 1\n"));
  EXPECT_THAT(page, HasSubstr("muster_server_connections 3\n"));
  EXPECT_THAT(page, HasSubstr("muster_server_connections_limit 10\n"));
  EXPECT_THAT(page, HasSubstr("muster_server_refused_requests_total{status=\"429\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("\nmuster_server_database_bytes "));
  EXPECT_THAT(page, HasSubstr("\nmuster_server_disk_available_bytes "));
}

}  // namespace
}  // namespace muster::server
