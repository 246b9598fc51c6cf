// Streams of events: the API, and how the dispatcher goes on with its answers.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crypto.hpp"
#include "base/log.hpp"
#include "protocol/json.hpp"
#include "server/dispatcher.hpp"
#include "server/fake_loop_for_tests.hpp"

namespace muster::server {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using Stream = std::shared_ptr<FakeExchange>;

class EventsTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { EXPECT_TRUE(log::configure({.format = log::Format::none})); }

  EventsTest() {
    store_ = *store::Store::open(directory_, 5min);
    Router router;
    add_event_routes(router);
    router.add("POST", "/lose", [](Call& call) -> Result<Outcome> {  // as after an I/O error
      call.store.database().run_script("ROLLBACK");
      call.store.database().execute("INSERT INTO nowhere VALUES (1)");
      return Park{};
    });
    router.add("POST", "/class", [](Call& call) -> Result<Outcome> {
      EXPECT_TRUE(call.store.catalog().create_class({call.request.body}));
      call.store.fleet_changed();
      return net::Response{};
    });
    dispatcher_.emplace(*store_, std::move(router), clock_, loop_.handle());
    const auto made = store_->catalog().create_token({"", ""}, clock_.wall());
    token_ = *made->token;
    token_id_ = made->id;
    make_class("local/a");
  }
  ~EventsTest() override {
    dispatcher_.reset();
    store_.reset();
    std::filesystem::remove_all(directory_);
  }

  // Their number is part of what is told of the fleet.
  void make_class(const std::string& name) {
    dispatcher_->submit([name](store::Store& open, const store::Now&) {
      EXPECT_TRUE(open.catalog().create_class({name}));
      open.fleet_changed();
    });
    loop_.run();
  }

  // In the group of what was asked before.
  void then_make_class(const std::string& name) {
    dispatcher_->submit({.method = "POST", .path = "/class", .body = name},
                        std::make_shared<FakeExchange>());
  }

  Stream watch(const std::string& query, const std::string& last_event_id = "") {
    auto stream = begin_to_watch(query, last_event_id);
    loop_.run();
    return stream;
  }
  Stream begin_to_watch(const std::string& query, const std::string& last_event_id = "") {
    auto exchange = std::make_shared<FakeExchange>();
    net::Request request{.method = "GET", .path = "/api/muster/v1/events", .query = query};
    request.headers.set("Authorization", "Bearer " + token_);
    if (!last_event_id.empty()) request.headers.set("Last-Event-ID", last_event_id);
    dispatcher_->submit(std::move(request), exchange);
    return exchange;
  }
  // All that was said since the last time; and it has been taken.
  std::string take(const Stream& stream) {
    EXPECT_EQ(stream->overlaps, 0);
    if (const auto taken = std::exchange(stream->taken, nullptr)) taken();
    loop_.run();
    return std::exchange(stream->response.body, "");
  }
  void pause() { loop_.advance(1s); }

  static std::string id_of(const std::string& events) {
    const auto from = events.rfind("id: ") + 4;
    return events.substr(from, events.find('\n', from) - from);
  }

  std::filesystem::path directory_ =
      std::filesystem::temp_directory_path() / ("muster-events-" + random_hex(6));
  ManualClock clock_;
  FakeLoop loop_{clock_};
  std::unique_ptr<store::Store> store_;
  std::optional<Dispatcher> dispatcher_;
  std::string token_, token_id_;
};

TEST_F(EventsTest, BeginWithEverythingAndThenTellWhatIsNew) {
  const auto stream = watch("watch=fleet&watch=pipelines");
  EXPECT_EQ(stream->response.headers.get("Content-Type"), "text/event-stream");
  const auto begun = take(stream);
  EXPECT_THAT(begun, StartsWith("retry: "));
  EXPECT_THAT(begun, HasSubstr("event: fleet\n"));
  EXPECT_THAT(begun, HasSubstr("event: pipelines\n"));
  pause();
  EXPECT_EQ(take(stream), "");
  make_class("local/b");
  EXPECT_EQ(take(stream), "") << "not at once";
  pause();
  const auto news = take(stream);
  EXPECT_THAT(news, StartsWith("event: fleet\n"));
  EXPECT_THAT(news, HasSubstr("local/b"));
  EXPECT_THAT(news, Not(HasSubstr("event: pipelines")));
}

