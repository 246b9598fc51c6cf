#include "net/side_server.hpp"

#include <atomic>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "net/http_client.hpp"

namespace muster::net {
namespace {

class SideServerTest : public testing::Test {
 protected:
  ClientResponse ask(const std::string& method, const std::string& path, std::string body = "") {
    HttpClient client;
    ClientRequest request{.method = method,
                          .url = fmt::format("http://127.0.0.1:{}{}", server_->port(), path)};
    request.body = std::move(body);
    auto response = client.send(request);
    EXPECT_TRUE(response) << response.error().message;
    return response.value_or(ClientResponse{});
  }

  std::atomic<int> asked_ = 0;
  std::unique_ptr<SideServer> server_ = *SideServer::open(
      "127.0.0.1", 0,
      {{"/a", [this] { return plain_text(200, fmt::format("asked {} times", ++asked_)); }},
       {"/b", [] { return plain_text(503, "not now"); }}});
};

TEST_F(SideServerTest, AsksForAPageEachTime) {
  EXPECT_EQ(ask("GET", "/a").body, "asked 1 times\n");
  const auto answer = ask("GET", "/a?x=1");
  EXPECT_EQ(answer.body, "asked 2 times\n");
  EXPECT_EQ(answer.headers.get("Cache-Control"), "no-store");
  EXPECT_EQ(ask("GET", "/b").status, 503);
}

TEST_F(SideServerTest, AnswersNothingElse) {
  EXPECT_EQ(ask("GET", "/").status, 404);
  EXPECT_EQ(ask("GET", "/a/b").status, 404);
  EXPECT_EQ(ask("POST", "/a").status, 405);
  EXPECT_EQ(ask("POST", "/a").headers.get("Allow"), "GET, HEAD");
  EXPECT_EQ(ask("POST", "/a", "a body").status, 413);
  EXPECT_EQ(asked_, 0);
}

TEST_F(SideServerTest, AnAddressInUseIsAnError) {
  const auto second = SideServer::open("127.0.0.1", server_->port(), {});
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find("cannot listen on 127.0.0.1:"), std::string::npos);
}

TEST_F(SideServerTest, EndsAtOnceThoughAConnectionIsOpen) {
  HttpClient kept;
  ClientRequest request{.url = fmt::format("http://127.0.0.1:{}/a", server_->port())};
  ASSERT_TRUE(kept.send(request));
  server_.reset();
  EXPECT_FALSE(kept.send(request));
}

}  // namespace
}  // namespace muster::net
