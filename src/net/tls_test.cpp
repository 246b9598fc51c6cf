// What is of TLS alone; that all the rest is as without is in http_server_test.cpp and
// http_parking_test.cpp.

#include <openssl/ssl.h>

#include <fstream>

#include "net/http_client.hpp"
#include "net/test_server.hpp"
#include "net/tls_for_tests.hpp"

namespace muster::net {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

constexpr auto kRequest = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

class TlsTest : public ServerFixture {
 protected:
  TlsTest() { settings_.tls = authority_.issue({}).read(); }

  Result<ClientResponse> ask(const std::filesystem::path& ca_file, const std::string& host = {}) {
    ClientRequest request{.url = url("/")};
    if (!host.empty()) request.url = fmt::format("https://{}:{}/", host, server_->port());
    request.authorities = {ca_file, "api.ca_file"};
    return client_.send(request);
  }
  std::string refusal(const std::filesystem::path& ca_file, const std::string& host = {}) {
    const auto answer = ask(ca_file, host);
    if (answer) return "an answer";
    EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
    return answer.error().message;
  }
  std::string name() const { return fmt::format("127.0.0.1:{}", server_->port()); }
  static std::string received(TlsEnd& end) {
    std::string all;
    char buffer[4096];
    for (;;) {
      const auto got = end.receive(buffer, sizeof buffer);
      if (!got || *got == 0) return all;
      all.append(buffer, *got);
    }
  }

  TestFolder secrets_;
  TestAuthority authority_{secrets_.path};
};

// --- Whom a client believes ---

TEST_F(TlsTest, AnAuthorityThatIsNamedIsTrusted) {
  start();
  const auto answer = ask(authority_.certificate());
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "GET /? ");
}

TEST_F(TlsTest, AnAuthorityThatNobodyKnowsIsNot) {
  start();
  EXPECT_EQ(refusal(""),
            fmt::format("the certificate of {} is by an authority that is not trusted here: have "
                        "this machine trust it (update-ca-certificates), or name its file by "
                        "api.ca_file",
                        name()));
  const TestAuthority other(secrets_.path, "other");
  EXPECT_EQ(refusal(other.certificate()),
            fmt::format("the certificate of {} is by no authority of {} (api.ca_file): name the "
                        "file with the certificate of its authority",
                        name(), other.certificate().string()));
  // A connection to who was believed once is none to who is believed by others.
  ASSERT_TRUE(ask(authority_.certificate()));
  EXPECT_THAT(refusal(other.certificate()), HasSubstr("is by no authority of"));
}

TEST_F(TlsTest, TheNameOfTheHostMustBeInTheCertificate) {
  start();
  EXPECT_EQ(refusal(authority_.certificate(), "localhost"),
            fmt::format("the certificate of localhost:{} is for other names: write one of those in "
                        "the address, or have one made that has localhost among its names "
                        "(subjectAltName)",
                        server_->port()));
}

TEST_F(TlsTest, ACertificateOutOfItsTimeIsRefused) {
  settings_.tls = authority_.issue({.name = "old", .valid_until = -1h}).read();
  start();
  EXPECT_EQ(refusal(authority_.certificate()),
            fmt::format("the certificate of {} has expired: have it renewed there", name()));
  server_->use(authority_.issue({.name = "early", .valid_from = 1h, .valid_until = 2h}).read());
  EXPECT_EQ(refusal(authority_.certificate()),
            fmt::format("the certificate of {} is not valid yet: are the clocks right, here and "
                        "there?",
                        name()));
}

TEST_F(TlsTest, AFileWithoutAuthoritiesIsNamed) {
  start();
  const auto empty = secrets_.path / "empty.crt";
  std::ofstream(empty).put('x');
  const auto answer = ask(empty);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::invalid);
  EXPECT_THAT(answer.error().message,
              HasSubstr("no certificate can be read from " + empty.string()));
}

// --- Another certificate while the server runs ---

TEST_F(TlsTest, AnotherIdentityIsForNewConnections) {
  start();
  auto old = connect_tls(server_->port());
  old.send(kRequest);
  EXPECT_THAT(old.receive_until("GET /?"), HasSubstr("200 OK"));
  server_->use(authority_.issue({.name = "renewed"}).read());
  settle();
  EXPECT_EQ(TlsEnd(server_->port()).shown_name(), "renewed");
  old.send(kRequest);
  EXPECT_THAT(old.receive_until("GET /?"), HasSubstr("200 OK"));
}

// --- The wrong protocol ---

TEST_F(TlsTest, WhoSpeaksPlainlyIsToldSo) {
  start();
  const auto answer = speak(kRequest);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(answer, HasSubstr("This port speaks HTTPS: write https:// in its address."));
  const auto told = client_.send({.url = fmt::format("http://{}/", name())});
  ASSERT_TRUE(told) << told.error().message;
  EXPECT_EQ(told->status, 400);
}

TEST_F(TlsTest, APlainServerEndsAHandshakeAtOnce) {
  settings_.tls.reset();
  start();
  EXPECT_FALSE(TlsEnd(server_->port()).connected());
  const auto answer = client_.send({.url = fmt::format("https://{}/", name())});
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message,
              HasSubstr("if it speaks plain HTTP, write http:// in its address"));
}

