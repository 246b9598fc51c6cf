#include "net/http_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include <fmt/core.h>

#include "base/crypto.hpp"
#include "net/test_peer.hpp"

namespace muster::net {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// Accepts one connection after another and lets `serve` speak on it.
class FakeServer {
 public:
  explicit FakeServer(std::function<void(TestPeer&)> serve, int connections = 1)
      : thread_([this, serve = std::move(serve), connections] {
          for (int i = 0; i < connections; ++i) {
            auto peer = listener_.accept();
            serve(peer);
          }
        }) {}

  std::string url(std::string_view path = "/") const {
    return fmt::format("http://127.0.0.1:{}{}", listener_.port(), path);
  }
  std::string name() const { return fmt::format("127.0.0.1:{}", listener_.port()); }
  void join() { thread_.join(); }

 private:
  TestListener listener_;
  std::jthread thread_;
};

std::function<void(TestPeer&)> answering(std::string answer) {
  return [answer](TestPeer& peer) {
    peer.receive_until("\r\n\r\n");
    peer.send(answer);
  };
}

class HttpClientTest : public testing::Test {
 protected:
  HttpClientTest() { std::filesystem::create_directory(folder_); }
  ~HttpClientTest() override { std::filesystem::remove_all(folder_); }

  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("muster-client-" + random_hex(8));
  HttpClient client_;
};

TEST_F(HttpClientTest, SendsWhatWasAskedAndReadsTheAnswer) {
  std::string sent;
  FakeServer server([&](TestPeer& peer) {
    sent = peer.receive_until("hello");
    peer.send("HTTP/1.1 201 Created\r\nX-One: 1\r\nContent-Length: 4\r\n\r\ndone");
  });
  ClientRequest request{.method = "PUT", .url = server.url("/a?b=c"), .body = "hello"};
  request.headers.set("X-Empty", "");
  const auto answer = client_.send(request);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 201);
  EXPECT_EQ(answer->headers.get("x-one"), "1");
  EXPECT_EQ(answer->body, "done");
  server.join();
  EXPECT_THAT(sent, testing::StartsWith("PUT /a?b=c HTTP/1.1\r\n"));
  EXPECT_THAT(sent, HasSubstr("User-Agent: muster/"));
  EXPECT_THAT(sent, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_THAT(sent, HasSubstr("X-Empty:\r\n"));
  EXPECT_THAT(sent, Not(HasSubstr("Expect")));
  EXPECT_THAT(sent, Not(HasSubstr("Content-Type")));
}

TEST_F(HttpClientTest, UsesAConnectionAgain) {
  FakeServer server([](TestPeer& peer) {
    for (int i = 0; i < 3; ++i) {
      peer.receive_until("\r\n\r\n");
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    }
  });
  for (int i = 0; i < 3; ++i) {
    const auto answer = client_.send({.url = server.url()});
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->body, "ok");
  }
}

TEST_F(HttpClientTest, ANewConnectionReplacesOneThatDied) {
  FakeServer server(answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), 2);
  for (int i = 0; i < 2; ++i) {
    const auto answer = client_.send({.method = "POST", .url = server.url()});
    ASSERT_TRUE(answer) << answer.error().message;
  }
}

TEST_F(HttpClientTest, ADirectCallPassesNoProxy) {
  FakeServer proxy(answering("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nproxy"));
  ::setenv("http_proxy", proxy.url().c_str(), 1);
  const auto through = client_.send({.url = "http://0.0.0.0:1/"});  // where nobody listens
  const auto direct = client_.send({.url = "http://0.0.0.0:1/", .direct = true});
  ::unsetenv("http_proxy");
  ASSERT_TRUE(through) << through.error().message;
  EXPECT_EQ(through->body, "proxy");
  ASSERT_FALSE(direct);
  EXPECT_THAT(direct.error().message, HasSubstr("0.0.0.0:1"));
}

class ProxyTest : public HttpClientTest {
 protected:
  ~ProxyTest() override { ::unsetenv("https_proxy"); }

  std::string trouble_with(const std::string& proxy) {
    ::setenv("https_proxy", proxy.c_str(), 1);
    const auto answer = client_.send({.url = "https://example.invalid/"});
    return answer ? "an answer" : answer.error().message;
  }
};

TEST_F(ProxyTest, ThatLetsNobodyThroughIsNamed) {
  FakeServer proxy(answering("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_EQ(trouble_with(proxy.url()),
            "the proxy that https_proxy names does not let us through to example.invalid:443: it "
            "answers 403");
}

TEST_F(ProxyTest, ThatIsNotThereIsNamed) {
  std::uint16_t port = 0;
  {
    const TestListener listener;
    port = listener.port();
  }
  EXPECT_EQ(trouble_with(fmt::format("http://127.0.0.1:{}/", port)),
            "cannot reach example.invalid:443: Connection refused; https_proxy is set, so it may "
            "be the proxy");
  EXPECT_EQ(trouble_with("http://proxy.invalid/"),
            "cannot reach example.invalid:443: the name of the proxy that https_proxy names is "
            "not known");
}

TEST_F(HttpClientTest, RedirectsAreAnswers) {
  FakeServer server(answering(
      "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"));
  const auto answer = client_.send({.url = server.url()});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 302);
}

