#include "net/http_server.hpp"

#include <sys/stat.h>

#include <fstream>

#include "base/crypto.hpp"
#include "net/test_transports.hpp"

namespace muster::net {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kStranger = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
constexpr std::string_view kKnown = "GET / HTTP/1.1\r\nHost: h\r\nAuthorization: x\r\n\r\n";

// --- Requests and answers ---

TEST_P(HttpServerTest, HandsOverWhatWasSent) {
  start();
  const auto answer = send({.method = "PUT", .url = url("/a%20b/c?d=e%20f"), .body = "content"});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "PUT /a b/c?d=e%20f content");
  EXPECT_EQ(answer->headers.get("Server"), "muster");
}

TEST_P(HttpServerTest, ServesManyRequestsOnOneConnection) {
  start();
  auto peer = connect();
  for (int i = 0; i < 3; ++i) {
    peer.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx");
    EXPECT_THAT(peer.receive_until("POST /? x"), HasSubstr("200 OK"));
  }
}

TEST_P(HttpServerTest, AnswersPipelinedRequestsInOrder) {
  start();
  const auto answers =
      speak(fmt::format("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n"
                        "GET /3 HTTP/1.1\r\n{}\r\n",
                        kClose));
  EXPECT_LT(answers.find("GET /1?"), answers.find("GET /2?"));
  EXPECT_LT(answers.find("GET /2?"), answers.find("GET /3?"));
  EXPECT_THAT(answers, HasSubstr("GET /3?"));
}

