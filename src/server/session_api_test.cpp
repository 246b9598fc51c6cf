// Sessions as the handlers see them, under a clock that the test moves.

#include <gtest/gtest.h>

#include "base/crypto.hpp"
#include "protocol/json.hpp"
#include "server/dispatcher.hpp"
#include "server/fake_loop_for_tests.hpp"

namespace muster::server {
namespace {

using namespace std::chrono_literals;
using protocol::Role;

const std::string kSession = "/api/muster/v1/session";

class SessionApiTest : public testing::Test {
 protected:
  SessionApiTest() {
    Router router;
    add_session_routes(router, false);
    add_scaler_routes(router);
    store_ = *store::Store::open(directory_, 5min);
    dispatcher_.emplace(*store_, std::move(router), clock_, loop_.handle());
    const auto made =
        store_->catalog().create_token({"", "theirs", std::nullopt, Role::admin}, clock_.wall());
    token_id_ = made->id;
    token_ = *made->token;
  }
  ~SessionApiTest() override {
    dispatcher_.reset();
    store_.reset();
    std::filesystem::remove_all(directory_);
  }

  std::shared_ptr<FakeExchange> ask(net::Request request) {
    auto exchange = std::make_shared<FakeExchange>();
    dispatcher_->submit(std::move(request), exchange);
    loop_.run();
    return exchange;
  }

  net::Response sign_in(const protocol::SignIn& entry) {
    return ask({.method = "POST", .path = kSession, .body = protocol::to_json(entry)})->response;
  }

  // What the browser sends from then on.
  static std::string cookie_of(const net::Response& response) {
    const auto set = response.headers.get("Set-Cookie").value_or("");
    return set.substr(0, set.find(';'));
  }

  static net::Request with_cookie(const std::string& method, const std::string& path,
                                  const std::string& cookie, const std::string& query = "") {
    net::Request made{.method = method, .path = path, .query = query};
    made.headers.set("Cookie", cookie);
    made.headers.set("Muster-Request", "1");
    return made;
  }

  int status_with(const std::string& cookie) {
    return ask(with_cookie("GET", kSession, cookie))->response.status;
  }

  std::int64_t codes() {
    auto rows = store_->database().query("SELECT count(*) FROM sign_in_code");
    rows.next();
    return rows.integer(0);
  }

  std::filesystem::path directory_ =
      std::filesystem::temp_directory_path() / ("muster-session-api-" + random_hex(6));
  ManualClock clock_{*parse_rfc3339("2026-12-01T00:00:00Z")};
  FakeLoop loop_{clock_};
  std::unique_ptr<store::Store> store_;
  std::optional<Dispatcher> dispatcher_;
  std::string token_id_, token_;
};

TEST_F(SessionApiTest, SaysUntilWhenItLastsAndThatMovesWithItsUse) {
  const auto begun = sign_in({.token = token_});
  ASSERT_EQ(begun.status, 201);
  EXPECT_EQ(begun.body,
            R"({"nickname":"theirs","role":"admin","expires_at":"2026-12-01T12:00:00Z"})");
  clock_.advance(11h);
  EXPECT_EQ(ask(with_cookie("GET", kSession, cookie_of(begun)))->response.body,
            R"({"nickname":"theirs","role":"admin","expires_at":"2026-12-01T23:00:00Z"})");
}

TEST_F(SessionApiTest, WhoHasNotUsedItIsToldThatItIsOver) {
  const auto cookie = cookie_of(sign_in({.token = token_}));
  clock_.advance(12h - 1ms);
  EXPECT_EQ(status_with(cookie), 200);
  clock_.advance(12h);
  const auto over = ask(with_cookie("GET", kSession, cookie))->response;
  EXPECT_EQ(over.status, 401);
  EXPECT_EQ(over.body, R"({"message":"This session has ended: sign in again."})");
  EXPECT_EQ(over.headers.get("WWW-Authenticate"), R"(Bearer realm="muster")");
}

TEST_F(SessionApiTest, WhoWaitsIsToldNothingOnceTheTokenIsRevoked) {
  const auto cookie = cookie_of(sign_in({.token = token_}));
  const std::string fleet = "/api/muster/v1/fleet";
  const auto now = ask(with_cookie("GET", fleet, cookie))->response;
  const auto version = protocol::from_json<protocol::FleetStatus>(now.body)->version;
  const auto waiting = ask(with_cookie("GET", fleet, cookie, "wait_ms=30000&seen=" + version));
  EXPECT_EQ(waiting->sent, 0);
  ASSERT_TRUE(store_->catalog().revoke_token(token_id_, true));
  ASSERT_TRUE(store_->catalog().create_class({"local/a"}));
  store_->fleet_changed();
  loop_.advance(30s);
  ASSERT_EQ(waiting->sent, 1);
  EXPECT_EQ(waiting->response.status, 401);
  EXPECT_EQ(status_with(cookie), 401);
}

TEST_F(SessionApiTest, ACodeThatWasTriedTooLateIsGone) {
  const auto made = store_->sessions().make_code(token_id_, clock_.wall());
  EXPECT_EQ(codes(), 1);
  clock_.advance(10min);
  const auto refused = sign_in({.code = made.code});
  EXPECT_EQ(refused.status, 401);
  EXPECT_FALSE(refused.headers.get("Set-Cookie"));
  EXPECT_EQ(codes(), 0);
  EXPECT_EQ(sign_in({.code = made.code}).body, refused.body);
}

TEST_F(SessionApiTest, ACodeThatSignsInIsGoneThoughTheAnswerIsLost) {
  const auto made = store_->sessions().make_code(token_id_, clock_.wall());
  const auto begun = sign_in({.code = made.code});
  EXPECT_EQ(begun.status, 201);
  EXPECT_EQ(codes(), 0);
  EXPECT_EQ(status_with(cookie_of(begun)), 200);
  EXPECT_EQ(sign_in({.code = made.code}).status, 401);
}

}  // namespace
}  // namespace muster::server
