// The files of tokens that a configuration names.

#include <cstdlib>
#include <filesystem>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.hpp"
#include "cli/scale_config_for_tests.hpp"

namespace muster::cli {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class TokenFiles : public testing::Test {
 protected:
  TokenFiles() {
    std::string name = testing::TempDir() + "muster-scale.XXXXXX";
    directory_ = ::mkdtemp(name.data());
    for (const auto* file : {"token", "small.token", "large.token"}) write(file, "muc_1\n", 0600);
  }
  ~TokenFiles() override { std::filesystem::remove_all(directory_); }

  void write(const std::string& name, std::string_view text, mode_t mode) const {
    EXPECT_TRUE(write_file_atomically(directory_ / name, text, mode));
  }

  std::vector<std::string> problems(bool as_root, std::string text = std::string(kWhole)) const {
    text.replace(text.find("/etc/"), 5, "");
    const auto config = std::get<ScaleConfig>(parse_scale_config(text, directory_));
    std::vector<std::string> lines;
    for (const auto& problem : check_tokens(config, as_root)) {
      lines.push_back(problem.describe_in("f"));
    }
    return lines;
  }

  std::filesystem::path directory_;
};

TEST_F(TokenFiles, AreFineWithATokenForTheirOwnerAlone) {
  EXPECT_THAT(problems(true), IsEmpty());
}

TEST_F(TokenFiles, GoWithTheAuthoritiesOfTheServer) {
  std::string text(kWhole);
  text.insert(text.find("  token_file"), "  ca_file: ca.crt\n");
  const auto file = (directory_ / "ca.crt").string();
  EXPECT_THAT(problems(false, text),
              ElementsAre(fmt::format("f:3:12: server.ca_file: cannot open {}: No such file or "
                                      "directory",
                                      file)));
  write("ca.crt", "not PEM\n", 0644);
  EXPECT_THAT(problems(false, text),
              ElementsAre(fmt::format("f:3:12: server.ca_file: {} holds no certificate in PEM "
                                      "(-----BEGIN CERTIFICATE-----)",
                                      file)));
  write("ca.crt", "-----BEGIN CERTIFICATE-----\n", 0644);
  EXPECT_THAT(problems(false, text), IsEmpty());
}

TEST_F(TokenFiles, ThatAreMissingComeWithTheCommandThatMakesThem) {
  std::filesystem::remove(directory_ / "token");
  std::filesystem::remove(directory_ / "small.token");
  const auto path = [&](const char* name) { return (directory_ / name).string(); };
  EXPECT_THAT(
      problems(false),
      ElementsAre("f:3:15: server.token_file: there is no " + path("token") +
                      "; create it with: muster token create --personal --output " + path("token"),
                  "f:26:19: resource_classes.local/small.local.token_file: there is no " +
                      path("small.token") +
                      "; create it with: muster token create local/small "
                      "--output " +
                      path("small.token")));
}

TEST_F(TokenFiles, ThatAreTheTokenItselfAreNotShown) {
  constexpr auto kToken = "CCIPAT_5Fh3Jk9sQ2wE7rT1yU6iO_0123456789abcdef0123";
  std::string text(kWhole);
  constexpr std::string_view kLine = "token_file: token\n";
  text.replace(text.find(kLine), kLine.size(), fmt::format("token_file: {}\n", kToken));
  EXPECT_THAT(problems(false, text),
              ElementsAre(AllOf(HasSubstr("looks like a token"), Not(HasSubstr(kToken)))));
}

TEST_F(TokenFiles, ThatOthersCanReadAreRefusedByRoot) {
  write("large.token", "muc_1\n", 0640);
  EXPECT_THAT(problems(true), ElementsAre(HasSubstr("run 'chmod 600 ")));
  EXPECT_THAT(problems(false), IsEmpty());
}

TEST_F(TokenFiles, HoldOneWordThatIsNotShown) {
  for (const auto* text : {"", "\n", "two secrets\n", "a\nsecret\n"}) {
    write("large.token", text, 0600);
    EXPECT_THAT(problems(false), ElementsAre(HasSubstr("holds no token"))) << text;
    EXPECT_THAT(problems(false), Not(Contains(HasSubstr("secret")))) << text;
  }
}

TEST_F(TokenFiles, AreRegularFiles) {
  std::filesystem::remove(directory_ / "large.token");
  std::filesystem::create_directory(directory_ / "large.token");
  EXPECT_THAT(problems(false), ElementsAre(HasSubstr("is no regular file")));
}

}  // namespace
}  // namespace muster::cli
