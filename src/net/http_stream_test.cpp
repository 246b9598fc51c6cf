// Answers that go on, piece by piece.

#include "net/http_server.hpp"
#include "net/test_transports.hpp"

namespace muster::net {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kAsk = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

class HttpStreamTest : public HttpServerTest {
 protected:
  // Each request begins a stream, and is then parked.
  void start_streaming() {
    start([&](const Request&, const ExchangePtr& exchange) {
      exchange->begin({.body = "first "}, [&] { ++taken_; });
      parked_.push_back(exchange);
    });
  }
  bool is_taken(int pieces) {
    return eventually([&] { return taken_ == pieces; });
  }
  void add(std::string piece) {
    server_->post([this, piece = std::move(piece)] { parked_[0]->add(piece, [&] { ++taken_; }); });
  }

  int taken_ = 0;  // of the server's thread
};

TEST_P(HttpStreamTest, GoesOnUntilItsExchangeIsDropped) {
  start_streaming();
  auto peer = connect();
  peer.send(kAsk);
  EXPECT_THAT(peer.receive_until("first "), Not(HasSubstr("Content-Length")));
  ASSERT_TRUE(is_taken(1));
  add("second ");
  peer.receive_until("second ");
  ASSERT_TRUE(is_taken(2));
  add("third");
  server_->post([&] { parked_.clear(); });
  EXPECT_EQ(peer.receive_all(), "third");
}

TEST_P(HttpStreamTest, ALargePieceArrivesWhole) {
  start_streaming();
  auto peer = connect();
  peer.send(kAsk);
  ASSERT_TRUE(is_taken(1));
  const std::string large(3 << 20, 'x');
  add(large);
  server_->post([&] { parked_.clear(); });
  EXPECT_THAT(peer.receive_all(), testing::EndsWith("first " + large));
}

TEST_P(HttpStreamTest, APeerThatHasGoneIsNoticed) {
  start_streaming();
  auto peer = connect();
  peer.send(kAsk);
  ASSERT_TRUE(is_taken(1));
  peer.close();
  EXPECT_TRUE(eventually([&] { return parked_[0]->abandoned(); }));
  add("into the void");
  settle();
  EXPECT_TRUE(is_taken(1));
}

TEST_P(HttpStreamTest, APeerThatTakesNothingIsGivenUp) {
  settings_.write_timeout = 100ms;
  start_streaming();
  auto peer = connect();
  peer.send(kAsk);
  ASSERT_TRUE(is_taken(1));
  add(std::string(64 << 20, 'x'));  // more than sockets hold
  EXPECT_TRUE(eventually([&] { return parked_[0]->abandoned(); }));
}

TEST_P(HttpStreamTest, AStopLetsTheLastPieceOut) {
  on_stop_ = [&] {
    parked_[0]->add("goodbye", [] {});
    parked_.clear();
  };
  start_streaming();
  auto peer = connect();
  peer.send(kAsk);
  ASSERT_TRUE(is_taken(1));
  peer.receive_until("first ");
  stop();
  EXPECT_EQ(peer.receive_all(), "goodbye");
}

TEST_P(HttpStreamTest, AnAnswerToHeadHasNoPieces) {
  start_streaming();
  auto peer = connect();
  peer.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(peer.receive_all(), testing::EndsWith("\r\n\r\n"));
  EXPECT_TRUE(eventually([&] { return parked_[0]->abandoned(); }));
}

INSTANTIATE_TEST_SUITE_P(Over, HttpStreamTest, testing::Values(Over::plain, Over::tls), name_of);

}  // namespace
}  // namespace muster::net
