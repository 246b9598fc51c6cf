#include "net/server_url.hpp"

#include <gmock/gmock.h>

namespace muster::net {
namespace {

TEST(ServerUrl, AssumesASchemeByTheHost) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"ci.example", "https://ci.example"},
      {"ci.example:8480/", "https://ci.example:8480"},
      {"127.0.0.1:8480", "http://127.0.0.1:8480"},
      {"localhost:1/", "http://localhost:1"},
      {"localhost/ci", "http://localhost/ci"},
      {"[::1]:8480", "http://[::1]:8480"},
      {"localhost.example", "https://localhost.example"},
      {"127.evil.example", "https://127.evil.example"},
      {"http://ci.example", "http://ci.example"},
      {"https://ci.example//", "https://ci.example"},
  };
  for (const auto& [written, meant] : cases) EXPECT_EQ(server_url(written), meant) << written;
}

TEST(ServerUrl, RefusesWhatIsNone) {
  for (const auto* written : {"", "/", "http://", "http:///", ":8480", "ftp://127.0.0.1",
                              "two words", "http://two words", "a\x1b[31m", "://x"}) {
    const auto url = server_url(written);
    ASSERT_FALSE(url) << written;
    EXPECT_EQ(url.error().kind, ErrorKind::invalid);
    EXPECT_THAT(url.error().message, testing::HasSubstr("is no address of a server"));
    EXPECT_THAT(url.error().message, testing::Not(testing::HasSubstr("\x1b")));
  }
}

}  // namespace
}  // namespace muster::net
