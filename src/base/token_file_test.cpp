#include "base/token_file.hpp"

#include <gmock/gmock.h>

#include <filesystem>

#include "base/file.hpp"

namespace muster {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(TokenFile, ATokenIsOneWord) {
  EXPECT_EQ(token_in("muc_1", "x"), "muc_1");
  EXPECT_EQ(token_in(" muc_1\r\n", "x"), "muc_1");
  for (const auto* text : {"", " \n", "a secret", "a\nsecret", "secret\x1b", "secret\xc3\xa9"}) {
    const auto token = token_in(text, "the-place");
    ASSERT_FALSE(token) << text;
    EXPECT_EQ(token.error().kind, ErrorKind::invalid);
    EXPECT_THAT(token.error().message, HasSubstr("the-place holds no token"));
    EXPECT_THAT(token.error().message, Not(HasSubstr("secret")));
  }
}

TEST(TokenFile, JsonIsNoToken) {
  const auto token = token_in(R"( {"token":"secret"})", "the-place");
  ASSERT_FALSE(token);
  EXPECT_EQ(token.error().message,
            "the-place holds JSON: it should be the token alone, on one line");
}

TEST(TokenFile, IsOpenToOthersByItsMode) {
  const std::filesystem::path file = testing::TempDir() + "muster-open-to-others";
  for (const auto& [mode, open] :
       {std::pair{0600, false}, {0400, false}, {0640, true}, {0604, true}, {0622, true}}) {
    ASSERT_TRUE(write_file_atomically(file, "muc_1", static_cast<mode_t>(mode)));
    EXPECT_EQ(is_open_to_others(file), open) << mode;
  }
  std::filesystem::remove(file);
  EXPECT_FALSE(is_open_to_others(file));
  EXPECT_FALSE(is_open_to_others("/dev/null"));
}

}  // namespace
}  // namespace muster
