#include "server/dispatcher.hpp"

#include <gtest/gtest.h>

#include "base/crypto.hpp"
#include "protocol/json.hpp"
#include "server/answers.hpp"
#include "server/fake_loop_for_tests.hpp"
#include "server/topics.hpp"

namespace muster::server {
namespace {

using namespace std::chrono_literals;

class DispatcherTest : public testing::Test {
 protected:
  DispatcherTest() {
    add_agent_routes(router_);
    add_scaler_routes(router_);
    router_.add("POST", "/fail", [](Call& call) -> Result<Outcome> {
      call.store.database().execute("INSERT INTO setting VALUES ('half', 'done')");
      call.store.database().execute("INSERT INTO nowhere VALUES (1)");
      return no_content();
    });
    router_.add("POST", "/throw", [](Call&) -> Result<Outcome> { throw std::logic_error("oops"); });
    router_.add("POST", "/lose", [](Call& call) -> Result<Outcome> {  // as after an I/O error
      call.store.database().run_script("ROLLBACK");
      call.store.database().execute("INSERT INTO nowhere VALUES (1)");
      return no_content();
    });
    router_.add("POST", "/look", [this](Call&) -> Result<Outcome> {
      ++looked_;
      return Park{{topic::fleet()}, 25s};
    });
    router_.add("POST", "/change", [this](Call& call) { return change(call); });
    store_ = *store::Store::open(directory_, 5min);
    dispatcher_.emplace(*store_, std::move(router_), clock_, loop_.handle());
    EXPECT_TRUE(store_->catalog().create_class({"local/a"}));
    token_ = *store_->catalog().create_token({"local/a", ""}, clock_.wall())->token;
  }
  ~DispatcherTest() override {
    dispatcher_.reset();
    store_.reset();
    std::filesystem::remove_all(directory_);
  }

  std::shared_ptr<FakeExchange> ask(const std::string& path, std::string body = "{}") {
    auto exchange = std::make_shared<FakeExchange>();
    net::Request request{.method = "POST", .path = path, .body = std::move(body)};
    request.headers.set("Authorization", "Bearer " + token_);
    dispatcher_->submit(std::move(request), exchange);
    return exchange;
  }

  // And then goes wrong as the body says.
  Result<Outcome> change(Call& call) {
    call.store.fleet_changed();
    call.store.after_commit([this] { ++said_; });
    if (call.request.body == "refuse") return Error{ErrorKind::conflict, "it is not so"};
    if (call.request.body == "throw") throw std::logic_error("oops");
    if (call.request.body == "fail") {
      call.store.database().execute("INSERT INTO nowhere VALUES (1)");
    }
    return no_content();
  }

  std::shared_ptr<FakeExchange> claim(Millis wait, const std::string& runner = "r") {
    return ask("/api/muster/v1/claim", protocol::to_json(protocol::ClaimRequest{
                                           new_uuid(), runner, "h", "v", wait.count()}));
  }

  // In the next group; not before loop_.run().
  void drain_runner(const std::string& name) {
    dispatcher_->submit([name](store::Store& open, const store::Now&) {
      EXPECT_TRUE(open.runners().drain("local/a", name));
    });
  }

  void queue_tasks(int count) {
    dispatcher_->submit([count](store::Store& open, const store::Now& now) {
      pipeline::Job job{.name = "j", .resource_class = "local/a", .parallelism = count};
      pipeline::Config config{{{"j", job}}, {{"w", {{"j", "j", {}}}}}};
      open.pipelines().create({.project = "p"}, config, now.wall);
    });
    loop_.run();
  }