TEST_P(HttpServerTest, ClosesWhenAskedTo) {
  start();
  EXPECT_THAT(speak("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
              HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(speak("GET / HTTP/1.0\r\n\r\n"), HasSubstr("Connection: close\r\n"));
}

TEST_P(HttpServerTest, AnAnswerToHeadHasNoBody) {
  start();
  const auto answer = speak(fmt::format("HEAD /x HTTP/1.1\r\n{}\r\n", kClose));
  EXPECT_THAT(answer, HasSubstr("Content-Length: 9\r\n"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST_P(HttpServerTest, NoContentHasNoLength) {
  start([](const Request&, const ExchangePtr& exchange) { exchange->send({.status = 204}); });
  EXPECT_THAT(speak(fmt::format("GET / HTTP/1.1\r\n{}\r\n", kClose)),
              Not(HasSubstr("Content-Length")));
}

TEST_P(HttpServerTest, TakesChunkedBodies) {
  start();
  EXPECT_THAT(speak(fmt::format("POST / HTTP/1.1\r\n{}Transfer-Encoding: chunked\r\n\r\n"
                                "5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\n\r\n",
                                kClose)),
              HasSubstr("POST /? hello world"));
}

TEST_P(HttpServerTest, InvitesABodyThatWaits) {
  start();
  auto peer = connect();
  peer.send(
      fmt::format("PUT / HTTP/1.1\r\n{}Content-Length: 4\r\nExpect: 100-continue\r\n\r\n", kClose));
  EXPECT_EQ(peer.receive_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  peer.send("body");
  EXPECT_THAT(peer.receive_all(), HasSubstr("PUT /? body"));
}

TEST_P(HttpServerTest, BigBodiesGoBothWays) {
  policy_.limit = 8 << 20;
  start([](Request request, const ExchangePtr& exchange) {
    exchange->send({.body = std::move(request.body)});
  });
  std::string body;
  for (int i = 0; body.size() < 3'000'000; ++i) body += fmt::format("{},", i);
  const auto answer = send({.method = "POST", .url = url("/"), .body = body});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer->body == body);
}

// --- Bad requests ---

TEST_P(HttpServerTest, RefusesWhatIsMalformed) {
  start();
  const std::string_view cases[] = {
      "nonsense\r\n\r\n",
      "GET / HTTP/1.1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
      "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
      "GET no-slash HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\na",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\na",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
      "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
  };
  for (const auto request : cases) {
    const auto answer = speak(request);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 ")) << request;
    EXPECT_THAT(answer, HasSubstr("{\"message\":\"")) << request;
  }
}

TEST_P(HttpServerTest, BoundsTheHeader) {
  start();
  const auto long_target = fmt::format("GET /{:x<20000} HTTP/1.1\r\n", "");
  const auto long_field = fmt::format("GET / HTTP/1.1\r\nHost: h\r\nX: {:x<20000}\r\n\r\n", "");
  std::string many_fields = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (int i = 0; i < 200; ++i) many_fields += "a: b\r\n";
  for (const auto& request : {long_target, long_field, many_fields + "\r\n"}) {
    EXPECT_THAT(speak(request), StartsWith("HTTP/1.1 431 ")) << request.substr(0, 50);
  }
}

TEST_P(HttpServerTest, BoundsTheBody) {
  policy_.limit = 10;
  start();
  const auto head = fmt::format("POST / HTTP/1.1\r\n{}", kClose);
  EXPECT_THAT(speak(head + "Content-Length: 10\r\n\r\n0123456789"), HasSubstr("0123456789"));
  EXPECT_THAT(speak(head + "Content-Length: 11\r\n\r\n"), StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(speak(head + "Transfer-Encoding: chunked\r\n\r\n6\r\n012345\r\n6\r\n012345\r\n"),
              StartsWith("HTTP/1.1 413 "));
}

TEST_P(HttpServerTest, BoundsTheBodiesThatAreNotWholeTogether) {
  policy_.limit = 8 << 20;
  settings_.half_bodies_limit = 1 << 20;
  start();
  const auto upload = [&](std::size_t size) {
    const auto answer = send({.method = "PUT", .url = url("/"), .body = std::string(size, 'x')});
    return answer ? answer->status : 0;
  };
  const auto begin = [&] {
    auto slow = connect();
    slow.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 800000\r\n\r\n" +
              std::string(700'000, 'x'));
    // Who is over the limit is refused, so all of this is to be there first. Each piece of it takes
    // the server's thread some turns.
    for (int turn = 0; turn < 2'000; ++turn) settle();
    return slow;
  };
  auto slow = begin();
  EXPECT_TRUE(until([&] { return upload(900'000) == 503; }));
  EXPECT_EQ(upload(60'000), 200) << "who has little to say is heard";
  slow.send(std::string(100'000, 'x'));
  EXPECT_THAT(slow.receive_until("\r\n\r\n"), HasSubstr("200 OK"));
  EXPECT_EQ(upload(900'000), 200);
  auto gone = begin();
  EXPECT_TRUE(until([&] { return upload(900'000) == 503; }));
  gone.close();
  EXPECT_TRUE(until([&] { return upload(900'000) == 200; }));
}

TEST_P(HttpServerTest, ARefusedUploadStillReadsTheReason) {
  policy_.limit = 10;
  start();
  const auto answer =
      send({.method = "POST", .url = url("/"), .body = std::string(5'000'000, 'x')});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 413);
}

TEST_P(HttpServerTest, ARefusalByTheHeadComesBeforeTheBody) {
  refusal_ = {.status = 403, .body = "no"};
  start();
  EXPECT_THAT(speak("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5000000\r\n\r\n"),
              StartsWith("HTTP/1.1 403 "));
  EXPECT_THAT(speak("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"),
              HasSubstr("Connection: close\r\n"));
}

TEST_P(HttpServerTest, ARefusalWithoutABodyKeepsTheConnection) {
  refusal_ = {.status = 429, .body = "no"};
  start();
  auto peer = connect();
  peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n");
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(peer.receive_until("\r\n\r\nno"), StartsWith("HTTP/1.1 429 "));
  }
  peer.send(fmt::format("GET / HTTP/1.1\r\n{}\r\n", kClose));
  EXPECT_THAT(peer.receive_all(), StartsWith("HTTP/1.1 429 "));
}

TEST_P(HttpServerTest, AHalfSentRequestIsGivenUp) {
  settings_.read_timeout = is_tls() ? 1s : 50ms;  // the handshake must be done by then
  start();
  for (const auto half : {"GET / HT", "GET / HTTP/1.1\r\nHost: h\r\n",
                          "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhel"}) {
    const auto answer = speak(half);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 408 ")) << half;
    EXPECT_THAT(answer, HasSubstr("Connection: close")) << half;
  }
}

// The time is for each 64 KiB, however small the pieces are in which they are read.
TEST_P(HttpServerTest, ALongBodyMayTakeLongerThanAHead) {
  settings_.read_timeout = 1s;
  policy_.limit = 8 << 20;
  start([](Request request, const ExchangePtr& exchange) {
    exchange->send({.body = std::to_string(request.body.size())});
  });
  auto peer = connect();
  peer.send(fmt::format("PUT / HTTP/1.1\r\n{}Content-Length: 327680\r\n\r\n", kClose));
  for (int i = 0; i < 5; ++i) {
    std::this_thread::sleep_for(300ms);
    peer.send(std::string(65'536, 'x'));
  }
  EXPECT_THAT(peer.receive_all(), HasSubstr("\r\n\r\n327680"));
}

TEST_P(HttpServerTest, WhoDoesNotTakeTheAnswerIsGivenUp) {
  constexpr std::size_t kMoreThanSocketsHold = 64 << 20;
  settings_.write_timeout = 100ms;
  settings_.connection_limit = 1;
  start([](const Request& request, const ExchangePtr& exchange) {
    exchange->send({.body = std::string(request.path == "/big" ? kMoreThanSocketsHold : 1, 'x')});
  });
  auto slow = connect();
  slow.send("GET /big HTTP/1.1\r\nHost: h\r\n\r\n");
  slow.receive_until("HTTP/1.1 200 ");
  const auto request = fmt::format("GET / HTTP/1.1\r\n{}\r\n", kClose);
  EXPECT_TRUE(until([&] { return speak(request).starts_with("HTTP/1.1 200 "); }));
  EXPECT_LT(slow.receive_all().size(), kMoreThanSocketsHold);
}

TEST_P(HttpServerTest, AnIdleConnectionIsClosedSilently) {
  settings_.idle_timeout = 50ms;
  start();
  EXPECT_EQ(speak(""), "");
  EXPECT_THAT(speak("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
}

TEST_P(HttpServerTest, AtTheLimitTheStrangerServedLongestAgoMakesRoom) {
  settings_.connection_limit = 3;
  start();
  const auto ask = [](TestPeer& peer, std::string_view request) {
    peer.send(request);
    EXPECT_THAT(peer.receive_until("GET /? "), HasSubstr("200 OK"));
  };
  auto known = connect();
  ask(known, kKnown);
  auto earlier = connect();
  ask(earlier, kStranger);
  auto later = connect();
  ask(later, kStranger);
  later.send("GET / HTTP/1.1\r\nHost: h\r\nX-Slow: ");
  ask(earlier, kStranger);
  auto newcomer = connect();
  ask(newcomer, kKnown);
  EXPECT_EQ(later.receive_all(), "") << "to send half a request does not keep it";
  auto another = connect();
  ask(another, kStranger);
  EXPECT_EQ(earlier.receive_all(), "");
  for (auto* peer : {&known, &newcomer}) ask(*peer, kStranger);
}

TEST_P(HttpServerTest, WhoseTokenIsKnownNoMoreIsAStrangerAgain) {
  settings_.connection_limit = 1;
  start();
  auto peer = connect();
  for (const auto* request : {&kKnown, &kStranger}) {
    peer.send(*request);
    EXPECT_THAT(peer.receive_until("GET /? "), HasSubstr("200 OK"));
  }
  auto newcomer = connect();
  newcomer.send(kStranger);
  EXPECT_THAT(newcomer.receive_until("GET /? "), HasSubstr("200 OK"));
  EXPECT_EQ(peer.receive_all(), "");
}

TEST_P(HttpServerTest, WhoWasTurnedAwayTakesNobodysPlace) {
  settings_.connection_limit = 2;
  start();
  auto first = connect();
  auto second = connect();
  for (auto* peer : {&first, &second}) {
    peer->send(kKnown);
    EXPECT_THAT(peer->receive_until("GET /?"), HasSubstr("200 OK"));
  }
  std::vector<TestPeer> others;  // who stay, so that the server waits for their ends
  const auto another = [&] { others.push_back(connect()); };
  another();
  first.close();
  const auto request = fmt::format("GET / HTTP/1.1\r\n{}\r\n", kClose);
  EXPECT_TRUE(until([&] {
    another();
    return speak(request).starts_with("HTTP/1.1 200 ");
  }));
}

TEST_P(HttpServerTest, TooManyConnectionsAreToldSo) {
  settings_.connection_limit = 2;
  start();
  auto first = connect();
  auto second = connect();
  for (auto* peer : {&first, &second}) {
    peer->send(kKnown);
    EXPECT_THAT(peer->receive_until("GET /?"), HasSubstr("200 OK"));
  }
  EXPECT_THAT(speak(kStranger), StartsWith("HTTP/1.1 503 "));
  first.close();
  const auto request = fmt::format("GET / HTTP/1.1\r\n{}\r\n", kClose);
  const auto end = std::chrono::steady_clock::now() + 10s;
  std::string answer;
  while (!answer.starts_with("HTTP/1.1 200 ") && std::chrono::steady_clock::now() < end) {
    answer = speak(request);  // there is room as soon as the close is noticed
  }
  EXPECT_THAT(answer, HasSubstr("200 OK"));
}

// --- Bodies in files ---

TEST_P(HttpServerTest, SpoolsABodyToAFile) {
  policy_ = {.limit = 8 << 20, .spool = folder_};
  std::string content, sha256;
  mode_t mode = 0;
  start([&](const Request& request, const ExchangePtr& exchange) {
    struct stat status {};
    ::stat(request.body_file->c_str(), &status);
    mode = status.st_mode & 0777;
    content = read_file(*request.body_file, 8 << 20).value();
    sha256 = request.body_sha256;
    exchange->send({.status = 201, .body = request.body});
  });
  const std::string body(1'000'001, 'x');
  const auto answer = send({.method = "PUT", .url = url("/"), .body = body});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "");
  settle();
  EXPECT_TRUE(content == body);
  EXPECT_EQ(sha256, sha256_hex(body));
  EXPECT_EQ(mode, 0600);
  EXPECT_EQ(files(), 0U) << "nobody took it";
}

TEST_P(HttpServerTest, ASpooledBodyMayBeTaken) {
  policy_.spool = folder_;
  start([&](const Request& request, const ExchangePtr& exchange) {
    std::filesystem::rename(*request.body_file, folder_ / "taken");
    exchange->send({});
  });
  ASSERT_TRUE(send({.method = "PUT", .url = url("/"), .body = "mine"}));
  settle();
  EXPECT_EQ(read_file(folder_ / "taken", 100).value(), "mine");
  EXPECT_EQ(files(), 1U);
}

TEST_P(HttpServerTest, AnUploadThatBreaksOffLeavesNothing) {
  policy_.spool = folder_;
  start();
  auto peer = connect();
  peer.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n\r\n01234");
  ASSERT_TRUE(eventually([&] { return files() == 1; }));
  peer.close();
  EXPECT_TRUE(eventually([&] { return files() == 0; }));
}

TEST_P(HttpServerTest, AMissingSpoolFolderIsAFaultOfOurs) {
  policy_.spool = folder_ / "missing";
  start();
  const auto answer = send({.method = "PUT", .url = url("/"), .body = "x"});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 500);
}

TEST_P(HttpServerTest, SendsPartOfAFile) {
  std::string content;
  for (int i = 0; content.size() < 2'000'000; ++i) content += fmt::format("{},", i);
  std::ofstream(folder_ / "file") << content;
  const FileSlice slice{folder_ / "file", 5, 1'500'000};
  start([&](const Request&, const ExchangePtr& exchange) {
    exchange->send({.status = 206, .file = slice});
  });
  const auto answer = send({.url = url("/")});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 206);
  EXPECT_TRUE(answer->body == content.substr(5, 1'500'000));
  EXPECT_EQ(send({.method = "HEAD", .url = url("/")})->headers.get("content-length"), "1500000");
}

TEST_P(HttpServerTest, AFileThatIsTooShortIsAFaultOfOurs) {
  std::ofstream(folder_ / "file") << "0123456789";
  FileSlice slice;
  start([&](const Request&, const ExchangePtr& exchange) { exchange->send({.file = slice}); });
  const FileSlice cases[] = {
      {folder_ / "file", 5, 6}, {folder_ / "file", 11, 0}, {folder_ / "none", 0, 0}};
  for (const auto& c : cases) {
    slice = c;
    const auto answer = send({.url = url("/")});
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->status, 500);
  }
}

INSTANTIATE_TEST_SUITE_P(Over, HttpServerTest, testing::Values(Over::plain, Over::tls), name_of);

}  // namespace
}  // namespace muster::net
