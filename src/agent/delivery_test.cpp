#include "agent/delivery.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "agent/fake_control_plane.hpp"

namespace muster::agent {
namespace {

using namespace std::chrono_literals;
using protocol::StepState;

class DeliveryTest : public testing::Test {
 protected:
  static Spool make_spool() {
    char name[] = "/tmp/muster-delivery-XXXXXX";
    const std::filesystem::path directory = ::mkdtemp(name);
    auto spool = Spool::open(directory, 1000);
    std::filesystem::remove_all(directory);
    return std::move(spool.value());
  }

  void push(StepState state) { outbox_.push(0, {"test", state, {}, {}, {}}); }

  Result<void> finish(Millis patience = 20s) {
    Delivery delivery(server_, attempt_, outbox_, end_);
    return delivery.finish({protocol::TaskResult::success, "", {}}, patience, {});
  }

  FakeControlPlane server_;
  const Attempt attempt_{"id", 1, "token"};
  Outbox outbox_{make_spool()};
  WorkEnd end_{system_clock().monotonic() + 1h};
};

TEST_F(DeliveryTest, TheLastStepsEndTravelsWithThatOfTheTask) {
  outbox_.append(0, "said", end_);
  push(StepState::success);
  outbox_.close();
  ASSERT_TRUE(finish());
  EXPECT_EQ(server_.output(0), "said");
  EXPECT_EQ(server_.steps()[0].state, StepState::success);
  EXPECT_EQ(server_.step_calls(), 0);
  EXPECT_EQ(server_.finish_calls(), 1);
}

TEST_F(DeliveryTest, TheLastStepsEndIsThereAlsoIfTheAnswerWasLost) {
  server_.lose_answers(1);
  push(StepState::success);
  outbox_.close();
  ASSERT_TRUE(finish());
  EXPECT_EQ(server_.steps()[0].state, StepState::success);
  EXPECT_EQ(server_.finish_calls(), 2);
}

TEST_F(DeliveryTest, WhatWasNotSentIsNotOvertaken) {
  server_.refuse_steps({ErrorKind::invalid, "no such step"});
  push(StepState::running);
  outbox_.append(0, "said", end_);
  push(StepState::success);
  outbox_.close();
  ASSERT_TRUE(finish());
  EXPECT_TRUE(server_.steps().empty());
  EXPECT_EQ(server_.result()->result, protocol::TaskResult::infrastructure_fail);
  EXPECT_EQ(server_.result()->message,
            "the server refuses what the task has to tell: no such step");
}

TEST_F(DeliveryTest, NoResultSaysThatOutputIsWholeWhichWasNotSent) {
  server_.refuse_steps({ErrorKind::unavailable, "the database is busy"});
  push(StepState::running);
  outbox_.append(0, "said", end_);
  push(StepState::success);
  const auto finished = finish(50ms);
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().kind, ErrorKind::timeout);
  EXPECT_EQ(server_.finish_calls(), 0);
}

}  // namespace
}  // namespace muster::agent
