#include "net/server_url.hpp"

#include <gmock/gmock.h>

#include <fmt/core.h>

namespace muster::net {
namespace {

TEST(ServerUrl, AssumesASchemeByTheHost) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"ci.example", "https://ci.example"},
      {"ci.example:8480/", "https://ci.example:8480"},
      {"127.0.0.1:8480", "http://127.0.0.1:8480"},
      {"localhost:1/", "http://localhost:1"},
      {"[::1]:8480", "http://[::1]:8480"},
      {"localhost.example", "https://localhost.example"},
      {"127.evil.example", "https://127.evil.example"},
      {"http://ci.example", "http://ci.example"},
      {"https://ci.example//", "https://ci.example"},
  };
  for (const auto& [written, meant] : cases) EXPECT_EQ(server_url(written), meant) << written;
}

TEST(ServerUrl, RefusesWhatIsNone) {
  for (const auto* written :
       {"", "/", "http://", "http:///", ":8480", "ftp://127.0.0.1", "two words", "http://two words",
        "a\x1b[31m", "://x", "?x", "https://#x"}) {
    const auto url = server_url(written);
    ASSERT_FALSE(url) << written;
    EXPECT_EQ(url.error().kind, ErrorKind::invalid);
    EXPECT_THAT(url.error().message, testing::HasSubstr("is no address of a server"));
    EXPECT_THAT(url.error().message, testing::Not(testing::HasSubstr("\x1b")));
  }
}

TEST(ServerUrl, RefusesAPasswordAndDoesNotQuoteIt) {
  for (const auto* written : {"http://user:s3cret@host", "user:s3cret@host:8480", "s3cret@host",
                              "ftp://user:s3cret@host", "https://user:s3 cret@host/path"}) {
    const auto url = server_url(written);
    ASSERT_FALSE(url) << written;
    EXPECT_EQ(url.error().kind, ErrorKind::invalid);
    EXPECT_THAT(url.error().message, testing::HasSubstr("has a user or password before an '@'"));
    EXPECT_THAT(url.error().message, testing::Not(testing::HasSubstr("cret")));
  }
}

TEST(ServerUrl, RefusesASchemeThatIsMisspelt) {
  for (const auto* written : {"https//runner.example", "https:/runner.example", "https",
                              "https:runner.example", "https//h?token=s3cret"}) {
    const auto url = server_url(written);
    ASSERT_FALSE(url) << written;
    EXPECT_EQ(url.error().message, "lacks the '://' behind https: write https://HOST:PORT");
  }
}

TEST(ServerUrl, RefusesWhatFollowsTheServer) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"https://host/api/v2", "has a path behind the server: write https://host alone"},
      {"localhost:1/ci/", "has a path behind the server: write http://localhost:1 alone"},
      {"host?token=q", "has a query behind the server: write https://host alone"},
      {"http://host/?token=q", "has a path behind the server: write http://host alone"},
      {"host#q", "has a fragment behind the server: write https://host alone"},
  };
  for (const auto& [written, told] : cases) {
    const auto url = server_url(written);
    ASSERT_FALSE(url) << written;
    EXPECT_EQ(url.error().message, told);
  }
}

TEST(PrivateServerUrl, IsHttpOnThisMachineAlone) {
  for (const auto* written : {"http://127.0.0.1:8480", "localhost:1", "http://[::1]:8480",
                              "https://ci.example", "ci.example:8480"}) {
    EXPECT_EQ(private_server_url(written).value_or(""), server_url(written).value_or("none"));
  }
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"http://ci.example/", "write https://ci.example"},
      {"http://10.0.0.1:8480", "write https://10.0.0.1:8480"},
      {"http://127.evil.example", "write https://127.evil.example"},
  };
  for (const auto& [written, cure] : cases) {
    const auto url = private_server_url(written);
    ASSERT_FALSE(url) << written;
    EXPECT_EQ(url.error().message,
              fmt::format("is http to another machine, where others can read the token on its way: "
                          "{}",
                          cure));
  }
  EXPECT_EQ(private_server_url("https//h").error().message, server_url("https//h").error().message);
}

}  // namespace
}  // namespace muster::net