TEST_F(HttpClientTest, NamesWhoRefusesTheConnection) {
  std::uint16_t port = 0;
  {
    const TestListener listener;
    port = listener.port();
  }
  const auto url = fmt::format("http://127.0.0.1:{}/?token=secret", port);
  const auto answer = client_.send({.url = url});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(answer.error().message,
            fmt::format("cannot reach 127.0.0.1:{}: Connection refused", port));
  EXPECT_FALSE(client_.may_have_arrived());
}

TEST_F(HttpClientTest, SaysWhatToDoWhereTheServerSpeaksNoTls) {
  TestListener listener;
  const std::jthread plain(
      [&] { listener.accept().send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"); });
  const auto answer = client_.send({.url = fmt::format("https://127.0.0.1:{}/", listener.port())});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(answer.error().message, HasSubstr("write http:// in its address"));
}

TEST_F(HttpClientTest, BadAddressesAreInvalidAndTellNoSecret) {
  for (const auto url :
       {"", "http://", "file:///etc/passwd", "ftp://host/", "http://a b/",
        "nonsense://user:secret@host/?secret", "http://u:secret@h:99999/?secret"}) {
    const auto answer = client_.send({.url = url});
    ASSERT_FALSE(answer) << url;
    EXPECT_EQ(answer.error().kind, ErrorKind::invalid) << url;
    EXPECT_THAT(answer.error().message, Not(HasSubstr("secret")));
  }
}

TEST_F(HttpClientTest, WhatNeverLeftHasNotArrivedAlsoAfterACallThatDid) {
  FakeServer server(answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  ASSERT_TRUE(client_.send({.url = server.url()}));
  EXPECT_TRUE(client_.may_have_arrived());
  EXPECT_FALSE(client_.send({.url = "nonsense"}));
  EXPECT_FALSE(client_.may_have_arrived());
}

TEST_F(HttpClientTest, AHeaderCannotSmuggleALine) {
  ClientRequest request{.url = "http://127.0.0.1:1/"};
  request.headers.set("X-Name", "a\r\nX-Other: b");
  const auto answer = client_.send(request);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::invalid);
}

TEST_F(HttpClientTest, HalfAnAnswerIsNone) {
  for (const auto half :
       {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhalf", "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "nonsense\r\n"}) {
    FakeServer server(answering(half));
    const auto answer = client_.send({.url = server.url()});
    ASSERT_FALSE(answer) << half;
    EXPECT_EQ(answer.error().kind, ErrorKind::unavailable) << half;
    EXPECT_THAT(answer.error().message, HasSubstr(server.name())) << half;
    EXPECT_TRUE(client_.may_have_arrived()) << half;
  }
}

TEST_F(HttpClientTest, AnswersAreBounded) {
  for (const auto framing : {"Content-Length: 11", "Transfer-Encoding: chunked"}) {
    FakeServer server(answering(
        fmt::format("HTTP/1.1 200 OK\r\n{}\r\n\r\n{}", framing, "b\r\n01234567890\r\n0\r\n\r\n")));
    const auto answer = client_.send({.url = server.url(), .answer_limit = 10});
    ASSERT_FALSE(answer) << framing;
    EXPECT_EQ(answer.error().kind, ErrorKind::too_large) << framing;
  }
}

TEST_F(HttpClientTest, ALateAnswerIsATimeout) {
  FakeServer server([&](TestPeer& peer) { EXPECT_TRUE(peer.receive_all().size() > 0); });
  const auto answer = client_.send({.url = server.url(), .timeout = Millis(50)});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::timeout);
}

TEST_F(HttpClientTest, AStopEndsALongPollAtOnce) {
  std::stop_source stop;
  FakeServer server([&](TestPeer& peer) {
    peer.receive_until("\r\n\r\n");
    stop.request_stop();
    EXPECT_TRUE(peer.closed_by_other_end());
  });
  const auto begin = std::chrono::steady_clock::now();
  const auto answer =
      client_.send({.url = server.url(), .timeout = std::chrono::minutes(1)}, stop.get_token());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::cancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST_F(HttpClientTest, WhatIsStoppedBeforeDoesNotStart) {
  std::stop_source stop;
  stop.request_stop();
  const TestListener silent;
  const auto url = fmt::format("http://127.0.0.1:{}/", silent.port());
  const auto answer = client_.send({.url = url}, stop.get_token());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::cancelled);
}

TEST_F(HttpClientTest, SuccessGoesToTheFileAndOtherAnswersDoNot) {
  const auto file = folder_ / "answer";
  FakeServer failing(answering("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"));
  const auto refused = client_.send({.url = failing.url(), .answer_file = file});
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->body, "no");
  EXPECT_FALSE(std::filesystem::exists(file));

  FakeServer server(answering("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n01234567890123456789"));
  const auto answer = client_.send({.url = server.url(), .answer_limit = 10, .answer_file = file});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "");
  EXPECT_EQ(read_file(file, 100).value(), "01234567890123456789");
}