TEST_F(EventsTest, ResumeWithWhatIsNew) {
  const auto begun = take(watch("watch=fleet&watch=pipelines"));
  const auto again = take(watch("watch=fleet&watch=pipelines", id_of(begun)));
  EXPECT_THAT(again, Not(HasSubstr("event:")));
  make_class("local/b");
  const auto later = take(watch("watch=fleet&watch=pipelines", id_of(begun)));
  EXPECT_THAT(later, HasSubstr("event: fleet\n"));
  EXPECT_THAT(later, Not(HasSubstr("event: pipelines")));
  for (const auto* odd : {"x", ".", "..", "\xff", "a.b.c.d.e.f.g.h.i.j"}) {
    EXPECT_THAT(take(watch("watch=fleet&watch=pipelines", odd)), HasSubstr("event: fleet\n"))
        << odd;
  }
}

TEST_F(EventsTest, WhileAPieceIsOnItsWayAllThatHappensBecomesOne) {
  const auto stream = watch("watch=fleet");
  for (const auto* name : {"local/b", "local/c", "local/d"}) {
    make_class(name);
    pause();
  }
  EXPECT_THAT(stream->response.body, Not(HasSubstr("local/b"))) << "who does not read is not fed";
  take(stream);
  pause();
  const auto news = take(stream);
  EXPECT_THAT(news, HasSubstr("local/d"));
  EXPECT_EQ(news.find("event:"), news.rfind("event:"));
}

TEST_F(EventsTest, WhatChangesInTheGroupInWhichTheyBeginIsToldAfterwards) {
  const auto stream = begin_to_watch("watch=fleet");
  then_make_class("local/b");
  loop_.run();
  EXPECT_EQ(stream->sent, 1);
  EXPECT_THAT(take(stream), Not(HasSubstr("local/b")));
  pause();
  EXPECT_THAT(take(stream), HasSubstr("local/b"));
}

TEST_F(EventsTest, WhatChangesInTheGroupOfAPieceIsToldAfterThat) {
  const auto stream = watch("watch=fleet");
  take(stream);
  make_class("local/b");
  clock_.advance(1s);
  loop_.fire();  // it is in the next group
  then_make_class("local/c");
  loop_.run();
  pause();
  pause();
  EXPECT_THAT(stream->response.body, Not(HasSubstr("local/c"))) << "the piece is on its way";
  EXPECT_THAT(take(stream), HasSubstr("local/b"));
  pause();
  EXPECT_THAT(take(stream), HasSubstr("local/c"));
}

TEST_F(EventsTest, SilenceIsBrokenByAComment) {
  const auto stream = watch("watch=fleet");
  take(stream);
  for (int round = 0; round < 2; ++round) {
    loop_.advance(14s);
    EXPECT_EQ(take(stream), "");
    loop_.advance(1s);
    pause();
    EXPECT_EQ(take(stream), ":\n\n");
  }
}

TEST_F(EventsTest, EndWithTheRightToSeeThem) {
  const auto stream = watch("watch=fleet");
  take(stream);
  ASSERT_TRUE(store_->catalog().revoke_token(token_id_, true));
  make_class("local/b");
  pause();
  EXPECT_EQ(take(stream), "");
  EXPECT_EQ(dispatcher_->streams(), 0U);
  EXPECT_EQ(stream.use_count(), 1) << "its connection is closed";
}

TEST_F(EventsTest, WhoHasGoneIsForgotten) {
  const auto reading = watch("watch=fleet");
  const auto waiting = watch("watch=fleet");
  take(waiting);
  reading->gone = waiting->gone = true;
  dispatcher_->drop_abandoned();
  EXPECT_EQ(dispatcher_->streams(), 0U);
  EXPECT_EQ(dispatcher_->parked(), 0U);
}

TEST_F(EventsTest, EndWithTheServer) {
  const auto stream = watch("watch=fleet");
  const auto due = watch("watch=fleet");
  take(due);
  make_class("local/b");
  dispatcher_->drain();
  EXPECT_EQ(dispatcher_->streams(), 0U);
  EXPECT_EQ(watch("watch=fleet")->response.status, 503);
  EXPECT_EQ(stream.use_count(), 1);
}

TEST_F(EventsTest, NewsOfAGroupThatWasUndoneIsToldLater) {
  const auto stream = watch("watch=fleet");
  take(stream);
  make_class("local/b");
  loop_.advance(0s);
  auto lost = std::make_shared<FakeExchange>();
  dispatcher_->submit({.method = "POST", .path = "/lose"}, lost);
  pause();  // its turn is in the group of what is lost
  EXPECT_EQ(lost->response.status, 500);
  pause();
  EXPECT_THAT(take(stream), HasSubstr("local/b"));
}