  std::filesystem::path directory_ =
      std::filesystem::temp_directory_path() / ("muster-dispatch-" + random_hex(6));
  ManualClock clock_;
  FakeLoop loop_{clock_};
  Router router_;
  std::unique_ptr<store::Store> store_;
  std::optional<Dispatcher> dispatcher_;
  std::string token_;
  int looked_ = 0, said_ = 0;
};

TEST_F(DispatcherTest, AWaitingClaimIsAnsweredWhenATaskIsQueued) {
  const auto waiting = claim(25s);
  loop_.run();
  EXPECT_EQ(waiting->sent, 0);
  queue_tasks(1);
  ASSERT_EQ(waiting->sent, 1);
  EXPECT_EQ(waiting->response.status, 200);
  EXPECT_EQ(dispatcher_->parked(), 0U);
}

TEST_F(DispatcherTest, TheFirstToWaitIsTheFirstToBeServed) {
  const auto first = claim(25s);
  const auto second = claim(25s);
  loop_.run();
  queue_tasks(1);
  EXPECT_EQ(first->sent, 1);
  EXPECT_EQ(second->sent, 0);
}

TEST_F(DispatcherTest, WhoHasGoneIsPassedOver) {
  const auto gone = claim(25s);
  const auto here = claim(25s);
  loop_.run();
  gone->gone = true;
  queue_tasks(1);
  EXPECT_EQ(gone->sent, 0);
  EXPECT_EQ(here->sent, 1);
}

TEST_F(DispatcherTest, AWithdrawnClaimDoesNotUseUpTheTaskOfTheNext) {
  const auto first = ask("/api/muster/v1/claim",
                         protocol::to_json(protocol::ClaimRequest{"w", "r", "h", "v", 25'000}));
  const auto second = claim(25s);
  loop_.run();
  const auto withdrawn =
      ask("/api/muster/v1/claim/withdraw", protocol::to_json(protocol::WithdrawRequest{"w"}));
  loop_.run();
  EXPECT_EQ(withdrawn->response.status, 204);
  queue_tasks(1);
  EXPECT_EQ(first->response.status, 409);
  EXPECT_EQ(second->response.status, 200);
}

TEST_F(DispatcherTest, AnEmptyQueueIsToldWhenTimeIsOver) {
  const auto waiting = claim(10s);
  loop_.run();
  loop_.advance(9s);
  EXPECT_EQ(waiting->sent, 0);
  loop_.advance(1s);
  ASSERT_EQ(waiting->sent, 1);
  EXPECT_EQ(waiting->response.status, 204);
}

TEST_F(DispatcherTest, NobodyWaitsForLongerThanAMinute) {
  const auto waiting = claim(1h);
  loop_.run();
  loop_.advance(59s);
  EXPECT_EQ(waiting->sent, 0);
  loop_.advance(1s);
  ASSERT_EQ(waiting->sent, 1);
  EXPECT_EQ(waiting->response.status, 204);
}

TEST_F(DispatcherTest, TheWaitingClaimOfADrainedRunnerIsAnsweredAtOnce) {
  const auto drained = claim(25s, "drained");
  const auto other = claim(25s, "other");
  loop_.run();
  drain_runner("drained");
  loop_.run();
  ASSERT_EQ(drained->sent, 1);
  EXPECT_EQ(drained->response.status, 410);
  EXPECT_NE(drained->response.body.find("runner drained was drained"), std::string::npos);
  EXPECT_EQ(other->sent, 0);
  const auto again = claim(25s, "drained");
  loop_.run();
  EXPECT_EQ(again->response.status, 410);
  EXPECT_EQ(dispatcher_->parked(), 1U);
}

// Whatever comes first of the three within one group.
TEST_F(DispatcherTest, NoTaskIsGivenInTheMomentOfADrain) {
  claim(0s, "drained");
  loop_.run();
  const auto waiting = claim(25s, "drained");
  const auto other = claim(25s, "other");
  loop_.run();
  const auto late = claim(25s, "drained");
  drain_runner("drained");
  queue_tasks(1);
  EXPECT_EQ(waiting->response.status, 410);
  EXPECT_EQ(late->response.status, 410);
  EXPECT_EQ(other->response.status, 200);
  EXPECT_EQ(store_->queue().unclaimed("local/a"), 0);
  EXPECT_EQ(dispatcher_->parked(), 0U);
}

TEST_F(DispatcherTest, AStoppingServerAnswersThoseWhoWait) {
  const auto waiting = claim(25s);
  loop_.run();
  dispatcher_->drain();
  ASSERT_EQ(waiting->sent, 1);
  EXPECT_EQ(waiting->response.status, 204);
}

TEST_F(DispatcherTest, AFailedRequestIsUndoneAndItsNeighboursAreNot) {
  queue_tasks(1);
  const auto bad = ask("/fail");
  const auto good = claim(0s);
  const auto faulty = ask("/throw");
  loop_.run();
  EXPECT_EQ(bad->response.status, 500);
  EXPECT_EQ(good->response.status, 200);
  EXPECT_EQ(faulty->response.status, 500);
  EXPECT_EQ(faulty->response.body.find("oops"), std::string::npos);
  EXPECT_FALSE(store_->database().query("SELECT 1 FROM setting WHERE name = 'half'").next());
}

TEST_F(DispatcherTest, OfAFailedRequestNobodyIsToldAndOfItsNeighboursAllAre) {
  ask("/look");
  loop_.run();
  ASSERT_EQ(looked_, 1);
  const auto refused = ask("/change", "refuse");
  const auto thrown = ask("/change", "throw");
  const auto failed = ask("/change", "fail");
  loop_.run();
  EXPECT_EQ(refused->response.status, 409);
  EXPECT_EQ(thrown->response.status, 500);
  EXPECT_EQ(failed->response.status, 500);
  EXPECT_EQ(looked_, 1);
  EXPECT_EQ(said_, 0);

  ask("/change", "refuse");
  const auto good = ask("/change", "");
  ask("/change", "throw");
  loop_.run();
  EXPECT_EQ(good->response.status, 204);
  EXPECT_EQ(looked_, 2);
  EXPECT_EQ(said_, 1);
}

TEST_F(DispatcherTest, NothingIsAnsweredAsDoneIfTheGroupCannotBeCommitted) {
  queue_tasks(1);
  const auto task = claim(0s);
  dispatcher_->submit([](store::Store& open, const store::Now&) {
    open.database().execute("INSERT INTO nowhere VALUES (1)");
  });
  loop_.run();
  ASSERT_EQ(task->sent, 1);
  EXPECT_EQ(task->response.status, 500);
  EXPECT_EQ(store_->queue().unclaimed("local/a"), 1);
}

TEST_F(DispatcherTest, ManyRequestsWaitForTheDiskOnce) {
  constexpr std::uint64_t kMany = 20;
  std::vector<std::shared_ptr<FakeExchange>> together;
  const auto before = dispatcher_->effort();
  for (std::uint64_t i = 0; i < kMany; ++i) together.push_back(claim(25s));
  loop_.run();
  const auto parallel = dispatcher_->effort();
  EXPECT_EQ(parallel.requests - before.requests, kMany);
  EXPECT_EQ(parallel.groups - before.groups, 1U);
  EXPECT_EQ(parallel.syncs - before.syncs, 1U);
  EXPECT_EQ(parallel.largest, kMany);

  for (std::uint64_t i = 0; i < kMany; ++i) {
    claim(0s);
    loop_.run();
  }
  const auto one_by_one = dispatcher_->effort();
  EXPECT_EQ(one_by_one.groups - parallel.groups, kMany);
  EXPECT_EQ(one_by_one.syncs - parallel.syncs, kMany);
}

TEST_F(DispatcherTest, WhatTheDatabaseHasUndoneIsToldToAllOfTheGroup) {
  const auto waits = claim(25s);
  const auto lost = ask("/lose");
  loop_.run();
  queue_tasks(1);
  const auto before = claim(0s);
  const auto again = ask("/lose");
  const auto after = claim(0s);
  loop_.run();
  for (const auto& exchange : {waits, lost, before, again, after}) {
    EXPECT_EQ(exchange->sent, 1);
    EXPECT_EQ(exchange->response.status, 500);
  }
  EXPECT_EQ(dispatcher_->parked(), 0U);
  EXPECT_EQ(store_->queue().unclaimed("local/a"), 1);
}

TEST_F(DispatcherTest, WhoWaitedBeforeAGroupThatWasUndoneStillWaits) {
  const auto waits = claim(25s);
  loop_.run();
  ask("/lose");
  loop_.run();
  EXPECT_EQ(waits->sent, 0);
  queue_tasks(1);
  EXPECT_EQ(waits->response.status, 200);
}

TEST_F(DispatcherTest, WhatIsSaidOfAChangeIsSaidOnceItIsCommitted) {
  int said = 0;
  const auto change = [&](store::Store& open, const store::Now&) {
    open.after_commit([&] { ++said; });
  };
  dispatcher_->submit(change);
  dispatcher_->submit([](store::Store& open, const store::Now&) {
    open.database().execute("INSERT INTO nowhere VALUES (1)");
  });
  loop_.run();
  queue_tasks(1);
  EXPECT_EQ(said, 0);
  dispatcher_->submit(change);
  loop_.run();
  queue_tasks(1);
  EXPECT_EQ(said, 1);
}

TEST_F(DispatcherTest, AClockThatJumpsADayMovesNoLeaseAndNoWait) {
  queue_tasks(1);
  const auto task = claim(0s);
  loop_.run();
  ASSERT_EQ(task->response.status, 200);
  const auto tick = [&] {
    dispatcher_->submit(
        [](store::Store& open, const store::Now& now) { open.queue().end_lapsed(now); });
    loop_.run();
  };
  const auto running = [&] { return store_->queue().running("local/a"); };
  for (const auto jump : {24h, -48h}) {
    const auto waiting = claim(10s);
    loop_.run();
    clock_.jump_wall(jump);
    tick();
    EXPECT_EQ(waiting->sent, 0);
    loop_.advance(10s);
    EXPECT_EQ(waiting->response.status, 204);
    EXPECT_EQ(running(), 1);
  }
  constexpr auto kSecond = 1s;
  for (auto passed = 0s; passed < 5min; passed += kSecond) {
    loop_.advance(kSecond);
    tick();
  }
  EXPECT_EQ(running(), 0) << "and it lapses as if the clock had stood";
}

TEST_F(DispatcherTest, UnknownPathsAndMethods) {
  const auto nowhere = ask("/api/v9");
  const auto method = ask("/api/muster/v1/health");
  loop_.run();
  EXPECT_EQ(nowhere->response.status, 404);
  EXPECT_EQ(method->response.status, 405);
  EXPECT_EQ(method->response.headers.get("Allow"), "GET");
}

}  // namespace
}  // namespace muster::server
