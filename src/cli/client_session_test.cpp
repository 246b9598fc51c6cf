#include "cli/client_session.hpp"

#include <cstdlib>
#include <fstream>

#include <gmock/gmock.h>

namespace muster::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

class FindToken : public testing::Test {
 protected:
  FindToken() {
    std::string name = testing::TempDir() + "/muster-token.XXXXXX";
    directory_ = ::mkdtemp(name.data());
    std::filesystem::create_directory(directory_ / "data");
  }
  ~FindToken() override { std::filesystem::remove_all(directory_); }

  std::string write(const std::string& name, const std::string& text) const {
    const auto path = directory_ / name;
    std::ofstream(path) << text;
    return path.string();
  }

  std::filesystem::path directory_;
};

TEST_F(FindToken, TheFileComesFirstThenTheVariableThenTheDataDirectory) {
  TokenPlaces places{write("file", "from-file\n"), "from-variable", directory_ / "data"};
  write("data/token", "from-server\n");
  EXPECT_EQ(find_token(places), "from-file");
  places.file.clear();
  EXPECT_EQ(find_token(places), "from-variable");
  places.variable.clear();
  EXPECT_EQ(find_token(places), "from-server");
}

TEST_F(FindToken, AFileThatWasNamedButCannotBeReadIsNotPassedOver) {
  const auto token = find_token({(directory_ / "missing").string(), "from-variable", directory_});
  ASSERT_FALSE(token);
  EXPECT_EQ(token.error().kind, ErrorKind::invalid);
  EXPECT_THAT(token.error().message, HasSubstr("missing"));
}

TEST_F(FindToken, WhatIsNoSingleWordIsNoTokenAndIsNotShown) {
  for (const auto* text :
       {"", "\n", "two words", "tab\tsecret", "bell\asecret", "secret\nsecret"}) {
    const auto token = find_token({write("file", text), "", ""});
    ASSERT_FALSE(token) << text;
    EXPECT_THAT(token.error().message, HasSubstr("holds no token"));
    EXPECT_THAT(token.error().message, Not(HasSubstr("secret")));
  }
}

TEST_F(FindToken, WithoutAnyItSaysWhatToDo) {
  const auto nowhere = find_token({"", "", directory_ / "data"});
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().kind, ErrorKind::unauthenticated);
  EXPECT_THAT(nowhere.error().message, HasSubstr("data/token is not there"));
  EXPECT_THAT(nowhere.error().message, HasSubstr("--token-file"));
  const auto homeless = find_token({"", "", ""});
  ASSERT_FALSE(homeless);
  EXPECT_THAT(homeless.error().message, HasSubstr("$HOME is not set"));
}

// As /proc/PID/environ would show it.
TEST(TakeTokenVariable, RemovesAndOverwritesIt) {
  char entry[] = "MUSTER_TOKEN=mup_secret";
  ASSERT_EQ(::putenv(entry), 0);
  EXPECT_EQ(take_token_variable(), "mup_secret");
  EXPECT_EQ(std::string_view(entry, sizeof entry).find("secret"), std::string_view::npos);
  EXPECT_EQ(std::getenv("MUSTER_TOKEN"), nullptr);
  EXPECT_EQ(take_token_variable(), "");
}

}  // namespace
}  // namespace muster::cli