TEST_F(EventsTest, AThousandAreToldAFewAtATime) {
  std::vector<Stream> streams;
  for (int i = 0; i < 1'000; ++i) streams.push_back(watch("watch=fleet"));
  for (const auto& stream : streams) take(stream);
  const auto groups = dispatcher_->effort().groups;
  make_class("local/b");
  pause();
  while (std::any_of(streams.begin(), streams.end(),
                     [](const auto& stream) { return stream->response.body.empty(); })) {
    loop_.advance(0s);
  }
  EXPECT_GE(dispatcher_->effort().groups - groups, 1'000U / 32);
}

TEST_F(EventsTest, InAGroupAReadingIsMadeOnceForAll) {
  constexpr int kMany = 20;
  std::vector<Stream> streams;
  for (int i = 0; i < kMany; ++i) streams.push_back(begin_to_watch("watch=fleet&watch=pipelines"));
  loop_.run();
  EXPECT_EQ(dispatcher_->effort().readings, 2U);
  for (const auto& stream : streams) EXPECT_THAT(take(stream), HasSubstr("event: pipelines\n"));
  make_class("local/b");
  pause();
  EXPECT_EQ(dispatcher_->effort().readings, 4U);
  for (const auto& stream : streams) EXPECT_THAT(take(stream), HasSubstr("local/b"));
}

TEST_F(EventsTest, WhoBeginsAfterAChangeOfItsGroupIsToldOfItAsWell) {
  const auto before = begin_to_watch("watch=fleet");
  then_make_class("local/b");
  const auto after = begin_to_watch("watch=fleet");
  loop_.run();
  for (const auto& stream : {before, after}) {
    auto told = take(stream);
    pause();
    told += take(stream);
    EXPECT_THAT(told, HasSubstr("local/b"));
  }
}

TEST_F(EventsTest, WhatIsUndoneIsInNoReading) {
  const auto stream = watch("watch=fleet");
  take(stream);
  dispatcher_->submit([](store::Store& open, const store::Now&) {
    EXPECT_TRUE(open.catalog().create_class({"local/never"}));
  });
  const auto meanwhile = begin_to_watch("watch=fleet");
  dispatcher_->submit({.method = "POST", .path = "/lose"}, std::make_shared<FakeExchange>());
  loop_.run();
  EXPECT_EQ(meanwhile->response.status, 500);
  EXPECT_THAT(take(watch("watch=fleet")), Not(HasSubstr("local/never")));
}

TEST_F(EventsTest, ATokenHasAThousandAndOthersHaveTheirs) {
  std::vector<Stream> streams;
  for (int i = 0; i < 1'000; ++i) streams.push_back(begin_to_watch("watch=fleet"));
  const auto one_more = begin_to_watch("watch=fleet");
  loop_.run();
  EXPECT_EQ(one_more->response.status, 429);
  EXPECT_THAT(one_more->response.body, HasSubstr("1000 streams of events are open"));
  EXPECT_EQ(one_more->sent, 1);
  EXPECT_EQ(dispatcher_->streams(), 1'000U);
  EXPECT_EQ(dispatcher_->parked(), 1'000U);

  const auto theirs = std::exchange(token_, *store_->catalog().create_token({"", ""}, {})->token);
  EXPECT_EQ(watch("watch=fleet")->response.status, 200);
  token_ = theirs;
  streams.front()->gone = true;
  dispatcher_->drop_abandoned();
  EXPECT_EQ(watch("watch=fleet")->response.status, 200);
  EXPECT_EQ(watch("watch=fleet")->response.status, 429);
}

TEST_F(EventsTest, WhatCannotBeWatchedIsRefusedBeforeItBegins) {
  const std::vector<std::pair<std::string, int>> refused = {
      {"", 400},
      {"watch=", 400},
      {"watch=fleet&watch=moon", 400},
      {"watch=fleet&watch=fleet", 400},
      {"watch=pipeline:", 404},
      {"watch=pipeline:7", 404},
      {"watch=1&watch=2&watch=3&watch=4&watch=5&watch=6&watch=7&watch=8&watch=9", 400}};
  for (const auto& [query, status] : refused) {
    EXPECT_EQ(watch(query)->response.status, status) << query;
  }
  token_ = "mup_unknown";
  EXPECT_EQ(watch("watch=fleet")->response.status, 401);
  EXPECT_EQ(dispatcher_->streams(), 0U);
}

}  // namespace
}  // namespace muster::server
