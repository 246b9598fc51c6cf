// Requests that are answered later, timers, and how the server starts and ends.

#include "net/http_server.hpp"
#include "net/test_transports.hpp"

namespace muster::net {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// --- Parked requests ---

TEST_P(HttpServerTest, AParkedRequestIsAnsweredLater) {
  start([&](const Request&, const ExchangePtr& exchange) { parked_.push_back(exchange); });
  auto peer = connect();
  peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return parked_.size() == 1; }));
  server_->post([&] {
    EXPECT_FALSE(parked_[0]->abandoned());
    parked_[0]->send({.body = "at last"});
    parked_[0]->send({.body = "and again"});
    parked_.clear();
  });
  EXPECT_THAT(peer.receive_until("at last"), HasSubstr("200 OK"));
  peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return parked_.size() == 1; }));
}

TEST_P(HttpServerTest, AnAbandonedRequestIsNoticed) {
  start([&](const Request&, const ExchangePtr& exchange) { parked_.push_back(exchange); });
  auto peer = connect();
  peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return parked_.size() == 1; }));
  peer.close();
  EXPECT_TRUE(eventually([&] { return parked_[0]->abandoned(); }));
  server_->post([&] { parked_[0]->send({.body = "into the void"}); });
  settle();
}

TEST_P(HttpServerTest, ARequestSentAheadWaitsWhileOneIsParked) {
  ExchangePtr parked;
  start([&](const Request& request, const ExchangePtr& exchange) {
    if (request.path == "/first") {
      parked = exchange;
    } else {
      echo(request, exchange);
    }
  });
  auto peer = connect();
  peer.send("GET /first HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return parked != nullptr; }));
  peer.send("GET /second HTTP/1.1\r\nHost: h\r\n\r\n");
  server_->post([&] { std::exchange(parked, nullptr)->send({.body = "first"}); });
  EXPECT_THAT(peer.receive_until("first"), Not(HasSubstr("second")));
  peer.receive_until("/second?");
}

TEST_P(HttpServerTest, ADroppedExchangeClosesTheConnection) {
  start([](const Request&, const ExchangePtr&) {});
  EXPECT_EQ(speak("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), "");
}

TEST_P(HttpServerTest, AHandlerThatThrowsIsAFaultOfOurs) {
  start([](const Request&, const ExchangePtr&) { throw std::logic_error("broken"); });
  const auto answer = send({.url = url("/")});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 500);
  EXPECT_THAT(answer->body, Not(HasSubstr("broken")));
}

TEST_P(HttpServerTest, AHandlerMayKeepWhatItNeverAnswers) {
  patience_ = 0ms;
  auto kept = std::make_shared<std::vector<ExchangePtr>>();
  start([kept](const Request&, const ExchangePtr& exchange) { kept->push_back(exchange); });
  auto peer = connect();
  peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return kept->size() == 1; }));
  server_->stop();
  EXPECT_TRUE(peer.closed_by_other_end());
}

// --- Listening, timers, stopping ---

TEST_P(HttpServerTest, APortInUseIsSaidSo) {
  start();
  settings_.port = server_->port();
  const auto second = HttpServer::listen(settings_, nullptr, nullptr);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::conflict);
  EXPECT_EQ(second.error().message,
            fmt::format("cannot listen on 127.0.0.1:{}: Address already in use; stop what uses it "
                        "or choose another --port",
                        settings_.port));
}

TEST_P(HttpServerTest, AnAddressMustBeOne) {
  settings_.address = "nowhere";
  const auto server = HttpServer::listen(settings_, nullptr, nullptr);
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().kind, ErrorKind::invalid);
}

TEST_P(HttpServerTest, TimersFireUnlessDropped) {
  start();
  std::promise<void> fired;
  std::unique_ptr<HttpServer::Timer> kept;
  std::unique_ptr<HttpServer::Timer> dropped;
  bool dropped_fired = false;
  server_->post([&] {
    dropped = server_->after(1ms, [&] { dropped_fired = true; });
    kept = server_->after(5ms, [&] { fired.set_value(); });
    std::this_thread::sleep_for(2ms);  // due, but not yet run
    dropped.reset();
  });
  ASSERT_EQ(fired.get_future().wait_for(10s), std::future_status::ready);
  settle();
  EXPECT_FALSE(dropped_fired);
  kept.reset();
}

TEST_P(HttpServerTest, StoppingAnswersParkedRequests) {
  std::vector<ExchangePtr> parked;
  on_stop_ = [&] {
    for (const auto& exchange : parked) exchange->send({.status = 503, .body = "bye"});
    parked.clear();
  };
  start([&](const Request&, const ExchangePtr& exchange) { parked.push_back(exchange); });
  auto idle = connect();
  auto peer = connect();
  peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return parked.size() == 1; }));
  const auto begin = std::chrono::steady_clock::now();
  stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s) << "nothing was left to wait for";
  const auto answer = peer.receive_all();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(answer, HasSubstr("Connection: close"));
  EXPECT_EQ(idle.receive_all(), "");
}

TEST_P(HttpServerTest, StoppingIsNotPatientForever) {
  patience_ = 20ms;
  ExchangePtr parked;
  start([&](const Request&, const ExchangePtr& exchange) { parked = exchange; });
  auto peer = connect();
  peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return parked != nullptr; }));
  stop();
  EXPECT_EQ(peer.receive_all(), "");
  parked->send({.body = "late"});  // dropped, and touches nothing that is gone
}

TEST_P(HttpServerTest, AServerThatNeverRanEndsToo) {
  auto server = HttpServer::listen(settings_, nullptr, nullptr);
  ASSERT_TRUE(server);
  EXPECT_NE(server->port(), 0);
  server->stop();
}

}  // namespace
}  // namespace muster::net