TEST_F(TlsTest, VersionsOlderThanTls12AreRefused) {
  start();
  EXPECT_FALSE(TlsEnd(server_->port(), TLS1_1_VERSION).connected());
  EXPECT_TRUE(TlsEnd(server_->port(), TLS1_2_VERSION).connected());
  EXPECT_TRUE(TlsEnd(server_->port(), TLS1_3_VERSION).connected());
}

// --- Who does not shake hands ---

TEST_F(TlsTest, AHandshakeThatDoesNotComeIsGivenUp) {
  settings_.read_timeout = 50ms;
  start();
  auto silent = ServerFixture::connect();
  EXPECT_TRUE(silent.closed_by_other_end());
  auto half = ServerFixture::connect();
  half.send(std::string("\x16\x03\x01\x02\x00\x01", 6));  // the head of a ClientHello
  EXPECT_TRUE(half.closed_by_other_end());
}

TEST_F(TlsTest, AHandshakeInDribsIsGivenUpAsAWhole) {
  settings_.read_timeout = 200ms;
  start();
  auto slow = ServerFixture::connect();
  slow.send(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11));
  const auto begun = std::chrono::steady_clock::now();
  // Until the kernel tells that nobody is there any more.
  while (slow.send("\x01") && std::chrono::steady_clock::now() - begun < 10s) {
    std::this_thread::sleep_for(10ms);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 9s);
}

TEST_F(TlsTest, WhatIsNoHandshakeEndsTheConnection) {
  start();
  auto peer = ServerFixture::connect();
  peer.send("\x16" + std::string(600, 'x'));
  const auto answer = peer.receive_all();
  EXPECT_LT(answer.size(), 20U) << "an alert at most";
}

// --- Where TLS and its socket differ ---

// The second record is with the first in what TLS has read, so that the socket shows nothing of it.
TEST_F(TlsTest, RequestsThatComeAtOnceAreAllAnswered) {
  start();
  TlsEnd peer(server_->port());
  const auto last = fmt::format("GET /3 HTTP/1.1\r\n{}\r\n", kClose);
  ASSERT_TRUE(peer.send_as_one(
      {"GET /1 HTTP/1.1\r\nHost: h\r\n\r\n", "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n", last}));
  const auto answers = received(peer);
  for (const auto* expected : {"GET /1?", "GET /2?", "GET /3?"}) {
    EXPECT_THAT(answers, HasSubstr(expected));
  }
  EXPECT_TRUE(peer.told_goodbye());
}

TEST_F(TlsTest, WhoClosesTlsWhileARequestIsParkedIsNoticed) {
  start([&](const Request&, const ExchangePtr& exchange) { parked_.push_back(exchange); });
  TlsEnd peer(server_->port());
  ASSERT_TRUE(peer.send(kRequest));
  ASSERT_TRUE(eventually([&] { return parked_.size() == 1; }));
  peer.say_goodbye();  // the connection stays
  EXPECT_TRUE(eventually([&] { return parked_[0]->abandoned(); }));
}

TEST_F(TlsTest, ARecordThatComesInPartsWhileARequestIsParkedIsNoEnd) {
  ExchangePtr parked;
  start([&](const Request& request, const ExchangePtr& exchange) {
    if (request.path == "/first") {
      parked = exchange;
    } else {
      echo(request, exchange);
    }
  });
  TlsEnd peer(server_->port());
  ASSERT_TRUE(peer.send("GET /first HTTP/1.1\r\nHost: h\r\n\r\n"));
  ASSERT_TRUE(eventually([&] { return parked != nullptr; }));
  ASSERT_TRUE(peer.send_in_halves(fmt::format("GET /second HTTP/1.1\r\n{}\r\n", kClose)));
  settle();
  server_->post([&] { std::exchange(parked, nullptr)->send({.body = "first"}); });
  EXPECT_THAT(received(peer), AllOf(HasSubstr("first"), HasSubstr("GET /second?")));
}

TEST_F(TlsTest, AConnectionThatIsCutMidwayLeavesNothing) {
  policy_.spool = folder_;
  start();
  auto peer = connect_tls(server_->port());
  peer.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n\r\n01234");
  ASSERT_TRUE(eventually([&] { return files() == 1; }));
  peer.close();  // without a goodbye
  EXPECT_TRUE(eventually([&] { return files() == 0; }));
}

TEST_F(TlsTest, AnIdleConnectionIsToldGoodbye) {
  settings_.idle_timeout = 50ms;
  start();
  TlsEnd peer(server_->port());
  EXPECT_EQ(received(peer), "");
  EXPECT_TRUE(peer.told_goodbye());
}

TEST_F(TlsTest, AnAddressInTheTargetMayBeHttps) {
  start();
  TlsEnd peer(server_->port());
  ASSERT_TRUE(peer.send(fmt::format("GET https://h/a?b HTTP/1.1\r\n{}\r\n", kClose)));
  EXPECT_THAT(received(peer), HasSubstr("GET /a?b"));
}

}  // namespace
}  // namespace muster::net