TEST_F(HttpClientTest, AnEmptySuccessIsAnEmptyFile) {
  FakeServer server(answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  ASSERT_TRUE(client_.send({.url = server.url(), .answer_file = folder_ / "answer"}));
  EXPECT_EQ(read_file(folder_ / "answer", 100).value(), "");
}

TEST_F(HttpClientTest, HalfAFileIsRemoved) {
  const auto file = folder_ / "answer";
  FakeServer server(answering("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n0123"));
  const auto answer = client_.send({.url = server.url(), .answer_file = file});
  ASSERT_FALSE(answer);
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST_F(HttpClientTest, AFullDiskIsSaidSo) {
  FakeServer server(answering("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n0123"));
  std::filesystem::create_symlink("/dev/full", folder_ / "full");
  const auto answer = client_.send({.url = server.url(), .answer_file = folder_ / "full"});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::exhausted);
  EXPECT_FALSE(std::filesystem::is_symlink(folder_ / "full"));
}

TEST_F(HttpClientTest, UploadsAFile) {
  const auto file = folder_ / "upload";
  std::string content(3'000'000, 'x');
  content += "the end";
  std::ofstream(file) << content;
  std::string sent;
  FakeServer server([&](TestPeer& peer) {
    sent = peer.receive_until("the end");
    peer.send("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
  });
  const auto answer = client_.send({.method = "PUT", .url = server.url(), .body_file = file});
  ASSERT_TRUE(answer) << answer.error().message;
  server.join();
  EXPECT_THAT(sent.substr(0, 1000), HasSubstr("Content-Length: 3000007\r\n"));
  EXPECT_THAT(sent.substr(0, 1000), HasSubstr("PUT / HTTP/1.1\r\n"));
  EXPECT_TRUE(sent.ends_with("\r\n\r\n" + content));
}

TEST_F(HttpClientTest, AMissingUploadIsNamed) {
  const auto answer = client_.send(
      {.method = "PUT", .url = "http://127.0.0.1:1/", .body_file = folder_ / "missing"});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::not_found);
  EXPECT_THAT(answer.error().message, HasSubstr("missing"));
}

TEST(HttpDate, IsReadInItsForms) {
  const auto expected = parse_rfc3339("1994-11-06T08:49:37Z").value();
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), expected);
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"), expected);
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994"), expected);
  EXPECT_EQ(format_http_date(expected + Millis(999)), "Sun, 06 Nov 1994 08:49:37 GMT");
  for (const auto* bad : {"", "yesterday", "99"}) EXPECT_EQ(parse_http_date(bad), std::nullopt);
}

TEST(KindOfStatus, FollowsTheTable) {
  const std::pair<int, ErrorKind> cases[] = {
      {400, ErrorKind::invalid},      {401, ErrorKind::unauthenticated},
      {403, ErrorKind::forbidden},    {404, ErrorKind::not_found},
      {409, ErrorKind::conflict},     {413, ErrorKind::too_large},
      {416, ErrorKind::out_of_range}, {429, ErrorKind::unavailable},
      {500, ErrorKind::unavailable},  {503, ErrorKind::unavailable},
      {507, ErrorKind::exhausted},    {302, ErrorKind::invalid},
  };
  for (const auto& [status, kind] : cases) EXPECT_EQ(kind_of_status(status), kind) << status;
}

std::string message_of(std::string body) {
  return expect_success(ClientResponse{.status = 409, .body = std::move(body)}).error().message;
}

TEST(HttpClient, AHeadThatIsTooLargeIsNoLackOfMemory) {
  FakeServer server(answering("HTTP/1.1 200 OK\r\nX: " + std::string(400'000, 'a') + "\r\n\r\n"));
  HttpClient client;
  const auto answer = client.send({.url = server.url() + "/"});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(answer.error().message,
              testing::MatchesRegex("the head of the answer of 127.0.0.1:[0-9]+ is too large"));
}

TEST(ExpectSuccess, ReadsThePeersMessage) {
  EXPECT_EQ(message_of(R"({"message":"it is so"})"), "it is so");
  EXPECT_EQ(message_of(R"({ "code": 1, "message" : "a \"b\" \u00fc \ud83d\ude00 \/" })"),
            "a \"b\" ü 😀 /");
  EXPECT_EQ(message_of(R"({"message":"\u001b[2J"})"), "\\x1b[2J");
}

TEST(ExpectSuccess, DoesWithoutAMessage) {
  for (const auto body : {"", "plain", R"({"message":5})", R"({"message":"cut)", R"({"message")",
                          R"({"message":"\q"})", R"({"message":"\u12"})",
                          R"({"message":"\ud83d\u0041"})", R"({"message":"\)"}) {
    EXPECT_EQ(message_of(body), "the server answered with status 409") << body;
  }
}

TEST(ExpectSuccess, LetsSuccessAndFailurePass) {
  EXPECT_TRUE(expect_success(ClientResponse{.status = 204}));
  const Error error{ErrorKind::timeout, "late"};
  EXPECT_EQ(expect_success(error).error(), error);
}

}  // namespace
}  // namespace muster::net
